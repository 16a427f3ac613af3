"""A slot for something heavy: loaded at first use, ref-counted, let go when idle."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Closeable(Protocol):
    """What a slot can hold."""

    def close(self) -> None:
        """Let go of the memory."""
        ...


Held = TypeVar("Held", bound=Closeable)


class Resident(Generic[Held]):
    """Keeps at most one `Held`; it is never let go while in use.

    The idle time starts at the last release. `monotonic` is the clock in seconds.
    """

    def __init__(
        self, load: Callable[[], Held], ttl: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._ttl = ttl
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._held: Held | None = None
        self._users = 0
        self._released = 0.0

    @property
    def loaded(self) -> bool:
        """Whether something is held now."""
        return self._held is not None

    @contextmanager
    def use(self) -> Iterator[Held]:
        """Hold it for the length of a block, loading it first if need be."""
        with self._lock:
            if self._held is None:
                self._held = self._load()
            held = self._held
            self._users += 1
        try:
            yield held
        finally:
            with self._lock:
                self._users -= 1
                self._released = self._monotonic()

    def expire(self, *, now: bool = False) -> bool:
        """Let go if unused for the idle time, or if unused at all; return whether it did."""
        with self._lock:
            idle = self._monotonic() - self._released
            if self._held is None or self._users or (idle < self._ttl and not now):
                return False
            held, self._held = self._held, None
        held.close()
        return True
