"""Key points: which of them an answer says, and where; the criterion of what it says."""

from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from mulakat.languages.matching import find, tokens
from mulakat.providers.rubric.likeness import Likeness, weights
from mulakat.providers.rubric.reading import Judged, Reading, between, clamp
from mulakat.providers.rubric.sentences import Sentence
from mulakat.providers.values import Evidence, Material, Point

if TYPE_CHECKING:
    from mulakat.providers.protocols import Embedder

COVERED, PARTLY = 0.72, 0.69
"""Least value of likeness's line for a point that is said, and for one that is touched. On the
question bank: of its own key points an example reaches COVERED at 0.50 in English and 0.41 in
Turkish and PARTLY at 0.64 and 0.56, of another question's of the same field at 0.10 and 0.07, 0.23
and 0.17, of another field's at 0.04, 0.14 and 0.12 (the last: `make validate`)."""

UNSAID, SAID = 0.66, 0.74
"""Values between which a point is earned by degrees: half of the points that an answer does not say
stay below UNSAID, nine of ten below COVERED."""

ENOUGH = 0.5
"""The share of the key points that is a full answer: nobody says all that could be said, and the
bank's own examples earn 0.56 of them in English and 0.45 in Turkish."""


def points(material: Material, reading: Reading, embedder: "Embedder") -> tuple[Point, ...]:
    """Return each key point with its state and the passage nearest to it.

    A passage is a sentence or two that follow each other: what is one sentence to a writer is
    often two to a speaker.
    """
    found = nearest(material, reading, embedder)
    reading.said = tuple(value for value, _ in found)
    return tuple(
        Point(text, _state(value), evidence if value >= PARTLY else None)
        for text, (value, evidence) in zip(material.key_points, found, strict=True)
    )


def nearest(
    material: Material, reading: Reading, embedder: "Embedder"
) -> list[tuple[float, Evidence | None]]:
    """Return for each key point the nearest passage and its value, 0 and None without any."""
    if not material.key_points:
        return []
    passages = _passages(reading.sentences)
    likeness = Likeness(material.question, material.language, embedder)
    contents = [content(text, material.language) for text in material.key_points]
    line, out = weights(), list[tuple[float, Evidence | None]]()
    for row in likeness.signs(contents, [text for text, _ in passages]):
        value, best = max(((line(signs), -i) for i, signs in enumerate(row)), default=(0.0, 0))
        out.append((value, passages[-best][1] if row else None))
    return out


def content(point: str, language: str) -> str:
    """Return a key point without its verb of instruction ("Names …", "… söyler")."""
    words = tokens(point)
    for found in find(language, "instructs", words):
        if found.first == 0 and found.after < len(words):
            return point[words[found.after].start :]
        if found.after == len(words) and found.first > 0:
            return point[: words[found.first - 1].end]
    return point


def judge(reading: Reading) -> Judged:
    """Judge by the key points said; the advice names the first that is not."""
    found = reading.points
    earned = fmean(between(value, UNSAID, SAID) for value in reading.said)
    share = clamp(earned / ENOUGH)
    evidence = tuple(dict.fromkeys(one.evidence for one in found if one.evidence))
    lacking = next((one for one in found if one.state == "missing"), None) or next(
        (one for one in found if one.state == "partly"), None
    )
    last = reading.answered[-1].evidence if reading.answered else None
    if share == 1 or lacking is None:
        return Judged(share, evidence[:3], "good", {}, last)
    return Judged(
        share, evidence[:3], lacking.state, {"point": lacking.text}, lacking.evidence or last
    )


def _passages(sentences: list[Sentence]) -> list[tuple[str, Evidence]]:
    single = [(one.text, one.evidence) for one in sentences]
    double = [
        (f"{one.text} {two.text}", Evidence(f"{one.text} {two.text}", one.start, two.end))
        for one, two in pairwise(sentences)
    ]
    return single + double


def _state(value: float) -> Literal["covered", "partly", "missing"]:
    return "covered" if value >= COVERED else "partly" if value >= PARTLY else "missing"
