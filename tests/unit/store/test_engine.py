"""The engine's options, SQLite's settings, and what a database out of reach turns into."""

import asyncio
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.pool import AsyncAdaptedQueuePool

from mulakat import errors
from mulakat.settings import Store
from mulakat.store.engine import check, database_url, make_engine, reading, writing


def test_the_database_is_a_file_in_the_data_folder_unless_one_is_named(tmp_path: Path) -> None:
    assert (
        database_url(Store(data_dir=tmp_path)) == f"sqlite+aiosqlite:///{tmp_path}/mulakat.sqlite3"
    )
    named = "postgresql+psycopg://user:password@db/name"
    assert database_url(Store(data_dir=tmp_path, database_url=named)) == named


def test_postgresql_has_the_pool_that_the_settings_say() -> None:
    engine = make_engine(Store(database_url="postgresql+psycopg://u:p@nowhere.invalid/d"))
    pool = engine.sync_engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    assert (pool.size(), pool._max_overflow, pool.timeout()) == (10, 20, 20.0)
    assert (pool._recycle, pool._pre_ping) == (300, True)


async def test_sqlite_survives_power_loss_waits_for_others_and_stays_small(tmp_path: Path) -> None:
    engine = make_engine(Store(data_dir=tmp_path / "new"))
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "busy_timeout": 5000,
        "foreign_keys": 1,
        "cache_size": -500,
    }
    async with reading(engine) as connection:
        found = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in expected
        }
    await engine.dispose()
    assert found == expected


async def test_two_writers_that_read_first_wait_for_each_other(tmp_path: Path) -> None:
    """Begun deferred, one of them would fail at once: its snapshot is out of date."""
    engine = make_engine(Store(data_dir=tmp_path))
    async with writing(engine) as connection:
        await connection.execute(text("CREATE TABLE counter (n INTEGER)"))
        await connection.execute(text("INSERT INTO counter VALUES (0)"))

    async def add_one() -> None:
        async with writing(engine) as connection:
            n = (await connection.execute(text("SELECT n FROM counter"))).scalar_one()
            await connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    await asyncio.gather(*(add_one() for _ in range(40)))
    async with reading(engine) as connection:
        assert (await connection.execute(text("SELECT n FROM counter"))).scalar_one() == 40
    await engine.dispose()


async def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    engine = make_engine(Store(data_dir=tmp_path))
    async with writing(engine):
        await check(engine)
    await engine.dispose()


async def test_a_locked_database_is_busy_and_recovers(tmp_path: Path) -> None:
    store = Store(data_dir=tmp_path)
    engine = make_engine(store)
    await check(engine)
    other = sqlite3.connect(tmp_path / "mulakat.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with engine.connect() as connection:  # not to wait five seconds here
        await connection.exec_driver_sql("PRAGMA busy_timeout = 1")
    with pytest.raises(errors.DatabaseBusy):
        async with writing(engine):
            pass
    other.rollback()
    other.close()
    async with writing(engine):
        pass
    await engine.dispose()


async def test_an_exhausted_pool_is_busy(tmp_path: Path) -> None:
    engine = make_engine(Store(data_dir=tmp_path, pool_timeout=0))
    async with reading(engine), reading(engine), reading(engine), reading(engine):
        with pytest.raises(errors.DatabaseBusy):
            await check(engine)
    await check(engine)
    await engine.dispose()


async def test_a_server_that_is_not_there_is_busy() -> None:
    engine = make_engine(Store(database_url="postgresql+psycopg://u:p@127.0.0.1:9/d"))
    with pytest.raises(errors.DatabaseBusy):
        await check(engine)
    await engine.dispose()


async def test_a_server_that_accepts_and_says_nothing_is_busy_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mulakat.store.engine.CHECK_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        engine = make_engine(Store(database_url=f"postgresql+psycopg://u:p@127.0.0.1:{port}/d"))
        with pytest.raises(errors.DatabaseBusy):
            await check(engine)
        await engine.dispose()


async def test_an_error_in_a_transaction_rolls_it_back_and_passes_through(tmp_path: Path) -> None:
    engine = make_engine(Store(data_dir=tmp_path))

    async def stumble() -> None:
        async with writing(engine) as connection:
            await connection.execute(text("CREATE TABLE t (n INTEGER)"))
            raise KeyError

    with pytest.raises(KeyError):
        await stumble()
    async with reading(engine) as connection:
        found = await connection.execute(text("SELECT name FROM sqlite_master"))
        assert found.all() == []
    await engine.dispose()


def test_the_store_does_not_load_what_only_migrations_need() -> None:
    code = (
        "import sys, mulakat.store.answers, mulakat.store.engine, mulakat.store.migrate;"
        "print([name for name in ('alembic', 'mako', 'psycopg') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
