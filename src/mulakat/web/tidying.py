"""What is done for interviews and what was deleted each minute, whoever looks or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.store.interviews import Interviews
from mulakat.store.rights import Rights
from mulakat.store.voices import Voices

PERIOD_SECONDS = 60.0

BATCHES = 50
"""Of answers to redact, a minute: a thousand; more have their turn in the next."""


@asynccontextmanager
async def tidied(interviews: Interviews, rights: Rights) -> AsyncIterator[Interviews]:
    """Take in results, close what stood for a day, redact what is past its time; each minute."""
    task = asyncio.create_task(_each_minute(interviews, rights), name="interviews")
    try:
        yield interviews
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def swept(voices: Voices) -> AsyncIterator[None]:
    """Remove what was said and is past its time, at the start and each minute."""

    async def each_minute() -> None:
        while True:
            try:
                await asyncio.to_thread(voices.sweep)
            except OSError as error:
                logger("voice").warning("sweep failed", reason=error.strerror)
            await asyncio.sleep(PERIOD_SECONDS)

    task = asyncio.create_task(each_minute(), name="voices")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _each_minute(interviews: Interviews, rights: Rights) -> None:
    """Do it for ever; whatever fails, the next minute tries again."""
    while True:
        try:
            closed = await interviews.tidy()
            if closed:
                logger("interviews").info("interviews closed", interviews=closed)
            redacted = 0
            for _ in range(BATCHES):
                redacted += (batch := await rights.redact())
                if batch == 0:
                    break
            if redacted:
                logger("interviews").info("transcripts past their time", answers=redacted)
            await rights.forget()  # what anybody deleted in this minute
        except errors.DatabaseBusy:
            logger("interviews").warning("database not reachable, will try again")
        except Exception:
            logger("interviews").exception("defect while tidying interviews")
        await asyncio.sleep(PERIOD_SECONDS)
