"""Drawings: where points lie, and what is drawn of nothing."""

import re

from mulakat.interview.trend import Course, Line, Point
from mulakat.web.charts import PITCH, STRIP_BARS, STRIP_HEIGHT, chart, strip


def line(*scores: float) -> Line:
    points = tuple(
        Point(n, f"a{n}", "2026-07-01T12:00:00Z", score, score, score - 5, score + 5)
        for n, score in enumerate(scores)
    )
    return Line("score", "Overall", len(scores), (Course(("en", True), True, points),), ())


def test_a_line_without_answers_has_no_drawing() -> None:
    assert chart(Line("score", "Overall", 0, (), ()), "en") is None


def test_points_stand_in_the_middle_of_their_share_and_higher_is_better() -> None:
    drawn = chart(line(0, 100), "en")
    assert drawn
    (course,) = drawn.courses
    assert course.dots == "M150 100h0M450 0h0"
    assert course.mean == "M150 100L450 0"
    assert course.band == "M150 95L450 -5L450 5L150 105z"
    assert drawn.latest
    assert drawn.latest["score"] == 100
    assert (drawn.first_day, drawn.last) == ("1 July 2026", "2026-07-01T12:00:00Z")


def test_a_small_strip_has_as_many_bars_however_long_the_answer_was() -> None:
    for length in (7, 48, 3000):
        drawn = strip([{"envelope": [50] * length}])
        assert drawn.bars.count("M") == STRIP_BARS
        assert drawn.silent == ""
        assert drawn.width == STRIP_BARS * PITCH


def test_answers_side_by_side_share_the_strip_and_typed_ones_are_a_quiet_line() -> None:
    drawn = strip([{"envelope": [100] * 9}, None, {"envelope": []}])
    assert drawn.bars.count("M") == STRIP_BARS // 3
    assert drawn.silent.count("M") == 2
    for start, length in re.findall(r"M\S+ (\S+)v(\S+?)(?=M|$)", drawn.bars):
        assert 0 <= float(start) < float(start) + float(length) <= STRIP_HEIGHT
