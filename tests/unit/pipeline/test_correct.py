"""An answer evaluated again with what its speaker corrected, by the real rubric."""

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import encoder
from mulakat.interview import corrected
from mulakat.pipeline import gate, report
from mulakat.pipeline.correct import correct, said, spoken
from mulakat.pipeline.delivery import measure
from mulakat.pipeline.run import Job
from mulakat.providers.protocols import Evaluator
from mulakat.providers.values import Pause, Sound, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTION = "Tell me about a time when you improved something at work"
SAID = (
    "Last year our release took two days and everybody was unhappy about it. I had to make it"
    " faster, so I moved the tests into parallel jobs and I removed the manual steps. As a"
    " result we cut the release time from two days to three hours."
)
MISHEARD = SAID.replace("release", "really").replace("three hours", "tree ours")

SOUND = Sound(
    seconds=30.0, speech_seconds=20.0, first_speech=0.5, last_speech=28.0,
    pauses=(Pause(3.0, 3.4), Pause(10.0, 12.5)), envelope=(0, 50, 100), envelope_step=0.2,
    held=(Pause(20.0, 20.5),), pitch_range=6.2, voice_breaks=2, level=("quiet",),
)  # fmt: skip


@contextmanager
def evaluator() -> "Iterator[Evaluator]":
    yield encoder.rubric()


def heard(text: str, probability: float = 0.9) -> dict[str, Any]:
    """Return the stored result of a spoken answer."""
    plain = encoder.spoken(QUESTION, text, probability=probability)
    material = encoder.spoken(
        QUESTION, text, probability=probability, delivery=measure(SOUND, plain.words, "en")
    )
    assessment = gate.not_scored(material) or encoder.rubric().evaluate(material)
    made: dict[str, Any] = report.result(
        material=material, assessment=assessment, sound=SOUND, transcriber="whisper-base-int8",
        timings={"total": 1.0},
    )  # fmt: skip
    return made


def again(before: dict[str, Any], changes: dict[int, str]) -> dict[str, Any]:
    return correct(Job(QUESTION, "en", "en"), before, changes, evaluator)


def test_what_was_misheard_is_scored_as_it_was_said() -> None:
    before = heard(MISHEARD)
    words = [one[0] for one in before["words"]]
    changes = {i: "release" for i, word in enumerate(words) if word == "really"}
    changes |= {words.index("tree"): "three hours.", words.index("ours."): ""}
    after = again(before, changes)
    assert after["transcribed_text"] == SAID
    assert after["score"] == heard(SAID)["score"]
    assert after["correction"]["cost"]["score"] == after["score"] - before["score"] > 0
    assert json.loads(json.dumps(after)) == after


def test_what_comes_from_the_sound_stays_as_it_was() -> None:
    before = heard(MISHEARD)
    before["engine"]["transcriber_fallback"] = "refused"
    after = again(before, {3: "really,"})
    for part in ("delivery", "strip", "has_audio", "audio_url", "language"):
        assert after[part] == before[part], part
    assert after["engine"] == before["engine"]
    assert after["timings"].keys() == {"total", "correct"}


def test_the_measures_of_a_stored_result_are_those_it_was_made_of() -> None:
    before = heard(SAID)
    plain = encoder.spoken(QUESTION, SAID)
    assert spoken(before["delivery"]) == measure(SOUND, plain.words, "en")
    assert spoken(None) is None


def test_several_words_in_the_place_of_one_share_its_time() -> None:
    assert said([["a b", 1.0, 2.0, None], ["", 2.0, 3.0, None], ["c", 3.0, 4.0, 0.5]]) == [
        Word("a", 1.0, 1.5), Word("b", 1.5, 2.0), Word("c", 3.0, 4.0, 0.5),
    ]  # fmt: skip


def test_an_answer_that_was_hardly_understood_is_not_scored_for_a_few_words_more() -> None:
    before = heard(MISHEARD, probability=0.3)
    assert before["reason"]["code"] == "low_confidence"
    after = again(before, {0: "Two years"})
    assert (after["score"], after["reason"]["code"]) == (None, "low_confidence")
    assert after["correction"]["cost"]["score"] is None


def test_undoing_all_makes_the_result_that_was() -> None:
    before = heard(MISHEARD)
    after = again(again(before, {0: "This", 2: ""}), {0: "Last", 2: "our"})
    assert after["correction"] is None
    assert after["words"] == before["words"]
    same = before.keys() - {"timings"}
    assert {key: after[key] for key in same} == {key: before[key] for key in same}


def test_more_than_may_be_corrected_is_refused_here_too() -> None:
    before = heard(MISHEARD)
    with pytest.raises(Exception, match="correction_too_much"):
        again(before, dict.fromkeys(range(corrected.most(len(before["words"])) + 1), "x"))
