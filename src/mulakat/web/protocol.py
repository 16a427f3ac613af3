"""HTTP/1.1 held small: little read at once, few connections, no request head without end."""

import asyncio
from contextlib import suppress
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

READ_BYTES = 32 * 1024
"""Read from a socket at once. asyncio reads 256 KiB, and h11 and uvicorn hold it once more
each: 200 uploads of 16 MiB at once added 86 MiB that way, and 28 MiB this way
(tests/integration/test_intake_memory.py)."""

MOST_CONNECTIONS = 700
"""20 KiB each makes 14 MiB; with the files of 200 uploads they fit under the usual limit of
1,024 descriptors."""

HEAD_SECONDS = 20.0
"""A request's head comes in one packet; who needs longer holds a connection on purpose."""

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedH11Protocol(H11Protocol):
    """uvicorn's h11 protocol, which reads on only when the application asks for more.

    Backpressure reaches the client's own TCP window: a body waits there, not here. A
    connection above the limit is ended at once; one without a whole request head in time is
    told 408 and closed.
    """

    most_connections: ClassVar[int] = MOST_CONNECTIONS
    head_seconds: ClassVar[float] = HEAD_SECONDS

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        with suppress(AttributeError):  # asyncio's transports have it, uvloop's do not
            transport.max_size = READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            transport.abort()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return
        self._stop_timer()
        if cycle.body:
            self.flow.pause_reading()  # RequestResponseCycle.receive resumes

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle is None or self.cycle.response_complete:
            self._await_head()

    def _await_head(self) -> None:
        self._stop_timer()
        if not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.head_seconds, self._head_too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_SLOW)
            self.transport.close()
