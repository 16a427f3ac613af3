"""How well likeness agrees with raters, and the weights that agree best.

Always judged on questions that were left out of the fit: answers to one question resemble each
other, so a split by answers would flatter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mulakat.providers.rubric.likeness import Likeness, Signs, Weights, correlation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mulakat.providers.protocols import Embedder

RIDGE = 0.01
"""Shrinkage for each rated answer; the result hardly depends on it (0.001 to 0.3 tried)."""

LEAST_QUESTIONS = 5
"""With fewer, leaving one out says nothing about others."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A rated answer: `ratings` one or more, each 0 to `most` of the whole set."""

    question_id: str
    question: str
    reference: str
    answer: str
    ratings: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.ratings) / len(self.ratings)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Pearson's r with the raters' mean, and the root mean square error in their units."""

    r: float
    rmse: float


def signs(rated: Sequence[Rated], language: str, embedder: "Embedder") -> list[Signs]:
    """Return the signs of each answer for its question's reference answer."""
    by_question: dict[tuple[str, str], list[int]] = {}
    for i, one in enumerate(rated):
        by_question.setdefault((one.question, one.reference), []).append(i)
    out: list[Signs] = [Signs(0.0, 0.0, 0.0)] * len(rated)
    for (question, reference), places in by_question.items():
        likeness = Likeness(question, language, embedder)
        row = likeness.signs([reference], [rated[i].answer for i in places])[0]
        for i, found in zip(places, row, strict=True):
            out[i] = found
    return out


def fit(table: Sequence[Signs], targets: Sequence[float]) -> Weights:
    """Return the ridge regression of targets (0–1) on the signs."""
    import numpy as np

    matrix: NDArray[np.float64] = np.asarray(table, dtype=float)
    wanted = np.asarray(targets, dtype=float)
    middle, spread = matrix.mean(axis=0), matrix.std(axis=0) + 1e-9
    scaled = (matrix - middle) / spread
    square = scaled.T @ scaled + RIDGE * len(wanted) * np.eye(matrix.shape[1])
    slopes = np.linalg.solve(square, scaled.T @ (wanted - wanted.mean())) / spread
    letters, words, meaning = (float(one) for one in slopes)
    return Weights(float(wanted.mean() - middle @ slopes), letters, words, meaning)


def agreement(predicted: Sequence[float], rated: Sequence[Rated], most: float) -> Agreement:
    """Compare predictions (0–1) with the raters' means (0–`most`)."""
    means = [one.mean for one in rated]
    squares = [(most * p - mean) ** 2 for p, mean in zip(predicted, means, strict=True)]
    return Agreement(correlation(predicted, means), (sum(squares) / len(squares)) ** 0.5)


def left_out(table: Sequence[Signs], rated: Sequence[Rated], most: float) -> Agreement:
    """Return the agreement when each question is judged by weights fitted to all others.

    Raises ValueError for fewer than LEAST_QUESTIONS questions.
    """
    questions = list(dict.fromkeys(one.question_id for one in rated))
    if len(questions) < LEAST_QUESTIONS:
        raise ValueError(f"at least {LEAST_QUESTIONS} questions are needed")
    predicted = [0.0] * len(rated)
    for question in questions:
        rest = [i for i, one in enumerate(rated) if one.question_id != question]
        weights = fit([table[i] for i in rest], [rated[i].mean / most for i in rest])
        for i, one in enumerate(rated):
            if one.question_id == question:
                predicted[i] = weights(table[i])
    return agreement(predicted, rated, most)


def raters(rated: Sequence[Rated]) -> float | None:
    """Return Pearson's r between the first two raters; None when there is one."""
    if any(len(one.ratings) < 2 for one in rated):
        return None
    return correlation([one.ratings[0] for one in rated], [one.ratings[1] for one in rated])
