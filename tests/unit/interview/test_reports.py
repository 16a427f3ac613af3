"""Reports, progress and comparisons from made rows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

import few_questions
from mulakat.interview import noise
from mulakat.interview.bank import Bank
from mulakat.interview.progress import compare, progress
from mulakat.interview.report import report
from mulakat.interview.report_text import escaped, figure, markdown, moment, usual
from mulakat.languages import codes
from mulakat.store.history import Told
from mulakat.store.interview_values import Interview, Turn
from mulakat.store.rights import redacted

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
KEYS = ("relevance", "coverage", "structure", "specificity", "clarity")


@pytest.fixture
def bank(tmp_path: Any) -> Bank:
    return few_questions.bank(tmp_path)


def result(score: int = 60, quote: str = "I met them all.", **more: Any) -> dict[str, Any]:
    return {
        "score": score, "scored": True, "transcribed_text": f"{quote} And more.",
        "evaluation": "Fine.", "reason": None, "strengths": [], "improvements": ["Say a number."],
        "criteria": [
            {"key": key, "name": key, "weight": 0.2, "score": score + at,
             "evidence": [{"quote": quote, "start": None, "end": None}], "advice": f"Mind {key}."}
            for at, key in enumerate(KEYS)
        ],
        "points": [{"text": "Says how it ended", "state": "missing", "evidence": None}],
        "gaps": ["no_number"], "delivery": None,
        "engine": {"evaluator": "rubric", "embedder": "e", "transcriber": None},
    } | more  # fmt: skip


UNSURE = result() | {
    "score": None, "scored": False, "criteria": [],
    "reason": {"code": "low_confidence", "detail": "Unsure."},
}  # fmt: skip


def spoken(words: float, fillers: int = 2) -> dict[str, Any]:
    return {
        "words_per_minute": words, "speech_ratio": 0.8,
        "pauses": {"count": 4, "longest": 1.2, "per_minute": 9.0},
        "fillers": {"count": fillers, "per_minute": 3.0, "items": []},
        "norms": {"words_per_minute": [110, 160]},
    }  # fmt: skip


def turn(number: int, **more: Any) -> Turn:
    given: dict[str, Any] = {
        "id": f"t{number}", "number": number, "question_id": f"software-number-{number}",
        "category": "conflict", "level": "junior", "text": f"Question {number}?",
        "guide": {"key_points": ["Says how it ended"], "example": "Last year I met them."},
        "reason": {"code": "opening", "params": {}}, "asked_at": NOON, "begun_at": None,
        "skipped_at": None, "answer_id": f"a{number}", "answer_state": "done", "score": 60,
    }  # fmt: skip
    return Turn(**(given | more))


def told(number: int, **more: Any) -> Told:
    given: dict[str, Any] = {
        "id": f"a{number}", "state": "done", "question_id": f"software-number-{number}",
        "question": f"Question {number}?", "language": "en", "result": result(), "error_code": None,
        "created_at": NOON + timedelta(days=number), "redacted_at": None, "category": "conflict",
    }  # fmt: skip
    return Told(**(given | more))


def interview(*turns: Turn, state: str = "completed") -> Interview:
    return Interview(
        account_id="owner", field="software", level="junior", language="en", total_questions=5,
        id="i", state=state, created_at=NOON, moved_at=NOON,  # type: ignore[arg-type]
        finished_at=None if state == "asking" else NOON, turns=turns,
    )  # fmt: skip


def made(bank: Bank, turns: list[Turn], answers: list[Told], **more: Any) -> dict[str, Any]:
    by_turn = {f"t{one.id[1:]}": one for one in answers}
    return report(interview(*turns, **more), by_turn, bank, "en")


def test_a_report_tells_scores_quotes_and_what_to_practise(bank: Bank) -> None:
    found = made(
        bank,
        [turn(1, score=40), turn(2, score=80)],
        [
            told(1, result=result(40, "It was fine.", delivery=spoken(100))),
            told(2, result=result(80, "I cut the list to 12.", delivery=spoken(140))),
        ],
    )
    assert found["score"]["score"] == 60
    assert found["score"]["low"] < 60 < found["score"]["high"]
    assert [one["key"] for one in found["criteria"]] == list(KEYS)
    assert found["strongest"]["quote"] == "I cut the list to 12."
    assert found["strongest"]["question_index"] == 2
    assert found["weakest"]["quote"] == "It was fine."
    assert found["delivery"]["mean"]["words_per_minute"] == 120
    assert len(found["practise"]) == 3
    assert found["practise"][0]["name"] == "Relevance"
    suggested = [one["id"] for part in found["practise"] for one in part["questions"]]
    assert len(set(suggested)) == 6
    assert not {"software-number-1", "software-number-2"} & set(suggested)
    assert found["questions"][0]["model_answer"] == "Last year I met them."


@pytest.mark.parametrize("language", codes())
def test_an_interview_without_a_score_still_has_its_report(bank: Bank, language: str) -> None:
    turns = [
        turn(1, skipped_at=NOON, answer_id=None, answer_state=None, score=None),
        turn(2, answer_state="failed", score=None),
        turn(3, score=None),
        turn(4, answer_id=None, answer_state=None, score=None),
    ]
    answers = {
        "t2": told(2, state="failed", result=None, error_code="no_speech"),
        "t3": told(3, result=UNSURE),
    }  # fmt: skip
    found = report(interview(*turns, state="asking"), answers, bank, language)
    assert found["score"] is None
    assert found["criteria"] == []
    assert found["practise"] == []
    assert found["delivery"] is None
    assert [one["status"] for one in found["questions"]] == [
        "skipped", "failed", "not_scored", "open",
    ]  # fmt: skip
    assert found["questions"][2]["reason"] == "Unsure."
    assert found["so_far"]
    assert markdown(found, language)
    empty = report(interview(state="asking"), {}, bank, language)
    assert empty["questions"] == []
    assert markdown(empty, language)


def test_what_was_deleted_after_its_time_leaves_scores_and_says_so(bank: Bank) -> None:
    found = made(bank, [turn(1)], [told(1, result=redacted(result()), redacted_at=NOON)])
    assert found["score"]["score"] == 60
    assert found["strongest"] is None
    assert found["questions"][0]["redacted"]
    assert "was deleted after its time" in markdown(found, "en")


def test_what_was_said_does_not_become_markdown(bank: Bank) -> None:
    said = "# I said <b>*that*</b>\n- 1. [link](x) | `code`"
    text = markdown(made(bank, [turn(1)], [told(1, result=result(quote=said))]), "en")
    assert "<b>" not in text
    assert "\\<b\\>\\*that\\*" in text
    assert escaped("- one\n2. two") == "\\- one 2. two"
    assert escaped("2. two") == "\\2. two"


def test_one_answer_has_the_retest_noise_and_more_answers_their_spread() -> None:
    assert noise.interval([]) is None
    one = noise.interval([50])
    assert one is not None
    assert one.high - one.value == pytest.approx(noise.COVERAGE * noise.retest("score"))
    wide, narrow = noise.interval([10, 90, 20, 80]), noise.interval([48, 52, 49, 51])
    assert wide is not None
    assert narrow is not None
    assert wide.high - wide.low > 60
    assert narrow.high - narrow.low < 20
    held = noise.interval([99])
    assert held is not None
    assert held.high == 100


def test_a_mean_is_no_surer_than_the_retest_noise_leaves_it() -> None:
    twenty = noise.interval([50] * 20)
    assert twenty is not None
    least = noise.COVERAGE * noise.retest("score") / 20**0.5
    assert twenty.high - twenty.value >= least


@pytest.mark.parametrize("spread", [3, 10, 15, 20])
@pytest.mark.parametrize("answers", [3, 5, 8])
def test_nine_intervals_of_ten_hold_the_mean_over_all_questions(spread: int, answers: int) -> None:
    draw = Random(7)  # noqa: S311
    deviation = (spread**2 + noise.retest("score") ** 2) ** 0.5
    held = 0
    for _ in range(2000):
        found = noise.interval([draw.gauss(50, deviation) for _ in range(answers)])
        assert found is not None
        held += found.low <= 50 <= found.high
    assert held / 2000 >= 0.86


@pytest.mark.parametrize("spread", [0, 10, 20])
def test_one_in_twenty_changes_is_told_by_chance(spread: int) -> None:
    draw = Random(7)  # noqa: S311
    deviation = (spread**2 + noise.retest("score") ** 2) ** 0.5
    told = 0
    for _ in range(2000):
        before, after = ([draw.gauss(50, deviation) for _ in range(5)] for _ in range(2))
        told += noise.changed(before, after) is not None
    assert told / 2000 <= 0.075


def test_a_change_is_told_only_beyond_the_noise() -> None:
    assert noise.changed([50] * 5, [53] * 5) is None
    assert noise.changed([50] * 5, [65] * 5) == 15
    assert noise.changed([20, 80, 50, 35, 65], [35, 95, 65, 50, 80]) is None
    assert noise.changed([50], [58]) is None
    assert noise.changed([50], [70]) == 20
    assert noise.changed([], [58]) is None


def test_what_was_asked_before_is_suggested_only_when_nothing_else_is_left(bank: Bank) -> None:
    def suggested(asked: frozenset[str]) -> list[str]:
        found = report(interview(turn(1)), {"t1": told(1)}, bank, "en", asked)
        return [one["id"] for part in found["practise"] for one in part["questions"]]

    first = suggested(frozenset())
    levels = {bank.get("en", one).level for one in first}  # type: ignore[union-attr]
    assert "senior" not in levels
    assert not set(first) & set(suggested(frozenset(first)))
    everything = frozenset(one.id for one in bank.questions("en"))
    assert suggested(everything) == first


def test_a_bank_without_the_interviews_language_has_nothing_to_suggest(bank: Bank) -> None:
    turkish = replace(interview(turn(1)), language="tr")
    found = report(turkish, {"t1": told(1)}, bank, "tr")
    assert [one["questions"] for one in found["practise"]] == [[], [], []]
    assert found["field"] == "Software engineering"


def test_figures_and_times_are_written_as_the_reader_writes_them() -> None:
    assert moment("2026-07-01T09:05:00Z", "tr") == "1 Temmuz 2026, 09:05 (UTC)"
    assert moment("2026-07-01T09:05:00Z", "en") == "1 July 2026, 09:05 UTC"
    assert figure("pauses_per_minute", 9.25, "tr") == "9,2"
    assert figure("words_per_minute", 132.6, "en") == "133"
    assert figure("speech_ratio", 0.8, "tr") == "%80"
    assert figure("fillers_per_minute", None, "en") == "–"
    norms = {"norms": {"speech_ratio": [0.6, 0.92]}}
    assert usual("speech_ratio", norms, "en") == "60%–92%"
    assert usual("words_per_minute", norms, "en") == ""


def test_progress_has_a_line_for_each_criterion_and_category() -> None:
    answers = [told(n, result=result(40 if n <= 5 else 70)) for n in range(1, 11)]
    found = progress(answers, "en")
    assert found["answers"] == 10
    assert found["overall"]["change"] == 30
    assert found["overall"]["latest"]["score"] == 70
    assert [one["key"] for one in found["criteria"]] == list(KEYS)
    assert [one["name"] for one in found["categories"]] == ["Conflict"]
    assert len(found["overall"]["points"]) == 10
    steady = progress([told(n, result=result(50 + n % 2)) for n in range(1, 11)], "en")
    assert steady["overall"]["change"] is None
    assert progress([], "tr")["overall"]["latest"] is None


def test_scores_of_other_engines_are_counted_and_not_mixed() -> None:
    other = {"evaluator": "a language model", "embedder": None}
    answers = [told(1, result=result(90, engine=other)), told(2), told(3)]
    found = progress(answers, "en")
    assert (found["answers"], found["other_engines"]) == (2, 1)
    assert found["engine"]["evaluator"] == "rubric"
    unlike = compare(answers[0], answers[1], "en")
    assert unlike["comparable"] is False
    assert unlike["score"] is None


def test_two_attempts_show_what_appeared_and_what_vanished() -> None:
    def points(*states: str) -> list[dict[str, Any]]:
        return [{"text": f"Point {i}", "state": s} for i, s in enumerate(states)]

    before = result(
        50, points=points("missing", "covered", "partly"), gaps=["no_number", "no_result"],
        delivery=spoken(100, 6),
    )  # fmt: skip
    after = result(
        80, points=points("covered", "missing", "partly"), gaps=["no_example"],
        delivery=spoken(130, 1),
    )  # fmt: skip
    first = told(1, result=before)
    second = told(2, question_id="software-number-1", result=after)
    found = compare(first, second, "en")
    assert [(one["text"], one["what"]) for one in found["points"]] == [
        ("Point 0", "appeared"), ("Point 1", "vanished"),
    ]  # fmt: skip
    gone, new = found["gaps"]["gone"], found["gaps"]["new"]
    assert [one["key"] for one in gone] == ["no_number", "no_result"]
    assert new == [{"key": "no_example", "name": "An example is missing"}]
    assert found["score"] == {"before": 50, "after": 80, "difference": 30, "within_noise": False}
    assert {one["measure"]: (one["before"], one["after"]) for one in found["delivery"]} == {
        "words_per_minute": (100, 130), "pauses": (4, 4), "pause_longest": (1.2, 1.2),
        "fillers": (6, 1),
    }  # fmt: skip
