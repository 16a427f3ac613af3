"""Documents read by the process of their own, as the worker has it done; on both databases."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import documents as files
from clocks import HandClock
from mulakat import errors, settings
from mulakat.store.documents import Document, Documents, NewDocument
from mulakat.store.spool import Spool
from mulakat.store.values import Lease
from mulakat.worker import reading
from mulakat.worker.reading import Reader
from people import OWNER, settle_in

QUEUE = settings.Queue()


class Unlucky(Documents):
    """Its database is out of reach while `broken`, whenever an end is to be written."""

    broken = False

    async def finish(self, lease: Lease, result: dict[str, Any]) -> bool:
        if self.broken:
            raise errors.DatabaseBusy
        return await super().finish(lease, result)


class Room:
    """A reader, its documents and its spool."""

    def __init__(self, documents: Unlucky, spool: Spool) -> None:
        self.documents = documents
        self.spool = spool
        self.reader = Reader(documents, spool, QUEUE)
        self.stopping = asyncio.Event()

    async def sent(self, data: bytes, media: str, number: int = 1) -> str:
        with self.spool.open_new() as file:
            file.write(data)
            key = file.link()
        document, _ = await self.documents.accept(
            NewDocument(
                account_id=OWNER, purpose="cv", media=media, language="en", file_key=key,
                file_bytes=len(data), file_sha256=f"{number:064x}", request_id="r",
            )
        )  # fmt: skip
        self.spool.settle(key)
        return document.id

    async def one(self) -> bool:
        return await self.reader.one("w", self.stopping)

    async def now(self, document_id: str) -> Document:
        found = await self.documents.get(OWNER, document_id)
        assert found is not None
        return found

    def kept(self) -> list[Path]:
        return list(self.spool.audio.iterdir())


@pytest.fixture
async def room(
    engine: AsyncEngine, store: settings.Store, hand_clock: HandClock, tmp_path: Path
) -> AsyncIterator[Room]:
    await settle_in(engine)
    yield Room(Unlucky(engine, QUEUE, store, hand_clock), Spool(tmp_path / "spool", 0))
    assert readers() == [], "no process is left"


def readers() -> list[psutil.Process]:
    """Return the processes that read a document for this one."""
    found = psutil.Process().children()
    return [one for one in found if "read-document" in one.cmdline()]


async def a_reader() -> psutil.Process:
    """Return the reading process, once it is there."""
    async with asyncio.timeout(10):
        while not (found := readers()):  # noqa: ASYNC110  # its start is no event of ours
            await asyncio.sleep(0)
        return found[0]


@pytest.fixture
def endless() -> bytes:
    """A PDF whose reading takes longer than any of these tests."""
    return files.BOMBS["text drawn a million times"]()


async def test_nothing_is_done_where_nothing_waits(room: Room) -> None:
    assert not await room.one()


async def test_a_document_read_has_its_text_and_profile_and_no_file(room: Room) -> None:
    document_id = await room.sent(files.pdf(), "pdf")
    assert await room.one()
    done = await room.now(document_id)
    assert (done.state, done.attempts) == ("done", 1)
    assert done.result is not None
    assert done.result["text"].startswith("Ada Yurtsever")
    assert done.result["profile"]["years"] == 3
    assert room.kept() == []
    assert not await room.one()


async def test_what_cannot_be_read_fails_at_the_first_attempt(room: Room) -> None:
    ids = [
        await room.sent(b"%PDF-1.4 and nothing", "pdf", 1),
        await room.sent(files.docx(xml=files.LAUGHS), "docx", 2),
        await room.sent(b"short", "text", 3),
    ]
    for _ in ids:
        assert await room.one()
    ends = [await room.now(one) for one in ids]
    assert [(one.state, one.attempts, one.error_code) for one in ends] == [
        ("failed", 1, "document_unreadable"),
        ("failed", 1, "document_too_complex"),
        ("failed", 1, "document_empty"),
    ]
    assert room.kept() == []


async def test_a_reader_that_dies_makes_its_document_too_complex_once_and_for_all(
    room: Room, endless: bytes
) -> None:
    document_id = await room.sent(endless, "pdf")
    reading_it = asyncio.create_task(room.one())
    (await a_reader()).send_signal(signal.SIGKILL)
    assert await reading_it
    ended = await room.now(document_id)
    assert (ended.state, ended.attempts) == ("failed", 1)
    assert ended.error_code == "document_too_complex"
    assert room.kept() == []


async def test_a_reader_past_its_time_is_ended(
    room: Room, endless: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.5)
    document_id = await room.sent(endless, "pdf")
    assert await room.one()
    assert (await room.now(document_id)).error_code == "document_too_complex"


async def test_a_document_is_given_back_when_the_worker_is_told_to_stop(
    room: Room, endless: bytes
) -> None:
    document_id = await room.sent(endless, "pdf")
    reading_it = asyncio.create_task(room.one())
    process = await a_reader()
    room.stopping.set()
    assert await reading_it
    assert not process.is_running()
    waiting = await room.now(document_id)
    assert (waiting.state, waiting.attempts) == ("queued", 0)
    assert len(room.kept()) == 1


async def test_reading_a_document_that_is_deleted_meanwhile_ends(
    room: Room, endless: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.reader, "_heartbeat", 0.05)
    document_id = await room.sent(endless, "pdf")
    reading_it = asyncio.create_task(room.one())
    await a_reader()
    await room.documents.delete(OWNER, document_id)
    assert await reading_it
    assert await room.documents.get(OWNER, document_id) is None


async def test_a_database_out_of_reach_at_the_end_is_not_the_documents_fault(
    room: Room, hand_clock: HandClock
) -> None:
    document_id = await room.sent(files.docx(), "docx")
    room.documents.broken = True
    with pytest.raises(errors.DatabaseBusy):
        await room.one()
    assert (await room.now(document_id)).state == "running"
    assert len(room.kept()) == 1

    room.documents.broken = False
    hand_clock.move(seconds=QUEUE.lease + 1)
    assert await room.one()
    assert (await room.now(document_id)).state == "done"


async def test_a_file_that_is_gone_says_so(room: Room) -> None:
    document_id = await room.sent(files.docx(), "docx")
    for file in room.kept():
        file.unlink()
    assert await room.one()
    assert (await room.now(document_id)).error_code == "document_missing"


async def test_a_machine_that_starts_no_process_costs_an_attempt_and_not_the_worker(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = await room.sent(files.docx(), "docx")
    monkeypatch.setattr(reading.sys, "executable", os.devnull)  # type: ignore[attr-defined]
    assert await room.one()
    waiting = await room.now(document_id)
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    monkeypatch.undo()
    assert await room.one()
    assert (await room.now(document_id)).state == "done"
    assert room.kept() == []
