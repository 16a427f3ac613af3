"""Whether this process lives and whether it can serve, each part with its reason."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import __version__, errors
from mulakat.store.engine import check
from mulakat.store.spool import Spool
from mulakat.web.sessions import Sessions
from mulakat.web.state import parts

router = APIRouter(tags=["health"])

FRESH_SECONDS = 2.0
"""How long a look counts, so that probes cost the same however many there are."""

FRESH_FAILING_SECONDS = 0.2
"""The same while something fails: what starts or recovers is seen at once."""

Check = Callable[[], Awaitable[str | None]]
"""Returns what is wrong, or None."""


class Checks:
    """The readiness checks of a process, run at most once in FRESH_SECONDS."""

    def __init__(self, checks: dict[str, Check], monotonic: Callable[[], float] = time.monotonic):
        self._checks = checks
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._seen: dict[str, str | None] = {}
        self._seen_at = float("-inf")

    async def look(self) -> dict[str, str | None]:
        """Return what is wrong by name; None where nothing is."""
        async with self._lock:
            failing = any(self._seen.values())
            fresh = FRESH_FAILING_SECONDS if failing else FRESH_SECONDS
            if self._monotonic() - self._seen_at > fresh:
                self._seen = {name: await check() for name, check in self._checks.items()}
                self._seen_at = self._monotonic()
            return self._seen


class Troubled(Protocol):
    """What knows its own state of health."""

    def trouble(self) -> str | None:
        """Return what is wrong, or None."""
        ...


def readiness(
    *,
    engine: AsyncEngine,
    spool: Spool,
    sessions: Sessions,
    workers: Troubled,
    loops: tuple[Troubled, ...],
    model_trouble: Callable[[], str | None],
) -> Checks:
    """Return the checks of a server: what it is made of, each with how to ask it."""

    async def database() -> str | None:
        try:
            await check(engine)
        except errors.DatabaseBusy:
            return "it does not answer"
        return None

    async def logins() -> str | None:
        try:
            await sessions.check()
        except errors.SessionsDown:
            return "their store does not answer"
        return None

    def said(look: Callable[[], str | None]) -> Check:
        async def ask() -> str | None:
            return look()

        return ask

    return Checks(
        {
            "database": database,
            "spool": said(spool.trouble),
            "sessions": logins,
            "worker": said(workers.trouble),
            "model": said(model_trouble),
            "loops": said(lambda: next(filter(None, (loop.trouble() for loop in loops)), None)),
        }
    )


@router.get("/health/live", summary="The process answers")
async def live() -> JSONResponse:
    return JSONResponse({"status": "live"})


@router.get("/health/ready", summary="Database, spool, worker and model are there")
async def ready(request: Request) -> JSONResponse:
    wrong = await parts(request).checks.look()
    checks = {
        name: {"status": "ok"} if reason is None else {"status": "failing", "reason": reason}
        for name, reason in wrong.items()
    }
    healthy = all(reason is None for reason in wrong.values())
    return JSONResponse(
        {"status": "healthy" if healthy else "unhealthy", "version": __version__, "checks": checks},
        status_code=200 if healthy else 503,
        headers={} if healthy else {"Retry-After": "5"},
    )


router.add_api_route("/health", ready, methods=["GET"], summary="The same as /health/ready")
