"""Starts the worker process, watches it, replaces it: the old one gone before the new.

Two workers at once do not fit into 512 MB, so the pidfd of the old one has been waited for
before the next is started. What a worker had in hand when it died is given back at once,
not when its lease runs out.
"""

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mulakat import errors
from mulakat.memory.ladder import Footing
from mulakat.observe.log import logger
from mulakat.settings import Settings, environment
from mulakat.store.answers import Answers
from mulakat.store.documents import Documents
from mulakat.store.spool import Spool
from mulakat.store.values import Lease
from mulakat.worker import upkeep, wire
from mulakat.worker.process import GRACE_SECONDS

BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before a restart after 1, 2, … deaths in a row without an answer in between."""

PLANNED = {wire.IDLE_EXIT: "idle", wire.RETIRED_EXIT: "strikes", wire.FULL_EXIT: "memory"}
"""Why a worker that ended with one of these is replaced at once: it did not die."""

_SMALL_STACKS = ("/bin/sh", "-c", 'ulimit -Ss 1024; exec "$@"', "sh")
"""Starts a program with 1 MiB of stack for each thread. The usual 8 MiB count against
RLIMIT_DATA although nothing uses them, and glibc takes the size from before the start."""

STOP_SECONDS = GRACE_SECONDS + 1.5
"""From SIGTERM to SIGKILL when we stop."""

_NICENESS = 5
"""The web process goes first: it answers in milliseconds, recognition takes seconds."""


@dataclass(frozen=True, slots=True)
class _InHand:
    lease: Lease
    since: float


class Supervisor:
    """Use it as an async context manager around the time that answers are processed.

    `base_environment` is what children inherit; `footing` says which model they can hold.
    `changed` is called when an answer's row has changed, so that those who wait look at once;
    `heard` with each message of a worker, and with `replaced` when one has ended.
    `keeping` is the upkeep beside it, whose end is trouble.
    """

    def __init__(
        self,
        settings: Settings,
        answers: Answers,
        documents: Documents,
        spool: Spool,
        base_environment: Mapping[str, str],
        *,
        footing: Footing,
        changed: Callable[[], None] = lambda: None,
        heard: Callable[[wire.Message], None] = lambda _message: None,
        keeping: asyncio.Task[None] | None = None,
    ) -> None:
        self._settings = settings
        self._answers = answers
        self._documents = documents
        self._spool = spool
        self._environment = base_environment
        self._changed = changed
        self._heard = heard
        self._keeping = keeping
        self.footing = footing
        self.model: str | None = None
        self.restarts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._in_hand: _InHand | None = None
        self._ready = False
        self._stopping = asyncio.Event()
        self._kill_at = 0.0
        self._timed_out = False
        self._reason = "died"
        self._deaths = 0
        self._task: asyncio.Task[None] | None = None
        self._log = logger("supervisor")

    @property
    def pid(self) -> int | None:
        """The worker's process id while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def wake(self) -> None:
        """Tell the worker that an answer waits."""
        self._send(wire.WAKE)

    def release(self) -> None:
        """Ask the worker to let its model go once it is idle, and to give memory back."""
        self._send(wire.RELEASE)

    def retire(self) -> None:
        """Have the worker replaced after its current answer."""
        self._send(wire.RETIRE)

    def stop(self) -> None:
        """Have the worker end in good order, and start no other; returns at once."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._kill_at = time.monotonic() + STOP_SECONDS
            self._signal(signal.SIGTERM)

    def _send(self, line: bytes) -> None:
        if self._process and self._process.stdin and self._process.returncode is None:
            with suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(line)

    async def sweep(self) -> dict[str, int]:
        """Do the upkeep of each minute now; returns `files`, their `bytes`, and `results`."""
        return await upkeep.once(self._answers, self._documents, self._spool)

    def trouble(self) -> str | None:
        """Return why answers are not being processed now, or None."""
        if self._task and self._task.done():
            return "the supervisor of the worker has ended"
        if self._keeping and self._keeping.done():
            return "the upkeep of each minute has ended"
        if not self._ready:
            return "the first worker is starting"
        if self._deaths >= len(BACKOFF_SECONDS):
            return f"the worker has died {self._deaths} times in a row; see the log"
        return None

    async def __aenter__(self) -> "Supervisor":
        self._task = asyncio.create_task(self._keep_one(), name="supervisor")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        if self._task is None:
            return
        try:
            async with asyncio.timeout(self._kill_at - time.monotonic()):
                await asyncio.shield(self._task)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._task

    def _signal(self, signum: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signum)

    async def _keep_one(self) -> None:
        while True:
            try:
                status = await self._live_once()
            except OSError as error:
                self._log.error("the worker could not be started", reason=str(error))
                status = -1
            except Exception:
                self._log.exception("defect while following a worker")
                status = -1
            if self._stopping.is_set():
                return
            self.restarts += 1
            reason, self._reason = PLANNED.get(status, self._reason), "died"
            shown = {"reason": reason, "exit": _exit_name(status)}
            self._tell(wire.Message("replaced", data=shown))
            if status in PLANNED:
                self._log.info("worker replaced", **shown)
                continue
            self._deaths += 1
            wait = BACKOFF_SECONDS[min(self._deaths, len(BACKOFF_SECONDS)) - 1]
            self._log.warning("worker died", **shown, restart_in=wait)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stopping.wait()
            if self._stopping.is_set():
                return

    async def _live_once(self) -> int:
        """Start a worker, follow it to its end, give back what it held; return its status."""
        process = await self._start()
        self._process = process
        if self._stopping.is_set():  # told to stop while this one was being started
            self._signal(signal.SIGTERM)
        deadline = asyncio.create_task(self._keep_deadline(process))
        try:
            assert process.stdout is not None  # noqa: S101  # opened as a pipe in _start
            while line := await process.stdout.readline():
                self._take(line)
            return await process.wait()
        finally:
            deadline.cancel()
            self.model = None
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            await self._give_back()

    async def _start(self) -> asyncio.subprocess.Process:
        inherited = {k: v for k, v in self._environment.items() if not k.startswith("MULAKAT_")}
        process = await asyncio.create_subprocess_exec(
            *_SMALL_STACKS,
            sys.executable,
            "-m",
            "mulakat",
            "worker-process",
            "--parent",
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=inherited
            | environment(self._settings)
            | {
                # One arena: 8 threads reserve 64 MiB of address space in place of 576,
                # and trimming finds what was freed.
                "MALLOC_ARENA_MAX": "1",
                # Whatever a library writes for a moment lands where the sweep looks.
                "TMPDIR": str(self._spool.tmp),
                "HF_HUB_OFFLINE": "1",
                # numpy's BLAS reserves 32 MiB for each thread; its only work here is the
                # embedder's, milliseconds.
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
        try:
            self._bound(process.pid)
        except BaseException:  # one that is not bounded must not live on beside the next
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        return process

    def _bound(self, pid: int) -> None:
        """Limit the worker from outside: it must fail before the container's limit kills."""
        limit = self.footing.worker_memory(self._settings.memory)
        with suppress(ProcessLookupError):
            _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
            if hard != resource.RLIM_INFINITY:  # only the privileged may raise it
                limit = min(limit, hard)
            resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))
        with suppress(OSError):  # to be less nice than we are takes a privilege
            nice = max(os.getpriority(os.PRIO_PROCESS, pid), _NICENESS)
            os.setpriority(os.PRIO_PROCESS, pid, nice)
        with suppress(OSError):  # not ours to write in some sandboxes; the limit above holds
            Path(f"/proc/{pid}/oom_score_adj").write_text("1000")

    def _take(self, line: bytes) -> None:
        try:
            message = wire.decode(line)
        except ValueError:
            self._log.warning("the worker wrote something that is no message")
            return
        if message.kind == "ready":
            self._ready = True
            self.wake()  # answers may have come while there was no worker
        elif message.kind == "started":
            self._in_hand = _InHand(Lease(message.answer, message.token), time.monotonic())
        elif message.kind == "ended":
            self._in_hand = None
            self._deaths = 0
        elif message.kind == "state":
            self.model = message.data.get("model")
        self._tell(message)

    def _tell(self, message: wire.Message) -> None:
        """Tell who listens; a defect of theirs is logged, and the worker goes on."""
        try:
            self._heard(message)
            self._changed()
        except Exception:
            self._log.exception("defect while telling of a worker")

    async def _keep_deadline(self, process: asyncio.subprocess.Process) -> None:
        """Kill the worker when an answer takes too long: native code hears nothing else."""
        seconds = self._settings.speech.deadline
        while True:
            held = self._in_hand
            left = seconds if held is None else held.since + seconds - time.monotonic()
            if held and left <= 0:
                self._timed_out = True
                self._reason = "deadline"
                self._log.warning("answer past its deadline, worker stopped", answer=held.lease.id)
                with suppress(ProcessLookupError):
                    process.kill()
                return
            await asyncio.sleep(min(left, 1.0))

    async def _give_back(self) -> None:
        held, timed_out = self._in_hand, self._timed_out
        self._in_hand, self._timed_out = None, False
        if held is None:
            return
        try:
            answer = await self._answers.get(held.lease.id)
            if timed_out:
                error = errors.DeadlineExceeded(seconds=round(self._settings.speech.deadline))
                ended = await self._answers.fail(held.lease, error.code, error.params)
            else:
                ended = await self._answers.lost(held.lease) == "failed"
            outcome = "failed" if ended else "retried"
            code = errors.DeadlineExceeded.code if timed_out else errors.WorkerDied.code
            data = {"outcome": outcome, "code": code, "attempt": answer.attempts if answer else 0}
            self._tell(wire.Message("ended", held.lease.id, held.lease.token, data))
            self._log.warning(
                f"answer {outcome}",
                answer=held.lease.id,
                request_id=answer.request_id if answer else None,
                seconds=time.monotonic() - held.since,
                **data,
            )
            if ended and answer and answer.audio_key and not self._settings.store.keep_audio:
                await asyncio.to_thread(self._spool.unlink, answer.audio_key, "failed")
        except errors.DatabaseBusy:
            self._log.warning("could not give the answer back; its lease will run out")
        self._changed()


def _exit_name(status: int) -> str:
    return signal.Signals(-status).name if status < -1 else str(status)
