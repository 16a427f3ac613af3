"""What each of our own processes holds, read from /proc.

`statm` is one line the kernel has at hand; `smaps_rollup` makes it walk the process's page
tables (6 ms for each 100 MiB: `pytest -s tests/bench/test_governor_cost.py`), so the governor
reads it in every fifth sample only.
"""

import os
from pathlib import Path

from mulakat.memory.snapshot import ProcessMemory

_PAGE = os.sysconf("SC_PAGE_SIZE")


def look(role: str, pid: int, before: ProcessMemory | None, *, full: bool) -> ProcessMemory | None:
    """Return what a process holds, or None when it is gone.

    Without `full`, PSS and USS are those of `before` moved by what RSS has moved since: what a
    process takes or gives back is nearly always its own. With no `before` of this pid, the
    sample is full.
    """
    folder = Path(f"/proc/{pid}")
    try:
        pages = (folder / "statm").read_bytes().split()
        vms, rss = int(pages[0]) * _PAGE, int(pages[1]) * _PAGE
        if vms == 0:
            return None  # it ended and nobody has waited for it yet
        if full or before is None or before.pid != pid:
            pss, uss = _rollup(folder, rss)
        else:
            moved = rss - before.rss
            pss, uss = max(0, before.pss + moved), max(0, before.uss + moved)
        return ProcessMemory(role, pid, rss, vms, uss, pss, _peak(folder, rss))
    except (OSError, IndexError, ValueError):
        return None  # it ended meanwhile


def _rollup(folder: Path, rss: int) -> tuple[int, int]:
    """Return PSS and USS in bytes; RSS for both where the kernel does not let us look."""
    try:
        lines = (folder / "smaps_rollup").read_bytes().splitlines()
    except PermissionError:
        return rss, rss
    found = dict(line.split()[:2] for line in lines[1:])
    uss = int(found[b"Private_Clean:"]) + int(found[b"Private_Dirty:"])
    return int(found[b"Pss:"]) * 1024, uss * 1024


def _peak(folder: Path, rss: int) -> int:
    for line in (folder / "status").read_bytes().splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return rss
