"""A circuit breaker: a provider that keeps failing is left alone for a while.

Without one, every answer of an evening would wait out all its time-outs before the rubric's
result stands (Nygard 2018, Release It!, §5.2).
"""

import time
from collections.abc import Callable

FAILURES = 5
"""In a row, from which on nothing is asked (design decision: two answers' worth of tries)."""

REST_SECONDS = 60.0
"""How long it is left alone, before one request may try it."""


class Breaker:
    """Closed at first; open after FAILURES in a row; one try at a time after each rest.

    For one thread at a time, as the worker has one answer in hand. `monotonic` in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures = 0
        self._rests_until = float("-inf")

    def lets(self) -> bool:
        """Whether a request may be made now."""
        return self._monotonic() >= self._rests_until

    def succeeded(self) -> None:
        """Close it: the provider is well."""
        self._failures = 0
        self._rests_until = float("-inf")

    def failed(self) -> None:
        """Count a failure; the one that fills the measure, and each after it, begins a rest."""
        self._failures += 1
        if self._failures >= FAILURES:
            self._rests_until = self._monotonic() + REST_SECONDS
