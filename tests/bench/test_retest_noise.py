"""How far scores move when an answer is told again in other words, and when a recording is heard
again under other conditions; how far they lie apart over questions.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from statistics import variance

import numpy as np

import encoder
import paraphrases
import speech
from mulakat.interview.bank import Bank, Question
from mulakat.interview.noise import between, retest
from mulakat.pipeline.run import Job, Tools, run
from mulakat.providers.model_files import installed_dir
from mulakat.providers.whisper import Whisper
from mulakat.settings import Speech

TELLINGS = 12

MISHEARD = 0.08
"""Share of words that the recogniser loses: Whisper base on clear speech 2 %, on most phones more
(test_transcription prints the first)."""

EXAMPLES = 16
"""Each sixteenth of the bank's questions: 16 a language."""

LEVEL = "middling"
"""Of tests/fixtures/answers.toml, the level whose scores lie farthest apart."""

Scores = Mapping[str, list[float]]


def pooled(groups: list[Scores]) -> dict[str, float]:
    """Return the standard deviation within groups of scores, by criterion."""
    found: dict[str, list[float]] = defaultdict(list)
    for group in groups:
        for key, scores in group.items():
            found[key].append(variance(scores))
    return {key: math.sqrt(sum(them) / len(them)) for key, them in found.items()}


def assert_true(found: dict[str, float], table: str) -> None:
    stored = {"retest": retest, "between": between}[table]
    print(f"\n[{table}]")
    for key, deviation in found.items():
        print(f"{key} = {deviation:.1f}   # noise.toml: {stored(key):.1f}")
    for key, deviation in found.items():
        assert abs(deviation - stored(key)) <= max(1.0, 0.25 * deviation), key


def guided() -> list[tuple[str, Question]]:
    """Return some of the bank's questions in each language: key points belong to a question."""
    bank = Bank()
    return [(code, one) for code in bank.languages for one in bank.questions(code)[::EXAMPLES]]


def judged(language: str, question: Question, text: str) -> dict[str, float]:
    """Return an answer's total and its content's score."""
    material = encoder.typed(question.text, text, language, key_points=question.key_points)
    found = encoder.rubric().evaluate(material)
    content = next(one.score for one in found.criteria if one.key == "content")
    return {"score": found.score or 0, "content": content}


def test_the_noise_that_reports_reckon_with_is_that_of_telling_again() -> None:
    draw = random.Random(5)  # noqa: S311  # the same tellings each time
    rubric = encoder.rubric()
    groups: list[Scores] = []
    for language in ("en", "tr"):
        for item in paraphrases.items()[language]:
            places = paraphrases.choices(item["answer"])
            told: dict[str, list[float]] = defaultdict(list)
            for _ in range(TELLINGS):
                chosen = frozenset(i for i in range(places) if draw.random() < 0.5)
                words = paraphrases.worded(item["answer"], other=chosen).split()
                text = " ".join(word for word in words if draw.random() >= MISHEARD)
                found = rubric.evaluate(encoder.typed(item["question"], text, language))
                told["score"].append(found.score or 0)
                for one in found.criteria:
                    told[one.key].append(one.score)
            groups.append(told)
    for language, question in guided():
        scores = [
            judged(
                language,
                question,
                " ".join(word for word in question.example.split() if draw.random() >= MISHEARD),
            )
            for _ in range(TELLINGS)
        ]
        groups.append({key: [one[key] for one in scores] for key in scores[0]})
    assert_true(pooled(groups), "retest")


def test_the_spread_between_questions_is_that_of_one_level_of_answers() -> None:
    rubric = encoder.rubric()
    groups: list[Scores] = []
    for language in ("en", "tr"):
        told: dict[str, list[float]] = defaultdict(list)
        for item in encoder.answers()[language]:
            found = rubric.evaluate(encoder.typed(item["question"], item[LEVEL], language))
            told["score"].append(found.score or 0)
            for one in found.criteria:
                told[one.key].append(one.score)
        told["content"] = [
            judged(language, one, one.example)["content"]
            for code, one in guided()
            if code == language
        ]
        groups.append(told)
    assert_true(pooled(groups), "between")


def conditions(clean: speech.Samples, path: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield one recording as other microphones, rooms and browsers would have sent it."""
    level = float(clean.std())
    late = np.concatenate([speech.silence(1.7), clean])
    for name, samples, container in (
        ("as it is", clean, "wav"),
        ("quiet", clean * 0.25, "wav"),
        ("noise 30 dB below", clean + speech.noise(len(clean) / speech.RATE, level / 31.6), "wav"),
        ("noise 20 dB below", clean + speech.noise(len(clean) / speech.RATE, level / 10), "wav"),
        ("opus", clean, "webm"),
        ("begun late", late, "mp3"),
    ):
        file = path / f"{name.replace(' ', '-')}.{container}"
        yield name, speech.encode(samples, file, container), container


def test_a_recording_heard_again_moves_no_score_further_than_the_noise(tmp_path: Path) -> None:
    """Human speech for the delivery, and a synthetic voice that says real answers."""
    items = [(one["question"], one["strong"]) for one in encoder.answers()["en"][:3]]
    said = [(items[0][0], speech.said("two_cities"))]
    said += [(question, speech.spoken(text, "en")) for question, text in items]
    groups: list[Scores] = []
    with closing(Whisper(installed_dir(Speech()))) as whisper:
        tools = Tools(lambda: nullcontext(whisper), lambda: nullcontext(encoder.rubric()))
        for question, clean in said:
            heard: dict[str, list[float]] = defaultdict(list)
            for _, file, container in conditions(clean, tmp_path):
                job = Job(question, "en", "en", audio=file, container=container)
                found = run(job, tools, lambda _stage, _percent: None)
                if found["score"] is None:
                    continue  # not understood is not scored: that moves no score
                heard["score"].append(found["score"])
                for one in found["criteria"]:
                    heard[one["key"]].append(one["score"])
            print(question, dict(heard))
            groups.append({key: them for key, them in heard.items() if len(them) > 1})
    found_noise = pooled(groups)
    print("\n[heard again]")
    for key, deviation in found_noise.items():
        print(f"{key} = {deviation:.1f}   # noise.toml: {retest(key):.1f}")
    for key, deviation in found_noise.items():
        assert deviation <= 1.25 * retest(key) + 0.5, key
