"""Export, deletion, retention and the ledger, on both databases."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import errors, settings
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.egress import Ledger
from mulakat.store.engine import reading, writing
from mulakat.store.rights import BATCH, KINDS, Rights, redacted
from mulakat.store.sent import Sent
from mulakat.store.tables import accounts, documents, interviews, turns
from people import ADMIN, OTHER, OWNER, settle_in

New = Callable[..., NewAnswer]

RESULT: dict[str, Any] = {
    "transcribed_text": "canary said",
    "words": [["canary", 0.0, 0.4, 0.9]],
    "score": 61,
    "scored": True,
    "evaluation": "Fine.",
    "criteria": [{"key": "clarity", "score": 61, "evidence": [{"quote": "canary said"}]}],
    "points": [{"text": "Says it", "state": "covered", "evidence": {"quote": "canary said"}}],
    "strengths": ["“canary said”"],
    "advice": [{"quote": "canary said"}],
    "story": [{"part": "action", "evidence": [{"quote": "canary said"}]}],
    "gaps": ["no_number"],
    "delivery": {"words": 2, "fillers": {"count": 1, "items": [{"text": "canary"}]}},
    "strip": {"envelope": [1]},
    "of_a_later_version": "canary said",
}


@pytest.fixture
def rights(engine: AsyncEngine, hand_clock: HandClock) -> Rights:
    return Rights(engine, settings.Store(keep_transcripts=30), hand_clock)


async def lived(engine: AsyncEngine, queue: Answers, new: New, hand_clock: HandClock) -> None:
    """Give the owner an interview, a document and three answers, one of them waiting."""
    await settle_in(engine)
    now = hand_clock()
    async with writing(engine) as connection:
        await connection.execute(
            insert(interviews).values(
                id="i1", account_id=OWNER, state="asking", field="general", level="mid",
                language="en", total_questions=3, created_at=now, moved_at=now,
            )
        )  # fmt: skip
        await connection.execute(
            insert(turns).values(
                id="t1", interview_id="i1", number=1, category="conflict", level="mid", text="q",
                guide={}, reason={"code": "opening"}, asked_at=now,
            )
        )  # fmt: skip
        await connection.execute(
            insert(documents).values(
                id="d1", account_id=OWNER, purpose="cv", media="pdf", language="en",
                file_key="f" * 32, file_bytes=1, file_sha256="0", used_at=now, state="queued",
                attempts=0, token=0, request_id="", created_at=now,
            )
        )  # fmt: skip
    for given in ({"owner": OWNER, "turn_id": "t1"}, {"owner": OWNER}, {"owner": OTHER}):
        await queue.accept(new(**given), 9)
        claim = await queue.claim("w")
        assert claim is not None
        await queue.finish(claim, RESULT)
    await queue.accept(
        new(owner=OWNER, typed_text=None, audio_key="a" * 32, audio_bytes=1, audio_sha256="1",
            audio_container="webm"), 9,
    )  # fmt: skip
    ledger = Ledger(engine, hand_clock)
    sent = Sent(purpose="evaluate", provider="openai", model="m", host="h", bytes_sent=10,
                bytes_received=5, outcome="done")  # fmt: skip
    await ledger.begin(sent, OWNER, None)
    await ledger.begin(sent, None, None)


async def left(engine: AsyncEngine, account: str) -> dict[str, int]:
    found = {}
    async with reading(engine) as connection:
        for name, table in KINDS.items():
            owner = table.c.owner if "owner" in table.c else table.c.account_id
            found[name] = await connection.scalar(select(func.count()).where(owner == account)) or 0
    return found


async def test_an_account_goes_with_all_that_is_its_own_and_nothing_else(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock, rights: Rights
) -> None:
    await lived(engine, answers, new_answer, hand_clock)
    others = await left(engine, OTHER)
    gone = await rights.delete_account(OWNER)
    assert gone.counts == {
        "answers": 3, "interviews": 1, "questions_asked": 1, "documents": 1, "api_tokens": 0,
        "ledger_lines": 1,
    }  # fmt: skip
    assert set(gone.files) == {"a" * 32, "f" * 32}
    assert set((await left(engine, OWNER)).values()) == {0}
    assert await left(engine, OTHER) == others
    assert await rights.account(OWNER) == {}
    with pytest.raises(errors.NotFound):
        await rights.delete_account(OWNER)


async def test_a_worker_that_had_an_answer_in_hand_writes_nothing(
    engine: AsyncEngine, answers: Answers, new_answer: New, rights: Rights
) -> None:
    await settle_in(engine)
    await answers.accept(new_answer(owner=OWNER), 9)
    claim = await answers.claim("w")
    assert claim is not None
    await rights.delete_account(OWNER)
    assert not await answers.heartbeat(claim, "evaluating", None)
    assert not await answers.finish(claim, RESULT)
    assert await answers.get(claim.id) is None


async def test_many_answers_go_in_several_transactions(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock, rights: Rights,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await lived(engine, answers, new_answer, hand_clock)
    monkeypatch.setattr("mulakat.store.rights.DELETED_AT_ONCE", 1)
    gone = await rights.delete_account(OWNER)
    assert gone.counts["answers"] == 3
    assert set(gone.files) == {"a" * 32, "f" * 32}
    assert set((await left(engine, OWNER)).values()) == {0}


async def test_an_answer_that_comes_after_the_deletion_is_refused(
    engine: AsyncEngine, answers: Answers, new_answer: New, rights: Rights
) -> None:
    await settle_in(engine)
    await rights.delete_account(OWNER)
    with pytest.raises(errors.NotFound):
        await answers.accept(new_answer(owner=OWNER), 9)


async def test_of_the_last_two_admins_at_once_one_stays(
    engine: AsyncEngine, rights: Rights
) -> None:
    await settle_in(engine)
    async with writing(engine) as connection:
        await connection.execute(
            accounts.update().where(accounts.c.id == OWNER).values(role="admin")
        )
    outcomes = await asyncio.gather(
        rights.delete_account(OWNER), rights.delete_account(ADMIN), return_exceptions=True
    )
    assert sum(isinstance(one, errors.LastAdmin) for one in outcomes) == 1


async def test_the_only_admin_stays(engine: AsyncEngine, rights: Rights) -> None:
    await settle_in(engine)
    with pytest.raises(errors.LastAdmin):
        await rights.delete_account(ADMIN)
    async with writing(engine) as connection:
        await connection.execute(accounts.update().values(role="admin"))
    await rights.delete_account(ADMIN)


async def test_what_was_said_goes_after_its_time_and_the_scores_stay(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock, rights: Rights
) -> None:
    await lived(engine, answers, new_answer, hand_clock)
    hand_clock.move(days=30, seconds=-1)
    assert await rights.redact() == 0
    hand_clock.move(seconds=1)
    assert await rights.redact() == 3
    assert await rights.redact() == 0
    rows = [row async for row in rights.rows("answers", OWNER)]
    done = [row for row in rows if row["state"] == "done"]
    assert {row["result"]["score"] for row in done} == {61}
    assert all(row["result"]["redacted"] for row in done)
    assert all(row["typed_text"] == "" for row in done)
    assert "canary" not in str(done)


async def test_what_was_typed_into_an_answer_that_failed_goes_too(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock, rights: Rights
) -> None:
    await settle_in(engine)
    typed = new_answer(owner=OWNER, typed_text="canary")
    made = (await answers.accept(typed, queue_limit=5)).answer
    claim = await answers.claim("w")
    assert claim
    await answers.fail(claim, "internal", {})
    hand_clock.move(days=30)
    assert await rights.redact() == 1
    assert await rights.redact() == 0
    found = await answers.get(made.id)
    assert found
    assert (found.state, found.typed_text, found.result) == ("failed", "", None)


async def test_nothing_is_redacted_where_it_is_kept_as_long_as_the_account(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await lived(engine, answers, new_answer, hand_clock)
    hand_clock.move(days=4000)
    assert await Rights(engine, settings.Store(keep_transcripts=0), hand_clock).redact() == 0


def test_a_redacted_result_has_no_word_of_the_answer() -> None:
    kept = redacted(RESULT)
    assert "canary" not in str(kept)
    assert kept["criteria"][0]["score"] == 61
    assert kept["gaps"] == ["no_number"]
    assert kept["delivery"]["fillers"]["count"] == 1
    assert redacted({}) == redacted(redacted({}))


async def test_rows_are_read_in_batches_and_without_our_own_matters(
    engine: AsyncEngine, answers: Answers, new_answer: New, rights: Rights
) -> None:
    await settle_in(engine)
    made = [
        (await answers.accept(new_answer(owner=OWNER), 999)).answer.id for _ in range(BATCH + 3)
    ]
    rows = [row async for row in rights.rows("answers", OWNER)]
    assert [row["id"] for row in rows] == sorted(made)
    assert not {"body_hash", "worker", "token", "guest"} & set(rows[0])
    assert "password_hash" not in await rights.account(OWNER)


async def test_what_the_ledger_says_of_guests_goes_when_their_results_do(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await lived(engine, answers, new_answer, hand_clock)
    ledger, began = Ledger(engine, hand_clock), hand_clock()
    hand_clock.move(days=1, seconds=-1)
    await answers.expire()
    assert (await ledger.sums(began))[0]["requests"] == 2
    hand_clock.move(seconds=1)
    await answers.expire()
    assert (await ledger.sums(began))[0]["requests"] == 1
    assert len(await ledger.of(OWNER)) == 1


async def test_the_ledger_is_told_to_its_owner_and_summed_for_the_operator(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await lived(engine, answers, new_answer, hand_clock)
    ledger = Ledger(engine, hand_clock)
    (line,) = await ledger.of(OWNER)
    assert (line["provider"], line["bytes_sent"], line["outcome"]) == ("openai", 10, "done")
    assert await ledger.of(OWNER, before=line["id"]) == []
    assert await ledger.of(OTHER) == []
    (total,) = await ledger.sums(hand_clock() - timedelta(days=1))
    assert (total["requests"], total["bytes_sent"], total["bytes_received"]) == (2, 20, 10)
