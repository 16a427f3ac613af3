"""Looking back over rows of both databases, and over the app's own routes."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.engine import writing
from mulakat.store.history import History
from mulakat.store.tables import interviews, turns
from people import OTHER, OWNER, settle_in

New = Callable[..., NewAnswer]

RESULT = {"score": 61, "criteria": [], "engine": {"evaluator": "r"}}


@pytest.fixture
def history(engine: AsyncEngine) -> History:
    return History(engine)


async def answered(queue: Answers, new: New, hand_clock: HandClock, **given: object) -> str:
    hand_clock.move(seconds=1)
    made = (await queue.accept(new(owner=OWNER, **given), 99)).answer.id
    claim = await queue.claim("w")
    assert claim is not None
    await queue.finish(claim, RESULT)
    return made


async def begun(engine: AsyncEngine, hand_clock: HandClock) -> None:
    await settle_in(engine)
    now = hand_clock()
    async with writing(engine) as connection:
        await connection.execute(
            insert(interviews).values(
                id="i1", account_id=OWNER, state="asking", field="general", level="mid",
                language="en", total_questions=3, created_at=now, moved_at=now,
            )
        )  # fmt: skip
        for number, follow_up in ((1, None), (2, "no_result")):
            await connection.execute(
                insert(turns).values(
                    id=f"t{number}", interview_id="i1", number=number, question_id="q1",
                    category="conflict", level="mid", text="q", guide={}, follow_up=follow_up,
                    reason={"code": "opening"}, asked_at=now,
                )
            )  # fmt: skip


async def test_an_interviews_answers_are_found_by_their_turn(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock, history: History
) -> None:
    await begun(engine, hand_clock)
    first = await answered(answers, new_answer, hand_clock, turn_id="t1", question_id="q1")
    found = await history.interview("i1", OWNER)
    assert found is not None
    interview, by_turn = found
    assert [turn.id for turn in interview.turns] == ["t1", "t2"]
    assert {turn: told.id for turn, told in by_turn.items()} == {"t1": first}
    assert by_turn["t1"].result == RESULT
    assert await history.interview("i1", OTHER) is None
    assert await history.interview("nothing", OWNER) is None


async def test_progress_sees_the_accounts_finished_answers_in_order(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock, history: History
) -> None:
    await begun(engine, hand_clock)
    alone = await answered(answers, new_answer, hand_clock, question_id="q2")
    within = await answered(answers, new_answer, hand_clock, turn_id="t1", question_id="q1")
    await answers.accept(new_answer(owner=OWNER), 9)
    told = await history.latest(OWNER)
    assert [(one.id, one.category) for one in told] == [(alone, None), (within, "conflict")]
    assert await history.latest(OTHER) == []


async def test_attempts_leave_follow_ups_out_and_anothers_answer_is_none(
    engine: AsyncEngine, answers: Answers, new_answer: New, hand_clock: HandClock, history: History
) -> None:
    await begun(engine, hand_clock)
    first = await answered(answers, new_answer, hand_clock, turn_id="t1", question_id="q1")
    await answered(answers, new_answer, hand_clock, turn_id="t2", question_id="q1")
    again = await answered(answers, new_answer, hand_clock, question_id="q1")
    assert [one.id for one in await history.attempts(OWNER, "q1")] == [first, again]
    found = await history.answer(OWNER, again)
    assert found is not None
    assert json.dumps(found.result) == json.dumps(RESULT)
    assert await history.answer(OTHER, again) is None


async def test_what_an_account_was_asked_is_known_once(
    engine: AsyncEngine, hand_clock: HandClock, history: History
) -> None:
    await begun(engine, hand_clock)
    assert await history.asked(OWNER) == {"q1"}
    assert await history.asked(OTHER) == frozenset()
