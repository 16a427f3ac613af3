"""Recordings on disk, from their first byte until their row lets go of them.

A recording is written to a file without a name (O_TMPFILE), synced, and only then linked
under its key: a process that dies in the middle leaves nothing. Where the file system lacks
unnamed files (NFS, FAT), it is `<key>.part` until then, which the sweep knows.

Every step goes through a descriptor of the folder and follows no symbolic link, so nothing
outside of the spool can be read, written or deleted, whatever lies in it.
"""

import errno
import os
import re
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from mulakat import clock
from mulakat.errors import DiskFull
from mulakat.observe.log import logger

GRACE_SECONDS = 60.0
"""Age under which a file that no row owns stays: it may just have been linked, its row not
yet committed (a connection is waited for at most 20 s, see settings.Store)."""

ABANDONED_SECONDS = 3600.0
"""Age at which an unfinished `.part` or a child's temporary file is no longer in use."""

_KEY = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"[0-9a-f]{32}\.part")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_UNNAMED = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW


Deletion = Literal[
    "done",  # the answer has its result
    "failed",  # the answer has its error
    "discarded",  # no row was made for it: refused, cancelled or sent twice
    "deleted",  # its sender wished so
    "expired",  # kept as long as the operator said
    "swept",  # nobody's: what a crash left
]

Deleted = Callable[[Deletion, int], None]
"""Hears why files were deleted, and how many."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed."""

    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SpoolStats:
    """The files that lie in the spool; `oldest_seconds` is 0.0 when there are none."""

    files: int
    bytes: int
    oldest_seconds: float


@contextmanager
def _full_disk_is_ours() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull from error
        raise


