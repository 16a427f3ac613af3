"""Speech models from the model hub: fetched by an explicit command, never by a server.

The pins (whisper_models.toml) decide what a file is; the hub, a mirror and whoever they redirect
to only bring bytes. No heavy import, and no key: these files are public.
"""

import hashlib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Protocol

from mulakat.errors import ModelError

READ_SECONDS = 60.0
"""How long the hub may stay silent."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A published file: its length and sha256."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Published:
    """A model on the hub at one revision; `files` includes model.bin, its weights in float16."""

    name: str
    repository: str
    revision: str
    files: Mapping[str, File]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())


@cache
def published() -> Mapping[str, Published]:
    """Return the models that can be fetched, by name."""
    text = Path(__file__).with_name("whisper_models.toml").read_text(encoding="utf-8")
    return {
        name: Published(
            name,
            one["repository"],
            one["revision"],
            {file: File(**figures) for file, figures in one["files"].items()},
        )
        for name, one in tomllib.loads(text).items()
    }


def fetch(model: Published, folder: Path, hub: str, progress: Callable[[str], object]) -> None:
    """Bring every file of a model into `folder`. Raises ModelError(reason).

    A file of another length or content than the pinned one is an error, noticed at the first byte
    too many; what was written of it stays for the caller to remove.
    """
    import http.client  # a server, which imports this module for the pins, has no use for them
    import urllib.error
    import urllib.request

    for name, file in model.files.items():
        progress(f"Fetching {name} ({file.bytes / 1e6:.1f} MB) …")
        url = f"{hub.rstrip('/')}/{model.repository}/resolve/{model.revision}/{name}"
        try:
            # http or https is the operator's choice; the pins hold either way.
            request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})  # noqa: S310
            with (
                urllib.request.urlopen(request, timeout=READ_SECONDS) as response,  # noqa: S310
                (folder / name).open("wb") as target,
            ):
                _save(response, target, name, file)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise ModelError(reason=f"{name} could not be fetched from {hub}: {error}") from None


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _save(response: _Readable, target: BinaryIO, name: str, file: File) -> None:
    digest, size = hashlib.sha256(), 0
    while block := response.read(_BLOCK):
        size += len(block)
        if size > file.bytes:
            break
        digest.update(block)
        target.write(block)
    if size != file.bytes or digest.hexdigest() != file.sha256:
        raise ModelError(reason=f"{name} is not the pinned file")
    target.flush()
    os.fsync(target.fileno())
