"""HTTP/1.1 with small read buffers, so that two hundred uploads at once stay small."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

READ_BYTES = 32 * 1024
"""Read from a socket at once. asyncio reads 256 KiB, which h11, uvicorn and the parser then
hold once more each; at 200 uploads that is the whole web process again."""


class BoundedH11Protocol(H11Protocol):
    """uvicorn's h11 protocol, which reads on only when the application asks for more.

    Backpressure reaches the client's own TCP window: a body waits there, not here.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # An attribute of asyncio's selector transports; others (TLS, uvloop) ignore it.
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and cycle.body and not cycle.response_complete:
            self.flow.pause_reading()  # RequestResponseCycle.receive resumes
