"""`mulakat backup` and `mulakat restore`: a data folder in one file, and back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mulakat.settings import MIB, Settings
from mulakat.store import lock
from mulakat.store.backup import BackupError, write


def backup(settings: Settings, file: Path) -> None:
    """Write a backup. Raises ClickException with what is wrong and what to do."""
    if settings.store.database_url:
        raise click.ClickException(
            "The rows are in PostgreSQL: back them up with `pg_dump --format=custom`. The spool in "
            "the data folder holds recordings of answers that are not evaluated yet. Without it "
            "these few fail after a restore and can be given again. To lose none: stop the server, "
            "dump, copy the folder spool, start the server."
        )
    with _sentences("No backup was made"):
        made = write(settings.store.data_dir, file)
    click.echo(
        f"{file}: {_rows(made.counts)}, {made.files} files of the spool, "
        f"{made.bytes / MIB:.1f} MiB, checked. Logins are left out."
    )


def restore(settings: Settings, file: Path, *, force: bool) -> None:
    """Put a backup in place. Raises ClickException with what is wrong and what to do."""
    from mulakat.observe.log import configure
    from mulakat.store import restore as restoring

    configure("warning")  # files that go are no news here
    if settings.store.database_url:
        raise click.ClickException(
            "MULAKAT_DATABASE_URL names PostgreSQL: restore it with `pg_restore`. A backup of "
            "`mulakat backup` is of SQLite, and is restored with that setting empty."
        )
    with _sentences("Nothing was restored"):
        done = restoring.restore(settings.store.data_dir, file, force=force)
    click.echo(
        f"Restored as of {done.made_at}: {_rows(done.counts)}, {done.files} files of the spool. "
        "Everybody logs in again."
    )


def _rows(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{counts[table]} {table}"
        for table in ("accounts", "interviews", "answers", "documents")
        if table in counts
    )


@contextmanager
def _sentences(nothing: str) -> Iterator[None]:
    try:
        yield
    except (BackupError, lock.InUse) as error:
        raise click.ClickException(f"{nothing}. {error}") from None
    except sqlite3.Error as error:
        raise click.ClickException(f"{nothing}. The database: {error}.") from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise click.ClickException(f"{nothing}. The disk: {error.strerror}{where}.") from None
