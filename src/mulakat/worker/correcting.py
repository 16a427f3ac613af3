"""Corrections, evaluated one at a time beside the answers; nothing is heard again."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mulakat import errors, settings
from mulakat.observe.log import logger
from mulakat.store.corrections import CorrectionClaim, Corrections
from mulakat.store.egress import Ledger
from mulakat.worker.lines import AnswerLines
from mulakat.worker.tools import Workshop


class Corrector:
    """Takes corrections one at a time; made by the worker process."""

    def __init__(
        self,
        corrections: Corrections,
        workshop: Workshop,
        ledger: Ledger,
        queue: settings.Queue,
        grace: float,
    ) -> None:
        self._corrections = corrections
        self._workshop = workshop
        self._ledger = ledger
        self._queue = queue
        self._grace = grace
        self._log = logger("worker")

    async def one(self, worker: str, stopping: asyncio.Event) -> bool:
        """Evaluate the next correction, if one waits; return whether one did.

        When `stopping` is set it may go on for the grace, then it is given back and the process
        ends: its thread cannot be stopped. Raises DatabaseBusy: a result that could not be
        written is made again once its lease has run out. Raises MemoryError after it has failed
        for want of memory: this process is not fit any more.
        """
        claim = await self._corrections.claim(worker)
        if claim is None:
            return False
        began, lost = time.monotonic(), asyncio.Event()

        def ours() -> None:
            if lost.is_set():
                raise errors.NotFound

        work = asyncio.create_task(
            asyncio.to_thread(self._evaluate, claim, asyncio.get_running_loop(), ours)
        )
        stop = asyncio.create_task(stopping.wait())
        try:
            while not work.done() and not stop.done():
                await asyncio.wait(
                    {work, stop}, timeout=self._queue.heartbeat, return_when="FIRST_COMPLETED"
                )
                with suppress(errors.DatabaseBusy):
                    if not await self._corrections.heartbeat(claim, "evaluating", None):
                        lost.set()  # deleted meanwhile, or another's; the write is refused too
            if not work.done():
                await asyncio.wait({work}, timeout=self._grace)
            if not work.done():
                with suppress(errors.DatabaseBusy):
                    await self._corrections.give_back(claim)
                os._exit(0)
            outcome = await self._end(claim, work)
        finally:
            stop.cancel()
            with suppress(asyncio.CancelledError):
                await stop
        self._log.info(
            f"correction {outcome}",
            answer=claim.answer.id,
            request_id=claim.request_id,
            attempt=claim.attempts,
            words=len(claim.words),
            seconds=round(time.monotonic() - began, 3),
        )
        return True

    async def _end(self, claim: CorrectionClaim, work: "asyncio.Task[dict[str, Any]]") -> str:
        try:
            result = work.result()
        except MemoryError:
            await self._failed(claim, errors.OutOfMemory())
            raise
        except errors.MulakatError as error:
            if error.permanent:
                return await self._failed(claim, error)
        except Exception:
            self._log.exception("defect while evaluating a correction")
        else:
            return "done" if await self._corrections.finish(claim, result) else "refused"
        if claim.attempts >= self._queue.max_attempts:
            return await self._failed(claim, errors.Internal())
        await self._corrections.lost(claim)
        return "retried"

    async def _failed(self, claim: CorrectionClaim, error: errors.MulakatError) -> str:
        await self._corrections.fail(claim, error.code, error.params)
        return "failed"

    def _evaluate(
        self, claim: CorrectionClaim, loop: asyncio.AbstractEventLoop, ours: Callable[[], None]
    ) -> dict[str, Any]:
        """Run the evaluation; in a thread."""
        from mulakat.pipeline.correct import correct
        from mulakat.pipeline.run import Job

        answer, guide = claim.answer, claim.answer.guide or {}
        job = Job(
            question=answer.question,
            language=answer.language,
            reader=answer.reader,
            additional_text=answer.additional_text,
            key_points=tuple(guide.get("key_points", ())),
            example=guide.get("example"),
        )
        tools = self._workshop.tools(AnswerLines(self._ledger, claim, loop, ours))
        return correct(job, answer.result or {}, claim.words, tools.evaluator)
