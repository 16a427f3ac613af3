"""The end of an answer reaches the database, however often that is away for a moment."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mulakat import errors
from mulakat.settings import Settings, Store
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.corrections import Corrections
from mulakat.store.documents import Documents
from mulakat.store.egress import Ledger
from mulakat.store.engine import make_engine
from mulakat.store.spool import Spool
from mulakat.store.values import Lease
from mulakat.worker import process


class Away(Answers):
    """Real answers on a database that is away for the first writes of an end."""

    away = 3
    on_write: Callable[[], None] = staticmethod(lambda: None)

    def _try(self) -> None:
        self.on_write()
        if self.away:
            self.away -= 1
            raise errors.DatabaseBusy

    async def finish(self, lease: Lease, result: dict[str, Any]) -> bool:
        self._try()
        return await super().finish(lease, result)

    async def fail(self, lease: Lease, code: str, params: dict[str, Any]) -> bool:
        self._try()
        return await super().fail(lease, code, params)


async def end(
    store: Store,
    new: NewAnswer,
    made: dict[str, Any] | errors.MulakatError,
    away: Away,
    **more: Any,
) -> Any:
    """Have an answer end in `made`; return its row."""
    settings = Settings(store=store)
    documents = Documents(away._engine, settings.queue, store)
    spool = Spool(store.data_dir / "spool", 0)
    corrections = Corrections(away._engine, settings.queue)
    worker = process.Worker(
        settings, away, documents, spool, Ledger(away._engine), corrections=corrections
    )

    def pipeline(*_: object) -> dict[str, Any]:
        if isinstance(made, errors.MulakatError):
            raise made
        return made

    worker._process = pipeline  # type: ignore[method-assign]
    away.on_write = lambda: more["act"](worker) if "act" in more else None
    accepted = (await away.accept(new, 5)).answer
    claim = await away.claim("test")
    assert claim
    async with asyncio.timeout(20):
        assert await worker._one(claim)
    return await away.get(accepted.id)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "WRITE_AGAIN_SECONDS", (0.001, 0.01))
    monkeypatch.setattr(process, "settle", lambda: None)  # this process goes on


@pytest.fixture
async def away(tmp_path: Path, migrated: Callable[[str, Path], Store]) -> Any:
    store = migrated("sqlite", tmp_path)
    engine = make_engine(store)
    yield store, Away(engine, Settings().queue, store)
    await engine.dispose()


async def test_a_finished_result_outlasts_a_database_that_is_away(
    away: tuple[Store, Away], new_answer: Callable[..., NewAnswer]
) -> None:
    store, answers = away
    answer = await end(store, new_answer(), {"score": 1, "timings": {}}, answers)
    assert (answer.state, answer.attempts, answers.away) == ("done", 1, 0)


async def test_a_failure_outlasts_a_database_that_is_away(
    away: tuple[Store, Away], new_answer: Callable[..., NewAnswer]
) -> None:
    store, answers = away
    answer = await end(store, new_answer(), errors.OutOfMemory(), answers)
    assert (answer.state, answer.error_code, answers.away) == ("failed", "out_of_memory", 0)


async def test_one_that_is_told_to_stop_gives_up_and_leaves_the_lease(
    away: tuple[Store, Away],
    new_answer: Callable[..., NewAnswer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "LAST_WRITE_SECONDS", -1.0)
    store, answers = away
    answers.away = 1000
    answer = await end(
        store, new_answer(), {"timings": {}}, answers, act=lambda worker: worker._stopping.set()
    )
    assert (answer.state, answers.away) == ("running", 999)
