"""A database of each kind, fresh for every test, and a clock that tests move by hand."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from clocks import HandClock
from mulakat import settings
from mulakat.store import engine as engines
from mulakat.store import migrate
from mulakat.store.answers import Answers, NewAnswer
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
