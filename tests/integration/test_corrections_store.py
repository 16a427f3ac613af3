"""Corrections in the database, on SQLite and on a real PostgreSQL."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import errors, settings
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.corrections import CorrectionClaim, Corrections, NewCorrection
from mulakat.store.engine import reading, writing
from mulakat.store.rights import Rights
from mulakat.store.tables import answers as answers_table
from mulakat.store.tables import corrections as table
from people import OWNER, settle_in

HEARD = {"score": 40, "words": [["really", 0.0, 0.5, 0.2]], "transcribed_text": "really"}
BETTER = {"score": 55, "words": [["release", 0.0, 0.5, None]], "transcribed_text": "release"}


@pytest.fixture
async def corrections(engine: AsyncEngine, hand_clock: HandClock) -> Corrections:
    """Leases of 30 s, three attempts; the people have their accounts."""
    await settle_in(engine)
    return Corrections(engine, settings.Queue(), hand_clock)


@pytest.fixture
async def heard(
    corrections: Corrections, answers: Answers, new_answer: Callable[..., NewAnswer]
) -> str:
    """The id of an answer of the owner that is done."""
    made = (await answers.accept(new_answer(owner=OWNER), queue_limit=5)).answer
    claim = await answers.claim("w")
    assert claim
    assert await answers.finish(claim, HEARD)
    return made.id


def new(answer: str, **changes: Any) -> NewCorrection:
    given = {"words": [(0, "release")], "body_hash": "b1", "request_id": "r"} | changes
    return NewCorrection(answer_id=answer, **given)


async def claimed(corrections: Corrections) -> CorrectionClaim:
    claim = await corrections.claim("w")
    assert claim
    return claim


async def result(answers: Answers, answer: str) -> Any:
    found = await answers.get(answer)
    assert found
    assert found.state == "done"
    return found.result


async def test_the_old_result_stands_until_the_new_one_is_there(
    corrections: Corrections, answers: Answers, heard: str
) -> None:
    made = await corrections.accept(new(heard), 5)
    assert await corrections.latest(heard) == made
    assert made.state == "queued"
    assert await result(answers, heard) == HEARD
    claim = await claimed(corrections)
    assert claim.words == {0: "release"}
    assert claim.answer.result == HEARD
    assert await result(answers, heard) == HEARD
    assert await corrections.finish(claim, BETTER)
    assert await result(answers, heard) == BETTER
    ended = await corrections.latest(heard)
    assert ended
    assert ended.state == "done"


async def test_a_late_write_of_a_dead_worker_changes_nothing(
    corrections: Corrections, answers: Answers, heard: str, hand_clock: HandClock
) -> None:
    await corrections.accept(new(heard), 5)
    dead = await claimed(corrections)
    hand_clock.move(seconds=31)
    alive = await claimed(corrections)
    assert not await corrections.finish(dead, HEARD | {"score": 0})
    assert await result(answers, heard) == HEARD
    assert await corrections.finish(alive, BETTER)
    assert not await corrections.finish(alive, HEARD)
    assert await result(answers, heard) == BETTER


async def test_a_correction_whose_workers_all_die_fails_and_the_old_result_stands(
    corrections: Corrections, answers: Answers, heard: str, hand_clock: HandClock
) -> None:
    await corrections.accept(new(heard), 5)
    for _ in range(3):
        await claimed(corrections)
        hand_clock.move(seconds=31)
    assert await corrections.claim("w") is None
    ended = await corrections.latest(heard)
    assert ended
    assert (ended.state, ended.error_code) == ("failed", "worker_died")
    assert await result(answers, heard) == HEARD
    assert (await corrections.accept(new(heard), 5)).state == "queued"


async def test_fifty_times_the_same_key_at_once_is_one_correction(
    corrections: Corrections, heard: str, hand_clock: HandClock
) -> None:
    one = new(heard, idempotency_key="k")
    found = await asyncio.gather(*(corrections.accept(one, 5) for _ in range(50)))
    assert len({correction.id for correction in found}) == 1
    with pytest.raises(errors.IdempotencyConflict):
        await corrections.accept(replace(one, body_hash="b2"), 5)
    assert await corrections.finish(await claimed(corrections), BETTER)
    assert (await corrections.accept(one, 5)).state == "done"


async def test_a_second_correction_waits_for_the_first_and_follows_on_it(
    corrections: Corrections, heard: str
) -> None:
    await corrections.accept(new(heard), 5)
    with pytest.raises(errors.CorrectionRunning):
        await corrections.accept(new(heard, body_hash="b2"), 5)
    assert await corrections.finish(await claimed(corrections), BETTER)
    await corrections.accept(new(heard, body_hash="b2"), 5)
    assert (await claimed(corrections)).answer.result == BETTER


async def test_only_a_finished_answer_that_is_there_can_be_corrected(
    corrections: Corrections, answers: Answers, new_answer: Callable[..., NewAnswer]
) -> None:
    with pytest.raises(errors.NotFound):
        await corrections.accept(new("nobody"), 5)
    waiting = (await answers.accept(new_answer(), queue_limit=5)).answer
    with pytest.raises(errors.NotCorrectable):
        await corrections.accept(new(waiting.id), 5)


async def test_a_full_queue_refuses_and_leaves_no_row(corrections: Corrections, heard: str) -> None:
    with pytest.raises(errors.QueueFull):
        await corrections.accept(new(heard), 0)
    assert await corrections.latest(heard) is None


async def test_what_was_said_goes_from_the_row_when_the_correction_ends(
    corrections: Corrections, heard: str, engine: AsyncEngine
) -> None:
    await corrections.accept(new(heard), 5)
    claim = await claimed(corrections)
    assert await corrections.finish(claim, BETTER)
    await corrections.accept(new(heard), 5)
    assert await corrections.fail(await claimed(corrections), "internal", {})
    async with reading(engine) as connection:
        assert list(await connection.scalars(select(table.c.words))) == [None, None]
        results = list(await connection.scalars(select(table.c.result)))
    assert sorted(results, key=str) == [None, {"score": 55}]


async def test_a_correction_brings_nothing_back_that_was_deleted_meanwhile(
    corrections: Corrections, answers: Answers, heard: str, engine: AsyncEngine,
    hand_clock: HandClock,
) -> None:  # fmt: skip
    await corrections.accept(new(heard), 5)
    claim = await claimed(corrections)
    async with writing(engine) as connection:
        await connection.execute(
            update(answers_table).values(result={"score": 40}, redacted_at=hand_clock())
        )
    assert await corrections.finish(claim, BETTER)
    assert await result(answers, heard) == {"score": 40}
    with pytest.raises(errors.NotCorrectable):
        await corrections.accept(new(heard), 5)


async def test_a_deleted_answer_or_account_takes_its_corrections_along(
    corrections: Corrections, answers: Answers, heard: str, engine: AsyncEngine
) -> None:
    await corrections.accept(new(heard), 5)
    claim = await claimed(corrections)
    await Rights(engine, settings.Store()).delete_account(OWNER)
    assert not await corrections.finish(claim, BETTER)
    assert await corrections.claim("w") is None
    async with reading(engine) as connection:
        assert await connection.scalar(select(func.count()).select_from(table)) == 0
    assert await answers.get(heard) is None


async def test_an_ended_correction_goes_after_a_day_and_one_that_waits_does_not(
    corrections: Corrections, answers: Answers, heard: str, hand_clock: HandClock
) -> None:
    await corrections.accept(new(heard), 5)
    assert await corrections.finish(await claimed(corrections), BETTER)
    await corrections.accept(new(heard, body_hash="b2"), 5)
    hand_clock.move(seconds=timedelta(hours=25).total_seconds())
    await answers.expire()
    latest = await corrections.latest(heard)
    assert latest
    assert latest.state == "queued"
    assert await corrections.finish(await claimed(corrections), BETTER)
    hand_clock.move(seconds=timedelta(hours=25).total_seconds())
    await answers.expire()
    assert await corrections.latest(heard) is None
