"""Sound in a file, written as it comes: WAV with its sizes stated exactly, or Ogg with Opus.

Some players refuse a WAV file whose sizes a stream left open, so they are filled in.
"""

import os
import struct

from mulakat.settings import MIB

MOST_BYTES = 8 * MIB
"""Of samples: three minutes at 22.05 kHz. The longest question, 2,000 characters, takes two."""

MOST_FILE = MOST_BYTES + 64 * 1024
"""Of a file, with whatever stands before its samples."""

HEADER = 44
"""Bytes of the head that `head` makes."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1
_LOOK = 64 * 1024
"""Of a file's beginning, in which its samples begin."""


class NoSound(ValueError):
    """The file is neither a WAV file of 16-bit sound nor Ogg with Opus, or it is not whole."""


def head(rate: int, size: int) -> bytes:
    """Return what stands before `size` bytes of 16-bit mono samples at `rate` Hz.

    As in Microsoft, Multimedia Programming Interface 1.0: RIFF WAVE.
    """
    return _HEADER.pack(
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, _PCM, 1, rate, 2 * rate, 2, 16, b"data", size,
    )  # fmt: skip


class Writing:
    """A file that is filled as sound comes; what goes wrong with the disk is kept for the end.

    So that it interrupts neither a library nor the counting of what came over a connection.
    """

    def __init__(self, file: int) -> None:
        self.file = file
        self.size = 0
        self.trouble: OSError | None = None

    def again(self, leave: int = 0) -> None:
        """Begin anew, with `leave` bytes free for a head."""
        os.ftruncate(self.file, 0)
        os.lseek(self.file, leave, os.SEEK_SET)
        self.size = leave
        self.trouble = None

    def add(self, piece: bytes) -> None:
        """Write a piece at the end."""
        try:
            with memoryview(piece) as left:
                done = 0
                while done < len(left) and not self.trouble:
                    done += os.write(self.file, left[done:])
        except OSError as error:
            self.trouble = error
        self.size += len(piece)

    def begin(self, rate: int) -> None:
        """Write the head of a WAV file into the bytes that `again` left.

        Raises NoSound, and the OSError that kept sound from being written.
        """
        if self.trouble:
            raise self.trouble
        if self.size <= HEADER or not 4_000 <= rate <= 192_000:
            raise NoSound("no samples")
        size = (self.size - HEADER) // 2 * 2
        os.ftruncate(self.file, HEADER + size)
        os.pwrite(self.file, head(rate, size), 0)


def finish(file: int) -> None:
    """Check a file from elsewhere, and fill in sizes that were left open. Raises NoSound."""
    size = os.fstat(file).st_size
    start = os.pread(file, _LOOK, 0)
    # RFC 7845 §3: the first page holds one packet, which begins after 28 bytes.
    if start[:4] == b"OggS" and start[28:36] == b"OpusHead":
        return
    if start[:4] != b"RIFF" or start[8:12] != b"WAVE":
        raise NoSound("neither WAV nor Ogg")
    at = _samples(start)
    (stated,) = struct.unpack_from("<I", start, at - 4)
    there = (size - at) // 2 * 2
    if there <= 0:
        raise NoSound("no samples")
    if 0 < stated <= MOST_BYTES:
        if stated > there:
            raise NoSound("cut off")
        return
    os.ftruncate(file, at + there)
    os.pwrite(file, struct.pack("<I", at + there - 8), 4)
    os.pwrite(file, struct.pack("<I", there), at - 4)


def _samples(start: bytes) -> int:
    """Return where the samples of a WAV file begin. Raises NoSound."""
    at, known = 12, False
    while at + 8 <= len(start):
        name, size = struct.unpack_from("<4sI", start, at)
        at += 8
        if name == b"fmt " and at + 16 <= len(start):
            kind, channels, _, _, _, bits = struct.unpack_from("<HHIIHH", start, at)
            known = kind == _PCM and channels in {1, 2} and bits == 16
        elif name == b"data" and known:
            return at
        at += size + size % 2
    raise NoSound("no 16-bit samples")
