"""A candidate's own data: take it along, delete it, see what was sent elsewhere.

Access: the account's owner; the operator deletes accounts under /api/v1/admin/users.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from mulakat import clock, errors
from mulakat.observe.log import logger
from mulakat.web import export, problems, schemas
from mulakat.web.bodies import described, read_json
from mulakat.web.identity import my_account
from mulakat.web.login import prove
from mulakat.web.sessions import drop_cookie
from mulakat.web.state import Parts, parts

router = APIRouter(
    tags=["data"], responses={code: {"model": schemas.Problem} for code in (401, 403, 404)}
)

SUMMED = timedelta(days=30)

LONGEST_EXPORT = 600.0
"""Seconds after which one that was never taken no longer stands in the way of the next."""


class Leaving(BaseModel):
    """The password, once more: deleting an account cannot be taken back."""

    model_config = ConfigDict(extra="forbid")

    password: str = Field(max_length=800)


@router.get("/api/v1/account/export", summary="All your data, as a ZIP", response_model=None)
async def take_along(request: Request) -> StreamingResponse:
    """Stream everything that is known of the account; one export of an account at a time."""
    here, account = parts(request), await my_account(request)
    began = here.exporting.get(account.id)
    if began is not None and time.monotonic() - began < LONGEST_EXPORT:
        raise errors.ExportRunning(30)
    here.exporting[account.id] = time.monotonic()
    reader = problems.reader_language(request)

    async def body() -> AsyncIterator[bytes]:
        try:
            async for piece in export.export(here, account, reader):
                yield piece
        finally:
            here.exporting.pop(account.id, None)

    logger("audit").info("account exported", account=account.id)
    return StreamingResponse(
        body(),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="mulakat.zip"'},
    )


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
    for key in gone.files:
        await asyncio.to_thread(here.spool.unlink, key)
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
