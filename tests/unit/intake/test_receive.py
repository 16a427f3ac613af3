import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mulakat.intake import receive
from mulakat.settings import MAX_AUDIO_BYTES
from mulakat.store.spool import Recording, Spool
from unit.intake.bodies import (
    AUDIO,
    BOUNDARY,
    FORM,
    JSON,
    OGG,
    QUESTION,
    Intake,
    form,
    part,
    pieces,
    stream,
)

pytestmark = pytest.mark.usefixtures("nothing_is_left_open")


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
async def test_a_recording_and_its_fields_arrive_however_they_are_cut(
    intake: Intake, size: int
) -> None:
    text = part("additional_text", "Şirket: Örnek\r\nA.Ş.".encode())
    submission, key = await intake.stored(form(QUESTION, AUDIO, text), size=size)
    assert submission.question == "Why us?"
    assert submission.additional_text == "Şirket: Örnek\nA.Ş."
    assert submission.audio
    assert submission.audio.bytes == len(OGG)
    assert submission.audio.sha256 == hashlib.sha256(OGG).hexdigest()
    assert submission.audio.container == "ogg"
    assert key
    assert intake.spool.path(key).read_bytes() == OGG


@pytest.mark.parametrize("tail", [b"\r\n----bound", b"\r\n----boundarx", b"\r\n--", b"\r", b"\n"])
@pytest.mark.parametrize("size", [1, 3, 4096])
async def test_a_recording_that_holds_almost_a_boundary_is_kept_whole(
    intake: Intake, tail: bytes, size: int
) -> None:
    sound = OGG + tail + OGG + tail
    _, key = await intake.stored(form(QUESTION, part("audio", sound)), size=size)
    assert key
    assert intake.spool.path(key).read_bytes() == sound


async def test_the_hash_ignores_the_framing(intake: Intake) -> None:
    one, _ = await intake.stored(form(QUESTION, AUDIO))
    other = form(AUDIO, part("unknown", b"x"), QUESTION).replace(BOUNDARY, b"another")
    two, _ = await intake.stored(other, "multipart/form-data; boundary=another")
    assert one.body_hash == two.body_hash


async def test_leaving_without_storing_keeps_nothing(
    intake: Intake, spool: Spool, disk: ThreadPoolExecutor
) -> None:
    async with receive(
        stream([form(QUESTION, AUDIO)]),
        FORM,
        spool=spool,
        disk=disk,
        languages=("tr",),
        default_language="tr",
    ) as submission:
        assert submission.audio
    assert intake.files() == []


async def test_a_typed_answer_comes_as_json_or_as_a_form(intake: Intake) -> None:
    one, key = await intake.stored(b'{"question": "Why us?", "user_answer": "So."}', JSON)
    two, _ = await intake.stored(form(QUESTION, part("answer", b"So.")))
    assert key is None
    assert one == two
    assert one.typed_text == "So."
    assert intake.files() == []


async def test_exactly_the_limit_is_accepted_and_one_byte_more_is_not(intake: Intake) -> None:
    sound = OGG + bytes(MAX_AUDIO_BYTES - len(OGG))
    submission, key = await intake.stored(form(QUESTION, part("audio", sound)))
    assert submission.audio
    assert submission.audio.bytes == MAX_AUDIO_BYTES
    assert key
    intake.spool.unlink(key)
    error = await intake.refused(form(QUESTION, part("audio", sound + b"\0")))
    assert (error.code, error.params) == ("too_large", {"limit_mib": 16})


@pytest.mark.parametrize("name", ["audio", "unknown"])
async def test_an_endless_body_is_cut(intake: Intake, name: str) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield QUESTION + part(name, OGG)[:-2]
        while True:
            taken += 1 << 16
            yield bytes(1 << 16)

    assert (await intake.refused(endless())).code == "too_large"
    assert taken < MAX_AUDIO_BYTES + (1 << 20)


async def test_an_endless_epilogue_is_cut(intake: Intake) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield form(QUESTION, AUDIO)
        while True:
            yield bytes(1 << 16)

    assert (await intake.refused(endless())).code == "too_large"


async def test_endless_json_is_cut(intake: Intake) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * (1 << 16)

    error = await intake.refused(endless(), JSON)
    assert (error.code, error.params) == ("text_too_long", {"limit": 20_000})


