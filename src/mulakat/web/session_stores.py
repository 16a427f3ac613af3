"""Sessions in files: cachelib's FileSystemCache, with what it lacks (docs/decisions/0003).

The folder belongs to the web process alone. A file's name is a digest of a digest of the
cookie, its content JSON: a file that somebody plants there is read as data and never run, as
a pickle would be.
"""

import asyncio
import json
import os
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from cachelib.file import FileSystemCache
from cachelib.serializers import FileSystemSerializer

from mulakat import errors
from mulakat.web.sessions import SESSION_SECONDS

MOST_BYTES = 4096
"""No file of ours is longer; of a longer one no more than this is read."""

BROKEN_SECONDS = 60
"""After which an unfinished file is no longer being written."""

_Result = TypeVar("_Result")


class _Json(FileSystemSerializer):
    """JSON in place of cachelib's pickle; what is none reads as nothing."""

    def dump(self, value: Any, f: IO[bytes], protocol: int = 0) -> None:
        f.write(json.dumps(value).encode())

    def load(self, f: IO[bytes]) -> Any:
        try:
            return json.loads(f.read(MOST_BYTES))
        except (ValueError, RecursionError):
            return None


class _Files(FileSystemCache):
    """cachelib's cache, exact at its threshold and never asleep."""

    serializer = _Json()

    def _over_threshold(self) -> bool:
        # As it stands it looks before a new file is written, and would keep one too many.
        return self._threshold != 0 and self._file_count >= self._threshold

    def _run_safely(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # As it stands it sleeps for up to 16 s where a permission is missing, which on our
        # systems does not come by waiting.
        return fn(*args, **kwargs)


UNFINISHED = FileSystemCache._fs_transaction_suffix
"""How the name of a file ends while it is written, and for ever when the process is killed."""


class FileSessions:
    """Sessions in a folder (0700) of files (0600), at most `threshold`, then the oldest goes.

    Reads are done where they are called: a small file takes 50 µs, a thread's turn as long.
    Writes take a thread, and one another's turn, so that cachelib's count of files is right.
    """

    def __init__(self, folder: Path, threshold: int) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self._files = _Files(str(folder), threshold=threshold, default_timeout=SESSION_SECONDS)
        self._count_file = Path(self._files._get_filename(_Files._fs_count_file)).name
        self._lock = threading.Lock()

    async def put(self, digest: str, account_id: str, text: str, keep: int) -> None:
        await self._write(lambda: self._put(digest, account_id, text, keep))

    async def get(self, digest: str) -> str | None:
        found = self._files.get(digest)
        return found[1] if _is_ours(found) else None

    async def delete(self, digest: str, account_id: str) -> None:
        if not await self._write(lambda: self._files.delete(digest)):
            raise errors.SessionsDown(5)

    async def delete_all(self, account_id: str) -> int:
        return await self._write(lambda: self._remove(self._of(account_id)))

    async def count(self) -> int:
        try:
            return sum(1 for _ in self._paths())
        except OSError as error:
            raise errors.SessionsDown(5) from error

    async def clean(self) -> int:
        return await self._write(self._clean)

    async def check(self) -> None:
        if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
            raise errors.SessionsDown(5)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _write(self, work: Callable[[], _Result]) -> _Result:
        def locked() -> _Result:
            with self._lock:
                return work()

        try:
            return await asyncio.to_thread(locked)
        except OSError as error:
            raise errors.SessionsDown(5) from error

    def _put(self, digest: str, account_id: str, text: str, keep: int) -> None:
        theirs = self._of(account_id)
        self._remove(theirs[: max(0, len(theirs) - keep + 1)])
        if not self._files.set(digest, [account_id, text]):
            raise errors.SessionsDown(5)  # no room on the disk; cachelib logged it

    def _paths(self) -> Iterator[Path]:
        """Give every file but cachelib's own: its count, and what is not written to its end."""
        with os.scandir(self._folder) as entries:
            for entry in entries:
                own = entry.name == self._count_file or entry.name.endswith(UNFINISHED)
                if not own and not entry.is_dir(follow_symlinks=False):
                    yield Path(entry.path)

    def _of(self, account_id: str) -> list[Path]:
        """Return the files of an account's sessions, the oldest first."""
        found = []
        for path in self._paths():
            ends, content = _read(path)
            if _is_ours(content) and content[0] == account_id:
                found.append((ends, path))
        return [path for _, path in sorted(found)]

    def _clean(self) -> int:
        now = time.time()
        gone = self._remove(
            path
            for path in list(self._paths())
            if not _is_ours((seen := _read(path))[1]) or seen[0] < now
        )
        for path in self._folder.glob(f"*{UNFINISHED}"):
            if path.stat().st_mtime < now - BROKEN_SECONDS:
                path.unlink(missing_ok=True)
        # Killed between a file and its count, the two differ from then on.
        there = sum(1 for _ in self._paths())
        if self._files._file_count != there:
            self._files._update_count(value=there)
        return gone

    def _remove(self, paths: Iterable[Path]) -> int:
        gone = 0
        for path in paths:
            path.unlink(missing_ok=True)
            gone += 1
        if gone:
            self._files._update_count(delta=-gone)
        return gone


def _read(path: Path) -> tuple[int, Any]:
    """Return when a file's session ends, and its content; zero and None when unreadable."""
    try:
        with path.open("rb") as file:
            ends: int = struct.unpack("I", file.read(4))[0]
            return ends, _Files.serializer.load(file)
    except (OSError, struct.error):
        return 0, None


def _is_ours(content: Any) -> bool:
    return (
        isinstance(content, list)
        and len(content) == 2
        and all(isinstance(part, str) for part in content)
    )
