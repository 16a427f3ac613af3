"""Request bodies that carry a recording from its file, a block at a time, as often as it takes."""

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 48 * 1024
"""Bytes read at once; a multiple of three, so that pieces in base64 join without padding."""

TYPES = {
    "webm": "audio/webm",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "flac": "audio/flac",
    "aac": "audio/aac",
}
"""Media type of each container that intake recognises."""


@dataclass(frozen=True, slots=True)
class FileBody:
    """What stands before a file, the file, and what stands after it.

    Iterating opens the file anew, so that a request can be repeated; it holds one block. `size`
    is the file's when the body was made: a file that is shorter by now raises OSError.
    """

    before: bytes
    path: Path
    size: int
    after: bytes
    encoded: bool = False

    def __len__(self) -> int:
        """Return the bytes of the whole body, for Content-Length."""
        length = (self.size + 2) // 3 * 4 if self.encoded else self.size
        return len(self.before) + length + len(self.after)

    def __iter__(self) -> Iterator[bytes]:
        yield self.before
        left = self.size
        with self.path.open("rb") as file:
            while left:
                block = file.read(min(BLOCK, left))
                if not block:
                    raise OSError("the recording is shorter than it was")
                left -= len(block)
                yield base64.b64encode(block) if self.encoded else block
        yield self.after


def multipart(
    fields: Iterable[tuple[str, str]], name: str, audio: Path, container: str
) -> tuple[FileBody, str]:
    """Return a multipart/form-data body (RFC 7578) with fields and a file, and its content type.

    The file goes by a name of ours, which tells a server the format and nothing else.
    """
    boundary = f"mulakat-{os.urandom(16).hex()}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
        f'filename="answer.{container}"\r\nContent-Type: {TYPES[container]}\r\n\r\n'
    )
    end = f"\r\n--{boundary}--\r\n".encode()
    body = FileBody("".join(parts).encode(), audio, audio.stat().st_size, end)
    return body, f"multipart/form-data; boundary={boundary}"
