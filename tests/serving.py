"""The real server in its own processes, for the tests that use it as its users do."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx
import psutil

from mulakat.memory.gauge import pss

Seen = TypeVar("Seen")


class Server:
    """A running `mulakat serve`: its address, its processes and what they hold."""

    before: tuple[str, ...] = ()
    """What stands before the program's arguments; see cgroups.Group.entering."""

    ready = "/health"
    """What answers 200 once it has started."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.log = data.parent / f"{data.name}.log"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MULAKAT_")}
        self._environment = inherited | {
            "MULAKAT_DATA_DIR": str(data),
            "MULAKAT_PORT": "0",
            "MULAKAT_LOG_LEVEL": "warning",
            **{f"MULAKAT_{name.upper()}": value for name, value in settings.items()},
        }
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start it and wait for the address it prints."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.before, sys.executable, "-m", "mulakat", "serve"],
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        self._pipe = self.process.stdout
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"no address printed; log: {self.tail()}"
        self.url = found[0]
        self.until(self._healthy)

    def _healthy(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}{self.ready}").status_code == 200
        return False

    def until(self, look: Callable[[], Seen], seconds: float = 60) -> Seen:
        """Return the first true value of a look at another process, taken every 20 ms."""
        deadline = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < deadline, f"it never happened; log: {self.tail()}"
            assert self.process.poll() is None, f"the server ended; log: {self.tail()}"
            threading.Event().wait(0.02)
        return seen

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text()[-3000:]

    @property
    def worker(self) -> psutil.Process | None:
        """The worker process while there is one."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                if "worker-process" in child.cmdline():
                    return child
        return None

    def pss_mib(self) -> float:
        """The sum of PSS of all the server's processes, in MiB."""
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self.process.pid)
            total = 0
            for one in (top, *top.children(recursive=True)):
                with suppress(OSError):
                    total += pss(one.pid)
            return total / 2**20
        return 0.0

    def spool_files(self) -> list[str]:
        """Every file in the spool, by name."""
        spool = self.data / "spool"
        return sorted(str(p.relative_to(spool)) for p in spool.rglob("*") if p.is_file())

    def client(self, **options: object) -> httpx.Client:
        """A client of this server, patient with slow machines."""
        return httpx.Client(base_url=self.url, timeout=120, **options)  # type: ignore[arg-type]

    def kill(self) -> None:
        """End the web process as the kernel's out-of-memory killer would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._pipe.close()

    def stop(self) -> int:
        """End it as an operator would, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(30)
        finally:
            if self.process.poll() is None:
                self.kill()
            self._pipe.close()
        return status


@contextmanager
def serving(data: Path, **settings: str) -> Iterator[Server]:
    """Run a server on a data folder for the length of a block."""
    server = Server(data, **settings)
    try:
        yield server
    finally:
        server.stop()


class PeakMeter(threading.Thread):
    """Follows a server's sum of PSS, a sample each 20 ms, and keeps the largest."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.samples: list[tuple[float, float]] = []
        self._stop_now = threading.Event()

    def run(self) -> None:
        while not self._stop_now.wait(0.02):
            self.samples.append((time.monotonic(), self.server.pss_mib()))

    @property
    def peak(self) -> float:
        """The largest sum seen, in MiB."""
        return max(mib for _, mib in self.samples)

    def highest_low(self, seconds: float) -> float:
        """The largest of the least sums seen in each such stretch of time, in MiB."""
        lows: dict[int, float] = {}
        for at, mib in self.samples:
            stretch = int((at - self.samples[0][0]) / seconds)
            lows[stretch] = min(mib, lows.get(stretch, mib))
        return max(lows.values())

    def __enter__(self) -> "PeakMeter":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_now.set()
        self.join()
