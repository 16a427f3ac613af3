"""Follows answers for those who wait: one query a tick for all of them, however many wait.

The row is the truth, so this works the same when the worker is on another machine; a nudge
from a worker on this one only makes the next look come sooner.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.store.answers import Answers
from mulakat.store.values import Progress

TICK_SECONDS = 0.25
"""Between two looks while anybody waits; a quarter second is at once for a person."""

DEFECT_SECONDS = 1.0
"""The same after a defect, which would fill the log otherwise."""

FINAL = frozenset({"done", "failed"})


class Watch:
    """The one poller of a web process. Use it as an async context manager."""

    def __init__(self, answers: Answers, tick: float = TICK_SECONDS) -> None:
        self._answers = answers
        self._tick = tick
        self._waiting: dict[str, set[asyncio.Queue[Progress | None]]] = {}
        self._nudged = asyncio.Event()
        self._leaving = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Watch":
        self._task = asyncio.create_task(self._poll(), name="watch")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def nudge(self) -> None:
        """Look now: something is known to have changed."""
        self._nudged.set()

    def leave(self) -> None:
        """End the wait of all who wait, now and from now on: the server stops."""
        self._leaving.set()
        for queues in self._waiting.values():
            for queue in queues:
                if queue.empty():
                    queue.put_nowait(None)

    async def follow(self, answer_id: str) -> AsyncGenerator[Progress | None]:
        """Yield each change of an answer, from its present state to done or failed.

        Yields None, and ends, when the answer is gone; just ends once we `leave`.
        """
        # One slot: a slow reader gets the latest state, not a backlog.
        queue: asyncio.Queue[Progress | None] = asyncio.Queue(maxsize=1)
        self._waiting.setdefault(answer_id, set()).add(queue)
        self.nudge()
        last: Progress | None = None
        try:
            while not self._leaving.is_set():
                progress = await queue.get()
                if self._leaving.is_set():
                    return
                if progress != last or progress is None:
                    yield progress
                if progress is None or progress.state in FINAL:
                    return
                last = progress
        finally:
            queues = self._waiting[answer_id]
            queues.discard(queue)
            if not queues:
                del self._waiting[answer_id]

    async def finished(self, answer_id: str) -> None:
        """Return once an answer is done, failed or gone, or once we `leave`."""
        async with aclosing(self.follow(answer_id)) as changes:
            async for _ in changes:
                pass

    def trouble(self) -> str | None:
        """Return why those who wait would wait for ever, or None."""
        return "nobody looks for progress" if self._task and self._task.done() else None

    async def _poll(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick if self._waiting else None):
                    await self._nudged.wait()
            self._nudged.clear()
            try:
                await self._look()
            except errors.DatabaseBusy:
                logger("web").warning("progress not readable, will look again")
                await asyncio.sleep(self._tick)
            except Exception:
                logger("web").exception("defect while looking for progress")
                await asyncio.sleep(DEFECT_SECONDS)

    async def _look(self) -> None:
        watched = list(self._waiting)
        states = await self._answers.progress(watched) if watched else {}
        for answer_id in watched:
            for queue in self._waiting.get(answer_id, ()):
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(states.get(answer_id))
