"""The governor over the files of real cgroups, and over real processes."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from mulakat import errors
from mulakat.memory.governor import STRIKES, Governor
from mulakat.memory.ladder import RUNGS, Footing
from mulakat.memory.snapshot import Snapshot, State
from mulakat.settings import MIB, Bytes, Memory

BASE = next(rung for rung in RUNGS if rung.name == "base")
LIMIT = 500 * MIB


class Hand:
    """A clock in seconds, moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Wishes:
    """A worker side that writes down what it is asked for."""

    def __init__(self, limit: int = LIMIT, *, speech: bool = True) -> None:
        self.footing = Footing(BASE if speech else None, "for a test", limit)
        self.model: str | None = "whisper-base-int8"
        self.restarts = 2
        self.asked: list[str] = []

    def release(self) -> None:
        self.asked.append("release")

    def retire(self) -> None:
        self.asked.append("retire")


class Group:
    """A memory group as the kernel shows it, in a folder; `use` sets what is used of it."""

    def __init__(self, root: Path, version: int = 2) -> None:
        self.root = root
        self.version = version
        folder = "sys/fs/cgroup" if version == 2 else "sys/fs/cgroup/memory"
        kind = "cgroup2 cgroup2 rw" if version == 2 else "cgroup cgroup rw,memory"
        self.folder = root / folder
        self.folder.mkdir(parents=True)
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/meminfo").write_text("MemTotal: 8388608 kB\n")
        (root / "proc/self/cgroup").write_text("0::/\n" if version == 2 else "4:memory:/\n")
        (root / "proc/self/mountinfo").write_text(f"25 1 0:22 / /{folder} rw - {kind}\n")
        self.limit(LIMIT)
        self.use(0.3)

    def limit(self, size: int) -> None:
        name = "memory.max" if self.version == 2 else "memory.limit_in_bytes"
        (self.folder / name).write_text(f"{size}\n")

    def use(self, ratio: float, cache: int = 40 * MIB) -> None:
        name = "memory.current" if self.version == 2 else "memory.usage_in_bytes"
        key = "inactive_file" if self.version == 2 else "total_inactive_file"
        (self.folder / name).write_text(f"{round(ratio * LIMIT) + cache}\n")
        (self.folder / "memory.stat").write_text(f"anon 1\n{key} {cache}\n")

    def press(self, some: float, full: float) -> None:
        path = self.folder / "memory.pressure"
        if self.version == 1:
            path = self.root / "proc/pressure/memory"
            path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"some avg10={some} avg60=0.00 avg300=0.00 total=9\n"
            f"full avg10={full} avg60=0.00 avg300=0.00 total=9\n"
        )


@pytest.fixture(params=[2, 1], ids=["v2", "v1"])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Group:
    return Group(tmp_path, request.param)


def mine() -> Mapping[str, int]:
    return {"web": os.getpid()}


def governor(
    group: Group,
    worker: Wishes | None = None,
    pids: Callable[[], Mapping[str, int]] = mine,
    monotonic: Callable[[], float] | None = None,
) -> Governor:
    return Governor(
        Memory(), pids, worker or Wishes(), monotonic=monotonic or Hand(), root=group.root
    )


def test_a_sample_says_what_counts_in_this_group(group: Group) -> None:
    group.use(0.5)
    group.press(1.5, 0.25)
    seen = governor(group).sample()
    assert seen.limit == LIMIT
    assert f"cgroup v{group.version}" in seen.limit_source
    assert seen.working_set == LIMIT // 2
    assert seen.ratio == 0.5
    assert seen.pressure == {"some_avg10": 1.5, "full_avg10": 0.25}
    assert (seen.state, seen.rung) == ("normal", "base: for a test")
    assert (seen.model, seen.restarts) == ("whisper-base-int8", 2)
    assert seen.processes[0].pid == os.getpid()
    document = seen.document()
    assert document["at"].endswith("Z")
    assert document["percent"] == 50.0


def test_without_pressure_files_there_is_none(group: Group) -> None:
    assert governor(group).sample().pressure is None


def test_a_limit_on_the_way_to_the_root_is_compared_with_what_is_used_there(
    tmp_path: Path,
) -> None:
    group = Group(tmp_path)
    (tmp_path / "proc/self/cgroup").write_text("0::/ours\n")
    (group.folder / "ours").mkdir()
    (group.folder / "ours/memory.max").write_text("max\n")
    (group.folder / "ours/memory.current").write_text("1000\n")
    (group.folder / "ours/memory.stat").write_text("inactive_file 0\n")
    group.use(0.7)
    assert governor(group).sample().ratio == 0.7


def test_outside_of_a_limited_group_the_sum_of_pss_counts(tmp_path: Path) -> None:
    group = Group(tmp_path)
    (group.folder / "memory.max").write_text("max\n")
    seen = governor(group).sample()
    assert seen.limit == 8192 * MIB
    assert seen.working_set == seen.pss_total > 10 * MIB


def test_below_the_groups_limit_the_setting_is_compared_with_the_sum_of_pss(
    tmp_path: Path,
) -> None:
    group = Group(tmp_path)
    memory = Memory(memory_limit=Bytes(400 * MIB))
    seen = Governor(memory, mine, Wishes(), root=group.root).sample()
    assert (seen.limit, seen.limit_source) == (400 * MIB, "MULAKAT_MEMORY_LIMIT")
    assert seen.working_set == seen.pss_total


