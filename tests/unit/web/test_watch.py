"""One poller for all who wait."""

import asyncio
from collections.abc import Iterable

import pytest

from mulakat.store.values import Progress, State
from mulakat.web import watch as watch_module
from mulakat.web.watch import Watch


class Rows:
    """Answers' progress, set by the test; counts the looks."""

    def __init__(self) -> None:
        self.states: dict[str, Progress] = {}
        self.looks: list[set[str]] = []
        self.defects = 0

    async def progress(self, ids: Iterable[str]) -> dict[str, Progress]:
        asked = set(ids)
        self.looks.append(asked)
        if self.defects:
            self.defects -= 1
            raise RuntimeError("a defect")
        return {one: self.states[one] for one in asked & self.states.keys()}


def at(state: State, stage: str | None = None, progress: int | None = None) -> Progress:
    return Progress(state=state, stage=stage, progress=progress, place=None, error_code=None)


@pytest.fixture
def rows() -> Rows:
    return Rows()


async def test_a_follower_sees_each_change_and_the_end(rows: Rows) -> None:
    async with Watch(rows, tick=0.001) as watch:  # type: ignore[arg-type]
        rows.states["a"] = at("queued")
        seen = []
        async for progress in watch.follow("a"):
            assert progress
            seen.append(progress.state)
            rows.states["a"] = at("running") if progress.state == "queued" else at("done")
    assert seen == ["queued", "running", "done"]


async def test_many_followers_cost_one_query(rows: Rows) -> None:
    names = [f"answer-{n}" for n in range(50)]
    rows.states = {name: at("done") for name in names}
    async with Watch(rows, tick=0.001) as watch:  # type: ignore[arg-type]
        await asyncio.gather(*(watch.finished(name) for name in names))
    assert rows.looks[0] == set(names)


async def test_an_answer_that_is_gone_ends_the_wait(rows: Rows) -> None:
    async with Watch(rows, tick=0.001) as watch:  # type: ignore[arg-type]
        assert [one async for one in watch.follow("gone")] == [None]


async def test_nobody_waiting_means_no_query(rows: Rows) -> None:
    async with Watch(rows, tick=0.001) as watch:  # type: ignore[arg-type]
        rows.states["a"] = at("done")
        await watch.finished("a")
        looks = len(rows.looks)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(rows.looks) == looks


async def test_a_defect_while_looking_ends_neither_the_wait_nor_the_watch(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "DEFECT_SECONDS", 0.001)
    rows.states["a"] = at("done")
    rows.defects = 2
    async with Watch(rows, tick=0.001) as watch:  # type: ignore[arg-type]
        await watch.finished("a")
        assert watch.trouble() is None
    assert rows.defects == 0
    assert watch.trouble()


async def test_leaving_ends_every_wait_and_lets_none_begin(rows: Rows) -> None:
    rows.states["a"] = at("queued")
    async with Watch(rows, tick=60) as watch:  # type: ignore[arg-type]
        waiting = [asyncio.create_task(watch.finished("a")) for _ in range(3)]
        await asyncio.sleep(0)
        watch.leave()
        async with asyncio.timeout(5):
            await asyncio.gather(*waiting)
            assert [one async for one in watch.follow("a")] == []
