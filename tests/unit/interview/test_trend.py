"""Lines of scores: what is joined, what is not, and how sure the mean is."""

from datetime import timedelta
from typing import Any

import pytest

from mulakat.interview import noise
from mulakat.interview.trend import by_category, by_criterion, overall
from mulakat.store.history import Told
from past import NOON, result


def told(number: int, score: int | None, evaluator: str = "rubric", **more: Any) -> Told:
    values: dict[str, Any] = {
        "id": f"a{number}", "state": "done", "question_id": "q1", "question": "Why?",
        "language": "en", "result": result(score, evaluator), "error_code": None,
        "created_at": NOON + timedelta(days=number), "redacted_at": None,
    }  # fmt: skip
    return Told(**values | more)


def test_the_line_is_the_mean_of_the_latest_five_with_its_interval() -> None:
    scores = [40, 50, 60, 70, 80, 90]
    line = overall([told(n, score) for n, score in enumerate(scores)], "en")
    (course,) = line.courses
    assert [point.mean for point in course.points] == [40, 45, 50, 55, 60, 70]
    last = course.points[-1]
    assert (last.mean, last.low, last.high) == noise.interval(scores[1:])
    assert (last.score, last.at, last.answer_id) == (90, "2026-07-06T12:00:00Z", "a5")


def test_answers_rated_by_another_engine_are_not_joined_and_the_change_is_marked() -> None:
    line = overall(
        [told(1, 40, "old"), told(2, 44, "old"), told(3, 70, "new"), told(4, 72, "new")], "en"
    )
    assert [[one.order for one in course.points] for course in line.courses] == [[0, 1], [2, 3]]
    assert [course.latest for course in line.courses] == [False, True]
    assert line.courses[1].points[0].mean == 70
    assert line.breaks == (2,)


def test_answers_in_two_languages_are_two_lines_without_a_break() -> None:
    answers = [told(n, 50, language="tr" if n % 2 else "en") for n in range(4)]
    line = overall(answers, "tr")
    assert [course.kind[0] for course in line.courses] == ["en", "tr"]
    assert [[one.order for one in course.points] for course in line.courses] == [[0, 2], [1, 3]]
    assert line.breaks == ()


def test_what_was_not_scored_is_in_no_line() -> None:
    line = overall([told(1, None), told(2, 60)], "en")
    assert line.answers == 1
    assert overall([told(1, None)], "en").courses == ()
    assert by_criterion([told(1, None)], "en") == []


@pytest.mark.parametrize("reader", ["en", "tr"])
def test_there_is_a_line_for_each_criterion_and_each_category_asked_in_interviews(
    reader: str,
) -> None:
    answers = [told(1, 50, category="ethics"), told(2, 60), told(3, 70, category="ethics")]
    assert [one.key for one in by_criterion(answers, reader)] == ["relevance", "structure"]
    (line,) = by_category(answers, reader)
    assert line.answers == 2
    assert line.name in {"Ethics", "Etik"}


def test_answers_heard_by_another_recogniser_and_typed_ones_are_lines_of_their_own() -> None:
    small, large = (
        {"evaluator": "rubric", "embedder": None, "transcriber": name} for name in ("base", "small")
    )
    typed = {"evaluator": "rubric", "embedder": None, "transcriber": None}
    engines = [small, typed, small, large, typed]
    answers = [
        told(i, 50, result=result(50 + i) | {"engine": one}) for i, one in enumerate(engines, 1)
    ]
    line = overall(answers, "en")
    assert [[point.score for point in course.points] for course in line.courses] == [
        [51, 53],
        [52, 55],
        [54],
    ]
    assert line.breaks == (3,)  # where the recogniser changed, and not where somebody typed
