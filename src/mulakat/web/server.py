"""uvicorn's server, which tells the application at once that it is to stop.

Its own shutdown ends the lifespan only after the open requests, so a worker that learnt of it
there began its grace up to 5 s late, and those who wait for a result would be cut off.
"""

from types import FrameType

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """Calls the application's `state.leave` within each signal, before anything is closed."""

    def __init__(self, config: uvicorn.Config, application: FastAPI) -> None:
        super().__init__(config)
        self._application = application

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take SIGTERM or SIGINT."""
        self._application.state.leave()
        super().handle_exit(sig, frame)
