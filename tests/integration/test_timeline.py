"""Interviews and single answers as one list, and how many there are, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat.store.census import Census
from mulakat.store.timeline import Entry, Timeline
from past import NOON, STRIP, answered, interviewed
from people import OTHER, OWNER, settle_in

DAY = timedelta(days=1)


@pytest.fixture
async def timeline(engine: AsyncEngine) -> Timeline:
    await settle_in(engine)
    return Timeline(engine)


async def walked(timeline: Timeline, size: int) -> list[list[Entry]]:
    pages: list[list[Entry]] = []
    while page := await timeline.page(OWNER, pages[-1][-1].place if pages else None, size):
        pages.append(page)
    return pages


async def test_interviews_and_single_answers_are_one_list_the_newest_first(
    timeline: Timeline, engine: AsyncEngine
) -> None:
    await answered(engine, "a1")
    await interviewed(engine, "i1", 50, None, at=NOON + DAY)
    await answered(engine, "a2", at=NOON + 2 * DAY, state="queued")
    await answered(engine, "theirs", owner=OTHER, at=NOON + 3 * DAY)
    found = await timeline.page(OWNER, None, 9)
    assert [(one.kind, one.id, one.state) for one in found] == [
        ("answer", "a2", "queued"), ("interview", "i1", "completed"), ("answer", "a1", "done"),
    ]  # fmt: skip
    assert [one.score for one in found[1].said] == [50, None]
    assert found[1].said[0].strip == STRIP
    assert found[0].said[0].score is None
    assert found[0].said[0].strip is None


async def test_pages_lose_nothing_and_repeat_nothing_also_of_one_moment(
    timeline: Timeline, engine: AsyncEngine
) -> None:
    for number in range(5):
        await answered(engine, f"a{number}")
        await interviewed(engine, f"i{number}")
    for size in (1, 3, 4):
        pages = await walked(timeline, size)
        ids = [one.id for page in pages for one in page]
        assert ids == sorted(ids, reverse=True)
        assert len(set(ids)) == 10


async def test_tries_are_counted_by_question_and_are_ones_own(
    timeline: Timeline, engine: AsyncEngine
) -> None:
    for number, question in enumerate(("q1", "q1", "q2")):
        await answered(engine, f"a{number}", question_id=question)
    await answered(engine, "theirs", owner=OTHER, question_id="q3")
    assert await timeline.tries(OWNER, ["q1", "q3", "q9"]) == {"q1": 2}


async def test_the_operators_figures_count_what_is_there_and_what_came_lately(
    timeline: Timeline, engine: AsyncEngine
) -> None:
    await interviewed(engine, "i1", 50, at=NOON)
    await interviewed(engine, "old", 50, at=NOON - 9 * DAY)
    await interviewed(engine, "i2", at=NOON, state="asking")
    await answered(engine, "a1", state="failed")
    await answered(engine, "a2", owner=None, guest="g" * 64)
    figures = await Census(engine).since(NOON - DAY)
    assert figures.under_way == {"asking": 1}
    assert figures.ended == {"completed": 1}
    assert (figures.done, figures.failed, figures.guests) == (2, {"audio_broken": 1}, 1)
