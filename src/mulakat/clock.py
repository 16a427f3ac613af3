"""The time and new ids, in one replaceable place, so that tests never sleep."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

Now = Callable[[], datetime]
"""A source of the current time in UTC; tests hand over their own."""


def now() -> datetime:
    """Return the current wall-clock time in UTC, aware."""
    return datetime.now(UTC)


def new_id(at: datetime | None = None) -> str:
    """Return a new UUIDv7 (RFC 9562 §5.7) as text: 48 bits of milliseconds, then randomness.

    Ids sort by creation, so the primary key index stays compact and the queue's order is
    the order of arrival.
    """
    milliseconds = time.time_ns() // 1_000_000 if at is None else int(at.timestamp() * 1000)
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76  # version
    value = value & ~(0x3 << 62) | 2 << 62  # variant
    return str(UUID(int=value))
