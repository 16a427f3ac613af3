"""A file as it streams in: counted, recognised, hashed and written, in constant memory."""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from mulakat import errors
from mulakat.intake.form import Audio
from mulakat.intake.sniff import HEAD_BYTES, container
from mulakat.settings import KIB, MAX_AUDIO_BYTES, MIB
from mulakat.store.spool import Recording, Spool

WRITE_BYTES = 64 * KIB
"""Written at once: a turn through the disk threads costs some 50 µs, so 16 MiB in pieces of
a network packet would spend a second there; larger pieces only hold more memory."""

_T = TypeVar("_T")


class Upload:
    """The one file of a request; `feed` takes its bytes, `flush` awaits the disk.

    Nothing reaches the disk before its container is recognised. `disk` is the application's
    small pool of threads; a request waits for each of its writes, so it never holds more
    than WRITE_BYTES and the chunk that filled them. `recognise` names the kind by the first
    HEAD_BYTES; `unknown`, `empty` and `repeated` make the errors for a file that it does not know,
    for one without a byte, and for a second one.
    """

    def __init__(
        self,
        spool: Spool,
        disk: Executor,
        admit: Callable[[], None] = lambda: None,
        *,
        recognise: Callable[[bytes], str | None] = container,
        unknown: Callable[[], errors.Refused] = errors.NotAudio,
        empty: Callable[[], errors.Refused] = lambda: errors.Invalid("audio_empty"),
        repeated: Callable[[], errors.Refused] = lambda: errors.Invalid("audio_repeated"),
    ) -> None:
        self._known = recognise
        self._unknown = unknown
        self._empty = empty
        self._repeated = repeated
        self.started = False
        self._spool = spool
        self._disk = disk
        self._admit = admit
        self._buffer = bytearray()
        self._count = 0
        self._hash = hashlib.sha256()
        self._container: str | None = None
        self._recording: Recording | None = None
        self._key: str | None = None
        self._kept = False
        self._discarded = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin; raises what `repeated` makes when it has begun, and whatever `admit` raises."""
        if self.started:
            raise self._repeated()
        self._admit()
        self.started = True

    def feed(self, data: bytes | memoryview) -> None:
        """Take some bytes; raises TooLarge or `unknown` as soon as it is certain."""
        self._count += len(data)
        if self._count > MAX_AUDIO_BYTES:
            raise errors.TooLarge(limit_mib=MAX_AUDIO_BYTES // MIB)
        self._buffer += data
        if self._container is None and len(self._buffer) >= HEAD_BYTES:
            self._recognise()

    async def flush(self) -> None:
        """Write what has gathered, once it is worth it. Raises DiskFull."""
        if len(self._buffer) >= WRITE_BYTES:
            data, self._buffer = self._buffer, bytearray()
            await self._in_thread(lambda: self._write(data))

    async def finish(self) -> Audio | None:
        """Write the rest and return what was received; None when there was no file.

        Raises `empty`, `unknown` or DiskFull.
        """
        if not self.started:
            return None
        if self._count == 0:
            raise self._empty()
        kind = self._container or self._recognise()
        data, self._buffer = self._buffer, bytearray()
        await self._in_thread(lambda: self._write(data))
        return Audio(bytes=self._count, sha256=self._hash.hexdigest(), container=kind)

    async def keep(self) -> str | None:
        """Make the recording durable and return its key; None when there is none."""
        await self._in_thread(self._link)
        self._kept = True
        return self._key

    async def discard(self) -> None:
        """Keep nothing, unless `keep` was done; also when this is being cancelled."""
        if self.started:
            await asyncio.shield(self._in_thread(self._let_go))

    def _recognise(self) -> str:
        self._container = self._known(bytes(self._buffer[:HEAD_BYTES]))
        if self._container is None:
            raise self._unknown()
        return self._container

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    # These run in a disk thread, one at a time: the last write of a cancelled request may
    # still be under way when its discard comes.

    def _write(self, data: bytearray) -> None:
        with self._lock:
            if self._discarded:
                return
            if self._recording is None:
                self._recording = self._spool.open_new()
            self._recording.write(data)
            self._hash.update(data)

    def _link(self) -> None:
        with self._lock:
            if self._recording and not self._discarded:
                self._key = self._recording.link()

    def _let_go(self) -> None:
        with self._lock:
            self._discarded = True
            if self._recording:
                self._recording.discard()
            if self._key and not self._kept:  # cancelled while it was linked
                self._spool.unlink(self._key, "discarded")
