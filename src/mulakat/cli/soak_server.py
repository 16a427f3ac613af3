"""The server under test, own or remote, and what can be seen of its memory and files."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mulakat.cli.soak_client import Client
from mulakat.settings import MIB

OWN_PERIOD = 0.1
"""Seconds between samples of an own server: some ten in the recognition of a short answer."""

REMOTE_PERIOD = 1.0
"""The same of a remote one, which samples itself each second."""

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class ServerTrouble(Exception):
    """The server cannot be started or seen; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one moment; `at` in monotonic seconds, memory in bytes by role.

    `private` is what nobody but the server can have changed: its anonymous memory. A leak is
    in it, whereas PSS moves as well when others begin or end to use the same libraries.
    """

    at: float
    memory: dict[str, int]
    private: int
    files: int

    @property
    def total(self) -> int:
        """Return the sum over the processes."""
        return sum(self.memory.values())


class Probe(Protocol):
    """Looks at a server."""

    period: float

    def look(self) -> Sample | None:
        """Return what is there now; None when this look failed."""
        ...


class OwnProbe:
    """Sees processes of this machine through /proc: PSS, the only measure that adds up."""

    period = OWN_PERIOD

    def __init__(self, pid: int, data: Path) -> None:
        self._web = pid
        self._spool = data / "spool"

    def look(self) -> Sample | None:
        """Return the PSS of the web process and of its children, and the files in the spool."""
        at = time.monotonic()
        memory: dict[str, int] = {}
        private = 0
        for pid in (self._web, *_children(self._web)):
            role = "web" if pid == self._web else "worker"
            with suppress(OSError, KeyError):  # it ended between the two looks
                whole, anonymous = _pss(pid)
                memory[role] = memory.get(role, 0) + whole
                private += anonymous
        if not memory:
            return None
        files = sum(len(names) for _, _, names in os.walk(self._spool))
        return Sample(at, memory, private, files)


class RemoteProbe:
    """Asks a server for /debug/memory_status, with the admin token."""

    period = REMOTE_PERIOD

    def __init__(self, client: Client, token: str) -> None:
        self._client = client
        self._token = token

    def look(self) -> Sample | None:
        """Return the processes' PSS (RSS where PSS is not told) and the temporary files."""
        try:
            return self.read(self._client.get("/debug/memory_status", self._token))
        except OSError:
            return None

    def check(self) -> None:
        """Raise ServerTrouble when the status cannot be read."""
        try:
            self.read(self._client.get("/debug/memory_status", self._token))
        except OSError as error:
            raise ServerTrouble(f"The memory status cannot be read: {error}") from None

    @staticmethod
    def read(document: dict[str, Any]) -> Sample:
        """Return the sample in a memory status; OSError when it does not tell of the files."""
        at = time.monotonic()
        if document["temporary_files"] is None:
            raise OSError("the server cannot read its spool")
        memory: dict[str, int] = {}
        private = 0
        for one in document["processes"]:
            memory[one["role"]] = memory.get(one["role"], 0) + (one["pss"] or one["rss"])
            private += one["uss"] or one["rss"]
        return Sample(at, memory, private, document["temporary_files"]["count"])


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _pss(pid: int) -> tuple[int, int]:
    """Return a process's PSS, and of that the anonymous part and shared memory, in bytes."""
    kib = {
        name: int(rest.split()[0])
        for name, _, rest in (
            line.partition(":")
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        )
    }
    return 1024 * kib["Pss"], 1024 * (kib["Pss_Anon"] + kib["Pss_Shmem"])


class Sampler(threading.Thread):
    """Follows a probe for the length of a block."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(name="sampler", daemon=True)
        self._probe = probe
        self._ended = threading.Event()
        self.samples: list[Sample] = []

    def run(self) -> None:
        """Look until the block ends."""
        while not self._ended.wait(self._probe.period):
            self.look()

    def look(self) -> None:
        """Look now as well: between two answers memory is low for a moment only."""
        seen = self._probe.look()
        if seen:
            self.samples.append(seen)

    def __enter__(self) -> "Sampler":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def floors(samples: list[Sample], ends: list[float]) -> list[float]:
    """Return for each request the least private memory, in MiB, since the one before had ended.

    What a request needs for a moment is no growth; what stays is in the least as well. A
    request during which nobody looked has no value.
    """
    out: list[float] = []
    samples = sorted(samples, key=lambda one: one.at)
    taken, before = 0, float("-inf")
    for end in sorted(ends):
        seen = []
        while taken < len(samples) and samples[taken].at <= end:
            if samples[taken].at > before:
                seen.append(samples[taken].private / MIB)
            taken += 1
        if seen:
            out.append(min(seen))
        before = end
    return out


@dataclass(frozen=True, slots=True)
class Own:
    """A server that was started here."""

    url: str
    pid: int
    data: Path


@contextmanager
def own_server(environ: Mapping[str, str], folder: Path) -> Iterator[Own]:
    """Run a server on a temporary data folder inside `folder`, which lies on a disk.

    It has the settings of the environment, but for its folder, address and guests. Raises
    ServerTrouble when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="soak-", dir=folder) as made:
        data = Path(made) / "data"
        log = Path(made) / "log"
        with log.open("wb") as log_file:
            process = subprocess.Popen(
                [sys.executable, "-m", "mulakat", "serve"],
                env={
                    **environ,
                    "MULAKAT_DATA_DIR": str(data),
                    "MULAKAT_HOST": "127.0.0.1",
                    "MULAKAT_PORT": "0",
                    "MULAKAT_GUESTS": "on",
                    "MULAKAT_GUEST_RATE": "1000000",  # it is to be loaded, by one address
                    "MULAKAT_DATABASE_URL": "",
                },
                stdout=subprocess.PIPE,
                stderr=log_file,
                text=True,
            )
        try:
            assert process.stdout is not None  # noqa: S101  # opened as a pipe above
            found = re.search(r"http://\S+", process.stdout.readline())
            if found is None:
                raise ServerTrouble(f"The server did not start: {log.read_text()[-2000:]}")
            _wait_until_healthy(process, Client(found[0]), log)
            yield Own(found[0], process.pid, data)
        finally:
            _stop(process)


def _wait_until_healthy(process: "subprocess.Popen[str]", client: Client, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    reason = ""
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.get("/health/ready")
        except OSError as error:
            reason = str(error)
            time.sleep(0.1)
        else:
            return
    raise ServerTrouble(f"The server is not ready: {reason} {log.read_text()[-2000:]}")


def _stop(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
