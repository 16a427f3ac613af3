"""How far a score may lie from the one the same person gets another time."""

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

SURE = 1.96
"""Standard errors of a difference from which on it is told as a change: 1 in 20 by chance."""

PRIOR = 1
"""How many answers the usual spread between questions counts for beside the spread that is seen:
a scaled inverse chi-squared prior (Gelman et al. 2013, Bayesian Data Analysis, §2.6)."""


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


def between(key: str) -> float:
    """Return the usual standard deviation over one person's answers to different questions."""
    found = _table()["between"]
    return found.get(key, found["score"])


def interval(scores: Sequence[float], key: str = "score") -> Interval | None:
    """Return the mean of some answers' scores with its interval; None without any.

    mean ± t · s / √n. Of one answer, s is the retest noise and t is normal. Of more, s² is
    (PRIOR · between² + sum of squares) / (PRIOR + n - 1), at least retest², as a mean is no surer
    than telling its answers again would leave it; t is Student's with as many degrees of freedom.
    """
    if not scores:
        return None
    mean = fmean(scores)
    margin = _margin(COVERAGE, [scores], key) / math.sqrt(len(scores))
    return Interval(mean, max(0.0, mean - margin), min(100.0, mean + margin))


def changed(before: Sequence[float], after: Sequence[float], key: str = "score") -> float | None:
    """Return the difference of two means where noise does not explain it, else None.

    It does up to t · s · √(1/n + 1/m), with t and s as in `interval`, s over both stretches: the
    answers of each are to different questions. Of two single answers, which are to the same
    question, s is the retest noise.
    """
    if not before or not after:
        return None
    spread = _margin(SURE, [before, after], key)
    difference = fmean(after) - fmean(before)
    explained = spread * math.sqrt(1 / len(before) + 1 / len(after))
    return difference if abs(difference) > explained else None


def _margin(normal: float, groups: Sequence[Sequence[float]], key: str) -> float:
    """Return t · s of groups of scores, each about its own mean."""
    freedom = sum(len(scores) - 1 for scores in groups)
    if freedom == 0:
        return normal * retest(key)
    squares = sum((one - fmean(scores)) ** 2 for scores in groups for one in scores)
    variance = (PRIOR * between(key) ** 2 + squares) / (PRIOR + freedom)
    return _student(normal, PRIOR + freedom) * math.sqrt(max(variance, retest(key) ** 2))


def _student(z: float, freedom: int) -> float:
    """Return Student's quantile for a normal one (Abramowitz & Stegun 1964, 26.7.5); from two
    degrees of freedom on it is off by 3 % at most.
    """
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
