"""Documents as they come in; what is in them is for their reader (unit/pipeline)."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import documents
from mulakat import errors
from mulakat.intake.document import Received, media, receive
from mulakat.settings import MAX_AUDIO_BYTES, MAX_TEXT_CHARACTERS
from mulakat.store.spool import Spool
from unit.intake.bodies import FORM, JSON, form, part, pieces, stream

pytestmark = pytest.mark.usefixtures("nothing_is_left_open")

CV = part("purpose", b"cv")
FILE = b'; filename="../../cv.exe"\r\nContent-Type: image/png'


class Desk:
    """`receive` with what an application hands to it."""

    def __init__(self, spool: Spool, disk: ThreadPoolExecutor) -> None:
        self.spool = spool
        self.disk = disk

    async def stored(
        self, body: bytes | AsyncIterator[bytes], kind: str = FORM, size: int = 1 << 16, **more: Any
    ) -> tuple[Received, str]:
        chunks = stream(pieces(body, size)) if isinstance(body, bytes) else body
        async with receive(chunks, kind, spool=self.spool, disk=self.disk, **more) as received:
            key = await received.store()
            assert key is not None
            return received, key

    async def refused(
        self, body: bytes | AsyncIterator[bytes], kind: str = FORM, **more: Any
    ) -> str:
        with pytest.raises(errors.MulakatError) as raised:
            await self.stored(body, kind, **more)
        assert self.files() == []
        return raised.value.code

    def files(self) -> list[Path]:
        return list(self.spool.audio.iterdir())


@pytest.fixture
def desk(spool: Spool, disk: ThreadPoolExecutor) -> Desk:
    return Desk(spool, disk)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (documents.pdf(), "pdf"),
        (b"\r\n" * 100 + documents.pdf(), "pdf"),
        (documents.docx(), "docx"),
        (documents.CV.encode(), "text"),
        ("Yazılım geliştirici, üç yıllık deneyim".encode("cp1254"), "text"),
        (documents.CV.encode("utf-16"), "text"),
    ],
    ids=["pdf", "pdf after blanks", "docx", "utf-8", "windows-1254", "utf-16"],
)
async def test_a_file_is_stored_as_it_came_and_known_by_its_first_bytes(
    desk: Desk, data: bytes, kind: str, size: int
) -> None:
    received, key = await desk.stored(form(part("file", data, FILE), CV), size=size)
    assert (received.purpose, received.media, received.bytes) == ("cv", kind, len(data))
    assert received.sha256 == hashlib.sha256(data).hexdigest()
    assert desk.spool.path(key).read_bytes() == data
    assert desk.files() == [desk.spool.path(key)]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x00",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"OggS\x00",
        b"\x7fELF\x02\x01",
        b"PK\x05\x06" + bytes(18),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # Word before 2007
        b"text, then\x00a NUL",
        b"x" * 1024 + b"%PDF-\x00",
    ],
)
def test_what_is_no_document_has_no_media(head: bytes) -> None:
    assert media(head) is None


async def test_leaving_without_storing_keeps_nothing(
    desk: Desk, spool: Spool, disk: ThreadPoolExecutor
) -> None:
    body = form(part("file", documents.pdf()), CV)
    async with receive(stream([body]), FORM, spool=spool, disk=disk) as received:
        assert received.media == "pdf"
    assert desk.files() == []


@pytest.mark.parametrize(
    "text",
    [
        "We look for a nurse.\vNights too.",  # as Word pastes a line break
        "%PDF-1.4 is what the form asked for",
        "PK\x03\x04 was the old name of the team",
        "Hemşire arıyoruz \N{PARTY POPPER} \ud83d",
    ],
)
async def test_pasted_text_is_text_whatever_it_begins_with(desk: Desk, text: str) -> None:
    body = json.dumps({"purpose": "posting", "text": text}).encode()
    received, key = await desk.stored(body, JSON)
    assert (received.purpose, received.media) == ("posting", "text")
    assert desk.spool.path(key).read_bytes() == text.encode("utf-8", "replace")

    again, _ = await desk.stored(
        form(part("purpose", b"posting"), part("text", text.encode("utf-8", "replace")))
    )
    assert (again.sha256, again.media) == (received.sha256, "text")


async def test_exactly_the_limits_are_accepted_and_one_more_is_not(desk: Desk) -> None:
    head = documents.pdf()
    largest = head + bytes(MAX_AUDIO_BYTES - len(head))
    received, key = await desk.stored(form(part("file", largest), CV))
    assert received.bytes == MAX_AUDIO_BYTES
    desk.spool.unlink(key)
    assert await desk.refused(form(part("file", largest + b"\0"), CV)) == "too_large"

    def pasted(length: int) -> bytes:
        return json.dumps({"purpose": "cv", "text": "ş" * length}).encode()

    _, key = await desk.stored(pasted(MAX_TEXT_CHARACTERS), JSON)
    desk.spool.unlink(key)
    assert await desk.refused(pasted(MAX_TEXT_CHARACTERS + 1), JSON) == "text_too_long"
    assert await desk.refused(b" " * (1 << 20) + pasted(1), JSON) == "text_too_long"


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (form(CV), FORM, "document_missing"),
        (form(CV, part("text", b" \n ")), FORM, "document_missing"),
        (form(CV, part("audio", documents.pdf())), FORM, "document_missing"),
        (form(CV, part("file", b"")), FORM, "document_empty"),
        (form(CV, part("file", b"\x00" * 9000)), FORM, "not_document"),
        (form(CV, part("file", b"x"), part("text", b"y")), FORM, "document_ambiguous"),
        (form(CV, part("file", b"x"), part("file", b"y")), FORM, "document_ambiguous"),
        (form(part("file", b"x")), FORM, "field_invalid"),
        (form(part("file", b"x"), part("purpose", b"letter")), FORM, "field_invalid"),
        (form(CV, CV, part("file", b"x")), FORM, "malformed_request"),
        (form(CV, part("file", b"x"))[:-20], FORM, "malformed_request"),
        (b'{"purpose": "cv", "text": 3}', JSON, "field_invalid"),
        (b'{"purpose": "cv", "text": "a", "text": "b"}', JSON, "malformed_request"),
        (b'["cv"]', JSON, "malformed_request"),
        (b"[" * 100_000, JSON, "malformed_request"),
        (documents.pdf(), "application/pdf", "unsupported_body"),
        (documents.pdf(), "", "unsupported_body"),
    ],
)
async def test_what_is_refused_leaves_nothing_and_says_why(
    desk: Desk, body: bytes, kind: str, code: str
) -> None:
    assert await desk.refused(body, kind) == code


async def test_what_is_no_document_is_refused_before_it_is_all_there(desk: Desk) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield form(CV, part("file", b"\x00\x01" * 100))[: -len("\r\n------boundary--\r\n")]
        while True:
            taken += 1
            yield bytes(4096)

    assert await desk.refused(endless()) == "not_document"
    assert taken <= 2


async def test_a_sender_that_goes_away_leaves_nothing(desk: Desk) -> None:
    begun = asyncio.Event()

    async def broken_off() -> AsyncIterator[bytes]:
        yield form(CV, part("file", documents.pdf() + bytes(200_000)))[:150_000]
        begun.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(desk.stored(broken_off()))
    await begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert desk.files() == []


@pytest.mark.parametrize("kind", [FORM, JSON])
async def test_no_document_is_taken_when_memory_is_short(desk: Desk, kind: str) -> None:
    def refuse() -> None:
        raise errors.MemoryLow

    body = {
        FORM: form(CV, part("file", documents.pdf())),
        JSON: b'{"purpose": "cv", "text": "a nurse"}',
    }[kind]
    assert await desk.refused(body, kind, admit=refuse) == "memory_low"


@pytest.mark.parametrize("kind", [FORM, JSON])
async def test_a_full_disk_refuses_and_keeps_nothing(
    tmp_path: Path, disk: ThreadPoolExecutor, kind: str
) -> None:
    full = Desk(Spool(tmp_path / "full", disk_floor=1 << 60), disk)
    body = {
        FORM: form(CV, part("file", documents.pdf())),
        JSON: b'{"purpose": "cv", "text": "a nurse"}',
    }[kind]
    assert await full.refused(body, kind) == "disk_full"


async def test_a_form_in_which_no_file_was_chosen_has_none(desk: Desk) -> None:
    unchosen = part("file", b"", b'; filename=""\r\nContent-Type: application/octet-stream')
    assert await desk.refused(form(CV, unchosen), FORM) == "document_missing"
    await desk.stored(form(CV, part("text", b"a nurse"), unchosen))
