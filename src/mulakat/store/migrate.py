"""Bringing the database to the tables of this version.

A server at the head pays one small query (`is_current`); Alembic, which the web process must
not carry, is imported only by what really migrates.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from mulakat.store.engine import WRITES, prepare_sqlite, reading

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The newest migration; a test compares it with Alembic's."""

FOLDER = Path(__file__).parent / "migrations"

LOCK = 0x6D756C61
"""The key of PostgreSQL's advisory lock that one migrating process holds ("mula")."""


async def is_current(engine: AsyncEngine) -> bool:
    """Say whether the database is at HEAD. Raises DatabaseBusy."""
    async with reading(engine) as connection:
        return await connection.run_sync(_revision) == HEAD


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def upgrade(url: str, revision: str = HEAD) -> None:
    """Migrate the database at `url` forward; what is there already is left alone.

    All in one transaction and under a lock, so several processes may start at once and one
    that dies leaves nothing half done. Blocks: run it in a process or thread of its own.
    """
    _migrate(url, revision, forward=True)


def downgrade(url: str, revision: str) -> None:
    """Migrate backward to a revision, or to "base"; the tables made since then are dropped."""
    _migrate(url, revision, forward=False)


def _migrate(url: str, revision: str, *, forward: bool) -> None:
    from alembic import command

    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    if sqlite:
        parsed = parsed.set(drivername="sqlite")
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(parsed, poolclass=NullPool)
    if sqlite:
        prepare_sqlite(engine)
    alone = _alone(Path(parsed.database or "")) if sqlite else nullcontext()
    with alone, engine.connect() as connection:
        connection.execution_options(**WRITES)
        with connection.begin():
            if not sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            (command.upgrade if forward else command.downgrade)(config(connection), revision)


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Wait until no other process migrates this file.

    SQLite's own lock does not do it: turning a new database to WAL fails at once when another
    process is at it, whatever the busy timeout.
    """
    with database.with_suffix(".migrating").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def config(connection: Connection | None = None) -> "Config":
    """Return Alembic's configuration; there is no alembic.ini."""
    from alembic.config import Config

    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made
