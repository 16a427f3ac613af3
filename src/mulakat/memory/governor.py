"""Keeps the promise of the limit: samples each second, and acts before the kernel would.

Alert: idle things go (the worker's model, both heaps are trimmed), one event, the webhook.
Refusing: no new recording until there is room again; typed answers go on. A worker that stays
above its share is replaced after its answer. Nothing here is done per request.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from threading import Lock
from typing import Protocol

from mulakat import clock, errors
from mulakat.memory import gauge, processes, release
from mulakat.memory.budget import Budget, Kind
from mulakat.memory.ladder import Footing
from mulakat.memory.snapshot import ProcessMemory, Snapshot, State
from mulakat.memory.states import States
from mulakat.memory.webhook import Webhook
from mulakat.observe.log import logger
from mulakat.settings import MIB, Memory

PERIOD_SECONDS = 1.0
FULL_EVERY = 5
"""Samples from one with PSS to the next: it costs the kernel milliseconds (`processes`)."""

STRIKES = 5
"""Samples in a row above its share after which a worker is replaced."""

IDLE_SECONDS = 10.0
TRIM_EVERY_SECONDS = 60.0
"""The web heap is trimmed when no answer has come for the first, at most once in the second."""

RETRY_SECONDS = (2, 60)
"""Least and most that Retry-After says."""

TREND_SAMPLES = 15


class Worker(Protocol):
    """What the governor asks of the worker side."""

    @property
    def footing(self) -> Footing: ...
    @property
    def model(self) -> str | None: ...
    @property
    def restarts(self) -> int: ...
    def release(self) -> None: ...
    def retire(self) -> None: ...


class Governor:
    """Use it as an async context manager around the time it shall sample.

    `pids` gives our processes by role, asked at each sample; `root` is the file system whose
    cgroup files are read. Everything but `sample` is for the event loop only.
    """

    def __init__(
        self,
        memory: Memory,
        pids: Callable[[], Mapping[str, int]],
        worker: Worker,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        root: Path = Path("/"),
    ) -> None:
        self._memory = memory
        self._pids = pids
        self._worker = worker
        self._monotonic = monotonic
        self._root = root
        self._lock = Lock()
        self._meter = gauge.meter(memory.memory_limit, root)
        self._states = States(memory.memory_alert, memory.memory_refuse)
        self._seen: dict[str, ProcessMemory] = {}
        self._trend: deque[tuple[float, int]] = deque(maxlen=TREND_SAMPLES)
        self._count = 0
        self._strikes = 0
        self._struck: int | None = None
        self._latest: Snapshot | None = None
        self._announced: State = "normal"
        self._listeners: set[asyncio.Queue[Snapshot]] = set()
        self._worked = self._trimmed = float("-inf")
        self._used_since_trim = False
        self._leaving = False
        self._task: asyncio.Task[None] | None = None
        self._log = logger("governor")
        self.budget = Budget(self._meter.limit.bytes, worker.footing.answer)
        self.on_change: list[Callable[[Snapshot, State], None]] = []
        if memory.alert_webhook:
            hook = Webhook(memory.alert_webhook)
            self.on_change.append(lambda now, was: hook.send(_event(now, was)))

    @property
    def latest(self) -> Snapshot:
        """The last sample; at most a second old while this runs."""
        return self._latest or self.sample(full=True)

    @property
    def retry_after(self) -> int:
        """Seconds until new recordings are taken again, if it goes on as it does."""
        least, most = RETRY_SECONDS
        if len(self._trend) < 2:
            return 10
        (first, before), (last, now) = self._trend[0], self._trend[-1]
        over = now - self._states.opens_at * self._meter.limit.bytes
        falling = (before - now) / max(last - first, PERIOD_SECONDS)
        if over <= 0:
            return least
        return most if falling <= 0 else max(least, min(most, round(over / falling)))

    def sample(self, *, full: bool = False) -> Snapshot:
        """Look now and return what was seen; blocks for less than a millisecond without PSS.

        `full` reads PSS and USS too, as every fifth sample does, and finds the limit anew.
        """
        with self._lock:
            full = full or self._count % FULL_EVERY == 0
            self._count += 1
            if full:  # a container's limit may be changed while it runs
                self._meter = gauge.meter(self._memory.memory_limit, self._root)
            meter = self._meter
            looks = (
                processes.look(role, pid, self._seen.get(role), full=full)
                for role, pid in self._pids().items()
            )
            self._seen = {one.role: one for one in looks if one}
            pss = sum(one.pss for one in self._seen.values())
            used = self._used(meter, pss)
            self._trend.append((self._monotonic(), used))
            ratio = used / meter.limit.bytes
            self._count_strikes()
            self._latest = Snapshot(
                at=clock.now(),
                state=self._states.step(ratio),
                limit=meter.limit.bytes,
                limit_source=meter.limit.source,
                working_set=used,
                ratio=ratio,
                processes=tuple(self._seen.values()),
                pss_total=pss,
                pressure=meter.pressure(),
                reserved=self.budget.reserved,
                rung=str(self._worker.footing),
                model=self._worker.model,
                strikes=self._strikes,
                restarts=self._worker.restarts,
            )
            return self._latest

    async def subscribe(self) -> AsyncGenerator[Snapshot]:
        """Yield each new sample, until we `leave`.

        A reader that is slower gets the latest, never a backlog.
        """
        queue: asyncio.Queue[Snapshot] = asyncio.Queue(maxsize=1)
        self._listeners.add(queue)
        try:
            while not self._leaving:
                snapshot = await queue.get()
                if not self._leaving:
                    yield snapshot
        finally:
            self._listeners.discard(queue)

    def leave(self) -> None:
        """End the streams of all who listen: the server stops."""
        self._leaving = True
        for queue in self._listeners:
            if queue.empty():
                queue.put_nowait(self.latest)

    def admit_audio(self) -> None:
        """Raise TypedOnly where nothing can hear, MemoryLow while memory is short."""
        if not self._worker.footing.hears:
            raise errors.TypedOnly
        if self.latest.state == "refusing":
            raise errors.MemoryLow(self.retry_after)

    def reserve(self, kind: Kind, size: int | None = None) -> AbstractAsyncContextManager[None]:
        """Promise memory for a piece of work for the length of a block (`budget.Budget`)."""
        self._worked, self._used_since_trim = self._monotonic(), True
        return self.budget.reserve(kind, size, retry_after=self.retry_after)

    async def __aenter__(self) -> "Governor":
        await asyncio.to_thread(self.sample, full=True)
        self._announce()
        self._task = asyncio.create_task(self._run(), name="governor")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def trouble(self) -> str | None:
        """Return why the limit is not watched, or None."""
        return "memory is not sampled" if self._task and self._task.done() else None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.tick()
            except OSError as error:  # our group was moved or removed under us
                self._log.warning("memory not readable", reason=error.strerror)
            except Exception:
                self._log.exception("defect while sampling")

    async def tick(self) -> None:
        """Sample once, tell who listens, and do what the sample asks for."""
        snapshot = await asyncio.to_thread(self.sample)
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(snapshot)
        if self._announce():
            self._worker.release()
            await asyncio.to_thread(release.collect)
        if self._strikes >= STRIKES and self._struck != self._worker_pid():
            self._struck = self._worker_pid()
            self._log.warning("worker above its share", rss_mib=self._seen["worker"].rss // MIB)
            self._worker.retire()
        if self._idle():
            await asyncio.to_thread(release.collect)

    def _announce(self) -> bool:
        """Tell a change of state, once; return whether memory has to be given back."""
        now, was = self.latest, self._announced
        if now.state == was:
            return False
        self._announced = now.state
        say = self._log.info if now.state == "normal" else self._log.warning
        say(
            "memory state changed",
            state=now.state,
            was=was,
            working_set_mib=now.working_set // MIB,
            limit_mib=now.limit // MIB,
            percent=round(now.ratio * 100, 1),
        )
        for told in self.on_change:
            told(now, was)
        return was == "normal" or now.state == "refusing"

    def _idle(self) -> bool:
        now = self._monotonic()
        if self.budget.reserved:
            self._worked = now
        due = max(self._worked + IDLE_SECONDS, self._trimmed + TRIM_EVERY_SECONDS)
        if not self._used_since_trim or now < due:
            return False
        self._used_since_trim, self._trimmed = False, now
        return True

    def _used(self, meter: gauge.Meter, pss: int) -> int:
        used = meter.working_set()
        return pss if used is None else used

    def _count_strikes(self) -> None:
        worker = self._seen.get("worker")
        grown = worker is not None and worker.rss > self._worker.footing.worker_share
        self._strikes = self._strikes + 1 if grown else 0

    def _worker_pid(self) -> int | None:
        worker = self._seen.get("worker")
        return worker.pid if worker else None


def _event(now: Snapshot, was: State) -> dict[str, object]:
    """Return what the webhook posts: figures only."""
    document = now.document()
    kept = ("at", "state", "limit", "limit_source", "working_set", "ratio", "rung", "model")
    return {"event": "memory_state", "was": was, **{key: document[key] for key in kept}}