class Recording:
    """One recording while it is written; made by `Spool.open_new`.

    Its methods block, and are for one thread at a time.
    """

    def __init__(self, spool: "Spool", descriptor: int, part: str | None) -> None:
        self._spool = spool
        self._descriptor = descriptor
        self._part = part
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append; on a full disk raise DiskFull and keep nothing."""
        self._must_be_open()
        try:
            with _full_disk_is_ours(), memoryview(data) as left:
                self._spool.check_room(self._descriptor)
                done = 0
                while done < len(left):
                    done += os.write(self._descriptor, left[done:])
        except BaseException:
            self.discard()
            raise

    def link(self) -> str:
        """Make the recording durable under a new key and return the key; then it is closed.

        The key is 128 random bits in hexadecimal, so names neither collide nor tell anything.
        Raises DiskFull, and keeps nothing then.
        """
        self._must_be_open()
        key = os.urandom(16).hex()
        try:
            with _full_disk_is_ours(), self._spool.opened("audio") as folder:
                os.fsync(self._descriptor)
                self._spool.expect_row(key)
                self._name(key, folder)
                try:
                    os.fsync(folder)
                except OSError:
                    os.unlink(key, dir_fd=folder)
                    raise
        except BaseException:
            self._spool.settle(key)
            raise
        finally:
            self.discard()  # closes; what is under its key by now has no other name to lose
        return key

    def discard(self) -> None:
        """Keep nothing; does nothing after `link` or another `discard`."""
        if not self._open:
            return
        self._open = False
        os.close(self._descriptor)
        if self._part:
            with self._spool.opened("audio") as folder, suppress(FileNotFoundError):
                os.unlink(self._part, dir_fd=folder)

    def _name(self, key: str, folder: int) -> None:
        if self._part:
            os.rename(self._part, key, src_dir_fd=folder, dst_dir_fd=folder)
            self._part = None
        else:
            # The way of open(2) for callers without CAP_DAC_READ_SEARCH.
            os.link(f"/proc/self/fd/{self._descriptor}", key, dst_dir_fd=folder)

    def _must_be_open(self) -> None:
        if not self._open:
            raise ValueError("the recording is closed")


class Spool:
    """The folder `root` with `audio/` (recordings), `tmp/` (TMPDIR of child processes) and
    `voice/` (see store.voices).

    `disk_floor` is the free space, in bytes, that recordings leave. `unnamed` says whether
    to use O_TMPFILE; None asks the file system. `deleted` is told of every file that goes,
    and so is the log. Raises OSError where the folder cannot be made.
    """

    def __init__(
        self,
        root: Path,
        disk_floor: int,
        now: clock.Now = clock.now,
        *,
        unnamed: bool | None = None,
        deleted: Deleted = lambda _reason, _files: None,
    ) -> None:
        self._deleted = deleted
        self._log = logger("spool")
        self.root = root.absolute()
        self.audio = self.root / "audio"
        self.tmp = self.root / "tmp"
        self.voice = self.root / "voice"
        self._disk_floor = disk_floor
        self._lock = threading.Lock()
        self._unsettled: set[str] = set()
        self._now = now
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.audio, self.tmp, self.voice):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.unnamed = self._has_unnamed() if unnamed is None else unnamed

    def open_new(self) -> Recording:
        """Return a new, empty recording; DiskFull when less than the floor is free."""
        with self.opened("audio") as folder, _full_disk_is_ours():
            self.check_room(folder)
            part = None if self.unnamed else f"{os.urandom(16).hex()}.part"
            flags = _NEW | (os.O_TMPFILE if part is None else os.O_CREAT | os.O_EXCL)
            return Recording(self, os.open(part or ".", flags, 0o600, dir_fd=folder), part)

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """Hold a descriptor of one of the folders; OSError when a symbolic link stands there."""
        root = os.open(self.root, _FOLDER)
        try:
            folder = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=root)
        finally:
            os.close(root)
        try:
            yield folder
        finally:
            os.close(folder)

    def check_room(self, descriptor: int) -> None:
        """Raise DiskFull when less than the floor is free on the disk of this descriptor."""
        disk = os.fstatvfs(descriptor)
        if disk.f_bavail * disk.f_frsize < self._disk_floor:
            raise DiskFull

    def expect_row(self, key: str) -> None:
        """Keep the sweep off a recording whose row is about to be made, however long it takes."""
        with self._lock:
            self._unsettled.add(key)

    def settle(self, key: str) -> None:
        """Say that the row was made, or never will be: from now on it alone decides."""
        with self._lock:
            self._unsettled.discard(key)

    def unsettled(self) -> frozenset[str]:
        """Return the recordings whose row is about to be made, in this process."""
        with self._lock:
            return frozenset(self._unsettled)

    def path(self, key: str) -> Path:
        """Return where the recording lies; ValueError for what is no key."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not a key of the spool")
        return self.audio / key

    def unlink(self, key: str, reason: Deletion = "deleted") -> None:
        """Delete the recording, if it is there; ValueError for what is no key."""
        name = self.path(key).name
        self.settle(key)
        with self.opened("audio") as folder, suppress(FileNotFoundError):
            size = os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
            os.unlink(name, dir_fd=folder)
            self._log.info("recording deleted", reason=reason, bytes=size)
            self._deleted(reason, 1)

    def sweep(self, owned: Set[str], *, starting: bool = False) -> Swept:
        """Remove what a crash left: recordings no row owns, old parts and temporary files.

        `owned` are the keys in the database, read just before, and those that were `unsettled`
        before that. `starting` says that no other
        process uses the spool (see `store.lock`): then no age is waited for.
        """
        count = size = 0
        owned = owned | self.unsettled()
        with self.opened("audio") as folder:
            for name, found in self._listed(folder):
                limit = ABANDONED_SECONDS if _PART.fullmatch(name) else GRACE_SECONDS
                if name in owned or not (starting or self._age(found) > limit):
                    continue
                if not stat.S_ISDIR(found.st_mode):
                    with suppress(FileNotFoundError):  # its owner was quicker
                        os.unlink(name, dir_fd=folder)
                        count, size = count + 1, size + found.st_size
        with self.opened("tmp") as folder:
            for name, found in self._listed(folder):
                if not (starting or self._age(found) > ABANDONED_SECONDS):
                    continue
                with suppress(FileNotFoundError):
                    if stat.S_ISDIR(found.st_mode):
                        shutil.rmtree(name, dir_fd=folder)
                    else:
                        os.unlink(name, dir_fd=folder)
                    count, size = count + 1, size + found.st_size
        if count:
            self._log.info("files swept", reason="swept", files=count, bytes=size)
            self._deleted("swept", count)
        return Swept(count, size)

    def stats(self) -> SpoolStats:
        """Return how many files lie in the spool, their bytes and the age of the oldest.

        What was said is counted, but no age of it: it is meant to stay for a while.
        """
        files = size = 0
        oldest = 0.0
        for name in ("audio", "tmp", "voice"):
            with self.opened(name) as top:
                for _, _, names, folder in os.fwalk(".", dir_fd=top):
                    for found in (found for _, found in self._stated(folder, names)):
                        files, size = files + 1, size + found.st_size
                        oldest = max(oldest, 0.0 if name == "voice" else self._age(found))
        return SpoolStats(files, size, oldest)

    def filesystem(self) -> str:
        """Return the type of the file system below the spool ("ext4", "tmpfs", "unknown")."""
        place = os.path.realpath(self.audio)
        best, kind = "", "unknown"
        for line in Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines():
            # proc_pid_mountinfo(5): the mount point is the fifth field, spaces in it octal.
            before, _, after = line.partition(" - ")
            point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4])
            inside = point in {"/", place} or place.startswith(f"{point}/")
            if inside and len(point) >= len(best):  # of two on one point the later covers
                best, kind = point, after.split()[0]
        return kind

    def trouble(self) -> str | None:
        """Return why no recording could be taken now, or None."""
        try:
            with self.opened("audio") as folder:
                self.check_room(folder)
                if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder):
                    return "not writable"
        except DiskFull:
            return "disk full"
        except OSError as error:
            return error.strerror or type(error).__name__
        return None

    def _has_unnamed(self) -> bool:
        with self.opened("audio") as folder:
            try:
                os.close(os.open(".", _NEW | os.O_TMPFILE, 0o600, dir_fd=folder))
            except OSError as error:
                return error.errno not in _NO_UNNAMED
        return True

    def _listed(self, folder: int) -> Iterator[tuple[str, os.stat_result]]:
        return self._stated(folder, os.listdir(folder))

    def _stated(self, folder: int, names: list[str]) -> Iterator[tuple[str, os.stat_result]]:
        for name in names:
            with suppress(FileNotFoundError):
                yield name, os.stat(name, dir_fd=folder, follow_symlinks=False)

    def _age(self, found: os.stat_result) -> float:
        # The change time: writing sets it, and so does linking, which starts the grace.
        return max(0.0, self._now().timestamp() - found.st_ctime)
