"""Bodies of requests, and `receive` with what an application hands to it."""

from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mulakat import errors
from mulakat.intake import Submission, receive
from mulakat.store.spool import Spool

BOUNDARY = b"----boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"
JSON = "application/json"
OGG = b"OggS\0" + b"\1" * 5000
"""Recognised as Ogg; whether it can be decoded is not for intake to say."""


def part(name: str, data: bytes, more: bytes = b"") -> bytes:
    head = b'Content-Disposition: form-data; name="' + name.encode() + b'"' + more
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


QUESTION = part("question", b"Why us?")
AUDIO = part("audio", OGG, b'; filename="answer.webm"\r\nContent-Type: audio/webm')


async def stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


class Intake:
    """`receive` with what an application hands to it."""

    def __init__(self, spool: Spool, disk: ThreadPoolExecutor) -> None:
        self.spool = spool
        self.disk = disk

    async def stored(
        self, body: bytes | AsyncIterator[bytes], kind: str = FORM, size: int = 1 << 16
    ) -> tuple[Submission, str | None]:
        chunks = stream(pieces(body, size)) if isinstance(body, bytes) else body
        async with receive(
            chunks,
            kind,
            spool=self.spool,
            disk=self.disk,
            languages=("tr", "en"),
            default_language="tr",
        ) as submission:
            return submission, await submission.store_audio()

    async def refused(
        self, body: bytes | AsyncIterator[bytes], kind: str = FORM, size: int = 1 << 16
    ) -> errors.MulakatError:
        with pytest.raises(errors.MulakatError) as raised:
            await self.stored(body, kind, size)
        assert self.files() == []
        return raised.value

    def files(self) -> list[Path]:
        return list(self.spool.audio.iterdir())
