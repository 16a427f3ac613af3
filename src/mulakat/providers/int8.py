"""A CTranslate2 model file, rewritten with int8 weights a few rows at a time.

The file (version 6) is what `ctranslate2.specs.model_spec.ModelSpec._serialize` writes: a
header, then each variable as name, shape, type and bytes, then the aliases. Stored as
float16, Whisper base is 145 MB and loading converts it at a peak of 319 MB; stored as int8
it is 72 MB and loads at 166 MB.
"""

import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

FILE_VERSION = 6
"""The one layout read and written (ctranslate2.specs.model_spec.CURRENT_BINARY_VERSION)."""

_FLOAT32, _INT8, _FLOAT16 = 0, 1, 4
"""Type numbers, in the order of DataType in ctranslate2's types.h."""

_BLOCK_BYTES = 1 << 20
"""About how much of a variable is held at once."""


class UnreadableModelError(ValueError):
    """The file is not a model file of the layout known here."""


def convert(source: BinaryIO, target: BinaryIO) -> None:
    """Copy a float16 or float32 model, its weight matrices quantised to int8.

    The same source gives the same bytes on every machine: only IEEE float32 division,
    product and rounding are used. `target` must be seekable. Raises UnreadableModelError.
    """
    version = _number(source, "<I")
    if version != FILE_VERSION:
        raise UnreadableModelError(f"file version {version}, not {FILE_VERSION}")
    name, revision, count = _string(source), _number(source, "<I"), _number(source, "<I")
    target.write(struct.pack("<I", version))
    _write_string(target, name)
    target.write(struct.pack("<I", revision))
    counted_at = target.tell()
    target.write(struct.pack("<I", 0))
    written = 0
    for _ in range(count):
        written += _variable(source, target)
    aliases = _number(source, "<I")
    target.write(struct.pack("<I", aliases))
    for _ in range(aliases):
        # A weight's alias covers its scale too (Model::register_variable_alias).
        _write_string(target, _string(source))
        _write_string(target, _string(source))
    if source.read(1):
        raise UnreadableModelError("bytes after the end")
    target.seek(counted_at)
    target.write(struct.pack("<I", written))
    target.seek(0, 2)


def quantise(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 rows and their scales: scale = 127 / max|row|, value = rint(row x scale).

    `rows` has the shape (n, m), the scales (n,). As in ctranslate2's LayerSpec._quantize, a
    row of zeros gets scale 1.
    """
    largest = np.amax(np.absolute(rows), axis=1)
    largest[largest == 0] = 127.0
    scale = np.float32(127.0) / largest
    return np.rint(rows * scale[:, None]).astype(np.int8), scale


def _variable(source: BinaryIO, target: BinaryIO) -> int:
    """Copy or quantise one variable; return how many variables it became."""
    name = _string(source)
    shape = tuple(_number(source, "<I") for _ in range(_number(source, "<B")))
    kind, size = _number(source, "<B"), _number(source, "<I")
    if not (name.endswith("/weight") and len(shape) == 2 and kind in (_FLOAT16, _FLOAT32)):
        # Everything else keeps its type. Convolutions too: CTranslate2 runs Whisper's in
        # floating point on a CPU whatever their stored type.
        _write_head(target, name, shape, kind, size)
        _copy(source, target, size)
        return 1
    dtype = np.dtype("<f2" if kind == _FLOAT16 else "<f4")
    count, width = shape
    if size != count * width * dtype.itemsize or not size:
        raise UnreadableModelError(f"{name}: size and shape differ")
    _write_head(target, name, shape, _INT8, count * width)
    scales = np.empty(count, "<f4")
    step = max(1, _BLOCK_BYTES // (width * dtype.itemsize))
    for first in range(0, count, step):
        taken = min(step, count - first)
        raw = _exactly(source, taken * width * dtype.itemsize)
        rows = np.frombuffer(raw, dtype).reshape(taken, width).astype(np.float32)
        values, scales[first : first + taken] = quantise(rows)
        target.write(values.tobytes())
    _write_head(target, f"{name}_scale", (count,), _FLOAT32, scales.nbytes)
    target.write(scales.tobytes())
    return 2


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    while size:
        block = _exactly(source, min(size, _BLOCK_BYTES))
        target.write(block)
        size -= len(block)


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise UnreadableModelError("the file ends too early")
    return data


def _number(source: BinaryIO, form: str) -> int:
    return int(struct.unpack(form, _exactly(source, struct.calcsize(form)))[0])


def _string(source: BinaryIO) -> str:
    data = _exactly(source, _number(source, "<H"))
    if not data.endswith(b"\0"):
        raise UnreadableModelError("a name without its end")
    return data[:-1].decode("ascii")


def _write_string(target: BinaryIO, text: str) -> None:
    target.write(struct.pack("<H", len(text) + 1) + text.encode("ascii") + b"\0")


def _write_head(target: BinaryIO, name: str, shape: tuple[int, ...], kind: int, size: int) -> None:
    _write_string(target, name)
    target.write(struct.pack(f"<B{len(shape)}I", len(shape), *shape))
    target.write(struct.pack("<BI", kind, size))