@pytest.mark.parametrize(
    "sound",
    [
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
        b"text named .webm",
        b"O",
    ],
)
async def test_what_is_no_audio_is_refused_whatever_its_name(intake: Intake, sound: bytes) -> None:
    named = part("audio", sound, b'; filename="answer.wav"\r\nContent-Type: audio/wav')
    assert (await intake.refused(form(QUESTION, named))).code == "not_audio"


async def test_what_is_no_audio_is_refused_before_the_rest_is_read(intake: Intake) -> None:
    taken = 0

    async def text() -> AsyncIterator[bytes]:
        nonlocal taken
        yield part("audio", b"")[:-2]
        while True:
            taken += 1024
            yield b"t" * 1024

    assert (await intake.refused(text())).code == "not_audio"
    assert taken == 4096


async def test_an_empty_recording_is_refused_as_such(intake: Intake) -> None:
    assert (await intake.refused(form(QUESTION, part("audio", b"")))).code == "audio_empty"


async def test_two_recordings_are_refused(intake: Intake) -> None:
    assert (await intake.refused(form(QUESTION, AUDIO, AUDIO))).code == "audio_repeated"


async def test_a_field_given_twice_is_malformed(intake: Intake) -> None:
    assert (await intake.refused(form(QUESTION, QUESTION, AUDIO))).code == "malformed_request"


async def test_a_wrong_field_is_refused_after_the_recording_was_read(intake: Intake) -> None:
    assert (await intake.refused(form(AUDIO))).code == "question_missing"
    assert (await intake.refused(form(AUDIO, QUESTION, part("language", b"xx")))).code == (
        "language_unknown"
    )


async def test_a_text_over_its_limit_stops_the_reading(intake: Intake) -> None:
    error = await intake.refused(form(AUDIO, part("question", b"x" * 2001)))
    assert (error.code, error.params) == ("question_too_long", {"limit": 2000})
    error = await intake.refused(form(QUESTION, part("answer", b"x" * 100_000)))
    assert (error.code, error.params) == ("text_too_long", {"limit": 20_000})


async def test_every_cut_of_a_body_is_malformed(intake: Intake) -> None:
    body = form(QUESTION, part("audio", OGG[:64]))
    for length in range(len(body) - 3):
        error = await intake.refused(body[:length])
        assert error.code in {"malformed_request", "not_audio"}, length


async def test_a_full_disk_refuses_and_keeps_nothing(
    tmp_path: Path, disk: ThreadPoolExecutor
) -> None:
    full = Intake(Spool(tmp_path / "full", 1 << 60), disk)
    assert (await full.refused(form(QUESTION, AUDIO))).code == "disk_full"


class Gone(Exception):
    """What a web framework raises when its client has left."""


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
async def test_a_client_that_leaves_keeps_nothing(intake: Intake, quarter: int) -> None:
    body = form(QUESTION, part("audio", OGG + bytes(1 << 20)))

    async def leaving() -> AsyncIterator[bytes]:
        for piece in pieces(body[: len(body) * quarter // 4], 10_000):
            yield piece
        raise Gone

    with pytest.raises(Gone):
        await intake.stored(leaving())
    assert intake.files() == []


async def test_a_request_cancelled_while_it_waits_for_bytes_keeps_nothing(intake: Intake) -> None:
    waiting = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield QUESTION + part("audio", OGG + bytes(1 << 17))[:-2]
        waiting.set()
        await asyncio.Event().wait()

    request = asyncio.create_task(intake.stored(stalling()))
    await waiting.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert intake.files() == []


@pytest.mark.parametrize("method", ["write", "link"])
async def test_a_request_cancelled_while_the_disk_works_keeps_nothing(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    working, go_on = threading.Event(), threading.Event()
    real = getattr(Recording, method)

    def slow(self: Recording, *given: bytes) -> object:
        working.set()
        go_on.wait(10)
        return real(self, *given)

    monkeypatch.setattr(Recording, method, slow)
    request = asyncio.create_task(intake.stored(form(QUESTION, AUDIO)))
    await asyncio.to_thread(working.wait, 10)
    request.cancel()
    for _ in range(5):
        await asyncio.sleep(0)  # the discard is asked for while the disk still works
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert intake.files() == []
