"""Drawings as paths of inline SVG: lines of scores over answers, and small answer strips.

Shapes only, in units of their own: the style sheet stretches them, so words and figures beside
them are HTML.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from mulakat.interview.noise import Interval
from mulakat.interview.scores import shown
from mulakat.interview.trend import Course, Line, Point
from mulakat.web.figures import day

WIDTH, HEIGHT = 600, 100
"""Of a chart; one unit of height is one point of the score."""

STRIP_BARS = 48
"""Of a small strip, in all: some 4 px a bar on a phone."""

PITCH, STRIP_HEIGHT = 4, 24

_LEAST = 0.75
"""Half the height of a silent bar, so that it is seen at all."""


class DrawnCourse(NamedTuple):
    """Paths of a course: the band of uncertainty, the mean, and each answer as a dot."""

    band: str
    mean: str
    dots: str
    latest: bool


class Chart(NamedTuple):
    """A line as it is drawn; `breaks` are x of the marks where another engine began to rate,
    `latest` its last mean as it is shown (interview/scores.py), `first` and `last` when (RFC 3339),
    with their days as the reader writes them.
    """

    line: Line
    latest: Mapping[str, Any] | None
    first: str
    last: str
    first_day: str
    last_day: str
    courses: tuple[DrawnCourse, ...]
    breaks: tuple[float, ...]


class Strip(NamedTuple):
    """A small strip: bars of what was spoken, a line for what was typed or is not there."""

    bars: str
    silent: str
    width: int


def chart(line: Line, reader: str) -> Chart | None:
    """Return the drawing of a line; None of one without answers."""
    if not line.courses:
        return None
    step = WIDTH / line.answers
    first = line.courses[0].points[0]
    last = next(course for course in line.courses if course.latest).points[-1]
    return Chart(
        line,
        shown(Interval(last.mean, last.low, last.high), reader),
        first.at,
        last.at,
        day(datetime.fromisoformat(first.at), reader),
        day(datetime.fromisoformat(last.at), reader),
        tuple(_course(course, step) for course in line.courses),
        tuple(round(order * step, 1) for order in line.breaks),
    )


def _course(course: Course, step: float) -> DrawnCourse:
    def places(values: Iterable[tuple[Point, float]]) -> list[str]:
        return [f"{(one.order + 0.5) * step:.0f} {HEIGHT - score:.0f}" for one, score in values]

    points = course.points
    above = places((one, one.high) for one in points)
    below = places((one, one.low) for one in reversed(points))
    return DrawnCourse(
        band=f"M{'L'.join(above + below)}z",
        mean=f"M{'L'.join(places((one, one.mean) for one in points))}",
        dots="".join(f"M{place}h0" for place in places((one, one.score) for one in points)),
        latest=course.latest,
    )


def strip(strips: Sequence[Mapping[str, Any] | None]) -> Strip:
    """Return one small strip of some answers' strips, side by side, each as wide as the others."""
    each = max(STRIP_BARS // max(len(strips), 1), 2)
    bars, silent = [], []
    for number, one in enumerate(strips):
        first = number * (each + 1)
        levels = (one or {}).get("envelope") or ()
        if not levels:
            silent.append(f"M{first * PITCH} {STRIP_HEIGHT // 2}h{each * PITCH}")
        for bar in range(each if levels else 0):
            start = bar * len(levels) // each
            level = max(levels[start : max((bar + 1) * len(levels) // each, start + 1)])
            reach = max(level / 100 * (STRIP_HEIGHT / 2 - 1), _LEAST)
            x = (first + bar) * PITCH + PITCH // 2
            bars.append(f"M{x} {STRIP_HEIGHT / 2 - reach:.1f}v{2 * reach:.1f}")
    width = PITCH * (len(strips) * (each + 1) - 1)
    return Strip("".join(bars), "".join(silent), width)
