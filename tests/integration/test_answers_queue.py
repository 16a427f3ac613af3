"""The queue on SQLite and on a real PostgreSQL: claiming, finishing, upkeep."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import settings
from mulakat.store.answers import Answers, Claim, NewAnswer
from mulakat.store.engine import make_engine, writing
from mulakat.store.tables import answers as table
from people import OWNER, settle_in

New = Callable[..., NewAnswer]

SPOKEN = {
    "typed_text": None,
    "audio_key": "a" * 32,
    "audio_bytes": 10,
    "audio_sha256": "f" * 64,
    "audio_container": "webm",
}


async def claimed(answers: Answers, worker: str = "w1") -> Claim:
    claim = await answers.claim(worker)
    assert claim is not None
    return claim


# --- claiming


async def test_an_empty_queue_gives_no_claim(answers: Answers) -> None:
    assert await answers.claim("w1") is None


async def test_the_oldest_answer_is_claimed_first(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    ids = []
    for _ in range(3):
        ids.append((await answers.accept(new_answer(), queue_limit=5)).answer.id)
        hand_clock.move(seconds=1)
    assert [(await claimed(answers)).id for _ in range(3)] == ids


async def test_a_claim_carries_the_answer_its_lease_and_a_grown_token(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    sent = await answers.accept(new_answer(**SPOKEN), queue_limit=5)
    claim = await claimed(answers)
    assert claim.id == sent.answer.id
    assert claim.token == claim.answer.token == 1
    assert claim.answer.audio_key == "a" * 32
    assert claim.answer.state == "running"
    assert claim.answer.worker == "w1"
    assert claim.answer.lease_until is not None
    assert (claim.answer.lease_until - hand_clock()).total_seconds() == 30
    assert await answers.get(claim.id) == claim.answer


async def test_a_thousand_answers_are_each_handed_out_once_to_two_claimers(
    answers: Answers, engine: AsyncEngine, store: settings.Store, hand_clock: HandClock
) -> None:
    rows = [
        {"id": f"{number:036}", "state": "queued", "question": "q", "language": "en"}
        | {"reader": "en", "additional_text": "", "typed_text": "t", "body_hash": "b"}
        | {"request_id": "", "attempts": 0, "token": 0, "created_at": hand_clock()}
        for number in range(1000)
    ]
    async with writing(engine) as connection:
        await connection.execute(table.insert(), rows)
    other = make_engine(store)  # as another process has: its own pool

    async def drain(queue: Answers, worker: str) -> list[str]:
        taken = []
        while claim := await queue.claim(worker):
            taken.append(claim.id)
        return taken

    one, two = await asyncio.gather(
        drain(answers, "w1"),
        drain(Answers(other, settings.Queue(), store, hand_clock), "w2"),
    )
    await other.dispose()
    assert len(one) + len(two) == 1000
    assert set(one) | set(two) == {row["id"] for row in rows}
    assert min(len(one), len(two)) > 0


# --- a worker's writes


async def test_a_finished_answer_has_its_result_and_lets_go_of_its_recording(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await answers.accept(new_answer(**SPOKEN), queue_limit=5)
    claim = await claimed(answers)
    hand_clock.move(seconds=4)
    result = {"transcribed_text": "çok güzel\x00 – \U0001f600", "score": 71, "words": [["a", 0.5]]}
    assert await answers.finish(claim, result)

    found = await answers.get(claim.id)
    assert found is not None
    assert (found.state, found.result) == ("done", result)
    assert found.finished_at == hand_clock()
    assert (found.audio_key, found.audio_bytes) == (None, 10)
    assert (found.lease_until, found.worker, found.stage) == (None, None, None)
    assert await answers.owned_audio() == set()


async def test_a_failed_answer_has_its_error(answers: Answers, new_answer: New) -> None:
    await answers.accept(new_answer(**SPOKEN), queue_limit=5)
    claim = await claimed(answers)
    assert await answers.fail(claim, "audio_too_long", {"seconds": 601.5})

    found = await answers.get(claim.id)
    assert found is not None
    assert (found.state, found.result, found.audio_key) == ("failed", None, None)
    assert (found.error_code, found.error_params) == ("audio_too_long", {"seconds": 601.5})
    assert (await answers.progress([claim.id]))[claim.id].error_code == "audio_too_long"


async def test_a_heartbeat_renews_the_lease_and_tells_how_far_it_is(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await answers.accept(new_answer(), queue_limit=5)
    claim = await claimed(answers)
    for percent in (0, 50, 100):
        hand_clock.move(seconds=29)
        assert await answers.heartbeat(claim, "transcribing", percent)
        assert await answers.claim("w2") is None
    progress = (await answers.progress([claim.id]))[claim.id]
    assert (progress.state, progress.stage, progress.progress) == ("running", "transcribing", 100)
    assert progress.place is None


async def test_a_late_write_of_a_dead_worker_is_refused(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await answers.accept(new_answer(**SPOKEN), queue_limit=5)
    stopped = await claimed(answers, "stopped")
    hand_clock.move(seconds=30.1)
    second = await claimed(answers, "second")
    assert (second.id, second.token) == (stopped.id, stopped.token + 1)

    assert not await answers.heartbeat(stopped, "evaluating", None)
    assert not await answers.finish(stopped, {"by": "stopped"})
    assert not await answers.fail(stopped, "internal", {})
    assert not await answers.give_back(stopped)
    assert await answers.lost(stopped) == "running"
    assert await answers.get(second.id) == second.answer

    assert await answers.finish(second, {"by": "second"})
    assert not await answers.finish(stopped, {"by": "stopped"})
    assert not await answers.finish(second, {"by": "second, again"})
    found = await answers.get(second.id)
    assert found is not None
    assert found.result == {"by": "second"}


async def test_a_worker_whose_lease_ran_out_may_finish_while_nobody_else_claimed(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await answers.accept(new_answer(), queue_limit=5)
    claim = await claimed(answers)
    hand_clock.move(minutes=5)
    assert await answers.finish(claim, {})


async def test_an_answer_given_back_waits_again_and_its_attempt_does_not_count(
    answers: Answers, new_answer: New
) -> None:
    await answers.accept(new_answer(**SPOKEN), queue_limit=5)
    for _ in range(5):
        claim = await claimed(answers)
        assert claim.answer.attempts == 1
        assert await answers.give_back(claim)
        assert not await answers.finish(claim, {})
    found = await answers.get(claim.id)
    assert found is not None
    assert (found.state, found.attempts, found.audio_key) == ("queued", 0, "a" * 32)


async def test_a_postponed_answer_lets_others_go_first_and_never_counts_as_poison(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    unheard = (await answers.accept(new_answer(**SPOKEN), queue_limit=5)).answer.id
    for _ in range(5):
        hand_clock.move(seconds=1)
        other = (await answers.accept(new_answer(), queue_limit=5)).answer.id
        claim = await claimed(answers)
        assert (claim.id, claim.answer.attempts) == (unheard, 1)
        assert await answers.postpone(claim)
        second = await claimed(answers)
        assert second.id == other
        assert await answers.finish(second, {})
        assert await answers.claim("w1") is None
        hand_clock.move(seconds=30.1)
    found = await answers.get(unheard)
    assert found is not None
    assert (found.state, found.attempts, found.audio_key) == ("running", 0, "a" * 32)
    late = await claimed(answers)
    assert late.id == unheard
    assert not await answers.postpone(claim)


# --- workers that die


async def test_a_poison_answer_fails_after_three_attempts_and_the_queue_moves_on(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    poison = (await answers.accept(new_answer(**SPOKEN), queue_limit=5)).answer.id
    hand_clock.move(seconds=1)
    good = (await answers.accept(new_answer(), queue_limit=5)).answer.id
    for attempt in (1, 2, 3):
        claim = await claimed(answers)
        assert (claim.id, claim.answer.attempts) == (poison, attempt)
        hand_clock.move(seconds=31)

    assert (await claimed(answers)).id == good
    found = await answers.get(poison)
    assert found is not None
    assert (found.state, found.error_code) == ("failed", "worker_died")
    assert found.error_params == {"attempts": 3}
    assert found.audio_key is None


async def test_a_lost_answer_is_queued_at_once_until_its_attempts_are_used_up(
    answers: Answers, new_answer: New
) -> None:
    await answers.accept(new_answer(**SPOKEN), queue_limit=5)
    assert [await answers.lost(await claimed(answers)) for _ in range(3)] == [
        "queued",
        "queued",
        "failed",
    ]
    assert await answers.claim("w1") is None
    depth = await answers.depth()
    assert (depth.queued, depth.running) == (0, 0)


async def test_an_answer_lost_after_its_result_was_saved_stays_done(
    answers: Answers, new_answer: New
) -> None:
    await answers.accept(new_answer(), queue_limit=5)
    claim = await claimed(answers)
    await answers.finish(claim, {"score": 5})
    assert await answers.lost(claim) == "done"
    assert await answers.claim("w2") is None


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_jumps_lets_one_worker_finish_only(
    answers: Answers, new_answer: New, hand_clock: HandClock, hours: int
) -> None:
    await answers.accept(new_answer(), queue_limit=5)
    first = await claimed(answers, "first")
    hand_clock.move(hours=hours)
    # Either way the lease reads as void, so another may start on it …
    second = await claimed(answers, "second")
    finished = await asyncio.gather(
        answers.finish(first, {"by": "first"}), answers.finish(second, {"by": "second"})
    )
    # … but the first one's token is old.
    assert finished == [False, True]


async def test_a_dead_workers_answer_does_not_wait_an_hour_for_a_clock_set_back(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await answers.accept(new_answer(), queue_limit=5)
    await claimed(answers)
    hand_clock.move(seconds=-20)  # no more than machines may differ
    assert await answers.claim("w2") is None
    hand_clock.move(hours=-1)
    assert await answers.claim("w2") is not None


# --- what others read


async def test_places_in_the_queue_count_those_before(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    ids = []
    for _ in range(4):
        ids.append((await answers.accept(new_answer(), queue_limit=5)).answer.id)
        hand_clock.move(seconds=1)
    await claimed(answers)
    progress = await answers.progress(ids)
    assert [progress[each].place for each in ids] == [None, 1, 2, 3]
    assert (await answers.progress(ids[3:]))[ids[3]].place == 3


async def test_the_depth_tells_how_long_the_oldest_waits_and_how_fast_it_goes(
    answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    empty = await answers.depth()
    assert (empty.queued, empty.running, empty.oldest_queued_seconds) == (0, 0, 0)
    for _ in range(4):
        await answers.accept(new_answer(), queue_limit=5)
    for seconds in (2, 4):
        claim = await claimed(answers)
        hand_clock.move(seconds=seconds)
        await answers.finish(claim, {})
    await claimed(answers)
    depth = await answers.depth()
    assert (depth.queued, depth.running) == (1, 1)
    assert depth.oldest_queued_seconds == 6
    assert depth.seconds_each == 3


# --- upkeep


async def test_guests_answers_expire_and_an_accounts_stay(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await settle_in(engine)
    kept = [(await answers.accept(new_answer(owner=OWNER), queue_limit=9)).answer.id]
    gone = [(await answers.accept(new_answer(), queue_limit=9)).answer.id for _ in range(2)]
    await answers.finish(await claimed(answers), {})
    await answers.fail(await claimed(answers), "internal", {})
    await answers.finish(await claimed(answers), {})
    hand_clock.move(days=1, seconds=-1)
    kept.append((await answers.accept(new_answer(), queue_limit=9)).answer.id)  # not finished
    assert await answers.expire() == 0
    hand_clock.move(days=1)
    assert await answers.expire() == 2
    assert set(await answers.progress(kept + gone)) == set(kept)


async def test_expiry_frees_old_keys(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock
) -> None:
    await settle_in(engine)
    made = await answers.accept(new_answer(idempotency_key="k", owner=OWNER), queue_limit=5)
    hand_clock.move(hours=24)
    await answers.expire()
    found = await answers.get(made.answer.id)
    assert found is not None
    assert found.idempotency_key is None


async def test_kept_recordings_are_owned_until_their_time_is_over(
    engine: AsyncEngine, store: settings.Store, new_answer: New, hand_clock: HandClock
) -> None:
    keeping = settings.Store(keep_audio=600)
    answers = Answers(engine, settings.Queue(), keeping, hand_clock)
    await answers.accept(new_answer(**SPOKEN), queue_limit=5)
    await answers.finish(await claimed(answers), {})
    await answers.accept(new_answer(**SPOKEN | {"audio_key": "b" * 32}), queue_limit=5)

    hand_clock.move(seconds=599)
    assert await answers.release_kept_audio() == set()
    assert await answers.owned_audio() == {"a" * 32, "b" * 32}
    hand_clock.move(seconds=1)
    assert await answers.release_kept_audio() == {"a" * 32}
    assert await answers.owned_audio() == {"b" * 32}


# --- deleting


async def test_a_deleted_answer_is_gone_and_its_workers_lease_void(
    answers: Answers, new_answer: New
) -> None:
    await answers.accept(new_answer(**SPOKEN), 10)
    claim = await claimed(answers)
    deleted = await answers.delete(claim.id)
    assert deleted is not None
    assert deleted.audio_key == SPOKEN["audio_key"]
    assert await answers.get(claim.id) is None
    assert not await answers.heartbeat(claim, "transcribing", 10)
    assert not await answers.finish(claim, {"score": 50})
    assert await answers.delete(claim.id) is None
