"""Sound as a WAV file, its sizes stated exactly: some players refuse what a stream left open."""

import struct
from dataclasses import dataclass

from mulakat.settings import MIB

MOST_BYTES = 8 * MIB
"""Of samples: three minutes at 22.05 kHz. The longest question, 2,000 characters, takes two."""

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1


class NoWave(ValueError):
    """The bytes are no WAV file of 16-bit mono sound."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """16-bit mono samples, little-endian, at `rate` Hz."""

    rate: int
    samples: bytes


def wav(spoken: Spoken) -> bytes:
    """Return the file (Microsoft, Multimedia Programming Interface 1.0: RIFF WAVE)."""
    size = len(spoken.samples)
    return (
        _HEADER.pack(
            b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, _PCM, 1, spoken.rate, 2 * spoken.rate, 2, 16,
            b"data", size,
        )
        + spoken.samples
    )  # fmt: skip


def unwav(data: bytes) -> Spoken:
    """Return what a WAV file holds; sizes beyond its end, as streams have them, mean "the rest".

    Raises NoWave.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise NoWave("no RIFF WAVE")
    at, rate = 12, 0
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"fmt " and at + 16 <= len(data):
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, at)
            if (kind, channels, bits) != (_PCM, 1, 16) or not 4_000 <= rate <= 192_000:
                raise NoWave("not 16-bit mono")
        elif name == b"data" and rate:
            samples = data[at : at + size]
            if not samples:
                break
            return Spoken(rate, samples[: len(samples) // 2 * 2])
        at += size + size % 2
    raise NoWave("no samples")
