"""The questions that were said, kept for a while: files of the spool, named by their content.

At most `limit` bytes and a day; what was not heard for longest goes first. A file is filled under
another name, by another process, and renamed when it is whole. What is of a person, a question
from a CV, has the account's id in its name, and goes with it.
"""

import os
import re
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from mulakat import clock
from mulakat.observe.log import logger
from mulakat.store.spool import Spool

KEPT_SECONDS = 24 * 3600.0

PART_SECONDS = 600.0
"""A file that is not whole after so long never will be."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_NAME = re.compile(r"[0-9a-f]{64}(_[0-9a-z-]{1,40})?")
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Part:
    """A file that is being filled: the descriptor to write to, and the name it will have."""

    file: int
    name: str


class Voices:
    """The folder `voice` of the spool. Its methods block.

    `limit` counts files that are being filled as the `most` that one may have.
    """

    def __init__(self, spool: Spool, limit: int, most: int, now: clock.Now = clock.now) -> None:
        self._spool = spool
        self._limit = limit
        self._most = most
        self._now = now
        self._beginning = threading.Lock()
        self._log = logger("voice")

    def open(self, name: str) -> int | None:
        """Return a descriptor to read from, the caller's to close, or None; it counts as heard."""
        with self._spool.opened("voice") as folder, suppress(FileNotFoundError):
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(_checked(name), flags, dir_fd=folder)
            made = os.fstat(file).st_mtime
            if self._old(made, KEPT_SECONDS):
                os.close(file)
                return None
            os.utime(file, (self._now().timestamp(), made))
            return file
        return None

    def begin(self, name: str) -> Part:
        """Make room and a file to fill, `keep` or `drop` it. Raises OSError, and DiskFull."""
        part = _checked(name) + _PART
        with self._beginning, self._spool.opened("voice") as folder:
            self._spool.check_room(folder)
            with suppress(FileNotFoundError):  # of a server that was killed
                os.unlink(part, dir_fd=folder)
            self._make_room(folder)
            file = os.open(part, _NEW, 0o600, dir_fd=folder)
            self._stamp(file)
        return Part(file, name)

    def keep(self, part: Part) -> bool:
        """Let a file that is whole be found; False when it was forgotten meanwhile."""
        try:
            # Not while another makes room: who lists a folder may miss what is renamed meanwhile.
            with self._beginning, self._spool.opened("voice") as folder:
                self._stamp(part.file)
                try:
                    os.rename(part.name + _PART, part.name, src_dir_fd=folder, dst_dir_fd=folder)
                except FileNotFoundError:
                    return False
        finally:
            os.close(part.file)
        return True

    def drop(self, part: Part) -> None:
        """Remove a file that will not be whole."""
        os.close(part.file)
        with self._spool.opened("voice") as folder:
            self._remove(folder, [part.name + _PART])

    def forget(self, owner: str) -> int:
        """Remove what was said to one account only, whole or not; return how many files."""
        with self._spool.opened("voice") as folder:
            endings = (f"_{owner}", f"_{owner}{_PART}")
            names = [name for name, _ in self._files(folder) if name.endswith(endings)]
            return self._remove(folder, names)

    def sweep(self, *, everything: bool = False) -> int:
        """Remove what is past its time, and what a crash left; return how many files."""
        with self._spool.opened("voice") as folder:
            old = [
                name
                for name, found in self._files(folder)
                if everything
                or self._old(
                    found.st_mtime, KEPT_SECONDS if _NAME.fullmatch(name) else PART_SECONDS
                )
            ]
            gone = self._remove(folder, old)
        if gone:
            self._log.info("voices swept", files=gone)
        return gone

    def _make_room(self, folder: int) -> None:
        held = sorted(self._files(folder), key=lambda one: one[1].st_atime)
        sizes = {name: self._size(name, found.st_size) for name, found in held}
        over = sum(sizes.values()) + self._most - self._limit
        unheard = []
        for name, size in sizes.items():
            if over <= 0:
                break
            if not name.endswith(_PART):
                unheard.append(name)
                over -= size
        self._remove(folder, unheard)

    def _size(self, name: str, size: int) -> int:
        return max(size, self._most) if name.endswith(_PART) else size

    def _stamp(self, file: int) -> None:
        moment = self._now().timestamp()
        os.utime(file, (moment, moment))

    def _old(self, made: float, seconds: float) -> bool:
        # A file from the future was made before the clock was set back: its age is not known.
        return not 0 <= self._now().timestamp() - made <= seconds

    def _files(self, folder: int) -> Iterator[tuple[str, os.stat_result]]:
        for name in os.listdir(folder):
            with suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISDIR(found.st_mode):
                    yield name, found

    def _remove(self, folder: int, names: Iterable[str]) -> int:
        count = 0
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
                count += 1
        return count


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a voice")
    return name
