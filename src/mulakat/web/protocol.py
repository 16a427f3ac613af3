"""HTTP/1.1 with small read buffers, so that two hundred uploads at once stay small."""

import asyncio
from contextlib import suppress

from uvicorn.protocols.http.h11_impl import H11Protocol

READ_BYTES = 32 * 1024
"""Read from a socket at once. asyncio reads 256 KiB, and h11 and uvicorn hold it once more
each: 200 uploads of 16 MiB at once added 86 MiB that way, and 28 MiB this way
(tests/integration/test_intake_memory.py)."""


class BoundedH11Protocol(H11Protocol):
    """uvicorn's h11 protocol, which reads on only when the application asks for more.

    Backpressure reaches the client's own TCP window: a body waits there, not here.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        with suppress(AttributeError):  # asyncio's transports have it, uvloop's do not
            transport.max_size = READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and cycle.body and not cycle.response_complete:
            self.flow.pause_reading()  # RequestResponseCycle.receive resumes
