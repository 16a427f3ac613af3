"""Ways to take a recording, as processes of their own: the seed's method, and ours.

Arguments: `seed`, `seed-without-gc` or `ours`, the data folder, the descriptor of a listening
socket. All run on the same server and do the same job: take a multipart form, keep the recording
as a file for the recogniser, let go of it. The seed's method is what its program did, written
anew: the whole body in memory, a temporary file for each request that nobody deletes, an atexit
handler for each request that keeps what the request held, gc.collect() after it.
"""

import atexit
import gc
import sys
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from mulakat import intake
from mulakat.store.spool import Spool
from mulakat.web.protocol import BoundedH11Protocol

AGENT_OBJECTS = 2_000
"""Small objects that one request's agent stands for, 0.4 MB. The original's agents and API
clients were measured to keep 1.6 MB a request, so this is the milder leak."""


class Agent:
    """Stands for the seed's per-request agent: it knows itself, as bound callbacks make it."""

    def __init__(self) -> None:
        self.me = self
        self.state = [{"step": number} for number in range(AGENT_OBJECTS)]

    def clean_up(self) -> None:
        self.state.clear()


class Seed:
    """The seed's method."""

    def __init__(self, folder: Path, *, collects: bool = True) -> None:
        self.folder = folder
        self.collects = collects
        folder.mkdir(parents=True)

    async def take(self, request: Request) -> int:
        agent = Agent()
        atexit.register(agent.clean_up)
        body = await request.body()
        boundary = request.headers["content-type"].partition("boundary=")[2].encode()
        audio = body.split(b"--" + boundary)[2].partition(b"\r\n\r\n")[2]
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".webm", delete=False) as file:
            file.write(audio)
        if self.collects:
            gc.collect()
        return len(audio) - len(b"\r\n")


class Ours:
    """Ours; the file goes when its answer is done."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder, 0)
        self.disk = ThreadPoolExecutor(4)

    async def take(self, request: Request) -> int:
        async with intake.receive(
            request.stream(),
            request.headers["content-type"],
            spool=self.spool,
            disk=self.disk,
            languages=("tr", "en"),
            default_language="tr",
        ) as submission:
            key = await submission.store_audio()
        if key:
            self.spool.unlink(key)
        return submission.audio.bytes if submission.audio else 0


def app(
    take: Callable[[Request], Awaitable[int]],
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = JSONResponse({"bytes": await take(Request(scope, receive))})
        await response(scope, receive, send)

    return application


if __name__ == "__main__":
    import socket

    folder = Path(sys.argv[2]) / "files"
    if sys.argv[1] == "ours":
        method: Seed | Ours = Ours(folder)
    else:
        method = Seed(folder, collects=sys.argv[1] == "seed")
    # What an application of this kind holds at its start, so that gc has what it had there.
    import fastapi  # noqa: F401
    import sqlalchemy.orm  # noqa: F401

    # The protocol with small buffers is part of our method, and not of the seed's.
    protocol = BoundedH11Protocol if sys.argv[1] == "ours" else "h11"
    config = uvicorn.Config(
        app(method.take), http=protocol, ws="none", lifespan="off", log_level="critical"
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[3]))])
