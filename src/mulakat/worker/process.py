"""The worker process: claim, run, finish, one answer at a time.

The pipeline runs in a thread, so that the event loop can extend the lease and hear signals
meanwhile. SIGTERM lets the running answer finish if it does so within GRACE_SECONDS, else
its lease is given back, without counting the attempt.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from mulakat import clock, errors
from mulakat.memory import gauge, ladder
from mulakat.memory.release import collect, settle
from mulakat.observe.log import logger
from mulakat.providers import model_files
from mulakat.settings import Settings
from mulakat.store.answers import Answers
from mulakat.store.corrections import Corrections
from mulakat.store.documents import Documents
from mulakat.store.egress import Ledger
from mulakat.store.spool import Deletion, Spool
from mulakat.store.values import Claim
from mulakat.worker import wire
from mulakat.worker.correcting import Corrector
from mulakat.worker.figures import figures_of
from mulakat.worker.lines import AnswerLines
from mulakat.worker.reading import Reader
from mulakat.worker.tools import Workshop

if TYPE_CHECKING:
    from mulakat.pipeline.run import Job

GRACE_SECONDS = 8.0
"""How long a running answer may go on after SIGTERM; containers are killed after 10 s."""

POLL_SECONDS = 2.0
"""How often to look for work without having been woken: leases of others run out unsaid."""

STATE_SECONDS = 5.0
"""How often to say what the process holds, without a change."""

LEAST_BEAT_SECONDS = 0.05
"""Between two writes of progress: each stage is seen, and a fast pipeline writes little."""


UNHEARD = timedelta(minutes=10)
"""How long after its acceptance a recording is kept that no provider hears (design decision: an
outage is most often shorter, and somebody waits)."""

WRITE_AGAIN_SECONDS = (0.1, 5.0)
"""First and longest wait before the end of an answer is written again; it doubles."""

LAST_WRITE_SECONDS = 1.0
"""How long it is tried after we were told to stop: what GRACE_SECONDS leaves of the 10."""

Written = TypeVar("Written")


class LeaseLost(Exception):
    """Another worker owns the answer now; ours must stop and write nothing."""


class Worker:
    """One worker process's life. `run` returns the exit status."""

    def __init__(
        self,
        settings: Settings,
        answers: Answers,
        documents: Documents,
        spool: Spool,
        ledger: Ledger,
        *,
        corrections: Corrections,
    ) -> None:
        self._reader = Reader(documents, spool, settings.queue)
        self._settings = settings
        self._answers = answers
        self._spool = spool
        self._ledger = ledger
        limit = gauge.limit(settings.memory.memory_limit).bytes
        held = ladder.stand(limit, model_files.installed_dir(settings.speech)).rung
        self._workshop = Workshop(
            settings.speech, settings.language, self._say_state, holds=held is not None
        )
        self._corrector = Corrector(
            corrections, self._workshop, ledger, settings.queue, GRACE_SECONDS
        )
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._stage: tuple[str, int | None] = ("queued", None)
        self._lost = False
        self._moved = asyncio.Event()
        self._to_release = False
        self._to_retire = False
        self._trims = 0
        self._log = logger("worker")

    async def run(self) -> int:
        """Work until told to stop, or until idle long enough to be started anew."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stopping.set)
        reader = asyncio.create_task(self._listen(), name="parent")
        teller = asyncio.create_task(self._tell_state(), name="state")
        self._say("ready")
        try:
            while not self._stopping.is_set():
                if self._to_retire:
                    return wire.RETIRED_EXIT
                name = f"{os.uname().nodename}:{os.getpid()}"
                try:
                    # Documents first: they take a second, and somebody waits to begin.
                    if await self._reader.one(name, self._stopping):
                        self._say("progress")
                        continue
                    # Then corrections, for the same reason.
                    if await self._corrector.one(name, self._stopping):
                        self._say("progress")
                        self._give_back()
                        continue
                    claim = await self._answers.claim(name)
                except errors.DatabaseBusy:
                    self._log.warning("database not reachable, will look again")
                    claim = None
                except MemoryError:  # of a correction; an answer's is told by `_one`
                    return wire.FULL_EXIT
                if claim is None:
                    if self._idle():
                        return wire.IDLE_EXIT
                    await self._wait()
                elif not await self._one(claim):
                    return wire.FULL_EXIT
        finally:
            reader.cancel()
            teller.cancel()
        return 0

    def _idle(self) -> bool:
        # Letting the model go frees its weights; only a new process frees what its
        # libraries hold besides (docs/decisions/0002).
        asked, self._to_release = self._to_release, False
        if asked:
            self._give_back()
        return self._workshop.expire(now=asked)

    def _give_back(self) -> None:
        """Collect and trim; the libraries of the first answer are left out from then on."""
        if self._trims == 0:
            settle()
        else:
            collect()
        self._trims += 1

    async def _wait(self) -> None:
        stop = asyncio.create_task(self._stopping.wait())
        wake = asyncio.create_task(self._woken.wait())
        await asyncio.wait({stop, wake}, timeout=POLL_SECONDS, return_when="FIRST_COMPLETED")
        stop.cancel()
        wake.cancel()
        self._woken.clear()

    async def _listen(self) -> None:
        """Hear what the parent wants; its end is ours."""
        stdin = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin
        )
        while line := await stdin.readline():
            self._to_release |= line == wire.RELEASE
            self._to_retire |= line == wire.RETIRE
            self._woken.set()
        self._stopping.set()

    def _say(self, kind: wire.Kind, claim: Claim | None = None, **data: Any) -> None:
        # Shorter than PIPE_BUF, so threads' messages never mix.
        answer, token = (claim.id, claim.token) if claim else ("", 0)
        message = wire.Message(kind, answer, token, data)
        with suppress(BrokenPipeError):  # the parent is gone; stdin's end says so too
            os.write(sys.stdout.fileno(), wire.encode(message))

    def _say_state(self) -> None:
        self._say(
            "state",
            model=self._workshop.model,
            loads=self._workshop.loads,
            unloads=self._workshop.unloads,
            gc=[one["collections"] for one in gc.get_stats()],
            trims=self._trims,
        )

    async def _tell_state(self) -> None:
        while True:
            self._say_state()
            await asyncio.sleep(STATE_SECONDS)

    async def _one(self, claim: Claim) -> bool:
        """Process one answer; return False when this process should be replaced."""
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=claim.answer.request_id,
            answer=claim.answer.id,
            attempt=claim.answer.attempts,
        )
        self._say("started", claim)
        self._lost, self._stage = False, ("decoding", None)
        work = asyncio.create_task(
            asyncio.to_thread(self._process, claim, asyncio.get_running_loop())
        )
        beat = asyncio.create_task(self._heartbeat(claim))
        fit, began = True, time.monotonic()
        ended = _REFUSED
        timings: dict[str, float] = {}
        try:
            if not await self._until_done_or_stopped(work):
                if await self._written(lambda: self._answers.give_back(claim)) is not None:
                    self._log.info("lease given back")
                    figures = figures_of(claim, began, timings)
                    self._say("ended", claim, **figures, outcome="given_back")
                # The pipeline's thread cannot be stopped from outside; the process can.
                os._exit(0)
            result = await work
            if await self._written(lambda: self._answers.finish(claim, result)):
                self._release(claim, "done")
                ended = {"outcome": "done", "code": None}
                timings = result["timings"]
            else:
                self._log.warning("result not written: the lease is another's, or we stop")
        except LeaseLost:
            self._log.warning("stopped: the lease had gone to another worker")
        except MemoryError:
            fit = False
            ended = await self._fail(claim, errors.OutOfMemory())
        except errors.TranscriberUnavailable as error:
            ended = await self._postpone(claim, error)
        except errors.MulakatError as error:
            end = self._fail if error.permanent else self._retry
            ended = await end(claim, error)
        except Exception:
            self._log.exception("defect while processing an answer")
            ended = await self._retry(claim, errors.Internal())
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            figures = {**ended, **figures_of(claim, began, timings)}
            self._log.info(
                f"answer {ended['outcome']}", **figures, seconds=time.monotonic() - began
            )
            self._say("ended", claim, **figures)
            self._give_back()
        return fit

    async def _until_done_or_stopped(self, work: "asyncio.Task[dict[str, Any]]") -> bool:
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({work, stop}, return_when="FIRST_COMPLETED")
        stop.cancel()
        if not work.done():
            await asyncio.wait({work}, timeout=GRACE_SECONDS)
        return work.done()

    async def _fail(self, claim: Claim, error: errors.MulakatError) -> dict[str, str | None]:
        if not await self._written(lambda: self._answers.fail(claim, error.code, error.params)):
            return _REFUSED
        self._release(claim, "failed")
        return {"outcome": "failed", "code": error.code}

    async def _retry(self, claim: Claim, error: errors.MulakatError) -> dict[str, str | None]:
        if claim.answer.attempts >= self._settings.queue.max_attempts:
            return await self._fail(claim, error)
        await self._written(lambda: self._answers.lost(claim))
        return {"outcome": "retried", "code": error.code}

    async def _postpone(self, claim: Claim, error: errors.MulakatError) -> dict[str, str | None]:
        """Leave a recording to be heard later; nothing is wrong with it, so no attempt counts."""
        if clock.now() - claim.answer.created_at > UNHEARD:
            return await self._fail(claim, error)
        await self._written(lambda: self._answers.postpone(claim))
        return {"outcome": "retried", "code": error.code}

    async def _written(self, write: Callable[[], Awaitable[Written]]) -> Written | None:
        """Write the end of an answer, again until the database takes it.

        The heartbeat keeps the lease meanwhile. Returns None when the lease is lost, or when
        we stop: the supervisor or the lease's end then give the answer back.
        """
        wait, longest = WRITE_AGAIN_SECONDS
        began = time.monotonic()
        while True:
            try:
                return await write()
            except errors.DatabaseBusy:
                stopping = self._stopping.is_set()
                if self._lost or (stopping and time.monotonic() - began > LAST_WRITE_SECONDS):
                    self._log.warning("the answer's end could not be written")
                    return None
                self._log.warning("database not reachable, will write again", seconds=wait)
            if stopping:
                await asyncio.sleep(WRITE_AGAIN_SECONDS[0])
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._stopping.wait()
            wait = min(2 * wait, longest)

    def _release(self, claim: Claim, reason: Deletion) -> None:
        if claim.answer.audio_key and self._settings.store.keep_audio == 0:
            self._spool.unlink(claim.answer.audio_key, reason)

    async def _heartbeat(self, claim: Claim) -> None:
        """Extend the lease and carry the progress, sooner when the stage has moved."""
        while True:
            self._moved.clear()
            with suppress(errors.DatabaseBusy):  # the lease outlasts several missed beats
                self._lost = not await self._answers.heartbeat(claim, *self._stage)
            if self._lost:
                return
            self._say("progress", claim)
            await asyncio.sleep(LEAST_BEAT_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.queue.heartbeat):
                    await self._moved.wait()

    def _job(self, claim: Claim) -> "Job":
        from mulakat.pipeline.run import Job

        answer = claim.answer
        return Job(
            question=answer.question,
            language=answer.language,
            reader=answer.reader,
            audio=self._spool.path(answer.audio_key) if answer.audio_key else None,
            container=answer.audio_container,
            typed_text=answer.typed_text,
            additional_text=answer.additional_text or "",
            key_points=tuple((answer.guide or {}).get("key_points", ())),
            example=(answer.guide or {}).get("example"),
        )

    def _process(self, claim: Claim, loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
        """Run the pipeline; in a thread."""
        from mulakat.pipeline.run import run

        def ours() -> None:
            if self._lost:
                raise LeaseLost

        def progress(stage: str, per_cent: int | None) -> None:
            ours()
            if (stage, per_cent) != self._stage:
                self._stage = (stage, per_cent)
                loop.call_soon_threadsafe(self._moved.set)

        lines = AnswerLines(self._ledger, claim, loop, ours)
        return run(self._job(claim), self._workshop.tools(lines), progress)


_REFUSED: dict[str, str | None] = {"outcome": "refused", "code": None}
"""How an answer ends here whose lease has gone to another worker."""
