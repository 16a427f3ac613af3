"""Migrations on SQLite and on a real PostgreSQL."""

import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import settings
from mulakat.store import migrate
from mulakat.store.answers import Answers, NewAnswer
from mulakat.store.engine import database_url, make_engine, reading
from mulakat.store.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> settings.Store:
    """The settings of a database that has never been migrated."""
    folder = tmp_path / "not made yet"
    if request.param == "sqlite":
        return settings.Store(data_dir=folder)
    url = request.getfixturevalue("postgres").create()
    return settings.Store(data_dir=folder, database_url=url)


@pytest.fixture
async def bare_engine(bare: settings.Store) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(bare)
    yield engine
    await engine.dispose()


async def tables(engine: AsyncEngine) -> set[str]:
    async with reading(engine) as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


def test_the_head_named_in_the_code_is_alembics() -> None:
    scripts = ScriptDirectory.from_config(migrate.config())
    assert scripts.get_heads() == [migrate.HEAD]


async def test_a_database_goes_forward_back_and_forward_again(
    bare: settings.Store, bare_engine: AsyncEngine
) -> None:
    url = database_url(bare)
    assert not await migrate.is_current(bare_engine)
    migrate.upgrade(url)
    assert await migrate.is_current(bare_engine)
    assert await tables(bare_engine) == {"answers", "alembic_version"}
    migrate.downgrade(url, "base")
    assert not await migrate.is_current(bare_engine)
    assert await tables(bare_engine) == {"alembic_version"}
    migrate.upgrade(url)
    assert await migrate.is_current(bare_engine)


async def test_upgrading_a_current_database_keeps_its_rows(
    store: settings.Store, answers: Answers, new_answer: Callable[..., NewAnswer]
) -> None:
    made = (await answers.accept(new_answer(), queue_limit=5)).answer
    migrate.upgrade(database_url(store))
    assert await answers.get(made.id) == made


async def test_the_migrations_make_the_tables_of_the_code(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        with warnings.catch_warnings():
            # SQLite cannot tell the expression of an index; only its name is compared.
            warnings.simplefilter("ignore")
            return compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), metadata
            )

    def named(connection: Connection) -> tuple[set[str | None], set[str | None]]:
        found = inspect(connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            indexes = {index["name"] for index in found.get_indexes("answers")}
        return {check["name"] for check in found.get_check_constraints("answers")}, indexes

    async with reading(engine) as connection:
        found = await connection.run_sync(differences)
        checks, indexes = await connection.run_sync(named)
    table = metadata.tables["answers"]
    named_here = {constraint.name for constraint in table.constraints if constraint.name}
    assert found == []
    assert checks == named_here - {"answers_pkey"}
    assert indexes | {"answers_idempotency"} == {index.name for index in table.indexes}


def test_processes_that_start_at_once_migrate_once(bare: settings.Store) -> None:
    code = "import sys; from mulakat.store import migrate; migrate.upgrade(sys.argv[1])"
    started = [subprocess.Popen([sys.executable, "-c", code, database_url(bare)]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]


async def test_a_migration_that_fails_half_way_leaves_nothing(
    bare: settings.Store, bare_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("stopped half way")

    with monkeypatch.context() as patched:
        patched.setattr(op, "create_index", broken)
        with pytest.raises(RuntimeError, match="stopped half way"):
            migrate.upgrade(database_url(bare))
    assert await tables(bare_engine) == set()
    migrate.upgrade(database_url(bare))
    assert await migrate.is_current(bare_engine)
