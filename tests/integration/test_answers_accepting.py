"""Accepting answers, on SQLite and on a real PostgreSQL."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import errors
from mulakat.store.answers import Answers, NewAnswer
from people import OTHER, OWNER, settle_in

New = Callable[..., NewAnswer]


async def test_an_accepted_answer_is_queued_with_all_that_was_sent(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    sent = new_answer(additional_text="Şirket: Örnek A.Ş.", voice_name="v", request_id="r1")
    accepted = await answers.accept(sent, queue_limit=5)

    assert not accepted.replayed
    found = await answers.get(accepted.answer.id)
    assert found == accepted.answer
    assert found.state == "queued"
    assert found.created_at == hand_clock()
    assert (found.attempts, found.token, found.worker) == (0, 0, None)
    assert {name: getattr(found, name) for name in NewAnswer.__slots__} == {
        name: getattr(sent, name) for name in NewAnswer.__slots__
    }


async def test_an_unknown_id_is_no_answer(answers: Answers) -> None:
    assert await answers.get("nothing") is None
    assert await answers.progress(["nothing"]) == {}
    assert await answers.progress([]) == {}


async def test_fifty_identical_requests_at_once_make_one_answer(
    answers: Answers, new_answer: New
) -> None:
    same = new_answer(idempotency_key="k")
    results = await asyncio.gather(*(answers.accept(same, queue_limit=50) for _ in range(50)))

    assert len({result.answer.id for result in results}) == 1
    assert sum(not result.replayed for result in results) == 1
    assert (await answers.depth()).queued == 1


async def test_the_same_key_with_another_body_conflicts(answers: Answers, new_answer: New) -> None:
    await answers.accept(new_answer(idempotency_key="k"), queue_limit=5)
    with pytest.raises(errors.IdempotencyConflict):
        await answers.accept(new_answer(idempotency_key="k", body_hash="b2"), queue_limit=5)
    assert (await answers.depth()).queued == 1


async def test_each_owner_has_keys_of_their_own(
    answers: Answers, new_answer: New, engine: AsyncEngine
) -> None:
    await settle_in(engine)
    people = [None, OWNER, OTHER]
    accepted = [
        await answers.accept(new_answer(idempotency_key="k", owner=person), queue_limit=5)
        for person in people
    ]
    assert len({each.answer.id for each in accepted}) == 3
    for person, each in zip(people, accepted, strict=True):
        again = new_answer(idempotency_key="k", owner=person)
        replay = await answers.accept(again, queue_limit=5)
        assert (replay.replayed, replay.answer) == (True, each.answer)


async def test_a_key_is_free_again_after_a_day(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    first = await answers.accept(new_answer(idempotency_key="k"), queue_limit=5)
    hand_clock.move(hours=23, minutes=59)
    assert (await answers.accept(new_answer(idempotency_key="k"), queue_limit=5)).replayed
    hand_clock.move(minutes=1)
    later = await answers.accept(new_answer(idempotency_key="k", body_hash="b2"), queue_limit=5)
    assert not later.replayed
    assert later.answer.id != first.answer.id


async def test_a_full_queue_refuses_with_the_time_an_answer_takes(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await answers.accept(new_answer(), queue_limit=2)
    claim = await answers.claim("w1")
    assert claim is not None
    hand_clock.move(seconds=7.2)
    await answers.finish(claim, {"score": 1})

    first = await answers.accept(new_answer(idempotency_key="k"), queue_limit=2)
    await answers.accept(new_answer(), queue_limit=2)
    with pytest.raises(errors.QueueFull) as refused:
        await answers.accept(new_answer(), queue_limit=2)
    assert refused.value.retry_after == 8
    replay = await answers.accept(new_answer(idempotency_key="k"), queue_limit=2)
    assert (replay.replayed, replay.answer.id) == (True, first.answer.id)


async def test_many_at_once_never_pass_the_queue_limit(answers: Answers, new_answer: New) -> None:
    results = await asyncio.gather(
        *(answers.accept(new_answer(), queue_limit=10) for _ in range(40)), return_exceptions=True
    )
    assert sum(isinstance(result, errors.QueueFull) for result in results) == 30
    assert (await answers.depth()).queued == 10
