"""How far a score may lie from the one the same answer gets when it is said again."""

import math
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

FILE = Path(__file__).with_name("noise.toml")

COVERAGE = 1.645
"""Standard errors to each side: 90 of 100 intervals hold what they speak of."""

PRIOR = 2.0
"""How many answers the retest noise counts for when the spread is estimated from few: a scaled
inverse chi-squared prior (Gelman et al. 2013, Bayesian Data Analysis, §2.6)."""

SURE = 1.96
"""Standard errors of a difference from which on it is told as a change: 1 in 20 by chance."""


class Interval(NamedTuple):
    """A mean score with its uncertainty; all 0–100."""

    value: float
    low: float
    high: float


@cache
def _table() -> dict[str, dict[str, float]]:
    with FILE.open("rb") as file:
        return tomllib.load(file)


def retest(key: str) -> float:
    """Return the standard deviation of a criterion, or of "score", over tellings of one answer."""
    found = _table()["retest"]
    return found.get(key, found["score"])


def interval(scores: Sequence[float], key: str = "score") -> Interval | None:
    """Return the mean of some answers' scores with its interval; None without any.

    The variance between answers is that of the scores, drawn towards the retest noise while
    they are few; of a single answer it is the retest noise.
    """
    if not scores:
        return None
    mean, n = fmean(scores), len(scores)
    squares = sum((one - mean) ** 2 for one in scores)
    variance = (PRIOR * retest(key) ** 2 + squares) / (PRIOR + n - 1)
    margin = COVERAGE * math.sqrt(variance / n)
    return Interval(mean, max(0.0, mean - margin), min(100.0, mean + margin))


def changed(before: Sequence[float], after: Sequence[float], key: str = "score") -> float | None:
    """Return the difference of two means where noise does not explain it, else None."""
    if not before or not after:
        return None
    noise = retest(key) * math.sqrt(1 / len(before) + 1 / len(after))
    difference = fmean(after) - fmean(before)
    return difference if abs(difference) > SURE * noise else None
