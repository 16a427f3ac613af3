"""A database of each kind, fresh for every test, and a clock that tests move by hand."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from few_questions import bank
from interview_life import RESULT
from mulakat import settings
from mulakat.interview.chooser import BankChooser
from mulakat.store import engine as engines
from mulakat.store import migrate
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.interview_values import Interview
from mulakat.store.interviews import Interviews
from people import OWNER, settle_in
from postgres import Postgres, started

KINDS = ("sqlite", "postgresql")


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL, started once for the session."""
    with started() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Path], settings.Store]:
    """Makes a database of a kind, at the head, from a template that is migrated once."""
    templates: dict[str, str] = {}

    def make(kind: str, folder: Path) -> settings.Store:
        if kind == "sqlite":
            if kind not in templates:
                template = settings.Store(data_dir=tmp_path_factory.mktemp("template"))
                migrate.upgrade(engines.database_url(template))
                templates[kind] = str(template.data_dir / "mulakat.sqlite3")
            shutil.copy(templates[kind], folder)
            return settings.Store(data_dir=folder)
        server: Postgres = request.getfixturevalue("postgres")
        if kind not in templates:
            url = server.create()
            migrate.upgrade(url)
            templates[kind] = url.partition("?")[0].rpartition("/")[2]
        return settings.Store(data_dir=folder, database_url=server.create(templates[kind]))

    return make


@pytest.fixture(params=KINDS)
def store(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    migrated: Callable[[str, Path], settings.Store],
) -> settings.Store:
    """The settings of a fresh database at the head; each test runs on both kinds."""
    return migrated(request.param, tmp_path)


@pytest.fixture
async def engine(store: settings.Store) -> AsyncIterator[AsyncEngine]:
    engine = engines.make_engine(store)
    yield engine
    await engine.dispose()


@pytest.fixture
def answers(engine: AsyncEngine, store: settings.Store, hand_clock: HandClock) -> Answers:
    """The queue: leases of 30 s, three attempts, recordings not kept."""
    return Answers(engine, settings.Queue(), store, hand_clock)


@pytest.fixture
def new_answer() -> Callable[..., NewAnswer]:
    """Makes a typed answer to accept; give fields to change."""
    plain = NewAnswer(
        question="Tell me about a conflict at work",
        language="en",
        reader="tr",
        body_hash="b1",
        typed_text="We disagreed about a deadline.",
    )
    return lambda **changes: replace(plain, **changes)


@pytest.fixture
async def interviews(engine: AsyncEngine, tmp_path: Path, hand_clock: HandClock) -> Interviews:
    await settle_in(engine)
    return Interviews(engine, BankChooser(bank(tmp_path / "bank")), hand_clock)


@pytest.fixture
def submit(
    interviews: Interviews, answers: Answers, new_answer: Callable[..., NewAnswer]
) -> Callable[..., Awaitable[str]]:
    """Answers the open turn, or the one of a number; returns the answer's id."""

    async def send(interview: Interview, number: int | None = None, **fields: Any) -> str:
        turn = interview.turns[(number or len(interview.turns)) - 1]
        new = new_answer(owner=OWNER, turn_id=turn.id, question_id=turn.question_id, **fields)
        move = interviews.submitting(interview.id, OWNER, turn.number)
        return (await answers.accept(new, 50, move)).answer.id

    return send


@pytest.fixture
def evaluate(answers: Answers) -> Callable[..., Awaitable[None]]:
    """Stands for the worker: gives the oldest answer its result, or its error."""

    async def work(error: str | None = None, **result: Any) -> None:
        claim = await answers.claim("w")
        assert claim
        if error:
            assert await answers.fail(claim, error, {})
        else:
            assert await answers.finish(claim, RESULT | result)

    return work
