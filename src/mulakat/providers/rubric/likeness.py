"""How near a passage comes to saying a point: by its letters, its words and its meaning.

What the question itself says is taken out of all three: a passage that repeats the question is
near every point that was written for it. Why these three signs and no more: `mulakat calibrate`
prints what each is worth on a set of rated answers, see likeness.toml.
"""

import math
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mulakat.languages.matching import is_content, same_word, tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mulakat.providers.protocols import Embedder

WEIGHTS_FILE = Path(__file__).with_name("likeness.toml")

GRAM = 3
"""Letters a piece: pieces of 2, 3, 4 and 5 letters were tried, 3 agreed best with raters."""


class Signs(NamedTuple):
    """The three signs of one passage and one point; each 0–1, meaning −1 to 1."""

    letters: float
    words: float
    meaning: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A line through the signs: the share of a point that raters gave, 0–1."""

    base: float
    letters: float
    words: float
    meaning: float

    def __call__(self, signs: Signs) -> float:
        value = (
            self.base
            + self.letters * signs.letters
            + self.words * signs.words
            + self.meaning * signs.meaning
        )
        return min(1.0, max(0.0, value))


@cache
def weights() -> Weights:
    """Return the fitted weights of likeness.toml."""
    with WEIGHTS_FILE.open("rb") as file:
        return Weights(**tomllib.load(file)["weights"])


class Likeness:
    """Compares passages with points, for one question; sentences are embedded once.

    Passages are in `language`; points should be too, as the letters' and words' signs say
    nothing across languages.
    """

    def __init__(self, question: str, language: str, embedder: "Embedder") -> None:
        self._language = language
        self._embedder = embedder
        self._question = [one.folded for one in tokens(question)]
        self._question_grams = _grams(self._question)
        self._asked: NDArray[np.float32] = embedder.embed([question])[0]

    def signs(self, points: Sequence[str], passages: Sequence[str]) -> list[list[Signs]]:
        """Return the signs of each passage (inner) for each point (outer)."""
        if not points or not passages:
            return [[] for _ in points]
        vectors = self._embedder.embed([*points, *passages])
        own = vectors - (vectors @ self._asked)[:, None] * self._asked
        # A text that says what the question says and nothing else leaves no direction.
        lengths = (own * own).sum(axis=1) ** 0.5
        own /= lengths.clip(1e-6)[:, None]
        meaning = own[: len(points)] @ own[len(points) :].T
        said = [[one.folded for one in tokens(passage)] for passage in passages]
        grams = [_grams(words) for words in said]
        rows = []
        for i, point in enumerate(points):
            wanted, wanted_grams = self._wanted(point)
            rows.append(
                [
                    Signs(_share(wanted_grams, grams[j]), _said(wanted, said[j]), float(near))
                    for j, near in enumerate(meaning[i])
                ]
            )
        return rows

    def _wanted(self, point: str) -> tuple[list[str], Counter[str]]:
        """Return a point's content words and letter pieces that the question has not."""
        words = tokens(point)
        content = [one.folded for one in words if is_content(self._language, one)]
        own = [word for word in content if not any(same_word(word, q) for q in self._question)]
        grams = _grams([one.folded for one in words])
        left = Counter({gram: n for gram, n in grams.items() if gram not in self._question_grams})
        return own or content, left or grams


def _grams(words: Sequence[str]) -> Counter[str]:
    line = f" {' '.join(words)} "
    return Counter(line[i : i + GRAM] for i in range(len(line) - GRAM + 1))


def _share(wanted: Counter[str], there: Counter[str]) -> float:
    whole = sum(wanted.values())
    return sum(min(n, there[gram]) for gram, n in wanted.items()) / whole if whole else 0.0


def _said(wanted: Sequence[str], there: Sequence[str]) -> float:
    """Return the share of words that a passage has in some form."""
    if not wanted:
        return 0.0
    found = sum(any(same_word(word, other) for other in there) for word in wanted)
    return found / len(wanted)


def correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Return Pearson's r of two lists of equal length; 0 where either does not vary."""
    n = len(one)
    mean_one, mean_other = math.fsum(one) / n, math.fsum(other) / n
    shared = math.fsum((a - mean_one) * (b - mean_other) for a, b in zip(one, other, strict=True))
    spread_one = math.fsum((a - mean_one) ** 2 for a in one)
    spread_other = math.fsum((b - mean_other) ** 2 for b in other)
    spread = math.sqrt(spread_one * spread_other)
    return shared / spread if spread else 0.0
