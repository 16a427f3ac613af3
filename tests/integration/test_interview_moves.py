"""The life of an interview in the database: every move, by the right and the wrong person."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from interview_life import NEW, whole
from mulakat import errors
from mulakat.store.answers import Answers
from mulakat.store.engine import writing
from mulakat.store.interview_values import ACTIVE, MOVES, Interview, Move, allowed
from mulakat.store.interviews import Interviews
from mulakat.store.tables import interviews as table
from people import OTHER, OWNER


async def test_an_interview_goes_from_question_to_question_to_its_end(
    interviews: Interviews, submit: Any, evaluate: Any, hand_clock: HandClock
) -> None:
    interview = await interviews.start(NEW)
    assert (interview.state, len(interview.turns)) == ("asking", 1)
    for number in range(1, 5):
        assert interview.open
        assert interview.open.number == number
        hand_clock.move(seconds=5)
        interview = await interviews.begin(interview.id, OWNER)
        assert interview.state == "answering"
        await submit(interview)
        assert (await whole(interviews, interview.id)).state == "evaluating"
        assert not await interviews.advance(interview.id)
        await evaluate()
        assert await interviews.advance(interview.id)
        assert not await interviews.advance(interview.id)
        interview = await whole(interviews, interview.id)
    assert (interview.state, interview.answered, interview.open) == ("completed", 4, None)
    assert [turn.score for turn in interview.turns] == [60] * 4
    first = interview.turns[0]
    assert first.begun_at
    assert (first.begun_at - first.asked_at).total_seconds() == 5
    assert len({turn.question_id for turn in interview.turns}) == 4
    assert interview.turns[0].category in {"motivation", "experience"}
    assert interview.turns[-1].category == "closing"
    assert await interviews.active(OWNER) is None


async def test_a_second_interview_is_refused_with_the_first_ones_id(
    interviews: Interviews,
) -> None:
    first = await interviews.start(NEW)
    with pytest.raises(errors.InterviewActive) as refused:
        await interviews.start(NEW)
    assert refused.value.members == {"session_id": first.id}
    assert await interviews.start(replace(NEW, account_id=OTHER))
    assert await interviews.running() == 2


async def test_of_ten_starts_at_once_one_begins(interviews: Interviews) -> None:
    made = await asyncio.gather(*(interviews.start(NEW) for _ in range(10)), return_exceptions=True)
    begun = [one.id for one in made if isinstance(one, Interview)]
    assert len(begun) == 1
    refused = [one for one in made if isinstance(one, errors.InterviewActive)]
    assert {one.members["session_id"] for one in refused} == set(begun)
    assert len(refused) == 9


async def test_of_ten_looks_at_once_one_asks_the_next_question(
    interviews: Interviews, submit: Any, evaluate: Any
) -> None:
    interview = await interviews.start(NEW)
    await submit(interview)
    await evaluate()
    moved = await asyncio.gather(*(interviews.advance(interview.id) for _ in range(10)))
    assert moved.count(True) == 1
    assert len((await whole(interviews, interview.id)).turns) == 2


async def test_another_tab_with_the_same_or_an_older_question_is_refused(
    interviews: Interviews, submit: Any, evaluate: Any
) -> None:
    interview = await interviews.start(NEW)
    await submit(interview)
    with pytest.raises(errors.IllegalMove) as refused:
        await submit(interview)
    assert refused.value.members == {
        "state": "evaluating", "allowed": ["complete", "abandon", "delete"],
    }  # fmt: skip
    await evaluate()
    await interviews.advance(interview.id)
    with pytest.raises(errors.IllegalMove) as refused:
        await submit(interview, 1)
    assert refused.value.members["state"] == "asking"
    assert (await whole(interviews, interview.id)).state == "asking"


async def test_a_refused_submission_leaves_no_answer(
    interviews: Interviews, submit: Any, answers: Answers
) -> None:
    interview = await interviews.start(NEW)
    await submit(interview)
    with pytest.raises(errors.IllegalMove):
        await submit(interview)
    assert (await answers.depth()).queued == 1


async def test_a_full_queue_leaves_the_question_open(
    interviews: Interviews, answers: Answers, new_answer: Any
) -> None:
    interview = await interviews.start(NEW)
    await answers.accept(new_answer(), 50)
    new = new_answer(owner=OWNER, turn_id=interview.turns[0].id)
    with pytest.raises(errors.QueueFull):
        await answers.accept(new, 1, interviews.submitting(interview.id, OWNER, 1))
    assert (await whole(interviews, interview.id)).state == "asking"


async def test_the_retry_after_the_move_gets_the_first_answer(
    interviews: Interviews, submit: Any, evaluate: Any
) -> None:
    interview = await interviews.start(NEW)
    first = await submit(interview, idempotency_key="k")
    assert await submit(interview, idempotency_key="k") == first
    await evaluate()
    await interviews.advance(interview.id)
    assert await submit(interview, 1, idempotency_key="k") == first
    assert (await whole(interviews, interview.id)).state == "asking"


async def test_fifty_identical_submissions_at_once_make_one_answer(
    interviews: Interviews, submit: Any, answers: Answers
) -> None:
    interview = await interviews.start(NEW)
    sent = await asyncio.gather(*(submit(interview, idempotency_key="k") for _ in range(50)))
    assert len(set(sent)) == 1
    assert (await answers.depth()).queued == 1


@pytest.mark.parametrize(
    "outcome",
    [
        {"error": "worker_died"},
        {"score": None, "reason": {"code": "too_little_speech"}, "delivery": {"words": 1}},
        {"score": None, "reason": {"code": "low_confidence"}, "delivery": {"words": 9}},
    ],
)
async def test_what_failed_or_was_not_heard_is_asked_again(
    interviews: Interviews, submit: Any, evaluate: Any, outcome: dict[str, Any]
) -> None:
    interview = await interviews.start(NEW)
    await submit(interview)
    await evaluate(**outcome)
    assert await interviews.advance(interview.id)
    again = await whole(interviews, interview.id)
    assert (again.state, len(again.turns)) == ("asking", 1)
    await submit(again)
    await evaluate(score=80)
    assert await interviews.advance(interview.id)
    assert [turn.score for turn in (await whole(interviews, interview.id)).turns] == [80, None]


async def test_a_typed_answer_that_is_too_short_counts_and_the_interview_goes_on(
    interviews: Interviews, submit: Any, evaluate: Any
) -> None:
    interview = await interviews.start(NEW)
    await submit(interview)
    await evaluate(score=None, reason={"code": "too_little_speech"})
    assert await interviews.advance(interview.id)
    assert len((await whole(interviews, interview.id)).turns) == 2


async def test_an_answer_deleted_while_it_is_evaluated_is_asked_for_again(
    interviews: Interviews, submit: Any, answers: Answers
) -> None:
    interview = await interviews.start(NEW)
    await answers.delete(await submit(interview))
    assert await interviews.advance(interview.id)
    assert (await whole(interviews, interview.id)).state == "asking"


async def test_a_gap_in_the_answer_brings_its_follow_up_once(
    interviews: Interviews, submit: Any, evaluate: Any
) -> None:
    interview = await interviews.start(NEW)
    for _ in range(2):
        await submit(interview)
        missing = [{"text": "x", "state": "missing"}] * 3
        await evaluate(gaps=["no_number", "point_missing", "no_result"], points=missing)
        await interviews.advance(interview.id)
        interview = await whole(interviews, interview.id)
    opening, follow_up, third = interview.turns
    assert follow_up.follow_up == "point_missing"
    assert follow_up.question_id == opening.question_id
    assert follow_up.reason == {"code": "follow_up_point_missing", "params": {}}
    assert follow_up.guide["key_points"] == ["Says what they did"]
    assert "what did you do yourself" in follow_up.text
    assert third.follow_up is None


async def test_a_skipped_question_is_left_and_the_next_one_asked(interviews: Interviews) -> None:
    interview = await interviews.start(NEW)
    for number in range(1, 5):
        interview = await interviews.skip(interview.id, OWNER, number)
    assert interview.state == "completed"
    assert all(turn.skipped_at for turn in interview.turns)
    assert (interview.answered, len(interview.turns)) == (0, 4)
    with pytest.raises(errors.IllegalMove):
        await interviews.skip(interview.id, OWNER)


async def test_completing_waits_for_the_answer_and_can_be_repeated(
    interviews: Interviews, submit: Any, evaluate: Any
) -> None:
    interview = await interviews.start(NEW)
    await submit(interview)
    with pytest.raises(errors.IllegalMove):
        await interviews.complete(interview.id, OWNER)
    await evaluate()
    done = await interviews.complete(interview.id, OWNER)
    assert (done.state, len(done.turns), done.answered) == ("completed", 1, 1)
    assert await interviews.complete(interview.id, OWNER) == done
    assert not await interviews.advance(interview.id)


async def test_nobody_else_moves_or_sees_an_interview(interviews: Interviews) -> None:
    interview = await interviews.start(NEW)
    assert await interviews.get(interview.id, OTHER) is None
    assert await interviews.active(OTHER) is None
    assert await interviews.page(OTHER, None, 10) == []
    for move in (interviews.begin, interviews.skip, interviews.complete, interviews.abandon,
                 interviews.delete):  # fmt: skip
        with pytest.raises(errors.NotFound):
            await move(interview.id, OTHER)
    assert await whole(interviews, interview.id) == interview


@pytest.mark.parametrize("state", [*ACTIVE, "completed", "abandoned", "cleared"])
async def test_each_move_is_possible_in_the_states_of_the_table_and_no_other(
    interviews: Interviews, engine: AsyncEngine, hand_clock: HandClock, submit: Any, state: str
) -> None:
    repeatable = {("complete", "completed"), ("abandon", "abandoned")}
    moves: dict[Move, Callable[[Interview], Awaitable[Any]]] = {
        "begin": lambda one: interviews.begin(one.id, OWNER),
        "submit": submit,
        "skip": lambda one: interviews.skip(one.id, OWNER),
        "complete": lambda one: interviews.complete(one.id, OWNER),
        "abandon": lambda one: interviews.abandon(one.id, OWNER),
        "delete": lambda one: interviews.delete(one.id, OWNER),
    }
    assert moves.keys() == MOVES.keys()
    for name, move in moves.items():
        interview = await interviews.start(NEW)
        ended = None if state in ACTIVE else hand_clock()
        async with writing(engine) as connection:
            await connection.execute(
                update(table)
                .where(table.c.id == interview.id)
                .values(state=state, finished_at=ended)
            )
        if name in allowed(state) or (name, state) in repeatable:
            await move(interview)
        else:
            with pytest.raises(errors.IllegalMove) as refused:
                await move(interview)
            assert refused.value.members == {"state": state, "allowed": list(allowed(state))}
        await interviews.clear_all()
