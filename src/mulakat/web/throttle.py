"""Counting tries by key, so that guessing and flooding have to wait and nobody else does.

A window begins with a key's first try and ends by itself: what comes while a key is over its
limit does not prolong the wait.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mulakat import errors

WINDOW_SECONDS = 300
MOST_TRIES = 25
"""Tries within WINDOW_SECONDS (design: 25 in 5 minutes)."""

MOST_KEYS = 10_000
"""Keys in memory, about 250 bytes each. Whoever fills them needs 10,000 addresses, and what he
gains is that the oldest key's count begins anew."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How many tries a key has made in its window, and the whole seconds until that ends."""

    count: int
    left: int


class Throttle(Protocol):
    """Counts of tries. It never fails: without its store it counts in this process."""

    async def count(self, key: str, seconds: int = WINDOW_SECONDS) -> Tries:
        """Count a try of `key` in its window of `seconds`."""
        ...

    async def take_back(self, key: str) -> None:
        """Let a try be as if it had not been made."""
        ...


async def limit(
    throttle: Throttle,
    key: str,
    most: int = MOST_TRIES,
    error: type[errors.Unavailable] = errors.TooManyTries,
) -> Tries:
    """Count a try of `key`; raises `error`, with the wait, when it is beyond `most`."""
    tries = await throttle.count(key)
    if tries.count > most:
        raise error(tries.left)
    return tries


class MemoryThrottle:
    """Counts in this process, bounded. `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._windows: OrderedDict[str, tuple[int, float]] = OrderedDict()  # count, end

    def __len__(self) -> int:
        return len(self._windows)

    async def count(self, key: str, seconds: int = WINDOW_SECONDS) -> Tries:
        now = self._monotonic()
        count, end = self._windows.get(key, (0, now))
        if end <= now:
            self._windows.pop(key, None)
            self._make_room(now)
            count, end = 0, now + seconds
        self._windows[key] = (count + 1, end)
        return Tries(count + 1, int(end - now) + 1)

    async def take_back(self, key: str) -> None:
        count, end = self._windows.get(key, (0, 0.0))
        if count > 1:
            self._windows[key] = (count - 1, end)
        else:
            self._windows.pop(key, None)

    def _make_room(self, now: float) -> None:
        while self._windows:
            oldest = next(iter(self._windows))
            if self._windows[oldest][1] > now and len(self._windows) < MOST_KEYS:
                return
            del self._windows[oldest]
