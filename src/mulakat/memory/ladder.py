"""Which speech model the memory can hold, from tiny to large; below the last rung, typed answers.

The ladder says whether the limit holds an installed model; its size is read from its own weights,
not from its name. Which of several is used, `providers.model_files.chosen` decides by the rungs.
"""

import math
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

from mulakat.settings import GIB, MIB, Memory

WEB_SHARE = 64 * MIB
"""What the web process may grow to without its shared pages, so that the worker's own bound
fires before the container's: 512 MiB leave the worker the 448 that base needs."""

WORKER_IDLE = 90 * MIB
"""RSS of a worker with its libraries and no model, pages shared with the web process included."""

TYPED_ANSWER = 70 * MIB
"""What a typed answer takes beside BASELINE: the embedder and its library (65 MiB measured)."""

TYPED_DATA = 256 * MIB
"""RLIMIT_DATA with which a typed answer is evaluated, embedder included."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One size of Whisper.

    `least` is the limit from which it is used, `parameters` how many its weights have at most,
    `answer` what a spoken answer takes beside BASELINE, `data` the RLIMIT_DATA it needs; bytes.
    """

    name: Literal["tiny", "base", "small", "large-v3-turbo"]
    least: int
    parameters: int
    answer: int
    data: int


RUNGS = (
    # Measured for base in real groups of 512 and 384 MiB (tests/acceptance/test_real_group.py):
    # anonymous memory 101 MiB idle, 361 at its peak, no kill at either. The others follow from
    # it: a byte a parameter, and the encoder's attention by its number of heads
    # (6, 8, 12, 20: Radford et al. 2022, table 1): 145 MiB for base.
    Rung("tiny", 256 * MIB, 45_000_000, 210 * MIB, 400 * MIB),
    Rung("base", 384 * MIB, 85_000_000, 280 * MIB, 448 * MIB),
    Rung("small", 1 * GIB, 280_000_000, 540 * MIB, 720 * MIB),
    Rung("large-v3-turbo", 3 * GIB, 900_000_000, 1300 * MIB, 1500 * MIB),
)
"""From small to large."""


@dataclass(frozen=True, slots=True)
class Footing:
    """Where on the ladder this installation stands, and why.

    `rung` is None where no model of its own can hear. `elsewhere` names the provider that hears
    in its place, a model here being what it falls back on; without either, answers are typed.
    """

    rung: Rung | None
    why: str
    limit: int
    elsewhere: str | None = None

    def __str__(self) -> str:
        if self.elsewhere:
            fallback = self.rung.name if self.rung else "nothing"
            return f"{self.elsewhere}, falling back on {fallback}: {self.why}"
        return f"{self.rung.name if self.rung else 'typed only'}: {self.why}"

    @property
    def hears(self) -> bool:
        """Whether spoken answers can be taken at all."""
        return self.rung is not None or self.elsewhere is not None

    @property
    def answer(self) -> int:
        """Bytes that the worker's one answer may take beside the baseline."""
        return self.rung.answer if self.rung else TYPED_ANSWER

    @property
    def worker_share(self) -> int:
        """RSS in bytes above which a worker has grown."""
        return WORKER_IDLE + self.answer

    def worker_memory(self, memory: Memory) -> int:
        """Return the worker's RLIMIT_DATA in bytes: the setting, or what the limit leaves it."""
        need = self.rung.data if self.rung else TYPED_DATA
        return memory.worker_memory or max(need, self.limit - WEB_SHARE)


def stand(limit: int, model: Path, elsewhere: str | None = None) -> Footing:
    """Return where an installation stands with a memory limit and an installed model's folder."""
    return replace(_stand(limit, model), elsewhere=elsewhere)


def _stand(limit: int, model: Path) -> Footing:
    held = next((rung for rung in reversed(RUNGS) if limit >= rung.least), None)
    if held is None:
        least = RUNGS[0].least // MIB
        return Footing(None, f"{limit // MIB} MiB hold no speech model (least: {least})", limit)
    try:
        found = size_of(model)
    except OSError:
        return Footing(None, f"no speech model is installed at {model}", limit)
    except ValueError as error:
        return Footing(None, f"{model.name}: {error}", limit)
    if found is None:
        return Footing(None, f"{model.name} is larger than every known size", limit)
    if found.least > limit:
        need = f"{found.name} needs {found.least // MIB} MiB of memory, the limit is"
        return Footing(None, f"{need} {limit // MIB}; {held.name} would fit", limit)
    why = f"installed, and {limit // MIB} MiB hold it"
    if found is not held:
        why += f"; they would hold {held.name}"
    return Footing(found, why, limit)


_EMBEDDING = "decoder/embeddings/weight"
_BYTES = {0: 4, 1: 1, 2: 2, 4: 2, 5: 2}
"""Bytes of a number by CTranslate2's DataType: float32, int8, int16, float16, bfloat16."""


def size_of(model: Path) -> Rung | None:
    """Return the rung of a CTranslate2 Whisper model, or None when it is above them all.

    Counts parameters: the file's size over the bytes of one weight, whose type stands in the
    file (layout: `providers.int8`). Raises OSError, and ValueError for what is no Whisper.
    """
    path = model / "model.bin"
    size = path.stat().st_size
    with path.open("rb") as file:
        each = _weight_bytes(file)
    return next((rung for rung in RUNGS if size / each <= rung.parameters), None)


def _weight_bytes(file: BinaryIO) -> int:
    try:
        _version, length = struct.unpack("<IH", file.read(6))
        if file.read(length) != b"WhisperSpec\0":
            raise ValueError("model.bin is no Whisper model for CTranslate2")
        _revision, count = struct.unpack("<II", file.read(8))
        for _ in range(count):
            name = file.read(struct.unpack("<H", file.read(2))[0]).rstrip(b"\0").decode("ascii")
            shape = struct.unpack(f"<{(rank := file.read(1)[0])}I", file.read(4 * rank))
            kind, size = struct.unpack("<BI", file.read(5))
            if name == _EMBEDDING and size == math.prod(shape) * _BYTES.get(kind, 0):
                return _BYTES[kind]
            file.seek(size, 1)
    except (struct.error, IndexError, UnicodeDecodeError):
        raise ValueError("model.bin is damaged") from None
    raise ValueError("model.bin has no weights of a decoder")
