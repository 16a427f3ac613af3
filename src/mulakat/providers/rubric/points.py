"""Key points: which of them an answer says, and where."""

from itertools import pairwise
from typing import TYPE_CHECKING

from mulakat.providers.rubric.likeness import Likeness, Signs, weights
from mulakat.providers.rubric.reading import Reading
from mulakat.providers.rubric.sentences import Sentence
from mulakat.providers.values import Evidence, Material, Point

if TYPE_CHECKING:
    from mulakat.providers.protocols import Embedder

COVERED, PARTLY = 0.73, 0.69
"""Least value of likeness's line for a point that is said, and for one that is touched."""


def points(material: Material, reading: Reading, embedder: "Embedder") -> tuple[Point, ...]:
    """Return each key point with its state and the passage nearest to it.

    A passage is a sentence or two that follow each other: what is one sentence to a writer is
    often two to a speaker.
    """
    if not material.key_points:
        return ()
    passages = list(_passages(reading.sentences))
    likeness = Likeness(material.question, material.language, embedder)
    rows = likeness.signs(material.key_points, [text for text, _ in passages])
    return tuple(
        _point(text, row, [evidence for _, evidence in passages])
        for text, row in zip(material.key_points, rows, strict=True)
    )


def _passages(sentences: list[Sentence]) -> list[tuple[str, Evidence]]:
    single = [(one.text, one.evidence) for one in sentences]
    double = [
        (f"{one.text} {two.text}", Evidence(f"{one.text} {two.text}", one.start, two.end))
        for one, two in pairwise(sentences)
    ]
    return single + double


def _point(text: str, row: list[Signs], evidence: list[Evidence]) -> Point:
    value, best = max(((weights()(signs), -i) for i, signs in enumerate(row)), default=(0.0, 0))
    if value >= COVERED:
        return Point(text, "covered", evidence[-best])
    if value >= PARTLY:
        return Point(text, "partly", evidence[-best])
    return Point(text, "missing", None)
