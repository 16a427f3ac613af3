"""The memory that really counts: the container's limit and working set, not the host's.

Facts behind the rules (kernel documentation, cgroup-v2.rst and cgroup-v1/memory.rst):
the limit is the smallest on the way from our group up to the root; "no limit" is `max` in
v2 and a huge number in v1; the working set is usage less the inactive page cache, which
the kernel gives up before it kills anyone.
"""

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mulakat.settings import Bytes

_UNLIMITED = 1 << 60
"""v1 writes "no limit" as the largest page-rounded long; nothing real is above an EiB."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in bytes and where it was found, in words for an operator."""

    bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class _Group:
    version: int
    folder: Path
    top: Path


@dataclass(frozen=True, slots=True)
class Meter:
    """The limit that counts, found once, and quick ways to what counts against it."""

    limit: Limit
    root: Path
    group: _Group | None = None

    def working_set(self) -> int | None:
        """Return the bytes used of the limit, in the group that sets it.

        None where no group sets it: what the machine or MULAKAT_MEMORY_LIMIT allows is for
        our processes, and their PSS is what counts. Raises OSError when the group is gone.
        """
        return _used(self.group) if self.group else None

    def pressure(self) -> dict[str, float] | None:
        """Return the kernel's stall information, in per cent of the last 10 s, or None.

        Keys `some_avg10` (some task waited for memory) and `full_avg10` (all did); of our
        group in v2, else of the machine (kernel documentation, accounting/psi.rst).
        """
        path = self.root / "proc/pressure/memory"
        if self.group and self.group.version == 2:
            path = self.group.folder / "memory.pressure"
        try:
            lines = path.read_text().splitlines()
            return {f"{line.split()[0]}_avg10": float(line.split()[1][6:]) for line in lines}
        except (OSError, ValueError, IndexError):
            return None  # an older kernel, or one that was told not to measure it


def meter(override: Bytes | None = None, root: Path = Path("/")) -> Meter:
    """Return the meter of the memory this installation may use.

    `override` is MULAKAT_MEMORY_LIMIT; it counts when it is below what the system allows,
    since writing a larger number makes no memory. `root` is the file system to read, a
    folder of fixtures in tests.
    """
    best = Meter(Limit(_physical(root), "the machine's memory"), root)
    for group in _groups(root):
        found = _smallest(group)
        if found and found[0].bytes < best.limit.bytes:
            best = Meter(found[0], root, found[1])
    if override is not None and override < best.limit.bytes:
        return Meter(Limit(override, "MULAKAT_MEMORY_LIMIT"), root)
    return best


def limit(override: Bytes | None = None, root: Path = Path("/")) -> Limit:
    """Return the memory this installation may use, and where that was found."""
    return meter(override, root).limit


def _physical(root: Path) -> int:
    for line in (root / "proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _groups(root: Path) -> list[_Group]:
    """Return the memory groups we are in: v2, v1 or, on hybrid systems, both."""
    try:
        mine = (root / "proc/self/cgroup").read_text().splitlines()
        mounts = (root / "proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return []
    paths: dict[int, str] = {}
    for line in mine:
        hierarchy, controllers, path = line.split(":", 2)
        if hierarchy == "0" and not controllers:
            paths[2] = path
        elif "memory" in controllers.split(","):
            paths[1] = path
    groups = []
    for line in mounts:
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        mounted_root, mount = left.split()[3:5]
        version = 2 if kind == "cgroup2" else 1
        is_memory = kind == "cgroup2" or (
            kind == "cgroup" and "memory" in options.split()[-1].split(",")
        )
        if not is_memory or version not in paths:
            continue
        top = root / mount.lstrip("/")
        # In a container the mount shows our own group as its root; elsewhere the path of
        # /proc/self/cgroup continues below the mounted part.
        mine_there = PurePosixPath(paths[version])
        if mine_there.is_relative_to(mounted_root):
            mine_there = mine_there.relative_to(mounted_root)
        folder = top / str(mine_there).lstrip("/")
        groups.append(_Group(version, folder if folder.is_dir() else top, top))
    return groups


def _smallest(group: _Group) -> tuple[Limit, _Group] | None:
    """Return the smallest limit from a group up to the root, and the group that sets it."""
    name = "memory.max" if group.version == 2 else "memory.limit_in_bytes"
    best: tuple[Limit, _Group] | None = None
    folder = group.folder
    while True:
        try:
            text = (folder / name).read_text().strip()
        except OSError:
            text = "max"
        if text != "max" and int(text) < _UNLIMITED and (not best or int(text) < best[0].bytes):
            found = Limit(int(text), f"cgroup v{group.version} ({name})")
            best = found, _Group(group.version, folder, group.top)
        if folder in (group.top, folder.parent):
            return best
        folder = folder.parent


def working_set(root: Path = Path("/")) -> int | None:
    """Return the bytes that count against our own group now; None where no group tells."""
    for group in _groups(root):
        try:
            return _used(group)
        except OSError:
            continue  # the root group of v2 has no such files
    return None


def _used(group: _Group) -> int:
    usage, key = (
        ("memory.current", "inactive_file")
        if group.version == 2
        else ("memory.usage_in_bytes", "total_inactive_file")
    )
    used = int((group.folder / usage).read_text())
    lines = (group.folder / "memory.stat").read_text().splitlines()
    inactive = next((int(line.split()[1]) for line in lines if line.split()[0] == key), 0)
    return max(0, used - inactive)


def pss(pid: int) -> int:
    """Return a process's proportional set size in bytes: its own pages plus its share of others.

    Only PSS may be summed over processes. Raises OSError when the process is gone.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
