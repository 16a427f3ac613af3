"""The moment between a recording on disk and its row: what happens when it goes wrong."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import errors
from mulakat.settings import Queue, Store
from mulakat.store.answers import Answers
from mulakat.store.documents import Documents
from mulakat.store.spool import Spool
from mulakat.store.values import NewAnswer
from mulakat.web.answering import accept
from mulakat.web.state import Parts
from mulakat.worker import upkeep


def recording(spool: Spool) -> str:
    with spool.open_new() as made:
        made.write(b"sound")
        return made.link()


def new(key: str, body: str = "1", idempotency: str | None = None) -> NewAnswer:
    return NewAnswer(
        question="Why?", language="en", reader="en", body_hash=body, audio_key=key,
        audio_bytes=5, audio_sha256="0" * 64, audio_container="webm", idempotency_key=idempotency,
    )  # fmt: skip


@pytest.fixture
def here(answers: Answers, tmp_path: Path) -> Parts:
    settings = SimpleNamespace(intake=SimpleNamespace(queue_limit=10_000))
    spool = Spool(tmp_path / "spool", 0)
    return cast(Parts, SimpleNamespace(answers=answers, spool=spool, settings=settings))


async def test_cancelled_at_any_moment_a_queued_answer_keeps_its_recording(
    here: Parts, answers: Answers, engine: AsyncEngine
) -> None:
    for turns in range(1, 60):
        key = recording(here.spool)
        task = asyncio.create_task(accept(here, new(key)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    for key in await answers.owned_audio():
        assert here.spool.path(key).exists()
    assert here.spool.unsettled() == frozenset()
    documents = Documents(engine, Queue(), Store())
    await upkeep.once(answers, documents, here.spool, starting=True)
    left = {path.name for path in here.spool.audio.iterdir()}
    assert left == await answers.owned_audio()


async def test_a_replayed_and_a_conflicting_recording_are_deleted(
    here: Parts, answers: Answers
) -> None:
    first, again, other = (recording(here.spool) for _ in range(3))
    kept = await accept(here, new(first, "1", "key"))
    assert (await accept(here, new(again, "1", "key"))).answer.id == kept.answer.id
    with pytest.raises(errors.IdempotencyConflict):
        await accept(here, new(other, "2", "key"))
    assert [path.name for path in here.spool.audio.iterdir()] == [first]
