"""A real Prometheus that reads a running server, for the tests of deploy/observability."""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml


def tool(name: str) -> str | None:
    """Where promtool or prometheus is: on the PATH, or where tools/ensure-prometheus put it."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.prefix) / "prometheus"))


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Prometheus:
    """A running Prometheus with the deployed configuration, hurried to two scrapes a second."""

    def __init__(self, deployed: Path, metrics_port: int, folder: Path) -> None:
        program = tool("prometheus")
        assert program
        self.log = folder / "prometheus.log"
        config = yaml.safe_load(deployed.read_text())
        config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
        config["rule_files"] = [str(deployed.parent / name) for name in config["rule_files"]]
        (job,) = config["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{metrics_port}"]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    program,
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
            )

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its API; a query that is wrong fails the test."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own http
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression yields now."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def until(self, expression: str, seconds: float = 60) -> None:
        """Wait for an expression to yield something."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(OSError):  # it has not begun to listen
                if self.query(expression):
                    return
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"never: {expression}"
            threading.Event().wait(0.05)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(30)


@contextmanager
def scraping(deployed: Path, metrics_port: int, folder: Path) -> Iterator[Prometheus]:
    """Run a Prometheus for the length of a block."""
    running = Prometheus(deployed, metrics_port, folder)
    try:
        yield running
    finally:
        running.stop()
