"""Reading a document in a process of its own, bounded and thrown away.

A stranger's PDF may be built to use up memory or time: then the kernel ends this process, or its
parent does, and the document is too complex. The worker, its model and the next answer are not
touched.
"""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from mulakat import errors, settings
from mulakat.observe.log import logger
from mulakat.settings import MIB
from mulakat.store.documents import DocumentClaim, Documents
from mulakat.store.spool import Deletion, Spool

SECONDS = 25.0
"""By the clock, when the machine is busy."""

MOST_OUTPUT = 4 * MIB
"""200,000 characters as JSON, each escaped, and their profile."""


class Reader:
    """Takes documents one at a time; made by the worker process."""

    def __init__(self, documents: Documents, spool: Spool, queue: settings.Queue) -> None:
        self._documents = documents
        self._spool = spool
        self._heartbeat = queue.heartbeat
        self._log = logger("worker")

    async def one(self, worker: str, stopping: asyncio.Event) -> bool:
        """Read the next document, if one waits; return whether one did.

        When `stopping` is set meanwhile, the document is given back. Raises DatabaseBusy: a
        result that could not be written is read again once its lease has run out.
        """
        claim = await self._documents.claim(worker)
        if claim is None:
            return False
        began = time.monotonic()
        work = asyncio.create_task(self._read(claim))
        stop = asyncio.create_task(stopping.wait())
        try:
            while not work.done() and not stop.done():
                await asyncio.wait(
                    {work, stop}, timeout=self._heartbeat, return_when="FIRST_COMPLETED"
                )
                with suppress(errors.DatabaseBusy):
                    if not await self._documents.heartbeat(claim, "reading", None):
                        return True  # deleted meanwhile, or another's
            if not work.done():
                await self._documents.give_back(claim)
                return True
            code = await self._end(claim, work)
        finally:
            for task in (work, stop):
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
        self._log.info(
            "document read",
            document=claim.id,
            request_id=claim.document.request_id,
            media=claim.document.media,
            bytes=claim.document.file_bytes,
            code=code,
            seconds=round(time.monotonic() - began, 3),
        )
        return True

    async def _read(self, claim: DocumentClaim) -> dict[str, Any]:
        key = claim.document.file_key
        if key is None:
            raise errors.Invalid("document_missing")
        return await read(self._spool.path(key), claim.document.media)

    async def _end(self, claim: DocumentClaim, work: "asyncio.Task[dict[str, Any]]") -> str | None:
        try:
            result = work.result()
        except errors.Invalid as error:
            return await self._failed(claim, error.code)
        except FileNotFoundError:
            return await self._failed(claim, "document_missing")
        except Exception:
            # Of ours, or of a machine out of memory or descriptors: another attempt may do.
            self._log.exception("defect while reading a document")
            await self._documents.lost(claim)
            return errors.Internal.code
        if await self._documents.finish(claim, result):
            self._let_go(claim, "done")
        return None

    async def _failed(self, claim: DocumentClaim, code: str) -> str:
        if await self._documents.fail(claim, code, {}):
            self._let_go(claim, "failed")
        return code

    def _let_go(self, claim: DocumentClaim, reason: Deletion) -> None:
        if claim.document.file_key:
            self._spool.unlink(claim.document.file_key, reason)


async def read(path: Path, media: str) -> dict[str, Any]:
    """Return a document's result. Raises Invalid, and OSError when its file is gone."""
    with path.open("rb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mulakat",
            "read-document",
            "--media",
            media,
            "--parent",
            str(os.getpid()),
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # a traceback may quote the document
            limit=MOST_OUTPUT,
        )
    try:
        assert process.stdout is not None  # noqa: S101  # opened as a pipe above
        async with asyncio.timeout(SECONDS):
            written = await process.stdout.read(MOST_OUTPUT + 1)
            while len(written) <= MOST_OUTPUT and (more := await process.stdout.read(MOST_OUTPUT)):
                written += more
            await process.wait()
    except TimeoutError:
        raise errors.Invalid("document_too_complex") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0 or len(written) > MOST_OUTPUT:
        raise errors.Invalid("document_too_complex")
    found: dict[str, Any] = json.loads(written)
    if "error" in found:
        raise errors.Invalid(found["error"])
    result: dict[str, Any] = found["result"]
    return result
