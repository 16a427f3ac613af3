"""Pure ASGI middleware, each one small class; `app.create_app` states their order once."""

import asyncio
import re
import time
from contextlib import suppress
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mulakat import clock, errors
from mulakat.observe.log import logger
from mulakat.settings import names_loopback
from mulakat.web import problems

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

LEAST_BYTES_PER_SECOND = 1024
"""A body slower than this on average is not a slow phone (2G gives 4 KiB/s), it holds a
connection open on purpose."""

LINGER_SECONDS = 2.0
"""How long a refused body is still read, so that the client sees the answer and not a reset
(RFC 9112 §9.6)."""


class RequestId:
    """Gives each request an id, in the logs, the response and the answer's row.

    A proxy's X-Request-ID is kept when it is a plain token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else clock.new_id()
        scope.setdefault("state", {})["request_id"] = request_id

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await self.app(scope, receive, labelled)


class SecurityHeaders:
    """Deny by default: what the pages do not need, a browser may not do."""

    HEADERS = (
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'",
        ),
        ("Permissions-Policy", "microphone=(self), camera=(), geolocation=(), payment=()"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.HEADERS:
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, secured if scope["type"] == "http" else send)


class OwnNames:
    """Answers only requests to this machine's names, or to `names`.

    A page whose own name was made to point here counts as of the same origin for a browser;
    its requests still carry that name.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self.app = app
        self.names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._ours(Headers(scope=scope).get("host")):
            await self.app(scope, receive, send)
            return
        refusal = await problems.told(Request(scope), errors.CrossOrigin())
        await refusal(scope, receive, send)

    def _ours(self, host: str | None) -> bool:
        if host is None:
            return True  # HTTP/1.0: no browser
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self.names or names_loopback(name)


class Defects:
    """Makes a problem document, or a page, of a defect, inside the layers that every response
    needs.

    Starlette's own last resort stands outside of all middleware.
    """

    def __init__(self, app: ASGIApp, as_page: problems.AsPage = problems.never) -> None:
        self.app = app
        self.as_page = as_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            logger("web").exception("defect while answering a request")
            if started:
                raise  # the connection must not look as if it had ended well
            refusal = await self._told(Request(scope))
            await refusal(scope, receive, send)

    async def _told(self, request: Request) -> Response:
        try:
            return await problems.told(request, errors.Internal(), self.as_page)
        except Exception:
            logger("web").exception("defect while making the page of a defect")
            return await problems.told(request, errors.Internal())


class BodyLimit:
    """Bounds a body by the bytes that really come and by the time they take.

    A Content-Length over the limit is refused before a byte is read (a client that sent
    `Expect: 100-continue` never sends it); a chunked body is counted as it comes. Slow
    bodies end in TooSlow: no byte for `timeout` seconds, or under LEAST_BYTES_PER_SECOND on
    average. Both errors are raised out of `receive`, inside the application, which makes
    them problem documents. Whatever is answered before its body has come whole ends the
    connection, after LINGER_SECONDS or another `limit` bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        limit_mib: int,
        timeout: float,
        as_page: problems.AsPage = problems.never,
    ) -> None:
        self.app = app
        self.as_page = as_page
        self.limit = limit
        self.limit_mib = limit_mib
        self.timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        received, began = 0, time.monotonic()
        complete = declared == "0" and "transfer-encoding" not in headers
        early = False

        async def bounded() -> Message:
            nonlocal received, complete
            if complete:
                return await receive()  # now it waits for the client's disconnect
            allowed = self.timeout + received / LEAST_BYTES_PER_SECOND
            left = min(self.timeout, began + allowed - time.monotonic())
            try:
                async with asyncio.timeout(max(0.0, left)):
                    message = await receive()
            except TimeoutError:
                raise errors.TooSlow(seconds=round(self.timeout)) from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > self.limit:
                raise errors.TooLarge(limit_mib=self.limit_mib)
            return message

        async def lingering(message: Message) -> None:
            nonlocal early
            if message["type"] == "http.response.start" and not complete:
                early = True
                MutableHeaders(scope=message)["Connection"] = "close"
            if early and message["type"] == "http.response.body" and not message.get("more_body"):
                await send({**message, "more_body": True})
                if not complete:
                    await self._linger(receive)
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        if declared.isdecimal() and int(declared) > self.limit:
            error = errors.TooLarge(limit_mib=self.limit_mib)
            refusal = await problems.told(Request(scope), error, self.as_page)
            await refusal(scope, receive, lingering)
        else:
            await self.app(scope, bounded, lingering)

    async def _linger(self, receive: Receive) -> None:
        left = self.limit
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
