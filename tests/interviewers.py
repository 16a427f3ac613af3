"""What the tests of the interviewer's voice share: clocks, memory, a synthesiser that pretends."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mulakat import errors


class Seconds:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def plenty() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    raise errors.MemoryLow
    yield


def pretend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> Path:
    """Have another program speak; returns a file to which it adds a byte each time."""
    counter = tmp_path / "counter"
    script = tmp_path / "speaker"
    script.write_text(
        f"#!{sys.executable}\nimport sys, time, json, os\n"
        f"open({str(counter)!r}, 'a').write('.')\n"
        f"order = json.loads(sys.stdin.readline())\n"
        f"done = json.dumps({{'error': None, 'wait': None}})\n{code}\n"
    )
    script.chmod(0o700)
    monkeypatch.setattr("mulakat.web.voice.sys.executable", str(script))
    return counter


SOUND = "os.write(order['file'], b'sound'); print(done)"
