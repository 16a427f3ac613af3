"""A real worker process whose recordings a provider on a real socket hears."""

import asyncio
import hashlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import contract_servers as acts
import speech
import speech_servers
from mulakat import clock
from mulakat.memory import ladder
from mulakat.providers import model_files
from mulakat.settings import MIB, Queue, Settings, Speech, Store
from mulakat.store import engine as engines
from mulakat.store.answers import Answer, Answers, NewAnswer
from mulakat.store.documents import Documents
from mulakat.store.egress import Ledger
from mulakat.store.spool import Spool
from mulakat.store.tables import answers as table
from mulakat.worker.process import UNHEARD
from mulakat.worker.supervisor import Supervisor
from people import OWNER, settle_in
from speech_servers import KEY, MODEL, TEXT, WORDS, SpeechServer, speech_server

New = Callable[..., NewAnswer]


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    with speech_server() as running:
        yield running


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speech.encode(speech.said("beckett"), tmp_path_factory.mktemp("said") / "a.webm")


class House:
    """A database, a spool and a supervised worker on them."""

    def __init__(self, settings: Settings, engine: Any, spool: Spool) -> None:
        self.engine = engine
        self.answers = Answers(engine, settings.queue, settings.store)
        self.ledger = Ledger(engine)
        self.spool = spool
        self.changed = asyncio.Event()
        self.supervisor = Supervisor(
            settings, self.answers, Documents(engine, settings.queue, settings.store),
            spool, dict(os.environ),
            footing=ladder.stand(
                512 * MIB, model_files.installed_dir(settings.speech), settings.speech.speech_engine
            ),
            changed=self.changed.set,
        )  # fmt: skip

    async def accept(self, new: NewAnswer) -> str:
        """Queue an answer; return its id."""
        accepted = (await self.answers.accept(new, 5)).answer
        self.supervisor.wake()
        return accepted.id

    async def until(self, answer_id: str, true: Callable[[Answer], bool]) -> Answer:
        async with asyncio.timeout(60):
            while True:
                self.changed.clear()
                row = await self.answers.get(answer_id)
                assert row
                if true(row):
                    return row
                await self.changed.wait()

    async def ended(self, answer_id: str) -> Answer:
        return await self.until(answer_id, lambda row: row.state in {"done", "failed"})


Open = Callable[..., Any]


@pytest.fixture
def house(tmp_path: Path, migrated: Callable[[str, Path], Store], server: SpeechServer) -> Open:
    @asynccontextmanager
    async def open_house(dialect: str = "openai", **changes: Any) -> AsyncIterator[House]:
        store = migrated("sqlite", tmp_path)
        chosen = {"speech_url": server.url(dialect), "speech_key": KEY} | changes
        settings = Settings(
            store=store,
            queue=Queue(lease=1, heartbeat=0.2),
            speech=Speech(dialect, MODEL, **chosen),
        )
        async with AsyncExitStack() as stack:
            engine = engines.make_engine(store)
            stack.push_async_callback(engine.dispose)
            await settle_in(engine)
            made = House(settings, engine, Spool(tmp_path / "spool", 0))
            await stack.enter_async_context(made.supervisor)
            yield made

    return open_house


def spoken(new_answer: New, spool: Spool, recording: Path, **changes: Any) -> NewAnswer:
    data = recording.read_bytes()
    with spool.open_new() as made:
        made.write(data)
        key = made.link()
    return new_answer(
        typed_text=None, audio_key=key, audio_bytes=len(data), audio_container="webm",
        audio_sha256=hashlib.sha256(data).hexdigest(), owner=OWNER, **changes,
    )  # fmt: skip


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
async def test_the_provider_gives_the_words_and_the_sound_the_measures(
    house: Open, server: SpeechServer, new_answer: New, recording: Path, dialect: str
) -> None:
    async with house(dialect) as here:
        new = spoken(new_answer, here.spool, recording)
        row = await here.ended(await here.accept(new))
        assert row.state == "done"
        (line,) = await here.ledger.of(OWNER)
        assert here.spool.stats().files == 0
    result = row.result
    assert result["transcribed_text"] == TEXT
    assert result["engine"]["transcriber"] == f"{MODEL} ({dialect})"
    assert result["engine"]["transcriber_fallback"] is None
    assert result["scored"]
    assert result["delivery"]["pauses"]["count"] > 0
    assert result["strip"]["seconds"] > 9
    assert {word[3] for word in result["words"]} == {None}
    if dialect == "openai":
        assert [tuple(word[:3]) for word in result["words"]] == WORDS
    assert (line["purpose"], line["outcome"], line["answer_id"]) == ("transcribe", "ok", row.id)
    assert line["bytes_sent"] > new.audio_bytes


