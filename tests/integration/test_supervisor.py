"""A real worker process and its supervisor: what they tell, and how one follows another."""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from mulakat.memory import ladder
from mulakat.providers import model_files
from mulakat.settings import MIB, Settings, Speech, Store
from mulakat.store import engine as engines
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.documents import Documents
from mulakat.store.spool import Spool
from mulakat.worker.supervisor import Supervisor
from mulakat.worker.wire import Message


class Told:
    """Keeps what a worker side says; `until` waits for a message of a kind."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._more = asyncio.Event()

    def __call__(self, message: Message) -> None:
        self.messages.append(message)
        self._more.set()

    def kinds(self) -> list[str]:
        return [message.kind for message in self.messages]

    async def until(self, kind: str, count: int = 1) -> Message:
        async with asyncio.timeout(30):
            while self.kinds().count(kind) < count:
                self._more.clear()
                await self._more.wait()
        return [message for message in self.messages if message.kind == kind][count - 1]


class House:
    """A database, a spool and a supervised worker on them."""

    def __init__(self, store: Store, answers: Answers, told: Told, supervisor: Supervisor) -> None:
        self.store = store
        self.answers = answers
        self.told = told
        self.supervisor = supervisor


@pytest.fixture
async def house(tmp_path: Path, migrated: Callable[[str, Path], Store]) -> AsyncIterator[House]:
    store = migrated("sqlite", tmp_path)
    settings = Settings(store=store)
    async with AsyncExitStack() as stack:
        engine = engines.make_engine(store)
        stack.push_async_callback(engine.dispose)
        answers = Answers(engine, settings.queue, store)
        told = Told()
        footing = ladder.stand(512 * MIB, model_files.installed_dir(Speech()))
        supervisor = await stack.enter_async_context(
            Supervisor(
                settings, answers, Documents(engine, settings.queue, store),
                Spool(tmp_path / "spool", 0), dict(os.environ),
                footing=footing,
                heard=told,
            )
        )  # fmt: skip
        await told.until("ready")
        yield House(store, answers, told, supervisor)


async def test_a_worker_says_what_it_holds_and_how_its_answer_ended(
    house: House, new_answer: Callable[..., NewAnswer]
) -> None:
    accepted = await house.answers.accept(new_answer(), 50)
    house.supervisor.wake()
    ended = await house.told.until("ended")
    assert ended.answer == accepted.answer.id
    assert ended.data["outcome"] == "done"
    assert ended.data["code"] is None
    assert ended.data["attempt"] == 1
    assert {"queue", "evaluate", "total"} <= set(ended.data["stages"])
    assert all(0 <= seconds < 60 for seconds in ended.data["stages"].values())
    state = (await house.told.until("state")).data
    assert {"model", "loads", "unloads", "gc", "trims"} == set(state)
    assert len(state["gc"]) == 3


async def test_a_worker_that_is_to_retire_is_gone_before_the_next_begins(house: House) -> None:
    first = house.supervisor.pid
    assert first
    house.supervisor.retire()
    replaced = await house.told.until("replaced")
    assert replaced.data == {"reason": "strikes", "exit": "76"}
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    await house.told.until("ready", 2)
    assert house.supervisor.restarts == 1
    assert house.supervisor.pid not in {None, first}
    assert house.supervisor.trouble() is None


async def test_one_that_has_no_model_to_release_goes_on(house: House) -> None:
    before = house.supervisor.pid
    house.supervisor.release()
    trimmed = 0
    count = 1
    while not trimmed:
        trimmed = (await house.told.until("state", count)).data["trims"]
        count += 1
    assert house.supervisor.pid == before
    assert house.supervisor.restarts == 0


async def test_a_sudden_end_is_told_with_its_signal(house: House) -> None:
    assert house.supervisor.pid
    os.kill(house.supervisor.pid, signal.SIGSEGV)
    replaced = await house.told.until("replaced")
    assert replaced.data == {"reason": "died", "exit": "SIGSEGV"}


async def test_the_workers_data_is_bounded_by_what_the_limit_leaves_it(house: House) -> None:
    assert house.supervisor.pid
    bounds = resource.prlimit(house.supervisor.pid, resource.RLIMIT_DATA)
    assert bounds == (448 * MIB, 448 * MIB)


async def test_a_worker_that_cannot_be_bounded_is_killed_before_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "not allowed")

    first = house.supervisor.pid
    assert first
    with monkeypatch.context() as patched:
        patched.setattr(resource, "prlimit", refused)
        os.kill(first, signal.SIGKILL)
        await house.told.until("replaced", 3)
        assert not [one for one in psutil.Process().children() if one.pid != first]
    await house.told.until("ready", 2)
    assert house.supervisor.trouble() is None


async def test_a_server_that_is_nicer_than_its_worker_would_be_keeps_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "not allowed")

    assert house.supervisor.pid
    monkeypatch.setattr(os, "setpriority", refused)
    os.kill(house.supervisor.pid, signal.SIGKILL)
    await house.told.until("ready", 2)
    assert house.supervisor.restarts == 1


async def test_a_defect_in_a_listener_does_not_end_the_supervisor(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(message: Message) -> None:
        house.told(message)
        raise RuntimeError(message.kind)

    assert house.supervisor.pid
    monkeypatch.setattr(house.supervisor, "_heard", broken)
    os.kill(house.supervisor.pid, signal.SIGKILL)
    await house.told.until("ready", 2)
    assert house.supervisor.trouble() is None
