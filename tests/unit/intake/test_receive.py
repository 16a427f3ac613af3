import asyncio
import hashlib
import random
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from mulakat import errors
from mulakat.intake import Submission, receive
from mulakat.settings import MAX_AUDIO_BYTES
from mulakat.store.spool import Recording, Spool

BOUNDARY = b"----boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"
JSON = "application/json"
OGG = b"OggS\0" + b"\1" * 5000
"""Recognised as Ogg; whether it can be decoded is not for intake to say."""


@pytest.fixture(params=[True, False], ids=["unnamed", "part"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", 0, unnamed=request.param)


@pytest.fixture
def disk() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(autouse=True)
def nothing_is_left_open(spool: Spool) -> Iterator[None]:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors


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


@pytest.fixture
def intake(spool: Spool, disk: ThreadPoolExecutor) -> Intake:
    return Intake(spool, disk)


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
    assert (error.code, error.params) == ("too_large", {"limit_mib": 1})


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


@pytest.mark.parametrize(
    "name",
    [
        b"../../x",
        b"..\\\\..\\\\x",
        b"a\0b",
        b"a%0d%0aX-Header: 1",
        b"\xff\xfe",
        b'a\\"; name=\\"question',
        b"x" * 3900,
    ],
)
async def test_a_file_name_is_ignored(intake: Intake, name: bytes) -> None:
    named = part("audio", OGG, b'; filename="' + name + b'"')
    submission, key = await intake.stored(form(QUESTION, named))
    assert submission.audio
    assert [path.name for path in intake.files()] == [key]


async def test_line_ends_in_a_file_name_are_malformed_framing(intake: Intake) -> None:
    named = part("audio", OGG, b'; filename="a\r\nb"')
    assert (await intake.refused(form(QUESTION, named))).code == "malformed_request"


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Other: 1",
        b"Content-Disposition: form-data",
        b'Content-Disposition: attachment; name="question"',
        b'Content-Disposition: form-data; name="question"\r\nContent-Transfer-Encoding: base64',
        b'Content-Disposition: form-data; name="question"\r\nContent-Type: text/plain; charset=x',
        b"no colon",
        b": empty",
        b'Content-Disposition: form-data; name="question"; x="' + b"x" * 5000 + b'"',
        b"\r\n".join(b"X-%d: 1" % n for n in range(9)),
    ],
    ids=lambda headers: repr(headers[:60]),
)
async def test_a_part_with_headers_that_cannot_be_meant_is_malformed(
    intake: Intake, headers: bytes
) -> None:
    body = b"--" + BOUNDARY + b"\r\n" + headers + b"\r\n\r\nWhy?\r\n" + form(AUDIO)
    assert (await intake.refused(body)).code == "malformed_request"


async def test_text_that_is_not_utf_8_is_malformed(intake: Intake) -> None:
    error = await intake.refused(form(AUDIO, part("question", "Niçin?".encode("iso-8859-9"))))
    assert error.code == "malformed_request"


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "x" * 71,
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary*=utf-8''----boundary",
        "multipart/form-data; ; =;;",
        "multipart/form-data; boundary=\udcff",
    ],
)
async def test_a_boundary_that_cannot_be_used_is_malformed(intake: Intake, kind: str) -> None:
    assert (await intake.refused(form(QUESTION, AUDIO), kind)).code == "malformed_request"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "audio/webm"]
)
async def test_another_type_of_body_is_not_supported(intake: Intake, kind: str) -> None:
    assert (await intake.refused(b"question=x", kind)).code == "unsupported_body"


async def test_a_thousand_parts_are_refused_quickly(intake: Intake) -> None:
    body = form(*[part(f"field{n}", b"x") for n in range(1001)])
    began = time.perf_counter()
    error = await intake.refused(body)
    assert time.perf_counter() - began < 0.1
    assert error.code == "malformed_request"


async def test_twenty_parts_pass_and_one_more_does_not(intake: Intake) -> None:
    more = [part(f"field{n}", b"x") for n in range(18)]
    await intake.stored(form(QUESTION, part("answer", b"So."), *more))
    error = await intake.refused(form(QUESTION, AUDIO, *more, part("one", b"x")))
    assert error.code == "malformed_request"


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


def mutated(random_: random.Random, body: bytes) -> bytes:
    """Return the body with some of it flipped, cut, doubled or replaced."""
    out = bytearray(body)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(out) or 1)
        until = at + random_.randint(0, 40)
        match random_.randrange(5):
            case 0:
                out[at:until] = random_.randbytes(until - at)
            case 1:
                del out[at:until]
            case 2:
                out[at:at] = out[at:until]
            case 3:
                out[at:at] = random_.choice([b"\r\n", b"--" + BOUNDARY, b"\0", b'"', b";", b"\xff"])
            case _:
                del out[at:]
    return bytes(out)


@pytest.mark.parametrize("seed", range(50))
async def test_whatever_comes_is_accepted_or_refused_by_name(intake: Intake, seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311  # repeatable, not secret
    bodies = [
        (form(QUESTION, part("audio", OGG[:200]), part("language", b"en")), FORM),
        (b'{"question": "Why?", "user_answer": "So.", "language": "en"}', JSON),
    ]
    for _ in range(20):
        body, kind = random_.choice(bodies)
        changed = random_.randbytes(300) if random_.random() < 0.1 else mutated(random_, body)
        with suppress(errors.MulakatError):
            _, key = await intake.stored(changed, kind, size=random_.choice([1, 50, 1000]))
            if key:
                intake.spool.unlink(key)
        assert intake.files() == []
