"""A line between a browser and the server that breaks in the middle of what goes up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

PIECE = 16_384


class Line:
    """Passes bytes on from `url`'s own port, until more than `most` go up on one connection.

    Then it is down: everything on it ends, and who calls is hung up on, until `restore`.
    """

    def __init__(self, address: str) -> None:
        self._to = (urlsplit(address).hostname, urlsplit(address).port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.most: int | None = None
        self.down = threading.Event()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._welcome, daemon=True).start()

    def restore(self) -> None:
        """Be whole again, for as much as comes."""
        self.most = None
        self.down.clear()

    def close(self) -> None:
        """Hang up for good."""
        self._hang_up(self._door, *self._open)

    def _welcome(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                if self.down.is_set():
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                self._open |= {near, far}
                for ends in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        passed = 0
        with suppress(OSError):
            while piece := source.recv(PIECE):
                passed += len(piece)
                if up and self.most is not None and passed > self.most:
                    self.down.set()
                    self._hang_up(*self._open)
                sink.sendall(piece)
        self._hang_up(source, sink)

    def _hang_up(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            self._open.discard(end)


@contextmanager
def line(address: str) -> Iterator[Line]:
    """Lay a line to an address for the length of a block."""
    laid = Line(address)
    try:
        yield laid
    finally:
        laid.close()
