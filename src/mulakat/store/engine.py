"""The database engine and the transaction edge.

SQLite: WAL with synchronous=FULL, so that a commit survives a power loss (sqlite.org/wal.html,
"Performance Considerations"); writers begin IMMEDIATE, so that two processes wait for each
other instead of failing when both turn from reading to writing. PostgreSQL: a queue pool with
the settings' sizes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mulakat import errors
from mulakat.settings import Store

SQLITE_POOL = 4
"""Connections to SQLite, a thread each: one writes at a time, the others read."""

BUSY_SECONDS = 5
"""How long a writer waits for another; a transaction here takes milliseconds."""

CHECK_SECONDS = 2.0
"""A database that needs longer for SELECT 1 is not healthy."""

SQLITE_PRAGMAS = (
    f"busy_timeout = {BUSY_SECONDS * 1000}",  # first: the next may have to wait
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # what was deleted is overwritten: a candidate's words are gone
    "cache_size = -500",  # KiB a connection: four of -2000 measured 2.3 MB more, no faster
)

# A process that is stopped inside a transaction must not hold the others up for ever;
# a server that does not answer must not hold a request for the driver's default 130 s.
POSTGRESQL_OPTIONS = {
    "connect_timeout": 10,
    "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=30s",
}

WRITES = {"mulakat_writes": True}
"""Execution option of a connection whose transactions write."""


def database_url(store: Store) -> str:
    """Return the URL of the database: the setting's, or SQLite's file in data_dir."""
    if store.database_url:
        return store.database_url
    return f"sqlite+aiosqlite:///{store.data_dir.absolute() / 'mulakat.sqlite3'}"


def make_engine(store: Store) -> AsyncEngine:
    """Return the engine; nothing is connected yet. `data_dir` is made if need be."""
    url = database_url(store)
    if not url.startswith("sqlite"):
        return create_async_engine(
            url,
            pool_size=store.pool_size,
            max_overflow=store.max_overflow,
            pool_timeout=store.pool_timeout,
            pool_recycle=store.pool_recycle,
            pool_pre_ping=store.pool_pre_ping,
            connect_args=POSTGRESQL_OPTIONS,
            hide_parameters=True,  # errors would quote them: what candidates said
        )
    store.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_async_engine(
        url,
        pool_size=SQLITE_POOL,
        max_overflow=0,
        pool_timeout=store.pool_timeout,
        hide_parameters=True,
    )
    prepare_sqlite(engine.sync_engine)
    return engine


def prepare_sqlite(engine: Engine) -> None:
    """Set the pragmas on each connection and begin transactions as said above."""

    def connect(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: it would begin them deferred,
        # and commit before DDL.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: Connection) -> None:
        writes = WRITES.items() <= connection.get_execution_options().items()
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run a block in one transaction that only reads. Raises DatabaseBusy."""
    with _busy_at_the_edge():
        async with engine.begin() as connection:
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run a block in one transaction, committed at its end. Raises DatabaseBusy."""
    with _busy_at_the_edge():
        async with engine.connect() as connection:
            await connection.execution_options(**WRITES)
            async with connection.begin():
                yield connection


@contextmanager
def _busy_at_the_edge() -> Iterator[None]:
    """Turn what the pool and the driver raise for a database out of reach into ours."""
    try:
        yield
    except (PoolTimeout, OperationalError, InterfaceError, InternalError) as error:
        # Internal: a session that PostgreSQL ended, a server that became read-only.
        raise errors.DatabaseBusy from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise errors.DatabaseBusy from error
        raise


async def check(engine: AsyncEngine) -> None:
    """Ask the database for a sign of life. Raises DatabaseBusy without one in CHECK_SECONDS."""
    try:
        async with asyncio.timeout(CHECK_SECONDS), reading(engine) as connection:
            await connection.execute(text("SELECT 1"))
    except TimeoutError as error:
        raise errors.DatabaseBusy from error
