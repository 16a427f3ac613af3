"""Reports, progress and comparisons from made rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import few_questions
from mulakat.interview import noise
from mulakat.interview.bank import Bank
from mulakat.interview.progress import compare, progress
from mulakat.interview.report import report
from mulakat.interview.report_text import escaped, markdown
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


def test_one_answer_has_the_retest_noise_and_more_answers_less() -> None:
    assert noise.interval([]) is None
    one, four = noise.interval([50]), noise.interval([50, 50, 50, 50])
    assert one is not None
    assert four is not None
    assert one.high - one.value == pytest.approx(noise.COVERAGE * noise.retest("score"))
    assert four.high < one.high
    wide = noise.interval([10, 90, 20, 80])
    assert wide is not None
    assert wide.high - wide.low > 30
    held = noise.interval([99])
    assert held is not None
    assert held.high == 100


def test_a_change_is_told_only_beyond_the_noise() -> None:
    assert noise.changed([50] * 5, [53] * 5) is None
    assert noise.changed([50] * 5, [65] * 5) == 15
    assert noise.changed([50], [58]) is None
    assert noise.changed([], [58]) is None


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
    assert found["gaps"] == {"gone": ["no_number", "no_result"], "new": ["no_example"]}
    assert found["score"] == {"before": 50, "after": 80, "difference": 30, "within_noise": False}
    assert {one["measure"]: (one["before"], one["after"]) for one in found["delivery"]} == {
        "words_per_minute": (100, 130), "pauses": (4, 4), "pause_longest": (1.2, 1.2),
        "fillers": (6, 1),
    }  # fmt: skip