async def test_when_it_fails_the_installed_model_hears_and_no_key_or_word_is_written_anywhere(
    house: Open, server: SpeechServer, new_answer: New, recording: Path, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    logging.getLogger("mulakat").setLevel(logging.DEBUG)
    async with house(speech_key=f"{KEY}-wrong") as here:
        row = await here.ended(await here.accept(spoken(new_answer, here.spool, recording)))
        assert [line["outcome"] for line in await here.ledger.of(OWNER)] == ["refused"]
    assert row.state == "done"
    engine = row.result["engine"]
    assert engine["transcriber"].startswith("whisper-base-int8")
    assert engine["transcriber_fallback"] == "refused"
    assert "fail better" in row.result["transcribed_text"].lower()
    assert f"{KEY}-wrong" in server.seen[0].headers["authorization"]
    written = "".join(capfd.readouterr())
    assert "a provider did not hear the recording" in written
    for canary in (KEY.lower(), "fail better"):
        assert canary not in written.lower()
    assert KEY.encode() not in await asyncio.to_thread(everything, tmp_path)


async def test_where_nothing_can_hear_it_the_recording_is_kept_until_the_provider_is_well(
    house: Open, server: SpeechServer, new_answer: New, recording: Path, tmp_path: Path
) -> None:
    server.then(*[acts.status(401)] * 2)
    async with house(model_dir=tmp_path / "none") as here:
        answer = await here.accept(spoken(new_answer, here.spool, recording))
        # While it waits others go on.
        typed = await here.accept(new_answer(owner=OWNER, body_hash="b2"))
        assert (await here.ended(typed)).state == "done"
        row = await here.ended(answer)
        outcomes = [line["outcome"] for line in await here.ledger.of(OWNER)]
    assert (row.state, row.attempts) == ("done", 1)
    assert row.result["transcribed_text"] == TEXT
    assert outcomes == ["ok", "refused", "refused"]


async def test_after_ten_minutes_it_is_given_up_with_a_sentence(
    house: Open, server: SpeechServer, new_answer: New, recording: Path, tmp_path: Path
) -> None:
    server.always(acts.status(401))
    async with house(model_dir=tmp_path / "none") as here:
        long_ago = clock.now() - UNHEARD - timedelta(seconds=1)
        new = spoken(new_answer, here.spool, recording)
        accepted = (await here.answers.accept(new, 5)).answer
        async with here.engine.begin() as connection:
            await connection.execute(
                update(table).where(table.c.id == accepted.id).values(created_at=long_ago)
            )
        here.supervisor.wake()
        row = await here.ended(accepted.id)
        assert here.spool.stats().files == 0
    assert (row.state, row.error_code) == ("failed", "transcriber_unavailable")
    assert row.error_params == {"retry_after": 30}


async def test_a_recording_that_the_provider_refuses_is_not_tried_again(
    house: Open, server: SpeechServer, new_answer: New, recording: Path, tmp_path: Path
) -> None:
    server.always(acts.status(400, "Audio file might be corrupted or unsupported"))
    async with house(model_dir=tmp_path / "none") as here:
        row = await here.ended(await here.accept(spoken(new_answer, here.spool, recording)))
        assert here.spool.stats().files == 0
    assert (row.state, row.error_code, row.attempts) == ("failed", "speech_refused", 1)
    assert len(server.seen) == 1


async def test_silence_is_sent_to_nobody(
    house: Open, server: SpeechServer, new_answer: New, tmp_path: Path
) -> None:
    silent = speech.encode(speech.silence(5), tmp_path / "silent.webm")
    async with house() as here:
        row = await here.ended(await here.accept(spoken(new_answer, here.spool, silent)))
    assert (row.state, row.error_code) == ("failed", "no_speech")
    assert server.seen == []


async def test_a_worker_killed_while_a_provider_listens_leaves_the_line_of_what_it_sent(
    house: Open, server: SpeechServer, new_answer: New, recording: Path
) -> None:
    server.then(acts.silent)
    async with house() as here:
        answer = await here.accept(spoken(new_answer, here.spool, recording))
        assert await asyncio.to_thread(server.came.wait, 60)
        assert here.supervisor.pid
        os.kill(here.supervisor.pid, 9)
        row = await here.ended(answer)
        outcomes = [line["outcome"] for line in await here.ledger.of(OWNER)]
    assert (row.state, row.attempts) == ("done", 2)
    assert outcomes == ["ok", "unfinished"]


async def test_a_provider_that_says_nothing_is_waited_for_no_longer_than_it_is_told(
    house: Open, server: SpeechServer, new_answer: New, recording: Path
) -> None:
    server.always(acts.silent)
    async with house(speech_timeout=1.0) as here:
        row = await here.ended(await here.accept(spoken(new_answer, here.spool, recording)))
    assert row.result["engine"]["transcriber_fallback"] == "timeout"
    assert row.attempts == 1


async def test_without_a_word_from_the_provider_there_is_no_result(
    house: Open, server: SpeechServer, new_answer: New, recording: Path
) -> None:
    server.always(speech_servers.said(" "))
    async with house() as here:
        row = await here.ended(await here.accept(spoken(new_answer, here.spool, recording)))
    assert (row.state, row.error_code) == ("failed", "no_speech")
