"""What ends an interview or lists it, and what the upkeep of each minute does."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from clocks import HandClock
from interview_life import NEW, whole
from mulakat import errors
from mulakat.store.answers import Answers
from mulakat.store.interview_values import Interview
from mulakat.store.interviews import Interviews
from people import OTHER, OWNER


async def test_deleting_takes_answers_with_it_and_names_the_recordings(
    interviews: Interviews, submit: Any, answers: Answers
) -> None:
    interview = await interviews.start(NEW)
    answer = await submit(
        interview, typed_text=None, audio_key="k1", audio_bytes=1, audio_sha256="0" * 64,
        audio_container="webm",
    )  # fmt: skip
    assert await interviews.delete(interview.id, OWNER) == {"k1"}
    assert await answers.get(answer) is None
    assert await interviews.get(interview.id, OWNER) is None


async def test_what_has_not_moved_for_a_day_is_closed(
    interviews: Interviews, hand_clock: HandClock
) -> None:
    interview = await interviews.start(NEW)
    hand_clock.move(hours=23)
    await interviews.begin(interview.id, OWNER)
    hand_clock.move(hours=23.9)
    assert await interviews.tidy() == 0
    hand_clock.move(hours=0.2)
    assert await interviews.tidy() == 1
    assert (await whole(interviews, interview.id)).state == "abandoned"
    assert await interviews.running() == 0
    assert await interviews.start(NEW)


async def test_killed_between_result_and_next_question_the_next_minute_goes_on(
    interviews: Interviews, submit: Any, evaluate: Any
) -> None:
    interview = await interviews.start(NEW)
    await submit(interview)
    await evaluate()  # and here the process died
    assert await interviews.tidy() == 0
    found = await interviews.active(OWNER)
    assert found
    assert (found.state, len(found.turns)) == ("asking", 2)


async def test_the_operator_ends_all(interviews: Interviews) -> None:
    first = await interviews.start(NEW)
    await interviews.start(replace(NEW, account_id=OTHER))
    assert await interviews.clear_all() == 2
    assert await interviews.clear_all() == 0
    assert (await whole(interviews, first.id)).state == "cleared"


async def test_a_page_of_the_list_goes_on_where_the_one_before_ended(
    interviews: Interviews, hand_clock: HandClock, submit: Any, evaluate: Any
) -> None:
    made = []
    for _ in range(5):
        hand_clock.move(minutes=1)
        interview = await interviews.start(NEW)
        await submit(interview)
        await evaluate()
        await interviews.complete(interview.id, OWNER)
        made.append(interview.id)
    first = await interviews.page(OWNER, None, 2)
    second = await interviews.page(OWNER, first[-1].interview.id, 10)
    assert [one.interview.id for one in (*first, *second)] == made[::-1]
    assert {one.answered for one in first} == {1}


async def test_no_question_comes_back_before_the_bank_is_used_up(
    interviews: Interviews, hand_clock: HandClock
) -> None:
    seen: list[str] = []
    for _ in range(11):  # 44 questions in both fields
        hand_clock.move(minutes=1)
        interview = await interviews.start(NEW)
        while interview.state != "completed":
            interview = await interviews.skip(interview.id, OWNER)
        seen += ids(interview)
    assert len(set(seen)) == 44
    hand_clock.move(minutes=1)
    again = await interviews.start(NEW)
    assert again.turns[0].reason["code"] == "again"


def ids(interview: Interview) -> Iterable[str]:
    return [turn.question_id or "" for turn in interview.turns]


async def test_a_document_of_somebody_else_cannot_be_used(interviews: Interviews) -> None:
    with pytest.raises(errors.Invalid):
        await interviews.start(replace(NEW, cv_id="of somebody"))
    assert await interviews.running() == 0
