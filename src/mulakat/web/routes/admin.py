"""What the operator may see and do, as JSON; the page at /admin is made of these.

Access: the operator alone, by the admin token, or an admin's login or API token. Each
action is an event of its own in the log, with its figures.
"""

import asyncio
import gc
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from mulakat import errors
from mulakat.memory import processes
from mulakat.memory.release import give_back
from mulakat.memory.snapshot import Snapshot
from mulakat.observe.log import logger
from mulakat.web import schemas
from mulakat.web.address import client_address
from mulakat.web.identity import look_again
from mulakat.web.state import Parts, parts

router = APIRouter(responses={code: {"model": schemas.Problem} for code in (401, 403)})

SAMPLES_PER_STATUS = 5
"""Snapshots between two looks at queue, spool and sessions on the event stream: seconds."""

SAMPLES_TO_RELEASE = 4
"""Snapshots within which an idle worker that was asked has let its model go and said so."""


@router.get("/api/v1/admin/memory", tags=["admin"], summary="Memory and what holds it")
@router.get("/debug/memory_status", tags=["compatible"], summary="Memory and what holds it")
async def memory(request: Request) -> JSONResponse:
    """Return the latest sample, temporary files, sessions, queue and garbage collection.

    Access: the operator. `queue` is null while the database, `temporary_files` while the disk
    does not answer: memory is shown all the same.
    """
    return JSONResponse(await status(parts(request)))


async def status(here: Parts) -> dict[str, Any]:
    """Return the document of /debug/memory_status; sizes in bytes, ages in seconds."""
    document = here.governor.latest.document()
    processes = document["processes"]
    sizes = ("rss", "vms", "uss", "pss", "percent")
    return document | {
        "sum": {size: round(sum(one[size] for one in processes), 1) for size in sizes},
        "model_loaded": document["model"] is not None,
        "temporary_files": await _files(here),
        "queue": await _queue(here),
        "sessions": {"logins": await _logins(here), "interviews": await _interviews(here)},
        "gc": [{"generation": n, **stats} for n, stats in enumerate(gc.get_stats())],
    }


async def _files(here: Parts) -> dict[str, Any] | None:
    try:
        found = await asyncio.to_thread(here.spool.stats)
    except OSError:
        return None
    return {
        "count": found.files,
        "bytes": found.bytes,
        "oldest_seconds": round(found.oldest_seconds, 1),
    }


async def _logins(here: Parts) -> int | None:
    try:
        return await here.sessions.count()
    except errors.SessionsDown:
        return None


async def _interviews(here: Parts) -> int | None:
    try:
        return await here.interviews.running()
    except errors.DatabaseBusy:
        return None


async def _queue(here: Parts) -> dict[str, Any] | None:
    try:
        depth = await here.answers.depth()
    except errors.DatabaseBusy:
        return None
    return {
        "queued": depth.queued,
        "running": depth.running,
        "oldest_seconds": round(depth.oldest_queued_seconds, 1),
    }


@router.get("/api/v1/admin/events", tags=["admin"], summary="Live memory as server-sent events")
async def events(request: Request) -> Response:
    """Stream each sample as `snapshot`, the whole of /debug/memory_status at times as `status`.

    Access: the operator; after logout or the session's end comes `ended`, and the stream ends.
    """
    return StreamingResponse(
        _stream(request, parts(request)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # nginx would hold events back
    )


async def _stream(request: Request, here: Parts) -> AsyncIterator[bytes]:
    yield _sse("status", await status(here))
    count = 0
    async with aclosing(here.governor.subscribe()) as snapshots:
        async for snapshot in snapshots:
            if not await _still_operator(request):
                yield _sse("ended", {})
                return
            count += 1
            if count % SAMPLES_PER_STATUS:
                yield _sse("snapshot", snapshot.document())
            else:
                yield _sse("status", await status(here))


async def _still_operator(request: Request) -> bool:
    """Look again; memory goes on being shown while neither sessions nor database answer."""
    try:
        return (await look_again(request)).operator
    except (errors.SessionsDown, errors.DatabaseBusy):
        return True


def _sse(event: str, data: dict[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


@router.post("/api/v1/admin/trim", tags=["admin"], summary="Give memory back now")
async def trim(request: Request) -> JSONResponse:
    """Collect garbage and trim the heap here, and ask the worker to; says what it gave.

    Access: the operator. `before` and `after` are this process's PSS in bytes.
    """
    here = parts(request)
    here.workers.release()
    done = await asyncio.to_thread(_trim)
    return _done(request, "trim", done)


def _trim() -> dict[str, Any]:
    before, began = _pss(), time.perf_counter()
    collected = gc.collect()
    give_back()
    seconds = time.perf_counter() - began
    return {
        "before": before,
        "after": _pss(),
        "objects": collected,
        "milliseconds": round(seconds * 1000, 1),
    }


def _pss() -> int:
    mine = processes.look("web", os.getpid(), None, full=True)
    return mine.pss if mine else 0


@router.post("/api/v1/admin/sweep", tags=["admin"], summary="Sweep temporary files now")
async def sweep(request: Request) -> JSONResponse:
    """Delete files without an owner and results past their time; says how many.

    Access: the operator.
    """
    swept = await parts(request).workers.sweep()
    return _done(request, "sweep", swept)


@router.post("/api/v1/admin/release", tags=["admin"], summary="Let the speech model go")
async def release(request: Request) -> JSONResponse:
    """Ask the worker to let an idle model go, and wait some samples for it.

    Access: the operator. `outcome` is `released`, `none` (there was no model) or `busy`;
    `before` and `after` are the worker's RSS in bytes.
    """
    here = parts(request)
    first = last = here.governor.latest
    here.workers.release()
    seen = 0
    async with aclosing(here.governor.subscribe()) as snapshots:
        async for last in snapshots:
            seen += 1
            if seen == SAMPLES_TO_RELEASE or (last.model is None and seen > 1):
                break
    outcome = "none" if first.model is None else "busy" if last.model else "released"
    done = {
        "outcome": outcome,
        "model": first.model,
        "before": _worker_rss(first),
        "after": _worker_rss(last),
    }
    return _done(request, "release", done)


def _worker_rss(snapshot: Snapshot) -> int:
    return sum(one.rss for one in snapshot.processes if one.role == "worker")


@router.post("/api/v1/admin/interviews/clear", tags=["admin"], summary="End all interviews")
@router.post("/debug/clear_auto_interview_sessions", tags=["compatible"], summary="End all")
async def clear_interviews(request: Request) -> JSONResponse:
    """End every unfinished interview; what was answered stays.

    Access: the operator.
    """
    cleared = await parts(request).interviews.clear_all()
    return _done(request, "clear_interviews", {"message": "cleared", "cleared_count": cleared})


def _done(request: Request, action: str, figures: dict[str, Any]) -> JSONResponse:
    shown = {name: value for name, value in figures.items() if name != "message"}
    address = client_address(request)
    logger("audit").info("admin action", action=action, address=address, **shown)
    return JSONResponse(figures)
