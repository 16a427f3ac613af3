"""The answer strip, laid out: one drawing of an answer, the same wherever it is shown.

Pure: a stored result in, places out. Along the strip they are per cent of its length, so that the
drawing is as wide as the page lets it be; templates/strip.html draws it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from mulakat.interview.transcript import PARTS

BARS = 120
"""Of the whole drawing: 5.5 px from bar to bar at its widest, 2.9 on a phone."""

REACH = 22
"""Of a bar to each side, in the drawing's own units."""

PAUSE_SECONDS = 1.0
"""A pause worth drawing: listeners notice silences of about a second (Jefferson 1989)."""

LABEL_PERCENT = 13.0
"""Between two labels of pauses: 42 px of a phone's 330."""


LETTER_PERCENT = 4.0
"""Between two letters of the story's parts: 13 px of a phone's 330."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the strip: `left` and `width` in per cent, what it is, its time in seconds."""

    left: float
    width: float
    what: str
    start: float
    seconds: float
    labelled: bool = False

    @property
    def middle(self) -> float:
        """Where its label stands: never over an end of the strip."""
        return min(100 - LABEL_PERCENT / 2, max(LABEL_PERCENT / 2, self.left + self.width / 2))


@dataclass(frozen=True, slots=True)
class Strip:
    """A drawing: `bars` is a path in a box of `count` by 2 · REACH."""

    seconds: float
    count: int
    bars: str
    pauses: tuple[Stretch, ...]
    fillers: tuple[Stretch, ...]
    parts: tuple[Stretch, ...]


def drawing(result: Mapping[str, Any], count: int = BARS) -> Strip | None:
    """Return the drawing of a spoken answer; None of one that was typed or is deleted."""
    strip = result.get("strip")
    if not strip or not strip.get("envelope"):
        return None
    seconds = max(float(strip["seconds"]), 0.1)
    delivery = result.get("delivery") or {}
    pauses = _pauses(result, delivery, seconds)
    fillers = (delivery.get("fillers") or {}).get("items") or ()
    return Strip(
        seconds=seconds,
        count=count,
        bars=_bars(strip["envelope"], float(strip["step"]), seconds, pauses, count),
        pauses=pauses,
        fillers=tuple(_stretch(one["start"], one["end"], one["text"], seconds) for one in fillers),
        parts=_parts(result.get("story") or (), seconds),
    )


def _stretch(start: float, end: float, what: str, seconds: float) -> Stretch:
    start, end = min(start, seconds), min(max(start, end), seconds)
    left = round(100 * start / seconds, 2)
    return Stretch(left, round(100 * end / seconds - left, 2), what, start, end - start)


def _pauses(
    result: Mapping[str, Any], delivery: Mapping[str, Any], seconds: float
) -> tuple[Stretch, ...]:
    """Return the long pauses; the longest are labelled, as many as there is room for."""
    found = (delivery.get("pauses") or {}).get("longer")
    if found is None:  # of an older result
        words = result.get("words") or ()
        found = [(one[2], two[1]) for one, two in pairwise(words)]
    stretches = [
        _stretch(start, end, "pause", seconds)
        for start, end in found
        if end - start >= PAUSE_SECONDS
    ]
    labelled: list[Stretch] = []
    for one in sorted(stretches, key=lambda one: -one.seconds):
        if all(abs(one.middle - other.middle) >= LABEL_PERCENT for other in labelled):
            labelled.append(one)
    return tuple(replace(one, labelled=one in labelled) for one in stretches)


def _bars(
    levels: Sequence[int], step: float, seconds: float, pauses: Sequence[Stretch], count: int
) -> str:
    each, path = seconds / count, []
    for bar in range(count):
        middle = (bar + 0.5) * each
        if any(one.start < middle < one.start + one.seconds for one in pauses):
            continue
        first = int(bar * each / step)
        level = max(levels[first : max(first + 1, -int(-(bar + 1) * each // step))], default=None)
        if level is None:
            break
        reach = max(0.75, level / 100 * REACH)
        path.append(f"M{bar + 0.5:g} {REACH - reach:.1f}v{2 * reach:.1f}")
    return "".join(path)


def _parts(story: Sequence[Mapping[str, Any]], seconds: float) -> tuple[Stretch, ...]:
    found = [
        _stretch(span["start"], span["end"], one["part"], seconds)
        for one in story
        for span in one.get("evidence") or ()
        if span.get("start") is not None and span.get("end") is not None
    ]
    out: list[Stretch] = []
    lettered = -LETTER_PERCENT
    for one in sorted(found, key=lambda one: one.start):
        if one.what not in PARTS or not one.width:
            continue
        room = one.left - lettered >= LETTER_PERCENT
        lettered = one.left if room else lettered
        out.append(replace(one, labelled=room))
    return tuple(out)
