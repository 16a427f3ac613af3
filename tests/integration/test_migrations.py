"""Migrations on SQLite and on a real PostgreSQL."""

import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, UniqueConstraint, inspect, text
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
    assert await tables(bare_engine) == set(metadata.tables) | {"alembic_version"}
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
    def differences(connection: Connection) -> list[Any]:
        with warnings.catch_warnings():
            # SQLite cannot tell the expression of an index; only its name is compared.
            warnings.simplefilter("ignore")
            return compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), metadata
            )

    def named(connection: Connection) -> dict[str, tuple[set[str | None], set[str | None]]]:
        found = inspect(connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {
                table: (
                    {check["name"] for check in found.get_check_constraints(table)},
                    {index["name"] for index in found.get_indexes(table)},
                )
                for table in metadata.tables
            }

    async with reading(engine) as connection:
        found = await connection.run_sync(differences)
        there = await connection.run_sync(named)
    if engine.dialect.name == "sqlite":
        # The reflection does not see ON DELETE of a column that was added later.
        found = [one for one in found if one[0] not in {"add_fk", "remove_fk"}]
        async with reading(engine) as connection:
            rows = await connection.execute(text("PRAGMA foreign_key_list(answers)"))
            there_now = {(row.table, row[3], row.on_delete) for row in rows}
        assert there_now == {("accounts", "owner", "CASCADE"), ("turns", "turn_id", "CASCADE")}
    assert found == []
    for name, (checks, indexes) in there.items():
        table = metadata.tables[name]
        assert checks == {one.name for one in table.constraints if isinstance(one, CheckConstraint)}
        uniques = {one.name for one in table.constraints if isinstance(one, UniqueConstraint)}
        wanted = {index.name for index in table.indexes}
        # SQLite does not tell of an index over an expression, PostgreSQL tells of a unique
        # constraint as an index too.
        assert indexes - uniques == wanted - ({"answers_idempotency"} - indexes)


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
