"""/metrics: who may read it, what is sampled for it; the count and the line of every request.

Access: `Authorization: Bearer` with the metrics or the admin token; without a token only on
the loopback port (MULAKAT_METRICS_PORT), which serves nothing else.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mulakat import errors
from mulakat.memory.snapshot import Snapshot
from mulakat.observe.log import logger
from mulakat.observe.metrics import UNMATCHED, Metrics, method_of
from mulakat.store.answers import Answers
from mulakat.store.spool import Spool
from mulakat.web.sessions import Sessions
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

FRESH_SECONDS = 1.0
"""How long a sample counts, so that many scrapers cost what one does."""

SCRAPE_SECONDS = 5.0
"""A scraper that has not sent its request by then is gone."""

HEAD_BYTES = 8 * 1024
SCRAPERS = 8
"""Connections to the loopback port served at once; more are closed."""

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})


class Measured:
    """Counts each request, and writes the one canonical line of it.

    Both know a request by the template of its route, never by its path, query or body.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = received = sent = 0
        began = time.perf_counter()

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def noted(message: Message) -> None:
            nonlocal status, sent
            status = message.get("status", status)
            sent += len(message.get("body", b""))
            await send(message)

        self.metrics.in_flight.inc()
        try:
            await self.app(scope, counted, noted)
        except Exception:
            status = status or 500  # made of it further out, where defects become responses
            scope.setdefault("state", {})["error_code"] = errors.Internal.code
            raise
        finally:
            self.metrics.in_flight.dec()
            seconds = time.perf_counter() - began
            route, method = route_of(scope), method_of(scope["method"])
            code = scope.get("state", {}).get("error_code")
            self.metrics.answered(route, method, status, seconds, received)
            self.metrics.refused(code)
            logger("web").info(
                "request",
                method=method,
                route=route,
                status=status or None,  # None: the client left before there was one
                seconds=seconds,
                body_bytes=received,
                sent_bytes=sent,
                code=code,
            )


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered ("/api/v1/evaluations/{answer_id}")."""
    return str(getattr(scope.get("route"), "path", UNMATCHED))


class Sampler:
    """Reads what is not counted as it happens, when the page is asked for and at most once in
    FRESH_SECONDS. Nothing of it blocks the event loop; what cannot be read keeps its value.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        answers: Answers,
        spool: Spool,
        engine: AsyncEngine,
        sessions: Sessions,
        memory: Callable[[], Snapshot | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._answers = answers
        self._spool = spool
        self._engine = engine
        self._sessions = sessions
        self._memory = memory
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._sampled_at = float("-inf")

    async def page(self, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type."""
        async with self._lock:
            if self._monotonic() - self._sampled_at > FRESH_SECONDS:
                await self._sample()
                self._sampled_at = self._monotonic()
        return await asyncio.to_thread(self._metrics.render, accept)

    async def _sample(self) -> None:
        metrics = self._metrics
        pool = self._engine.pool
        if isinstance(pool, QueuePool):
            metrics.pool(pool.checkedout())
        metrics.collections("web", [one["collections"] for one in gc.get_stats()])
        if seen := self._memory():
            show_memory(metrics, seen)
        with suppress(errors.DatabaseBusy):
            depth = await self._answers.depth()
            metrics.queue(depth.queued, depth.running, depth.oldest_queued_seconds)
        with suppress(errors.SessionsDown):
            metrics.sessions.set(await self._sessions.count())
        with suppress(OSError):
            spool = await asyncio.to_thread(self._spool.stats)
            metrics.spool(spool.files, spool.bytes, spool.oldest_seconds)


def show_memory(metrics: Metrics, seen: Snapshot) -> None:
    """Put the governor's latest sample into the metrics."""
    pressure = seen.pressure.get("some_avg10") if seen.pressure else None
    metrics.memory(
        state=seen.state,
        limit=seen.limit,
        working_set=seen.working_set,
        reserved=seen.reserved,
        pressure=None if pressure is None else pressure / 100,
        processes={
            one.role: {"rss": one.rss, "pss": one.pss, "uss": one.uss} for one in seen.processes
        },
    )


@router.get("/metrics")
async def metrics_page(request: Request) -> Response:
    """Metrics as Prometheus reads them. Access: metrics token or admin token."""
    here = parts(request)
    body, content_type = await here.sampler.page(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})


@asynccontextmanager
async def loopback_port(port: int, sampler: Sampler) -> AsyncIterator[None]:
    """Serve /metrics without a token on 127.0.0.1 for the length of a block; port 0: don't.

    Raises OSError when the port is taken.
    """
    if not port:
        yield
        return
    free = asyncio.Semaphore(SCRAPERS)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not free.locked():
                async with free, asyncio.timeout(SCRAPE_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(await _answer(head, sampler))
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whatever this was, it was no scraper
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=HEAD_BYTES)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def _answer(head: bytes, sampler: Sampler) -> bytes:
    request, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    method, _, target = request.partition(" ")
    path = target.partition(" ")[0].partition("?")[0]
    # A web page may make its own name point here; its requests still carry that name.
    if headers.get("host", "").rpartition(":")[0] not in _LOOPBACK_NAMES:
        return _response(HTTPStatus.FORBIDDEN)
    if path != "/metrics":
        return _response(HTTPStatus.NOT_FOUND)
    if method != "GET":
        return _response(HTTPStatus.METHOD_NOT_ALLOWED)
    body, content_type = await sampler.page(headers.get("accept", ""))
    return _response(HTTPStatus.OK, body, content_type)


def _response(
    status: HTTPStatus, body: bytes = b"", content_type: str = "text/plain; charset=utf-8"
) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
