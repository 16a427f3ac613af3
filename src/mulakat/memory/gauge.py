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


def limit(override: Bytes | None = None, root: Path = Path("/")) -> Limit:
    """Return the memory this installation may use.

    `override` is MULAKAT_MEMORY_LIMIT; it counts when it is below what the system allows,
    since writing a larger number makes no memory. `root` is the file system to read, a
    folder of fixtures in tests.
    """
    found = _system_limit(root)
    if override is not None and override < found.bytes:
        return Limit(override, "MULAKAT_MEMORY_LIMIT")
    return found


def _system_limit(root: Path) -> Limit:
    physical = Limit(_physical(root), "the machine's memory")
    groups = [found for group in _groups(root) if (found := _smallest(group)) is not None]
    return min([*groups, physical], key=lambda one: one.bytes)


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


def _smallest(group: _Group) -> Limit | None:
    name = "memory.max" if group.version == 2 else "memory.limit_in_bytes"
    best: Limit | None = None
    folder = group.folder
    while True:
        try:
            text = (folder / name).read_text().strip()
        except OSError:
            text = "max"
        if text != "max" and int(text) < _UNLIMITED and (best is None or int(text) < best.bytes):
            best = Limit(int(text), f"cgroup v{group.version} ({name})")
        if folder in (group.top, folder.parent):
            return best
        folder = folder.parent


def working_set(root: Path = Path("/")) -> int | None:
    """Return the bytes that count against the container now; None where no group tells."""
    for group in _groups(root):
        usage, stat, key = (
            ("memory.current", "memory.stat", "inactive_file")
            if group.version == 2
            else ("memory.usage_in_bytes", "memory.stat", "total_inactive_file")
        )
        try:
            used = int((group.folder / usage).read_text())
            lines = (group.folder / stat).read_text().splitlines()
        except OSError:
            continue  # the root group of v2 has no such files
        inactive = next((int(line.split()[1]) for line in lines if line.split()[0] == key), 0)
        return max(0, used - inactive)
    return None


def pss(pid: int) -> int:
    """Return a process's proportional set size in bytes: its own pages plus its share of others.

    Only PSS may be summed over processes. Raises OSError when the process is gone.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
