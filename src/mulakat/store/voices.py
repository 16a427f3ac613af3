"""The questions that were said, kept for a while: files of the spool, named by their content.

At most `limit` bytes and a day; what was not heard for longest goes first. A file is written under
another name and renamed when it is whole.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress

from mulakat import clock
from mulakat.observe.log import logger
from mulakat.store.spool import Spool

KEPT_SECONDS = 24 * 3600.0

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_KEY = re.compile(r"[0-9a-f]{64}")


class Voices:
    """The folder `voice` of the spool. Its methods block; one thread at a time writes."""

    def __init__(self, spool: Spool, limit: int, now: clock.Now = clock.now) -> None:
        self._spool = spool
        self._limit = limit
        self._now = now
        self._log = logger("voice")

    def open(self, key: str) -> int | None:
        """Return a descriptor to read from, the caller's to close, or None; it counts as heard."""
        with self._spool.opened("voice") as folder, suppress(FileNotFoundError):
            file = os.open(_name(key), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
            made = os.fstat(file).st_mtime
            if self._old(made):
                os.close(file)
                return None
            os.utime(file, (self._now().timestamp(), made))
            return file
        return None

    def keep(self, key: str, sound: bytes) -> None:
        """Keep a sound, if it has room at all. Raises OSError, and DiskFull below the floor."""
        if len(sound) > self._limit:
            return
        name, part = _name(key), f"{os.urandom(16).hex()}.part"
        with self._spool.opened("voice") as folder:
            self._spool.check_room(folder)
            self._make_room(folder, len(sound))
            file = os.open(part, _NEW, 0o600, dir_fd=folder)
            try:
                with memoryview(sound) as left:
                    done = 0
                    while done < len(left):
                        done += os.write(file, left[done:])
                moment = self._now().timestamp()
                os.utime(file, (moment, moment))
                os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(part, dir_fd=folder)
                raise
            finally:
                os.close(file)

    def sweep(self, *, everything: bool = False) -> int:
        """Remove what is past its time, and what a crash left; returns how many files."""
        with self._spool.opened("voice") as folder:
            gone = self._remove(
                folder,
                (
                    name
                    for name, found in self._files(folder)
                    if everything or not _KEY.fullmatch(name) or self._old(found.st_mtime)
                ),
            )
        if gone:
            self._log.info("voices swept", files=gone)
        return gone

    def _make_room(self, folder: int, size: int) -> None:
        held = sorted(self._files(folder), key=lambda one: one[1].st_atime)
        over = sum(found.st_size for _, found in held) + size - self._limit
        unheard = []
        for name, found in held:
            if over <= 0:
                break
            unheard.append(name)
            over -= found.st_size
        self._remove(folder, unheard)

    def _old(self, made: float) -> bool:
        # A file from the future was made before the clock was set back: its age is not known.
        return not 0 <= self._now().timestamp() - made <= KEPT_SECONDS

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


def _name(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of a voice")
    return key
