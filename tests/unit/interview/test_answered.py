"""A result as its page shows it: everything beside the words it is about."""

from typing import Any

import pytest

from mulakat.interview.answered import changes, cost, shown_result
from mulakat.interview.measures import clock, measured
from mulakat.languages import codes, say

TEXT = "Last year we were late. I wrote a plan and called."


def criterion(key: str, score: int, quote: str | None = None, advice: str = "") -> dict[str, Any]:
    evidence = [{"quote": quote, "start": None, "end": None}] if quote else []
    return {"key": key, "name": key, "weight": 0.2, "score": score, "evidence": evidence,
            "advice": advice}  # fmt: skip


def typed(**more: Any) -> dict[str, Any]:
    return {
        "transcribed_text": TEXT, "words": [], "scored": True, "score": 50, "reason": None,
        "criteria": [
            criterion("structure", 80, "I wrote a plan", "Keep it."),
            criterion("clarity", 10, "we were late", "Say less."),
        ],
        **more,
    }  # fmt: skip


@pytest.mark.parametrize("reader", codes())
def test_no_score_stands_alone(reader: str) -> None:
    shown = shown_result(typed(), reader)
    for one in (shown["overall"], *shown["criteria"]):
        assert one["low"] < one["score"] < one["high"]
        assert one["word"]


def test_a_sentence_tells_what_it_carries_and_what_to_try_there() -> None:
    advice = [{"criterion": "clarity", "text": "Say less.", "quote": "we were late", "start": None,
               "gain": 4}]  # fmt: skip
    shown = shown_result(typed(advice=advice), "en")
    assert [one["key"] for one in shown["notes"][2]["evidence"]] == ["structure"]
    assert [one["text"] for one in shown["notes"][1]["advice"]] == ["Say less."]
    # Nothing is earned by a score that is very thin, and nothing is said twice.
    assert shown["notes"][1]["evidence"] == []
    assert [one["advice"] for one in shown["criteria"]] == [None, None]


def test_more_than_three_pieces_of_advice_are_not_shown() -> None:
    many = [{"criterion": "clarity", "text": str(at), "quote": None, "start": None, "gain": 1}
            for at in range(5)]  # fmt: skip
    assert len(shown_result(typed(advice=many), "en")["advice"]) == 3
    old = shown_result(typed(improvements=["a", "b", "c", "d"]), "en")
    assert [one["text"] for one in old["advice"]] == ["a", "b", "c"]


def test_what_was_not_scored_has_its_reason_and_no_criteria() -> None:
    reason = {"code": "too_little_speech", "detail": "Not scored: say more."}
    shown = shown_result(typed(score=None, scored=False, reason=reason), "en")
    assert shown["overall"] is None
    assert shown["criteria"] == []
    assert shown["reason"] == say("en", "gate.too_little_speech")
    older = {"code": "no_longer_known", "detail": "Not scored: say more."}
    assert shown_result(typed(score=None, reason=older), "en")["reason"] == older["detail"]


def test_a_result_with_nothing_in_it_is_shown_all_the_same() -> None:
    shown = shown_result({}, "tr")
    assert shown["overall"] is None
    assert shown["lines"] == ()
    assert shown["story"] == []


LINE = {4: "a", 5: "plant", 6: "and", 7: "called."}


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("a plant and called.", {}),
        ("a plan and called.", {5: "plan"}),
        ("a plan, and then called.", {5: "plan,", 6: "and then"}),
        ("a and called.", {5: ""}),
        ("so a plant and called.", {4: "so a"}),
        ("the plan and we called.", {4: "the", 5: "plan", 6: "and we"}),
        ("", {4: "", 5: "", 6: "", 7: ""}),
    ],
)
def test_what_a_sentence_set_right_changes(said: str, changed: dict[int, str]) -> None:
    assert changes(LINE, said) == changed


def test_a_sentence_of_deleted_words_can_get_words_again() -> None:
    assert changes({3: "", 4: ""}, "a plan") == {3: "a plan"}
    assert changes({}, "a plan") == {}


def corrected(before: int | None, after: int | None, moved: dict[str, int] | None) -> Any:
    told = None if moved is None else {"score": None, "criteria": moved}
    return typed(score=after, correction={"words": [], "heard": {"score": before}, "cost": told})


@pytest.mark.parametrize(
    ("before", "after", "moved", "sentence"),
    [
        (40, 50, {"structure": 12, "clarity": 0}, "had cost you"),
        (60, 50, {"structure": -12}, "had favoured you"),
        (50, 50, {}, "no difference"),
        (40, 50, None, "another engine"),
        (None, 50, None, "could not be scored as it was heard"),
    ],
)
def test_what_the_recogniser_had_cost_is_told(
    before: int | None, after: int, moved: dict[str, int] | None, sentence: str
) -> None:
    told = cost(corrected(before, after, moved), "en")
    assert told
    assert sentence in told["sentence"]
    assert len(told["criteria"]) == sum(bool(one) for one in (moved or {}).values())


def test_nothing_is_told_of_a_cost_where_nothing_was_corrected() -> None:
    assert cost(typed(), "en") is None


def test_measures_carry_unit_and_norm() -> None:
    delivery = {
        "words_per_minute": 174.6, "speech_ratio": 0.86, "pitch_range": None,
        "pauses": {"longest": 1.3}, "fillers": {"per_minute": 2.0, "items": [{"text": "um"}] * 2},
        "norms": {"words_per_minute": [110, 160], "fillers_per_minute": [0.0, 4.0]},
    }  # fmt: skip
    english, turkish = (
        {one["key"]: one for one in measured(delivery, reader)} for reader in ("en", "tr")
    )
    pace = english["words_per_minute"]
    assert (pace["value"], pace["unit"], pace["off"]) == ("175", "words/min", "above")
    assert pace["usual"] == "usual 110–160"
    assert english["fillers_per_minute"]["more"] == "“um”"
    assert turkish["pause_longest"]["value"] == "1,3"
    assert turkish["speech_ratio"]["value"] == "%86"
    assert "pitch_range" not in english


def test_seconds_are_written_as_on_a_clock() -> None:
    assert [clock(one) for one in (0, 5.9, 65, 600)] == ["0:00", "0:05", "1:05", "10:00"]
