"""A question read aloud by the server: once made, within bounds, with its failures."""

import asyncio
import io
import os
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

import contract_servers as acts
import voice_servers
from contract_servers import KEY
from interviewers import SOUND, Seconds, nothing_left, plenty, pretend
from mulakat import errors, settings
from mulakat.memory.gauge import pss
from mulakat.settings import MIB, Voice
from mulakat.store import engine as engines
from mulakat.store.egress import Ledger
from mulakat.store.spool import Spool
from mulakat.store.voices import Voices
from mulakat.web import voice as voices_of_web
from mulakat.web.voice import AT_ONCE, MOST_FILE, REST_SECONDS, Interviewer, Text
from people import OTHER, OWNER, settle_in
from voice_servers import MODEL, VoiceServer, wav

TEXT = "Bir ekip içinde yaşadığınız bir anlaşmazlığı anlatır mısınız?"
ESPEAK = Voice(voice_engine="espeak")


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, 0)


@pytest.fixture
async def database(
    tmp_path: Path, migrated: Callable[[str, Path], settings.Store]
) -> AsyncIterator[AsyncEngine]:
    engine = engines.make_engine(migrated("sqlite", tmp_path))
    await settle_in(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
def ledger(database: AsyncEngine) -> Ledger:
    return Ledger(database)


Make = Callable[[Voice], Interviewer]


@pytest.fixture
def make(spool: Spool, ledger: Ledger, seconds: Seconds) -> Make:
    voices = Voices(spool, 64 * MIB, MOST_FILE)
    return lambda voice: Interviewer(voice, voices, ledger, plenty, seconds)


@pytest.fixture
def interviewer(make: Make) -> Interviewer:
    return make(ESPEAK)


@pytest.fixture
def server() -> Iterator[VoiceServer]:
    with voice_servers.voice_server() as running:
        yield running


def there(server: VoiceServer, dialect: str = "openai", seconds: float = 20) -> Voice:
    return Voice(dialect, MODEL, "", server.url(dialect), KEY, seconds)


async def heard(
    interviewer: Interviewer,
    text: str = TEXT,
    voice: str | None = None,
    who: str = OWNER,
    own: bool = False,
) -> bytes:
    said = await interviewer.say(Text(text, "tr", voice, who, own))
    with os.fdopen(said.file, "rb") as file:
        return file.read()


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
    counter = pretend(monkeypatch, tmp_path, SOUND)
    sounds = await asyncio.gather(*(heard(interviewer) for _ in range(10)))
    assert set(sounds) == {b"sound"}
    assert counter.read_text() == "."


@pytest.mark.parametrize(
    "code",
    [
        "sys.exit(3)",
        "print('no json')",
        "print('[1]')",
        "print('{}')",
        "print(json.dumps({'error': 'not_installed', 'wait': None}))",
        "print(done); sys.exit(1)",
        "print('x' * 3_000_000)",
        "import signal; os.kill(os.getpid(), signal.SIGKILL)",
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
    monkeypatch.setattr(voices_of_web, "START_SECONDS", 0.5)
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_without_memory_nothing_is_started(
    spool: Spool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counter = pretend(monkeypatch, tmp_path, "pass")
    voices = Voices(spool, 64 * MIB, MOST_FILE)
    interviewer = Interviewer(ESPEAK, voices, ledger, nothing_left)
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer)
    assert not counter.exists()


async def test_a_full_disk_is_said_as_such(tmp_path: Path, ledger: Ledger) -> None:
    spool = Spool(tmp_path, 1 << 60)
    interviewer = Interviewer(ESPEAK, Voices(spool, 64 * MIB, MOST_FILE), ledger, plenty)
    with pytest.raises(errors.DiskFull):
        await heard(interviewer)
    assert list(spool.voice.iterdir()) == []


async def test_what_is_of_one_account_is_its_own_and_goes_with_it(
    interviewer: Interviewer, spool: Spool
) -> None:
    await heard(interviewer)
    await heard(interviewer, "In your CV you name Rust.", who=OWNER, own=True)
    await heard(interviewer, "In your CV you name Rust.", who=OTHER, own=True)
    assert len(list(spool.voice.iterdir())) == 3
    await interviewer.forget(OWNER)
    left = sorted(file.name.partition("_")[2] for file in spool.voice.iterdir())
    assert left == ["", OTHER]


async def test_what_is_forgotten_while_it_is_said_is_not_heard(
    interviewer: Interviewer, spool: Spool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    pretend(monkeypatch, tmp_path, f"open({str(gate)!r}).read(); {SOUND}")
    asking = asyncio.create_task(heard(interviewer, own=True))
    opened = await asyncio.to_thread(os.open, gate, os.O_WRONLY)  # it has begun
    await interviewer.forget(OWNER)
    os.close(opened)
    with pytest.raises(errors.VoiceUnavailable):
        await asking
    assert list(spool.voice.iterdir()) == []


async def test_who_goes_away_does_not_end_it_for_another(
    interviewer: Interviewer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    counter = pretend(monkeypatch, tmp_path, f"open({str(gate)!r}).read(); {SOUND}")
    first = asyncio.create_task(heard(interviewer))
    opened = await asyncio.to_thread(os.open, gate, os.O_WRONLY)
    second = asyncio.create_task(heard(interviewer))
    first.cancel()
    os.close(opened)
    assert await second == b"sound"
    assert counter.read_text() == "."
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_ends_what_is_said(
    interviewer: Interviewer, spool: Spool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    pretend(monkeypatch, tmp_path, f"open({str(gate)!r}).read(); {SOUND}")
    asking = asyncio.create_task(heard(interviewer))
    opened = await asyncio.to_thread(os.open, gate, os.O_WRONLY)
    await interviewer.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    os.close(opened)
    assert list(spool.voice.iterdir()) == []


async def test_only_so_many_processes_run_at_once(
    interviewer: Interviewer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alive, most = tmp_path / "alive", tmp_path / "most"
    alive.mkdir()
    mine = f"{str(alive)!r} + '/' + str(os.getpid())"
    pretend(
        monkeypatch,
        tmp_path,
        f"open({mine}, 'w').close(); n = len(os.listdir({str(alive)!r}))\n"
        f"open({str(most)!r}, 'a').write(f'{{n}} '); os.unlink({mine}); {SOUND}",
    )
    await asyncio.gather(*(heard(interviewer, f"{number}") for number in range(12)))
    assert max(map(int, most.read_text().split())) <= AT_ONCE


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
async def test_a_provider_reads_once_and_its_line_is_the_askers(
    make: Make, server: VoiceServer, ledger: Ledger, dialect: str
) -> None:
    interviewer = make(there(server, dialect))
    sounds = await asyncio.gather(*(heard(interviewer) for _ in range(10)))
    assert set(sounds) == {wav()}
    assert len(server.seen) == 1
    (line,) = await ledger.of(OWNER)
    assert (line["purpose"], line["provider"], line["outcome"]) == ("speak", dialect, "ok")
    assert line["bytes_received"] > len(wav())
    assert await ledger.of(OTHER) == []


async def test_an_account_that_is_gone_sends_nothing(make: Make, server: VoiceServer) -> None:
    interviewer = make(there(server))
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer, who="gone")
    assert server.seen == []
    assert await heard(interviewer) == wav()  # and nobody else waits for it


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
async def test_an_unknown_voice_is_the_usual_one_from_then_on_and_made_once(
    make: Make, server: VoiceServer, spool: Spool, dialect: str
) -> None:
    interviewer = make(there(server, dialect))
    wish = Text(TEXT, "tr", "Nobody", OWNER, False)
    assert interviewer.knows(wish)
    assert await heard(interviewer, voice="Nobody") == wav()
    assert not interviewer.knows(wish)
    assert await heard(interviewer) == await heard(interviewer, voice="Nobody") == wav()
    assert len(server.seen) == 2
    assert len(list(spool.voice.iterdir())) == 1


async def test_a_wish_that_is_no_name_is_never_sent(make: Make, server: VoiceServer) -> None:
    interviewer = make(there(server))
    assert await heard(interviewer, voice="I live at 5 Secret Street, İzmir") == wav()
    assert [seen.body["voice"] for seen in server.seen] == ["alloy"]


async def test_a_provider_that_fails_is_left_alone_for_as_long_as_it_asks(
    make: Make, server: VoiceServer, seconds: Seconds
) -> None:
    server.then(acts.status(429, Retry_After="120"))
    interviewer = make(there(server))
    with pytest.raises(errors.VoiceUnavailable) as refused:
        await heard(interviewer)
    assert refused.value.retry_after == 120
    seconds.now = 119
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer)
    assert len(server.seen) == 1
    seconds.now = 121
    assert await heard(interviewer) == wav()


async def test_a_text_that_is_refused_says_nothing_of_the_next(
    make: Make, server: VoiceServer
) -> None:
    server.then(acts.status(400, "not this text"))
    interviewer = make(there(server))
    with pytest.raises(errors.VoiceUnavailable):
        await heard(interviewer)
    assert await heard(interviewer, "Another.") == wav()


async def test_a_provider_that_is_slow_is_given_up_within_its_time(
    make: Make, server: VoiceServer, spool: Spool, ledger: Ledger
) -> None:
    server.always(acts.silent)
    with pytest.raises(errors.VoiceUnavailable):
        await heard(make(there(server, seconds=1)))
    assert list(spool.voice.iterdir()) == []
    (line,) = await ledger.of(OWNER)
    assert line["outcome"] == "timeout"


async def test_neither_the_key_nor_the_question_is_in_a_log(
    make: Make, server: VoiceServer, caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as logs:
        for act in (acts.status(401, f"wrong key {KEY}"), acts.status(400, TEXT)):
            server.then(act)
            with pytest.raises(errors.VoiceUnavailable):
                await heard(make(there(server)))
    assert [line["reason"] for line in logs] == ["refused", "rejected"]
    told = f"{logs}{caplog.text}"
    assert KEY not in told
    assert TEXT[:20] not in told


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_many_calls_leave_nothing_in_this_process(
    make: Make, server: VoiceServer, spool: Spool
) -> None:
    interviewer = make(there(server, "gemini"))
    server.always(voice_servers.samples(bytes(4 * MIB)))

    async def calls(start: int, count: int) -> int:
        for number in range(start, start + count):
            said = await interviewer.say(Text(f"{number}", "tr", None, OWNER, False))
            os.close(said.file)
        assert sum(file.stat().st_size for file in spool.voice.iterdir()) <= 64 * MIB
        return pss(os.getpid())

    # The server runs in this process too: it has its own to reach a level first.
    before = await calls(0, 10)
    opened = descriptors()
    after = await calls(10, 20)
    print(f"\n20 calls of 4 MiB: {(after - before) / MIB:+.2f} MiB")
    assert after - before < 4 * MIB  # not one of the twenty is held
    assert descriptors() <= opened
