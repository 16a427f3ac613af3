"""A model hub on a real socket: its file paths, its redirects, and what may go wrong."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Act = Callable[["Handler"], None]


def half(handler: "Handler") -> None:
    """Promise a file and send a piece of it."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.wfile.write(b"half")


def other(handler: "Handler") -> None:
    """Send something else of any length."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"<html>")


def endless(handler: "Handler") -> None:
    """Send bytes until the client goes away."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b"x" * 65536)


class Handler(BaseHTTPRequestHandler):
    """Large files are sent on to another path, as the real hub does."""

    server: "Hub"

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        cdn = self.path.startswith("/cdn/")
        name = self.path.rpartition("/")[2]
        parts = self.server.files.get(name)
        if parts is None or not (cdn or self.path == f"{self.server.base}/{name}"):
            self.send_error(404)
        elif act := self.server.acts.get(name):
            with suppress(OSError):
                act(self)
        elif name == "model.bin" and not cdn:
            self.send_response(302)
            self.send_header("Location", f"/cdn/{name}")
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(sum(part.stat().st_size for part in parts)))
            self.end_headers()
            for part in parts:
                with part.open("rb") as file:
                    while block := file.read(1 << 20):
                        self.wfile.write(block)


class Hub(ThreadingHTTPServer):
    """Serves `files`, each of one part or more, below `base`; `acts` are mishaps by name."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, base: str, files: Mapping[str, list[Path]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = base
        self.files = files
        self.acts: dict[str, Act] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away; they are the tests'."""


@contextmanager
def model_hub(base: str, files: Mapping[str, list[Path]]) -> Iterator[Hub]:
    """Run a hub for the length of a block."""
    hub = Hub(base, files)
    thread = threading.Thread(target=hub.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()
