"""Writing a backup while the server runs: the rows of one moment, and the files they own.

The rows are read in one transaction: in WAL mode that holds no writer up. A file that its row
lets go of after that moment is no loss: the row is then taken as it is now, with its result. The
archive is made beside its place and checked before it gets its name, so a killed process leaves
no half of one.

Imports no SQLAlchemy: it runs beside a server within the same 512 MB.
"""

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from mulakat import __version__, clock
from mulakat.settings import MIB

FORMAT = 1
"""Of the archive; one that is read otherwise gets another number."""

DATABASE = "mulakat.sqlite3"
MANIFEST = "manifest.json"
AUDIO = "spool/audio"

OWNING = {
    "answers": ("audio_key", "audio_sha256", "audio_bytes"),
    "documents": ("file_key", "file_sha256", "file_bytes"),
}
"""Tables whose rows own files of the spool: the columns of the file's key, sha256 and size."""

WORK = (
    "state", "attempts", "token", "worker", "lease_until", "stage", "progress", "result",
    "error_code", "error_params", "request_id", "created_at", "started_at", "finished_at",
)  # fmt: skip
"""store.columns.work_columns: what changes when a row lets go of its file."""

KEY = re.compile(r"[0-9a-f]{32}")

STEP_PAGES = 1000
"""Pages (4 KiB) copied at once; between two steps Ctrl-C is heard."""

BUSY_SECONDS = 5.0

READ_BYTES = 64 * 1024


class BackupError(Exception):
    """No backup was made, or nothing restored; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup: rows by table, files of the spool, size of the archive in bytes."""

    counts: dict[str, int]
    files: int
    bytes: int


def write(data_dir: Path, file: Path, now: clock.Now = clock.now) -> Made:
    """Back a data folder with SQLite up into `file`, a tar, replacing what has that name.

    Raises BackupError, and OSError or sqlite3.Error of the disk; then nothing is left.
    """
    database = data_dir / DATABASE
    if not database.is_file():
        raise BackupError(f"There is no database in {data_dir.resolve()}.")
    file = file.absolute()
    if file.is_dir() or not file.parent.is_dir():
        raise BackupError(f"{file} cannot be a file: name one in a folder that exists.")
    with staging(file.with_name(f".{file.name}.part")) as folder:
        archive = folder / "backup.tar"
        with closing(connect(database)) as live, closing(connect(folder / DATABASE, "rwc")) as copy:
            _check_room(live, folder)
            _copy(live, copy)
            manifest = _Archive(data_dir, live, copy, now).write(folder / DATABASE, archive)
        check(archive, manifest)
        size = archive.stat().st_size
        archive.replace(file)
        sync(file.parent)
    files = manifest["files"]
    return Made(manifest["counts"], len(files) - 1, size)


class _Archive:
    """The tar of one backup, while it is written."""

    def __init__(
        self,
        data_dir: Path,
        live: sqlite3.Connection,
        copy: sqlite3.Connection,
        now: clock.Now,
    ) -> None:
        self._spool = data_dir / AUDIO
        self._live = live
        self._copy = copy
        self._made_at = now()
        self._files: dict[str, dict[str, object]] = {}

    def write(self, database: Path, archive: Path) -> dict[str, Any]:
        """Write files, database and manifest, in this order; return the manifest."""
        descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as raw:  # noqa: PTH123  # a descriptor, not a path
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for table in OWNING.keys() & set(tables(self._copy)):
                    self._add_owned(tar, table)
                check_database(self._copy)
                manifest = {
                    "format": FORMAT,
                    "mulakat": __version__,
                    "migration": migration(self._copy),
                    "made_at": self._made_at.isoformat(timespec="seconds"),
                    "counts": counts(self._copy),
                    "files": self._files,
                    "left_out": ["sessions"],
                }
                self._copy.close()
                with database.open("rb") as opened:
                    self._add(tar, DATABASE, opened)
                text = json.dumps(manifest, indent=1).encode()
                tar.addfile(self._member(MANIFEST, len(text)), io.BytesIO(text))
            raw.flush()
            os.fsync(raw.fileno())
        return manifest

    def _add_owned(self, tar: tarfile.TarFile, table: str) -> None:
        for row_id, key, sha256 in owned(self._copy, table):
            if not KEY.fullmatch(key):
                raise BackupError(f"{table} {row_id} names a file that cannot be: {key!r}.")
            try:
                opened = (self._spool / key).open("rb")
            except FileNotFoundError:
                self._let_go(table, row_id, key)
                continue
            with opened:
                if self._add(tar, f"{AUDIO}/{key}", opened) != sha256:
                    raise BackupError(_lost(table, row_id, "is damaged"))

    def _let_go(self, table: str, row_id: str, key: str) -> None:
        """Bring a row of the copy to where it is now: its file went after the copy was made.

        A row lets go of its file in the transaction that ends it, and the file goes after that;
        so a row that still owns a file which is not there has lost it.
        """
        column = OWNING[table][0]
        names = (column, *WORK)
        now = self._live.execute(
            f"SELECT {', '.join(names)} FROM {table} WHERE id = ?",  # noqa: S608  # ours
            (row_id,),
        ).fetchone()
        if now is not None and now[0] == key:
            raise BackupError(_lost(table, row_id, "is not there"))
        if now is None:
            self._copy.execute(f"DELETE FROM {table} WHERE id = ?", (row_id,))  # noqa: S608
        else:
            self._copy.execute(
                f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?",  # noqa: S608
                (*now, row_id),
            )

    def _add(self, tar: tarfile.TarFile, name: str, opened: IO[bytes]) -> str:
        size = os.fstat(opened.fileno()).st_size
        reader = _Hashing(opened)
        tar.addfile(self._member(name, size), reader)
        sha256 = reader.hash.hexdigest()
        self._files[name] = {"bytes": size, "sha256": sha256}
        return sha256

    def _member(self, name: str, size: int) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, int(self._made_at.timestamp())
        return member


