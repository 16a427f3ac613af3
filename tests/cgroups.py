"""A real memory group without swap, made under our own and removed afterwards.

What counts as its peak: the kernel's own maximum (`max_usage`) holds the page cache too, which
uploads fill up to any limit and which the kernel drops before it kills anyone. So a group
promises three things here: no OOM kill (the kernel's count), the kernel's maximum never above
the limit (the kernel's own doing), and the working set (usage less inactive page cache,
sampled each 20 ms), which is what container platforms count.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1024 * 1024


class Group(threading.Thread):
    """A memory group, and the largest working set that was seen in it."""

    def __init__(self, folder: Path, version: int, limit: int) -> None:
        super().__init__(name="group", daemon=True)
        self.folder = folder
        self.version = version
        self.limit = limit
        self.peak = 0
        self._ended = threading.Event()

    @property
    def entering(self) -> tuple[str, ...]:
        """What to put before a program's arguments, so that it is inside before it begins."""
        script = f'echo $$ > "{self.folder}/cgroup.procs"; exec "$@"'
        return ("/bin/sh", "-c", script, "sh")

    def working_set(self) -> int:
        """Return the usage less the inactive page cache, in bytes."""
        inactive = "inactive_file" if self.version == 2 else "total_inactive_file"
        used = self._number("memory.current" if self.version == 2 else "memory.usage_in_bytes")
        return used - self._field("memory.stat", inactive)

    def max_usage(self) -> int:
        """Return the kernel's maximum of usage, page cache included, in bytes."""
        return self._number("memory.peak" if self.version == 2 else "memory.max_usage_in_bytes")

    def oom_kills(self) -> int:
        """Return how many processes the kernel has killed in the group."""
        return self._field(
            "memory.events" if self.version == 2 else "memory.oom_control", "oom_kill"
        )

    def pids(self) -> list[int]:
        """Return the processes inside."""
        return [int(line) for line in (self.folder / "cgroup.procs").read_text().split()]

    def run(self) -> None:
        """Follow the working set."""
        while not self._ended.wait(0.02):
            self.peak = max(self.peak, self.working_set())

    def close(self) -> None:
        """End following, and remove the group; what still runs in it is killed."""
        self._ended.set()
        self.join()
        deadline = time.monotonic() + 10
        while pids := self.pids():
            for pid in pids:
                os.kill(pid, 9)
            assert time.monotonic() < deadline, f"{pids} do not leave the group"
            threading.Event().wait(0.02)
        self.folder.rmdir()

    def _number(self, name: str) -> int:
        return int((self.folder / name).read_text())

    def _field(self, name: str, key: str) -> int:
        for line in (self.folder / name).read_text().splitlines():
            if line.split()[0] == key:
                return int(line.split()[1])
        raise LookupError(f"{name} has no {key}")


@contextmanager
def memory_group(limit: int = 512 * MIB) -> Iterator[Group]:
    """Make a group with this limit for the length of a block; skip the test where one cannot."""
    if os.geteuid() != 0:
        pytest.skip("a memory group takes root")
    parent, version = _parent()
    folder = parent / f"mulakat-test-{os.getpid()}-{time.monotonic_ns()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no memory group can be made under {parent}: {error.strerror}")
    group = Group(folder, version, limit)
    try:
        if version == 2:
            (folder / "memory.max").write_text(str(limit))
            _write_if_there(folder / "memory.swap.max", "0")
        else:
            (folder / "memory.limit_in_bytes").write_text(str(limit))
            _write_if_there(folder / "memory.memsw.limit_in_bytes", str(limit))
            (folder / "memory.swappiness").write_text("0")
    except OSError as error:
        folder.rmdir()
        pytest.skip(f"the memory group cannot be limited: {error.strerror}")
    group.start()
    try:
        yield group
    finally:
        group.close()


def _write_if_there(file: Path, text: str) -> None:
    """Kernels without swap accounting have no such file; then there is no swap to forbid."""
    if file.exists():
        file.write_text(text)


def _parent() -> tuple[Path, int]:
    """Return our own group, or in v2 the nearest above that hands memory on to its children."""
    own = {
        names: path
        for _, names, path in (
            line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()
        )
    }
    for names, path in own.items():
        if "memory" in names.split(","):
            top = Path("/sys/fs/cgroup/memory")
            mine = top / path.lstrip("/")
            return (mine if mine.is_dir() else top), 1
    top = Path("/sys/fs/cgroup")
    folder = top / own.get("", "/").lstrip("/")
    while True:
        control = folder / "cgroup.subtree_control"
        if control.exists() and "memory" in control.read_text().split():
            return folder, 2
        if folder == top:
            pytest.skip("the memory controller is not handed on to any group of ours")
        folder = folder.parent
