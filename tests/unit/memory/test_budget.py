"""Promises of memory: what fits is let in, what does not waits, and never for ever."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from mulakat import errors
from mulakat.memory.budget import BASELINE, COSTS, TYPED_SHARE, Budget
from mulakat.memory.ladder import RUNGS
from mulakat.settings import MIB

BASE = next(rung for rung in RUNGS if rung.name == "base")
UPLOAD = COSTS["upload"]


def room_for(uploads: int) -> Budget:
    return Budget(BASELINE + TYPED_SHARE + uploads * UPLOAD, 0)


async def test_two_hundred_slow_uploads_fit_into_512_mib_beside_an_answer() -> None:
    budget = Budget(512 * MIB, BASE.answer)
    async with AsyncExitStack() as stack:
        for _ in range(200):
            await stack.enter_async_context(budget.reserve("upload", wait=0))
        assert budget.reserved == 200 * UPLOAD
        async with budget.reserve("typed", wait=0):
            pass
    assert budget.reserved == 0


async def test_the_sum_of_promises_never_passes_the_room() -> None:
    budget = Budget(512 * MIB, BASE.answer)
    most = 0
    gate = asyncio.Event()

    async def upload() -> None:
        nonlocal most
        async with budget.reserve("upload", wait=5):
            most = max(most, budget.reserved)
            await gate.wait()

    tasks = [asyncio.create_task(upload()) for _ in range(2000)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)
    assert 0 < most <= budget.room - TYPED_SHARE
    assert budget.reserved == 0


async def test_who_waits_is_let_in_when_another_leaves_first_come_first_served() -> None:
    budget = room_for(1)
    order: list[int] = []

    async def upload(number: int) -> None:
        async with budget.reserve("upload", wait=5):
            order.append(number)

    async with budget.reserve("upload"):
        tasks = [asyncio.create_task(upload(n)) for n in range(3)]
        await asyncio.sleep(0)
        assert order == []
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2]


async def test_who_waits_too_long_is_told_when_to_come_back() -> None:
    budget = room_for(1)
    async with budget.reserve("upload"):
        with pytest.raises(errors.MemoryLow) as refused:
            async with budget.reserve("upload", wait=0, retry_after=7):
                pass
    assert refused.value.retry_after == 7
    assert budget.refused == {"upload": 1}
    async with budget.reserve("upload", wait=0):
        assert budget.reserved == UPLOAD


async def test_who_leaves_while_waiting_keeps_no_promise() -> None:
    budget = room_for(1)
    async with budget.reserve("upload"):
        task = asyncio.create_task(budget.reserve("upload", wait=5).__aenter__())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert budget.reserved == 0


async def test_who_is_let_in_at_the_moment_it_leaves_keeps_no_promise() -> None:
    budget = room_for(1)
    holder = budget.reserve("upload")
    await holder.__aenter__()
    task = asyncio.create_task(budget.reserve("upload", wait=5).__aenter__())
    await asyncio.sleep(0)
    await holder.__aexit__(None, None, None)  # its turn is set …
    task.cancel()  # … and it leaves before it has seen that
    with pytest.raises(asyncio.CancelledError):
        await task
    assert budget.reserved == 0


async def test_recordings_do_not_keep_typed_answers_out() -> None:
    budget = room_for(3)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(budget.reserve("upload", wait=0))
        waiting = asyncio.create_task(budget.reserve("upload", wait=5).__aenter__())
        await asyncio.sleep(0)
        async with budget.reserve("typed", wait=0), budget.reserve("typed", wait=0):
            assert not waiting.done()
        waiting.cancel()


async def test_a_size_is_believed_up_to_the_most_of_its_kind() -> None:
    budget = Budget(512 * MIB, 0)
    async with budget.reserve("typed", 1000):
        assert budget.reserved == 1000
    async with budget.reserve("typed", 1 << 40):
        assert budget.reserved == COSTS["typed"]


async def test_where_nothing_fits_by_the_figures_one_alone_is_still_served() -> None:
    budget = Budget(64 * MIB, 0)
    assert budget.room == 0
    async with budget.reserve("upload", wait=0):
        with pytest.raises(errors.MemoryLow):
            async with budget.reserve("upload", wait=0):
                pass
