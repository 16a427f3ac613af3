"""The smallest server around `intake.receive`, run as a process of its own by its test.

Arguments: the data folder, the descriptor of a listening socket.
"""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from mulakat import errors, intake
from mulakat.store.spool import Spool
from mulakat.web.protocol import BoundedH11Protocol


class App:
    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.disk = ThreadPoolExecutor(4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            async with intake.receive(
                request.stream(),
                request.headers.get("content-type", ""),
                spool=self.spool,
                disk=self.disk,
                languages=("tr", "en"),
                default_language="tr",
            ) as submission:
                key = await submission.store_audio()
            response = JSONResponse(
                {"key": key, "sha256": submission.audio and submission.audio.sha256}
            )
        except errors.MulakatError as error:
            response = JSONResponse({"code": error.code}, status_code=error.status)
        await response(scope, receive, send)


if __name__ == "__main__":
    app = App(Spool(Path(sys.argv[1]), 0))
    listener = socket.socket(fileno=int(sys.argv[2]))
    config = uvicorn.Config(
        app, http=BoundedH11Protocol, ws="none", lifespan="off", log_level="critical"
    )
    uvicorn.Server(config).run(sockets=[listener])
