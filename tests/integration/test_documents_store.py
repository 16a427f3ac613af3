"""CVs and job postings in the database, on SQLite and on a real PostgreSQL."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import clock, errors, settings
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.documents import AT_ONCE, MOST, Documents, NewDocument
from mulakat.store.engine import writing
from mulakat.store.spool import GRACE_SECONDS, Spool
from mulakat.store.tables import accounts
from mulakat.store.tables import documents as table
from mulakat.worker import upkeep
from people import OTHER, OWNER, settle_in

READ = {"text": "Ada Yurtsever, Backend Developer", "profile": {"skills": []}}


@pytest.fixture
async def documents(engine: AsyncEngine, store: settings.Store, hand_clock: HandClock) -> Documents:
    """Leases of 30 s, two attempts, kept as long as the settings say by default."""
    await settle_in(engine)
    return Documents(engine, settings.Queue(), store, hand_clock)


def new(number: int = 1, owner: str = OWNER, purpose: str = "cv") -> NewDocument:
    """Return a document to accept, another one for each number."""
    return NewDocument(
        account_id=owner,
        purpose=purpose,
        media="pdf",
        language="tr",
        file_key=hashlib.sha256(f"{number} {owner} {purpose}".encode()).hexdigest()[:32],
        file_bytes=1000 + number,
        file_sha256=f"{number:064x}",
        request_id=f"r{number}",
    )


async def accepted(documents: Documents, number: int = 1, owner: str = OWNER) -> str:
    document, replayed = await documents.accept(new(number, owner))
    assert not replayed
    return document.id


async def test_an_accepted_document_is_queued_with_all_that_was_sent(
    documents: Documents, hand_clock: HandClock
) -> None:
    sent = new()
    document, replayed = await documents.accept(sent)

    assert not replayed
    assert await documents.get(OWNER, document.id) == document
    assert (document.state, document.attempts, document.token) == ("queued", 0, 0)
    assert document.created_at == document.used_at == hand_clock()
    assert {name: getattr(document, name) for name in NewDocument.__slots__} == {
        name: getattr(sent, name) for name in NewDocument.__slots__
    }


async def test_the_same_file_again_is_the_same_document(documents: Documents) -> None:
    first, _ = await documents.accept(new())
    again, replayed = await documents.accept(replace(new(), file_key="f" * 32))
    assert (again, replayed) == (first, True)

    for other in (new(purpose="posting"), new(owner=OTHER), new(number=2)):
        assert (await documents.accept(other))[1] is False


async def test_fifty_times_the_same_file_at_once_is_one_document(documents: Documents) -> None:
    results = await asyncio.gather(*(documents.accept(new()) for _ in range(50)))
    assert len({document.id for document, _ in results}) == 1
    assert sum(not replayed for _, replayed in results) == 1


async def test_many_at_once_never_pass_the_limit_of_an_account(documents: Documents) -> None:
    results = await asyncio.gather(
        *(documents.accept(new(number)) for number in range(25)), return_exceptions=True
    )
    assert sum(isinstance(result, errors.DocumentsFull) for result in results) == 25 - MOST
    assert len(await documents.of(OWNER)) == MOST
    await accepted(documents, owner=OTHER)  # who has a limit of their own


async def test_a_file_that_could_not_be_read_may_be_sent_again_and_takes_no_second_place(
    documents: Documents,
) -> None:
    for _ in range(MOST + 1):
        await accepted(documents)
        claim = await documents.claim("w")
        assert claim is not None
        assert await documents.fail(claim, "document_encrypted", {})
    assert [one.error_code for one in await documents.of(OWNER)] == ["document_encrypted"]


async def test_no_document_is_made_for_an_account_that_is_gone(
    documents: Documents, engine: AsyncEngine
) -> None:
    async with writing(engine) as connection:
        await connection.execute(delete(accounts).where(accounts.c.id == OWNER))
    with pytest.raises(errors.NotFound):
        await documents.accept(new())


async def test_documents_are_claimed_oldest_first_and_let_their_file_go_when_read(
    documents: Documents, hand_clock: HandClock
) -> None:
    first = await accepted(documents)
    hand_clock.move(seconds=1)
    second = await accepted(documents, 2)

    claim = await documents.claim("w")
    assert claim is not None
    assert (claim.id, claim.document.state, claim.document.attempts) == (first, "running", 1)
    assert await documents.heartbeat(claim, "reading", None)
    assert await documents.finish(claim, READ)

    done = await documents.get(OWNER, first)
    assert done is not None
    assert (done.state, done.result, done.file_key, done.worker) == ("done", READ, None, None)
    assert await documents.owned_files() == {new(2).file_key}
    following = await documents.claim("w")
    assert following is not None
    assert following.id == second
    assert await documents.claim("w") is None


async def test_a_late_write_about_a_document_of_a_dead_worker_is_refused(
    documents: Documents, hand_clock: HandClock
) -> None:
    await accepted(documents)
    late = await documents.claim("w1")
    assert late is not None
    hand_clock.move(seconds=31)
    claim = await documents.claim("w2")
    assert claim is not None

    assert not await documents.heartbeat(late, "reading", None)
    assert not await documents.finish(late, READ)
    assert not await documents.fail(late, "document_unreadable", {})
    assert not await documents.give_back(late)
    assert await documents.finish(claim, READ)


async def test_a_document_whose_workers_die_is_given_up_at_the_second(
    documents: Documents, hand_clock: HandClock
) -> None:
    document_id = await accepted(documents)
    for _ in range(2):
        assert await documents.claim("w") is not None
        hand_clock.move(seconds=31)
    assert await documents.claim("w") is None
    given_up = await documents.get(OWNER, document_id)
    assert given_up is not None
    assert (given_up.state, given_up.error_code) == ("failed", "worker_died")
    assert given_up.file_key is None


async def test_a_document_given_back_has_lost_no_attempt(documents: Documents) -> None:
    document_id = await accepted(documents)
    claim = await documents.claim("w")
    assert claim is not None
    assert await documents.give_back(claim)
    waiting = await documents.get(OWNER, document_id)
    assert waiting is not None
    assert (waiting.state, waiting.attempts, waiting.token) == ("queued", 0, 1)


async def test_claims_at_once_never_share_a_document(documents: Documents) -> None:
    ids = {await accepted(documents, number) for number in range(5)}
    claims = await asyncio.gather(*(documents.claim(f"w{number}") for number in range(8)))
    taken = [claim.id for claim in claims if claim]
    assert set(taken) == ids
    assert len(taken) == len(ids)


async def test_only_its_owner_sees_or_deletes_a_document(documents: Documents) -> None:
    document_id = await accepted(documents)
    assert await documents.get(OTHER, document_id) is None
    assert await documents.of(OTHER) == []
    assert await documents.delete(OTHER, document_id) is None
    assert await documents.get(OWNER, document_id) is not None

    gone = await documents.delete(OWNER, document_id)
    assert gone is not None
    assert gone.file_key == new().file_key
    assert await documents.delete(OWNER, document_id) is None


async def test_a_document_deleted_while_it_is_read_stays_deleted(documents: Documents) -> None:
    document_id = await accepted(documents)
    claim = await documents.claim("w")
    assert claim is not None
    assert await documents.delete(OWNER, document_id) is not None
    assert not await documents.heartbeat(claim, "reading", None)
    assert not await documents.finish(claim, READ)
    assert await documents.of(OWNER) == []


async def test_the_list_of_documents_is_newest_first_without_their_text(
    documents: Documents, hand_clock: HandClock
) -> None:
    ids = []
    for number in range(3):
        ids.append(await accepted(documents, number))
        hand_clock.move(seconds=1)
    claim = await documents.claim("w")
    assert claim is not None
    await documents.finish(claim, READ)

    listed = await documents.of(OWNER)
    assert [one.id for one in listed] == ids[::-1]
    assert [one.state for one in listed] == ["queued", "queued", "done"]
    assert [one.result for one in listed] == [None, None, None]


async def test_documents_go_with_their_account(documents: Documents, engine: AsyncEngine) -> None:
    await accepted(documents)
    await accepted(documents, owner=OTHER)
    async with writing(engine) as connection:
        await connection.execute(delete(accounts).where(accounts.c.id == OWNER))
        assert await connection.scalar(select(func.count()).select_from(table)) == 1


async def test_a_document_goes_when_it_was_not_used_for_as_long_as_the_operator_says(
    engine: AsyncEngine, documents: Documents, store: settings.Store, hand_clock: HandClock
) -> None:
    kept = Documents(engine, settings.Queue(), replace(store, keep_documents=30), hand_clock)
    old, used = await accepted(kept), await accepted(kept, 2)
    hand_clock.move(days=20)
    async with writing(engine) as connection:
        await connection.execute(
            update(table).where(table.c.id == used).values(used_at=hand_clock())
        )
    hand_clock.move(days=9, hours=23)
    assert await kept.expire() == 0
    hand_clock.move(hours=1)
    assert await kept.expire() == 1
    assert await kept.get(OWNER, old) is None
    assert await kept.get(OWNER, used) is not None


async def test_documents_are_kept_for_good_where_the_operator_says_so(
    engine: AsyncEngine, documents: Documents, store: settings.Store, hand_clock: HandClock
) -> None:
    kept = Documents(engine, settings.Queue(), replace(store, keep_documents=0), hand_clock)
    await accepted(kept)
    hand_clock.move(days=5000)
    assert await kept.expire() == 0


async def test_a_document_that_is_being_read_does_not_expire(
    engine: AsyncEngine, documents: Documents, store: settings.Store, hand_clock: HandClock
) -> None:
    kept = Documents(engine, settings.Queue(), replace(store, keep_documents=1), hand_clock)
    await accepted(kept)
    hand_clock.move(days=2)
    claim = await kept.claim("w")
    assert claim is not None
    assert await kept.expire() == 0
    assert await kept.finish(claim, READ)
    assert await kept.expire() == 1


async def test_the_upkeep_of_a_minute_deletes_a_bounded_number_of_documents(
    engine: AsyncEngine, documents: Documents, store: settings.Store, hand_clock: HandClock
) -> None:
    kept = Documents(engine, settings.Queue(), replace(store, keep_documents=1), hand_clock)
    row = {
        **{name: getattr(new(), name) for name in NewDocument.__slots__ if name != "file_key"},
        "used_at": hand_clock(), "created_at": hand_clock(), "finished_at": hand_clock(),
        "state": "done", "result": READ, "attempts": 1, "token": 1,
    }  # fmt: skip
    async with writing(engine) as connection:
        await connection.execute(
            table.insert(), [row | {"id": str(number)} for number in range(AT_ONCE + 5)]
        )
    hand_clock.move(days=2)
    assert [await kept.expire() for _ in range(3)] == [AT_ONCE, 5, 0]


async def test_the_sweep_leaves_files_of_waiting_documents_and_takes_those_of_deleted_ones(
    documents: Documents,
    answers: Answers,
    new_answer: Callable[..., NewAnswer],
    hand_clock: HandClock,
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path / "spool", 0, clock_ahead_of(GRACE_SECONDS + 1))
    keys = []
    for _ in range(4):
        with spool.open_new() as file:
            file.write(b"%PDF-")
            keys.append(file.link())
    waiting, deleted, of_answer, coming = keys
    for key in keys[:3]:
        spool.settle(key)
    await documents.accept(replace(new(1), file_key=waiting))
    gone, _ = await documents.accept(replace(new(2), file_key=deleted))
    await documents.delete(OWNER, gone.id)
    spoken = new_answer(
        typed_text=None, audio_key=of_answer, audio_bytes=5, audio_sha256="0", audio_container="ogg"
    )
    await answers.accept(spoken, queue_limit=5)

    done = await upkeep.once(answers, documents, spool)
    assert (done["files"], done["documents"]) == (1, 0)
    assert {file.name for file in spool.audio.iterdir()} == {waiting, of_answer, coming}


def clock_ahead_of(seconds: float) -> HandClock:
    """Return a clock some seconds ahead of the files that are made now."""
    ahead = HandClock(clock.now())
    ahead.move(seconds=seconds)
    return ahead
