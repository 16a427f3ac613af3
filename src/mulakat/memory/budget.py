"""What each kind of work costs, promised before it begins.

A promise is made only while all promises together fit into the limit less the baseline, so
what has been admitted can be held. Costs are stated, each with the command that measures it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from mulakat import errors
from mulakat.settings import KIB, MIB

BASELINE = 130 * MIB
"""Both processes without a model: the most that `pytest tests/bench/test_memory_numbers.py`
allows for "idle"."""

Kind = Literal["upload", "typed", "password", "voice"]

COSTS: dict[Kind, int] = {
    # 200 uploads of 16 MiB at once add 30 MiB, 0.15 MiB each; this is a quarter more
    # (pytest tests/integration/test_intake_memory.py).
    "upload": 200 * KIB,
    # A JSON body of at most 1 MiB (mulakat.intake.MAX_JSON_BYTES) is held twice as bytes, then
    # as text and as fields, of four bytes a character where one is beyond U+FFFF
    # (pytest tests/unit/intake/test_form.py).
    "typed": 11 * MIB,
    # argon2id's 19 MiB, and a thread's stack
    # (pytest tests/integration/test_password_memory.py).
    "password": 20 * MIB,
    # A process that says the longest question: 15 MiB, over TLS
    # (pytest tests/integration/test_voice.py).
    "voice": 20 * MIB,
}
"""The most that one of a kind may take, in bytes."""

TYPED_SHARE = 2 * COSTS["typed"]
"""Room that uploads leave free: typed answers go on however many recordings come."""

WAIT_SECONDS = 10.0
"""How long work waits for room before it is told to come back."""


class Budget:
    """The promises of one process; for its event loop only.

    `standing` is what the worker's one answer may take, set aside for good: it is in another
    process and may begin at any moment. Each kind waits in its own line, first come first
    served.
    """

    def __init__(self, limit: int, standing: int) -> None:
        self.room = max(0, limit - BASELINE - standing)
        self.reserved = 0
        self.refused: Counter[str] = Counter()
        self._lines: dict[Kind, deque[tuple[asyncio.Future[None], int]]] = {
            kind: deque() for kind in COSTS
        }

    @asynccontextmanager
    async def reserve(
        self,
        kind: Kind,
        size: int | None = None,
        *,
        wait: float = WAIT_SECONDS,
        retry_after: int = 10,
    ) -> AsyncIterator[None]:
        """Hold room for the length of a block: `size` bytes, at most and by default the kind's.

        Raises MemoryLow after `wait` seconds without room.
        """
        cost = COSTS[kind] if size is None else min(size, COSTS[kind])
        await self._take(kind, cost, wait, retry_after)
        try:
            yield
        finally:
            self.reserved -= cost
            self._let_in()

    async def _take(self, kind: Kind, cost: int, wait: float, retry_after: int) -> None:
        line = self._lines[kind]
        if not line and self._fits(kind, cost):
            self.reserved += cost
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (turn, cost)
        line.append(entry)
        try:
            async with asyncio.timeout(wait):
                await turn
        except BaseException as error:
            if entry in line:
                line.remove(entry)
            elif not turn.cancelled():  # let in at the very moment it gave up
                self.reserved -= cost
            self._let_in()
            if isinstance(error, TimeoutError):
                self.refused[kind] += 1
                raise errors.MemoryLow(retry_after) from None
            raise

    def _fits(self, kind: Kind, cost: int) -> bool:
        room = self.room - (TYPED_SHARE if kind == "upload" else 0)
        # One alone may always go: a host where nothing fits by the figures still serves.
        return self.reserved + cost <= room or self.reserved == 0

    def _let_in(self) -> None:
        for kind, line in self._lines.items():
            while line and self._fits(kind, line[0][1]):
                turn, cost = line.popleft()
                if not turn.done():
                    self.reserved += cost
                    turn.set_result(None)
