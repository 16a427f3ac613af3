"""The whole application in this process, its worker side a stand-in that does nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from mulakat.memory.ladder import RUNGS, Footing
from mulakat.settings import MIB, Settings
from mulakat.web.app import create_app
from mulakat.web.state import Parts

HOST = "localhost"


@dataclass
class IdleWorkers:
    """A worker side without a worker."""

    pid: None = None
    model: None = None
    restarts: int = 0
    footing: Footing = field(default_factory=lambda: Footing(RUNGS[1], "test", 512 * MIB))

    def release(self) -> None: ...
    def retire(self) -> None: ...
    def stop(self) -> None: ...
    def wake(self) -> None: ...
    def trouble(self) -> None: ...

    async def sweep(self) -> dict[str, int]:
        return {"results": 0, "files": 0, "bytes": 0}


@asynccontextmanager
async def _idle(*_: object) -> AsyncIterator[IdleWorkers]:
    yield IdleWorkers()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[FastAPI, Parts]]:
    """Run the application on a migrated database for the length of a block."""
    app = create_app(settings, _idle, lambda: None)
    async with app.router.lifespan_context(app):
        yield app, app.state.parts


async def ask(
    app: FastAPI,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    query: str = "",
) -> tuple[int, str]:
    """Return a response's status and body; of one that streams, what came first."""
    started: list[int] = []
    received: list[bytes] = []
    streams, left = asyncio.Event(), asyncio.Event()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])
        elif message.get("body"):
            received.append(message["body"])
            if message.get("more_body"):
                streams.set()

    given = {"host": HOST, "content-length": str(len(body))} | (headers or {})
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "root_path": "", "client": ("203.0.113.7", 5000), "server": (HOST, 80),
        "headers": [(k.lower().encode(), v.encode()) for k, v in given.items()],
    }  # fmt: skip
    call = asyncio.create_task(app(scope, receive, send))
    waiting = asyncio.create_task(streams.wait())
    await asyncio.wait({call, waiting}, return_when="FIRST_COMPLETED")
    waiting.cancel()
    left.set()  # a stream has no end until its reader leaves
    await call
    return started[0], b"".join(received).decode(errors="replace")
