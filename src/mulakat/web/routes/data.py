"""A candidate's own data: take it along, delete it, see what was sent elsewhere.

Access: the account's owner; the operator deletes accounts under /api/v1/admin/users.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from mulakat import clock, errors
from mulakat.observe.log import logger
from mulakat.web import export, problems, schemas
from mulakat.web.bodies import described, read_json
from mulakat.web.identity import my_account
from mulakat.web.login import prove
from mulakat.web.sessions import drop_cookie
from mulakat.web.state import Parts, parts
from mulakat.web.throttle import limit

router = APIRouter(
    tags=["data"], responses={code: {"model": schemas.Problem} for code in (401, 403, 404)}
)

SUMMED = timedelta(days=30)

LONGEST_EXPORT = 600.0
"""Seconds; a reader who takes a piece now and then must not stand in the way of others."""

AT_ONCE = 2
"""Exports of all accounts; one of 10,000 answers holds some 10 MB."""

MOST_EXPORTS = 5
"""Of an account in five minutes: each reads and packs all it has."""

RETRY_AFTER = 30
"""Seconds; about what an export of thousands of answers takes."""


class Leaving(BaseModel):
    """The password, once more: deleting an account cannot be taken back."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(max_length=800)


@router.get("/api/v1/account/export", summary="All your data, as a ZIP", response_model=None)
async def take_along(request: Request) -> StreamingResponse:
    """Stream everything that is known of the account; one export of an account at a time."""
    here, account = parts(request), await my_account(request)
    now = time.monotonic()
    for one, began in list(here.exporting.items()):
        if now - began >= LONGEST_EXPORT:
            del here.exporting[one]
    if account.id in here.exporting or len(here.exporting) >= AT_ONCE:
        raise errors.ExportRunning(RETRY_AFTER)
    await limit(here.throttle, f"export:{account.id}", MOST_EXPORTS, errors.ExportRunning)
    here.exporting[account.id] = now
    logger("audit").info("account exported", account=account.id)
    reader = problems.reader_language(request)
    return _Zip(export.export(here, account, reader), lambda: here.exporting.pop(account.id, None))


class _Zip(StreamingResponse):
    """Sends an export for LONGEST_EXPORT at most, and lets go of it however that ends."""

    def __init__(self, pieces: AsyncGenerator[bytes], done: Callable[[], object]) -> None:
        super().__init__(
            pieces,
            media_type="application/zip",
            headers={"Content-Disposition": 'attachment; filename="mulakat.zip"'},
        )
        self._pieces, self._done = pieces, done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; a reader that is too slow finds its download cut off."""
        try:
            async with asyncio.timeout(LONGEST_EXPORT):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            logger("web").warning("an export took too long and was cut off")
        finally:
            self._done()
            await self._pieces.aclose()


@router.delete(
    "/api/v1/account",
    summary="Delete the account and all that belongs to it",
    response_model=None,
    openapi_extra=described(Leaving),
)
async def leave(request: Request) -> JSONResponse:
    """Delete rows, recordings, documents and sessions now; the receipt says how many of each."""
    here, account = parts(request), await my_account(request)
    given = await read_json(request, Leaving)
    if await prove(request, account.email, given.password) is None:
        raise errors.LoginWrong
    response = JSONResponse(await delete_account(here, account.id))
    drop_cookie(response)
    return response


async def delete_account(here: Parts, account_id: str) -> dict[str, Any]:
    """Delete an account and return the receipt: counts, and when; nothing of a person."""
    gone = await here.rights.delete_account(account_id)
    # From here on it is done. What fails now is worth nothing without the account, and goes by
    # itself: files with the next sweep, sessions within a day.
    for key in gone.files:
        with suppress(OSError):
            await asyncio.to_thread(here.spool.unlink, key)
    with suppress(OSError):
        await here.interviewer.forget(account_id)
    sessions = 0
    with suppress(errors.SessionsDown):
        sessions = await here.sessions.end_all(account_id)
    here.watch.nudge()
    counts = {**gone.counts, "files": len(gone.files), "sessions": sessions}
    logger("audit").info("account deleted", **counts)
    return {"status": "deleted", "at": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), **counts}


@router.get("/api/v1/account/egress", summary="What was sent elsewhere", response_model=None)
async def sent_elsewhere(request: Request, before: str | None = None) -> JSONResponse:
    """Return the ledger's lines of the account, the newest first; `before` a line's id."""
    account = await my_account(request)
    lines = await parts(request).ledger.of(account.id, before)
    return JSONResponse({"sent": lines, "before": lines[-1]["id"] if lines else None})


@router.get("/api/v1/admin/egress", summary="Bytes sent, by provider", response_model=None)
async def sums(request: Request) -> JSONResponse:
    """Return requests and bytes by provider over the last 30 days."""
    since = clock.now() - SUMMED
    return JSONResponse({"since": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "sent": await parts(request).ledger.sums(since)})  # fmt: skip


@router.get("/api/v1/admin/users", summary="Who has an account", response_model=None)
async def users(request: Request, before: str | None = None) -> JSONResponse:
    """Return accounts, the newest first, with how many interviews each has; no contents."""
    found = await parts(request).accounts.page(before)
    return JSONResponse({"users": found, "before": found[-1]["id"] if found else None})


@router.delete("/api/v1/admin/users/{account_id}", summary="Delete an account", response_model=None)
async def remove(request: Request, account_id: str) -> JSONResponse:
    """Delete somebody's account, as its owner would; returns the same receipt."""
    return JSONResponse(await delete_account(parts(request), account_id))
