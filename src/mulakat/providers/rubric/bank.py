"""What the rubric makes of a question bank's own examples, which a coach would call strong.

`bank(entries, embedder) -> Bank`; an entry is a question with its key points and example. Another
question's example is judged too, as an answer to something else.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mulakat.providers.rubric import Rubric
from mulakat.providers.values import Assessment, Material, Word

if TYPE_CHECKING:
    from mulakat.providers.protocols import Embedder


@dataclass(frozen=True, slots=True)
class Entry:
    """A question of a bank in one language."""

    language: str
    field: str
    name: str
    question: str
    key_points: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry and what its own example got, and another field's example to the same question."""

    entry: Entry
    own: Assessment
    other: Assessment


@dataclass(frozen=True, slots=True)
class Bank:
    """Scores 0–100 of examples to their own questions and to another field's; shares 0–1 of key
    points that are covered, and that are covered or touched.
    """

    examples: int
    own_median: float
    own_low: float
    other_median: float
    other_high: float
    own_covered: float
    own_touched: float
    other_covered: float
    other_touched: float


def judged(entries: Sequence[Entry], embedder: "Embedder") -> Iterator[Judged]:
    """Yield each entry with its assessments, about 0.1 s an entry.

    The other example is that of the entry half the list further on, of its language and another
    field; entries of languages with a single field are left out.
    """
    rubric = Rubric(embedder)
    for one in entries:
        others = [o for o in entries if o.language == one.language and o.field != one.field]
        if not others:
            continue
        at = [o for o in entries if o.language == one.language].index(one)
        other = others[(at + len(others) // 2) % len(others)]
        yield Judged(
            one,
            rubric.evaluate(_material(one, one.example)),
            rubric.evaluate(_material(one, other.example)),
        )


def bank(entries: Sequence[Entry], embedder: "Embedder") -> Bank:
    """Return how the examples do. Raises ValueError without entries of two fields."""
    found = list(judged(entries, embedder))
    if not found:
        raise ValueError("entries of at least two fields are needed")
    own = sorted(one.own.score or 0 for one in found)
    other = sorted(one.other.score or 0 for one in found)
    return Bank(
        len(found),
        quantile(own, 0.5),
        quantile(own, 0.05),
        quantile(other, 0.5),
        quantile(other, 0.95),
        *_points(one.own for one in found),
        *_points(one.other for one in found),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of ordered values lies, between neighbours by line."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _points(found: Iterable[Assessment]) -> tuple[float, float]:
    states = [point.state for one in found for point in one.points]
    whole = max(1, len(states))
    return states.count("covered") / whole, 1 - states.count("missing") / whole


def _material(entry: Entry, text: str) -> Material:
    words = tuple(Word(word, 0.0, 0.0) for word in text.split())
    return Material(
        entry.question, entry.language, entry.language, text, words, typed=True,
        key_points=entry.key_points,
    )  # fmt: skip