async def test_a_change_of_the_containers_limit_is_seen(group: Group) -> None:
    watched = governor(group)
    watched.sample()
    group.limit(LIMIT * 2)
    for _ in range(5):
        await watched.tick()
    assert watched.latest.limit == LIMIT * 2


async def test_each_change_of_state_is_one_event_and_told_once(group: Group) -> None:
    worker = Wishes()
    watched = governor(group, worker)
    told: list[tuple[State, State]] = []
    watched.on_change.append(lambda now, was: told.append((was, now.state)))
    with capture_logs() as events:
        for ratio in (0.5, *[0.82] * 9, *[0.93] * 5, 0.86, 0.84, 0.8, 0.7, 0.6):
            group.use(ratio)
            await watched.tick()
    assert told == [
        ("normal", "alert"), ("alert", "refusing"), ("refusing", "alert"), ("alert", "normal"),
    ]  # fmt: skip
    changes = [event for event in events if event["event"] == "memory state changed"]
    assert [event["state"] for event in changes] == ["alert", "refusing", "alert", "normal"]
    assert worker.asked == ["release", "release"]  # on the way up only


async def test_recordings_are_refused_while_memory_is_short_and_taken_again_by_itself(
    group: Group,
) -> None:
    watched = governor(group)
    watched.admit_audio()
    group.use(0.95)
    await watched.tick()
    with pytest.raises(errors.MemoryLow):
        watched.admit_audio()
    async with watched.reserve("typed"):  # typed answers go on
        pass
    group.use(0.5)
    await watched.tick()
    watched.admit_audio()


def test_without_a_rung_recordings_are_refused_for_good(group: Group) -> None:
    with pytest.raises(errors.TypedOnly):
        governor(group, Wishes(speech=False)).admit_audio()


async def test_retry_after_follows_the_trend(group: Group) -> None:
    clock = Hand()
    watched = governor(group, monotonic=clock)
    for ratio in (0.97, 0.96, 0.95):
        group.use(ratio)
        await watched.tick()
        clock.now += 1
    assert watched.retry_after == 10  # a hundredth a second, ten hundredths to go
    group.use(0.99)
    await watched.tick()
    assert watched.retry_after == 60  # it grows: nobody knows


async def test_a_worker_above_its_share_is_replaced_once_after_several_samples(
    group: Group,
) -> None:
    worker = Wishes()
    worker.footing = Footing(None, "a share that this process is above", LIMIT)
    ballast = bytearray(200 * MIB)
    ballast[::4096] = b"x" * len(ballast[::4096])
    watched = governor(group, worker, lambda: {"worker": os.getpid()})
    for number in range(1, 3 * STRIKES):
        await watched.tick()
        assert watched.latest.strikes == number
        assert worker.asked == (["retire"] if number >= STRIKES else [])
    del ballast


async def test_a_new_sample_reaches_every_listener_and_a_slow_one_gets_the_latest(
    group: Group,
) -> None:
    watched = governor(group)
    async with aclosing(watched.subscribe()) as quick, aclosing(watched.subscribe()) as slow:
        first = [asyncio.create_task(anext(one)) for one in (quick, slow)]
        await asyncio.sleep(0)
        await watched.tick()
        assert await first[0] is watched.latest
        assert await first[1] is watched.latest
        for ratio in (0.1, 0.2, 0.3):
            group.use(ratio)
            await watched.tick()
        assert (await anext(slow)).ratio == pytest.approx(0.3)


async def test_the_heap_is_trimmed_once_some_time_after_the_last_answer(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    trims: list[float] = []
    clock = Hand()
    monkeypatch.setattr("mulakat.memory.release.collect", lambda: trims.append(clock.now))
    watched = governor(group, monotonic=clock)

    async def seconds(count: int) -> None:
        for _ in range(count):
            clock.now += 1
            await watched.tick()

    await seconds(100)
    assert trims == []  # nothing was done, there is nothing to give
    async with watched.reserve("upload"):
        await seconds(30)
    assert trims == []  # it is still being received
    await seconds(9)
    assert trims == []
    await seconds(1)
    assert len(trims) == 1
    async with watched.reserve("upload"):
        pass
    await seconds(59)
    assert len(trims) == 1  # at most once a minute
    await seconds(1)
    assert len(trims) == 2
    await seconds(200)
    assert len(trims) == 2


async def test_it_samples_by_itself_while_it_runs(group: Group) -> None:
    async with governor(group) as watched, aclosing(watched.subscribe()) as samples:
        first = await anext(samples)
        assert first is watched.latest


async def test_a_process_that_ends_leaves_the_sample(group: Group) -> None:
    sleeper = await asyncio.create_subprocess_exec("sleep", "60")
    watched = governor(group, pids=lambda: {**mine(), "worker": sleeper.pid})
    assert {one.role for one in watched.sample().processes} == {"web", "worker"}
    sleeper.kill()
    await sleeper.wait()
    assert {one.role for one in watched.sample().processes} == {"web"}


def test_a_snapshot_can_be_written_as_json(group: Group) -> None:
    import json

    document: dict[str, Any] = json.loads(json.dumps(governor(group).sample().document()))
    assert set(Snapshot.__slots__) < set(document)
    assert document["processes"][0]["percent"] > 0
