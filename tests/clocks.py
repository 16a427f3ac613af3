"""A clock that tests move by hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class HandClock:
    """Stands still until it is moved."""

    time: datetime = field(default_factory=lambda: datetime(2026, 7, 1, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        """Move by a timedelta's arguments; negative goes back."""
        self.time += timedelta(**by)


@dataclass
class HandTimes:
    """Seconds that pass only in its sleeps, which are noted, and `each` time they are asked for."""

    seconds: float = 1000.0
    each: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        self.seconds += self.each
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
