"""A question read aloud by the server: to its owner, once made, within bounds, with failures."""

import asyncio
import io
import json
import os
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mulakat import errors
from mulakat.memory.budget import COSTS
from mulakat.memory.gauge import pss
from mulakat.settings import MIB, Voice
from mulakat.store.spool import Spool
from mulakat.store.voices import Voices
from mulakat.web import voice as voices_of_web
from mulakat.web.voice import REST_SECONDS, Interviewer

TEXT = "Bir ekip içinde yaşadığınız bir anlaşmazlığı anlatır mısınız?"


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


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, 0)


@pytest.fixture
def interviewer(spool: Spool, seconds: Seconds) -> Interviewer:
    return Interviewer(Voice(voice_engine="espeak"), Voices(spool, 64 * MIB), plenty, seconds)


async def heard(interviewer: Interviewer, text: str = TEXT, voice: str | None = None) -> bytes:
    with os.fdopen(await interviewer.say(text, "tr", voice), "rb") as file:
        return file.read()


def pretend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> Path:
    """Have another program speak; returns a file to which it adds a byte each time."""
    counter = tmp_path / "counter"
    script = tmp_path / "speaker"
    count = f"open({str(counter)!r}, 'a').write('.')"
    script.write_text(f"#!{sys.executable}\nimport sys, time, json\n{count}\n{code}\n")
    script.chmod(0o700)
    monkeypatch.setattr("mulakat.web.voice.sys.executable", str(script))
    return counter


async def test_a_question_is_said_once_and_heard_often(
    interviewer: Interviewer, spool: Spool
) -> None:
    first = await heard(interviewer)
    with wave.open(io.BytesIO(first)) as file:
        assert file.getnframes() / file.getframerate() > 1
    (kept,) = spool.voice.iterdir()
    made = kept.stat().st_ino
    assert await heard(interviewer) == first
    assert [file.stat().st_ino for file in spool.voice.iterdir()] == [made]
    assert list(spool.tmp.iterdir()) == []


async def test_each_voice_and_text_is_kept_by_itself(
    interviewer: Interviewer, spool: Spool
) -> None:
    sounds = {
        await heard(interviewer),
        await heard(interviewer, voice="tr+f3"),
        await heard(interviewer, "Merhaba."),
    }
    assert len(sounds) == len(list(spool.voice.iterdir())) == 3


async def test_ten_who_ask_at_once_have_it_said_once(
    interviewer: Interviewer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counter = pretend(
        monkeypatch, tmp_path, "print(json.dumps({'error': None, 'sent': []})); print('sound')"
    )
    sounds = await asyncio.gather(*(heard(interviewer) for _ in range(10)))
    assert set(sounds) == {b"sound\n"}
    assert counter.read_text() == "."


@pytest.mark.parametrize(
    "code",
    [
        "sys.exit(3)",
        "print('no json')",
        "print('[1]'); print('sound')",
        "print(json.dumps({'error': 'not installed', 'sent': []}))",
        "print(json.dumps({'error': None, 'sent': []}))",
        "print(json.dumps({'error': None, 'sent': []})); print('sound'); sys.exit(1)",
        "print('x' * 3_000_000)",
        "import os, signal; print('{}'); os.kill(os.getpid(), signal.SIGKILL)",
        "print('{}'); sys.stdout.write('s' * 10_000_000)",
    ],
)
async def test_whatever_goes_wrong_is_said_once_and_then_rests(
    interviewer: Interviewer,
    spool: Spool,
    seconds: Seconds,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    code: str,
) -> None:
    counter = pretend(monkeypatch, tmp_path, code)
    for left in (REST_SECONDS, REST_SECONDS):
        with pytest.raises(errors.VoiceUnavailable) as refused:
            await heard(interviewer)
        assert refused.value.retry_after == left
    assert counter.read_text() == "."
    assert list(spool.voice.iterdir()) == []
    seconds.now += REST_SECONDS + 1
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer)
    assert counter.read_text() == ".."


async def test_one_that_hangs_is_ended(
    interviewer: Interviewer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    pretend(
        monkeypatch,
        tmp_path,
        f"import os; open({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)",
    )
    monkeypatch.setattr(voices_of_web, "SECONDS", 0.5)
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_without_memory_nothing_is_started(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counter = pretend(monkeypatch, tmp_path, "pass")
    interviewer = Interviewer(Voice(voice_engine="espeak"), Voices(spool, 64 * MIB), nothing_left)
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer)
    assert not counter.exists()


async def test_a_full_disk_is_said_as_such(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 60)
    interviewer = Interviewer(Voice(voice_engine="espeak"), Voices(spool, 64 * MIB), plenty)
    with pytest.raises(errors.DiskFull):
        await heard(interviewer)
    assert list(spool.voice.iterdir()) == []


async def test_all_that_was_said_can_be_forgotten(interviewer: Interviewer, spool: Spool) -> None:
    await heard(interviewer)
    await interviewer.forget()
    assert list(spool.voice.iterdir()) == []


async def test_the_longest_question_fits_into_what_is_promised_for_it() -> None:
    order = {"text": "Uzun bir soru soruyorum. " * 80, "language": "tr", "voice": None}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mulakat", "speak", "--parent", str(os.getpid()),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(order | {"engine": "espeak"}).encode())
    process.stdin.close()
    await process.stdout.readline()  # by now it holds the sound in all its forms
    held = pss(process.pid)
    sound = await process.stdout.read()
    await process.wait()
    print(f"\nthe process {held / MIB:.1f} MiB, the sound {len(sound) / MIB:.1f} MiB")
    assert held + 2 * len(sound) <= COSTS["voice"]