class _Hashing:
    """Reads a file and hashes what was read."""

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._opened.read(size)
        self.hash.update(data)
        return data


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give a folder that is empty and ours alone, and gone at the end of the block.

    What a killed process left in it goes first. Raises BackupError while another works there.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another backup or restore is at work in {folder}.") from None
        try:
            for left in folder.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


def connect(database: Path, mode: str = "rw") -> sqlite3.Connection:
    """Return a connection to a database; "rw" makes none, "rwc" does."""
    made = sqlite3.connect(
        f"file:{quote(str(database.absolute()))}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_SECONDS,
    )
    made.execute("PRAGMA foreign_keys = ON")
    return made


def tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of a database's tables."""
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    return [name for (name,) in connection.execute(query)]


def migration(connection: sqlite3.Connection) -> str:
    """Return the migration that a database is at. Raises BackupError for none of ours."""
    if "alembic_version" not in tables(connection):
        raise BackupError("The database has no tables of Mulakat yet.")
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else ""


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        name: int(_scalar(connection, f"SELECT count(*) FROM {name}"))  # noqa: S608
        for name in sorted(tables(connection))
        if name != "alembic_version"
    }


def owned(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, str]]:
    """Return id, key and sha256 of the rows of a table that own a file."""
    key, sha256, _ = OWNING[table]
    query = f"SELECT id, {key}, {sha256} FROM {table} WHERE {key} IS NOT NULL"  # noqa: S608
    return connection.execute(query).fetchall()


def check_database(connection: sqlite3.Connection) -> None:
    """Raise BackupError unless the database is whole, its foreign keys too."""
    found = [text for (text,) in connection.execute("PRAGMA integrity_check")]
    if found != ["ok"]:
        raise BackupError(f"The database is damaged: {found[0]}")
    stray = connection.execute("PRAGMA foreign_key_check").fetchone()
    if stray:
        raise BackupError(f"The database is damaged: a row of {stray[0]} misses one of {stray[2]}.")


def check(archive: Path, manifest: dict[str, Any]) -> None:
    """Raise BackupError unless every file that the manifest names is in the archive, whole."""
    left = dict(manifest["files"])
    with tarfile.open(archive, "r:") as tar:
        for member in tar:
            wanted = left.pop(member.name, None)
            opened = tar.extractfile(member)
            if wanted and opened and wanted["sha256"] != sha256_of(opened):
                raise BackupError(f"{member.name} was not written as it was read.")
    if left:
        raise BackupError(f"{min(left)} is not in the archive.")


def sha256_of(opened: IO[bytes]) -> str:
    """Return the sha256 of an open file, in hexadecimal."""
    found = hashlib.sha256()
    while data := opened.read(READ_BYTES):
        found.update(data)
    return found.hexdigest()


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(live: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    # A transaction that is open before the first step keeps all steps at its moment; without
    # one, each write of the server between two steps would begin the copy anew.
    live.execute("BEGIN")
    live.execute("SELECT 1 FROM sqlite_schema").fetchone()
    live.backup(copy, pages=STEP_PAGES, progress=lambda *_: None)
    live.execute("COMMIT")
    copy.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it


def _check_room(live: sqlite3.Connection, folder: Path) -> None:
    needed = 2 * int(_scalar(live, "PRAGMA page_count")) * int(_scalar(live, "PRAGMA page_size"))
    for table in OWNING.keys() & set(tables(live)):
        key, _, size = OWNING[table]
        query = f"SELECT coalesce(sum({size}), 0) FROM {table} WHERE {key} IS NOT NULL"  # noqa: S608
        needed += int(_scalar(live, query))
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"There is no room in {folder.parent}: {needed // MIB + 1} MiB are needed, a copy of "
            f"the database included, and {free // MIB} MiB are free."
        )


def _scalar(connection: sqlite3.Connection, query: str) -> Any:
    return connection.execute(query).fetchone()[0]


def _lost(table: str, row_id: str, how: str) -> str:
    thing = {"answers": "answer", "documents": "document"}[table]
    return (
        f"The file of {thing} {row_id} {how}. Let the server go on with it, which then fails "
        f"that {thing}, or have its owner delete it, and back up again."
    )
