"""Scores over time as lines to draw: the mean of the latest answers, with how sure it is.

Scores of different engines, in different languages, or typed and spoken, are never joined: each
has a course of its own (interview/progress.py says what a stamp is).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mulakat.interview.noise import interval
from mulakat.interview.progress import MOMENT, STRETCH, stamp
from mulakat.languages import say
from mulakat.store.history import Told


class Point(NamedTuple):
    """An answer in a line; `order` counts all of the line's answers from 0.

    `mean` is that of the latest answers of its course up to here, STRETCH at most, and `low` to
    `high` holds it 90 of 100 times (interview/noise.py). All scores are 0–100.
    """

    order: int
    answer_id: str
    at: str
    score: float
    mean: float
    low: float
    high: float


class Course(NamedTuple):
    """What may be compared: answers of one engine and one kind, the language and whether they were
    spoken. `latest` holds the last.
    """

    kind: tuple[str, bool]
    latest: bool
    points: tuple[Point, ...]


class Line(NamedTuple):
    """One thing that is scored. `breaks` are the orders from which another engine rated."""

    key: str
    name: str
    answers: int
    courses: tuple[Course, ...]
    breaks: tuple[int, ...]


def overall(told: Sequence[Told], reader: str) -> Line:
    """Return the line of the whole score; `told` are finished answers, the oldest first."""
    return _line("score", say(reader, "report.overall"), _scored(told))


def by_criterion(told: Sequence[Told], reader: str) -> list[Line]:
    """Return a line for each criterion, in the order in which they are judged."""
    found: dict[str, list[tuple[Told, float]]] = {}
    for one, _ in _scored(told):
        for criterion in (one.result or {}).get("criteria") or ():
            found.setdefault(criterion["key"], []).append((one, float(criterion["score"])))
    return [_line(key, say(reader, f"criterion.{key}"), those) for key, those in found.items()]


def by_category(told: Sequence[Told], reader: str) -> list[Line]:
    """Return a line for each category of question that interviews asked, the most asked first."""
    found: dict[str, list[tuple[Told, float]]] = {}
    for one, score in _scored(told):
        if one.category:
            found.setdefault(one.category, []).append((one, score))
    lines = [
        _line("score", say(reader, f"interview.category.{key}"), those)
        for key, those in found.items()
    ]
    return sorted(lines, key=lambda line: -line.answers)


def _scored(told: Sequence[Told]) -> list[tuple[Told, float]]:
    return [
        (one, float(one.result["score"]))
        for one in told
        if one.result and one.result.get("score") is not None
    ]


def _line(key: str, name: str, scored: Sequence[tuple[Told, float]]) -> Line:
    found: dict[tuple[tuple[str, bool], tuple[object, ...]], list[Point]] = {}
    for order, (one, score) in enumerate(scored):
        made_with = stamp(one)
        kind = (one.language, made_with["transcriber"] is not None)
        course = found.setdefault((kind, tuple(made_with.values())), [])
        latest = interval([*(point.score for point in course[1 - STRETCH :]), score], key)
        if latest:
            at = one.created_at.strftime(MOMENT)
            course.append(Point(order, one.id, at, score, *latest))
    courses = tuple(
        Course(kind, points[-1].order == len(scored) - 1, tuple(points))
        for (kind, _), points in found.items()
    )
    return Line(key, name, len(scored), courses, tuple(sorted(_breaks(courses))))


def _breaks(courses: Sequence[Course]) -> Iterator[int]:
    """Yield where a course begins of a kind that was rated otherwise before."""
    seen = set()
    for course in courses:
        if course.kind in seen:
            yield course.points[0].order
        seen.add(course.kind)
