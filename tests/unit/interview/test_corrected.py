"""Corrections laid over a stored result."""

from typing import Any

import pytest

from mulakat import errors
from mulakat.interview import corrected

ENGINE = {"evaluator": "rubric-9", "embedder": "e", "fallback": None, "transcriber": "w"}


def result(
    text: str = "we cut the really date in half within a week", score: int | None = 60
) -> dict[str, Any]:
    """Return a result as it is stored, the word "really" heard without being sure."""
    words = [[one, i / 2, i / 2 + 0.4, 0.9] for i, one in enumerate(text.split())]
    for one in words:
        if one[0] == "really":
            one[3] = 0.2
    return {
        "words": words,
        "score": score,
        "criteria": [{"key": "results", "score": 40}],
        "engine": ENGINE,
        "delivery": None,
    }


def after(before: dict[str, Any], corrections: dict[int, str], **changes: Any) -> dict[str, Any]:
    """Return the result that follows, as the worker makes it."""
    shown = corrected.shown_words(corrected.heard_words(before), corrections)
    made = before | {"words": shown} | changes
    return made | {"correction": corrected.correction(before, made, corrections)}


def test_only_words_below_the_bound_are_unsure_and_a_corrected_one_no_longer() -> None:
    first = result()
    assert corrected.unsure(first) == [3]
    assert corrected.unsure(after(first, {3: "release"})) == []
    assert corrected.unsure({"words": [["a", 0, 1, None]]}) == []


def test_a_word_keeps_its_index_however_many_corrections_follow() -> None:
    first = result()
    assert corrected.merged(first, {3: " release\n day "}) == {3: "release day"}
    second = after(first, {3: "release day", 0: ""})
    assert [one[0] for one in second["words"]] == [
        "", "cut", "the", "release day", "date", "in", "half", "within", "a", "week",
    ]  # fmt: skip
    assert corrected.merged(second, {4: ""}) == {0: "", 3: "release day", 4: ""}
    assert corrected.heard_words(second) == first["words"]


def test_a_word_corrected_back_to_what_was_heard_is_no_longer_corrected() -> None:
    second = after(result(), {3: "release"})
    assert corrected.merged(second, {3: "really"}) == {}
    assert corrected.correction(second, second, {}) is None


def test_the_cost_is_told_against_what_was_heard_first_in_all_and_by_criterion() -> None:
    first = result()
    better = {"score": 71, "criteria": [{"key": "results", "score": 65}]}
    second = after(first, {3: "release"}, **better)
    told = second["correction"]
    assert told["words"] == [{"index": 3, "before": "really", "after": "release",
                              "probability": 0.2}]  # fmt: skip
    assert told["cost"] == {"score": 11, "criteria": {"results": 25}}
    third = after(second, {3: "release", 5: "by"}, score=75)
    assert third["correction"]["cost"] == {"score": 15, "criteria": {"results": 25}}
    assert third["correction"]["heard"]["score"] == 60


def test_scores_of_different_engines_are_not_set_side_by_side() -> None:
    second = after(result(), {3: "release"}, engine=ENGINE | {"evaluator": "rubric-10"}, score=90)
    assert second["correction"]["cost"] is None
    assert second["correction"]["heard"]["score"] == 60
    third = after(second, {3: "release", 5: "by"}, engine=ENGINE, score=70)
    assert third["correction"]["cost"]["score"] == 10


def test_an_answer_that_was_not_scored_as_heard_has_no_difference_to_tell() -> None:
    second = after(result(score=None), {3: "release"}, score=50)
    assert second["correction"]["cost"]["score"] is None


@pytest.mark.parametrize(
    ("words", "limit"), [(1, 1), (2, 1), (20, 10), (100, 30), (150, 30), (500, 100)]
)
def test_a_correction_is_bounded_by_the_answer_it_corrects(words: int, limit: int) -> None:
    assert corrected.most(words) == limit
    long = result(" ".join(f"w{i}" for i in range(words)))
    changes = dict.fromkeys(range(limit), "said")
    assert len(corrected.merged(long, changes)) == limit
    with pytest.raises(errors.Invalid) as refused:
        corrected.merged(long, {0: "said " * (limit + 1)} if limit < 20 else changes | {limit: ""})
    assert refused.value.code == "correction_too_much"
    assert refused.value.params == {"most": limit, "words": limit + 1}


def test_what_was_corrected_before_counts_too() -> None:
    first = result(" ".join(f"w{i}" for i in range(20)))
    second = after(first, dict.fromkeys(range(10), "said"))
    with pytest.raises(errors.Invalid):
        corrected.merged(second, {10: "said"})
    assert corrected.merged(second, {0: "w0", 10: "said"})


@pytest.mark.parametrize("change", [{10: "x"}, {-1: "x"}, {0: "x" * 101}, {0: "a\u202eb"},
                                    {0: "a\x00b"}])  # fmt: skip
def test_what_is_no_word_of_the_answer_is_refused(change: dict[int, str]) -> None:
    with pytest.raises(errors.Invalid) as refused:
        corrected.merged(result(), change)
    assert refused.value.code == "field_invalid"


def test_an_answer_without_kept_words_cannot_be_corrected() -> None:
    for nothing in ({}, {"words": []}):
        with pytest.raises(errors.NotCorrectable):
            corrected.merged(nothing, {0: "x"})
