"""Whether memory grows with the number of requests: a robust slope and a rule for the verdict.

The slope is Theil's and Sen's: the median of the slopes of all pairs of points, which up to
29 % of wild points cannot move (Sen, JASA 63, 1968); a window of recognition is such a point.
Its confidence interval is Sen's own, from the variance of Kendall's tau. Successive samples
are not independent, so the interval is somewhat too narrow: it is never the verdict alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Literal

WARM_UP = 20
"""Requests before the slope counts: model, caches and arenas have their size by then
(tests/bench/test_memory_numbers.py prints the curve). In shorter runs a third of them."""

NOISE_MIB = 3.0
"""Growth after the warm-up that is none: what 80 evaluations scatter by without growing."""

ROUNDS = 3
"""How often the run is repeated, each time longer, before growth is believed."""

_Z = 1.959964
"""97.5 % of the normal distribution lie below."""

Verdict = Literal["flat", "again", "grows"]


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope with its 95 % confidence interval, in the unit of y for each unit of x."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What one round grew by after its warm-up: MiB a request, and MiB over all of them."""

    requests: int
    points: int
    slope: Slope

    @property
    def mib(self) -> float:
        """Return the growth over the requests that were looked at."""
        return self.slope.value * self.requests


def theil_sen(x: Sequence[float], y: Sequence[float]) -> Slope:
    """Return the median of all pairs' slopes and Sen's 95 % interval.

    With fewer than two different x there is no slope: 0, anything between.
    """
    slopes = sorted(
        (y2 - y1) / (x2 - x1)
        for (x1, y1), (x2, y2) in combinations(zip(x, y, strict=True), 2)
        if x1 != x2
    )
    if not slopes:
        return Slope(0.0, -math.inf, math.inf)
    count = len(x)
    # The variance of Kendall's S without ties: n (n - 1) (2n + 5) / 18.
    reach = _Z * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = math.floor((len(slopes) - reach) / 2) - 1
    high = math.ceil((len(slopes) + reach) / 2)
    return Slope(
        median(slopes),
        slopes[low] if low >= 0 else -math.inf,
        slopes[high] if high < len(slopes) else math.inf,
    )


def growth(mib: Sequence[float]) -> Growth:
    """Return what memory grew by; `mib` holds one value for each request, in their order."""
    skip = min(WARM_UP, len(mib) // 3)
    settled = list(mib[skip:])
    return Growth(len(settled), len(settled), theil_sen(range(len(settled)), settled))


def verdict(rounds: Sequence[Growth]) -> Verdict:
    """Return what the rounds so far, each longer than the one before, say.

    The rule of psutil's leak tests (psleak): what grows is measured again with more calls. A
    leak grows by more then; caches and fragments do not. It is flat when the last round grew
    by no more than NOISE_MIB, or not beyond chance, or by no more than the shorter one before.
    """
    last = rounds[-1]
    if last.mib <= NOISE_MIB or last.slope.low <= 0:
        return "flat"
    if len(rounds) > 1 and last.mib <= rounds[-2].mib:
        return "flat"
    return "again" if len(rounds) < ROUNDS else "grows"
