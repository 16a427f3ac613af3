"""Putting a backup in place of what a data folder holds, all or nothing.

It is unpacked, verified and migrated in a folder inside the data folder, which may be a mount
point with nothing of its own beside it. Then the files go to the spool, where nobody misses or
minds them, and renaming the database over the old one decides: killed before, the old state is
there, killed after, the new one.
"""

import json
import shutil
import sqlite3
import tarfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mulakat.settings import MIB
from mulakat.store import lock, migrate
from mulakat.store.backup import (
    AUDIO,
    DATABASE,
    FORMAT,
    KEY,
    MANIFEST,
    OWNING,
    BackupError,
    check_database,
    connect,
    migration,
    owned,
    sha256_of,
    staging,
    sync,
    tables,
)
from mulakat.store.spool import Spool

STAGING = ".restore"
SESSIONS = "sessions"

MOST_MANIFEST_BYTES = 64 * MIB
"""Some 400,000 files; what is longer is no manifest of ours."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put in place: when it had been backed up, rows by table, files of the spool."""

    made_at: str
    counts: dict[str, int]
    files: int


def restore(data_dir: Path, file: Path, *, force: bool) -> Restored:
    """Put a backup in place; with `force` also of what the folder holds.

    Raises lock.InUse while a server or worker runs on the folder, BackupError, and OSError or
    sqlite3.Error of the disk; then the folder is as it was.
    """
    with (
        lock.hold(data_dir, "server"),
        lock.hold(data_dir, "worker"),
        staging(data_dir / STAGING) as folder,
    ):
        if not force and (there := _held(data_dir)):
            raise BackupError(
                f"{data_dir.resolve()} is not empty ({there}). --force deletes that for the backup."
            )
        manifest = _unpack(file, folder)
        _verify(folder, manifest)
        if manifest["migration"] != migrate.HEAD:
            migrate.upgrade(f"sqlite:///{(folder / DATABASE).absolute()}")
        keys = _seal(folder)
        spool = Spool(data_dir / "spool", disk_floor=0)
        _replace(folder, data_dir, spool)
        spool.sweep(keys, starting=True)
    return Restored(manifest["made_at"], manifest["counts"], len(keys))


def _held(data_dir: Path) -> str | None:
    for name in (DATABASE, AUDIO, SESSIONS):
        there = data_dir / name
        if there.is_file() or (there.is_dir() and any(there.iterdir())):
            return name
    return None


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """Unpack what the manifest names, and nothing else; return the manifest."""
    try:
        with tarfile.open(file, "r:") as tar:
            manifest = _manifest(tar, file)
            left = set(manifest["files"])
            needed = sum(one["bytes"] for one in manifest["files"].values())
            free = shutil.disk_usage(folder).free
            if free < needed:
                raise BackupError(
                    f"There is no room in {folder.parent}: {needed // MIB + 1} MiB are needed, "
                    f"{free // MIB} MiB are free."
                )
            (folder / AUDIO).mkdir(mode=0o700, parents=True)
            for member in tar:
                if member.name == MANIFEST:
                    continue
                if member.name not in left or not member.isreg():
                    raise BackupError(f"{file} is no backup of Mulakat: it holds {member.name!r}.")
                left.remove(member.name)
                member.mode = 0o600
                tar.extract(member, folder, filter="data")
    except tarfile.TarError as error:
        raise BackupError(f"{file} is no whole backup: {error}.") from error
    if left:
        raise BackupError(f"{file} is no whole backup: {min(left)} is missing.")
    return manifest


def _manifest(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    none = BackupError(f"{file} is no whole backup of Mulakat: it has no manifest.")
    try:
        member = tar.getmember(MANIFEST)
    except KeyError:
        raise none from None
    opened = tar.extractfile(member)
    if opened is None or member.size > MOST_MANIFEST_BYTES:
        raise none
    try:
        manifest: dict[str, Any] = json.loads(opened.read())
        version, revision = str(manifest["mulakat"]), str(manifest["migration"])
        if int(manifest["format"]) > FORMAT or revision > migrate.HEAD:
            raise BackupError(
                f"{file} is of a newer Mulakat ({version}, database {revision}; this one knows "
                f"{migrate.HEAD}). Install Mulakat {version} or newer, and restore with that."
            )
        for name, one in manifest["files"].items():
            if name != DATABASE and not KEY.fullmatch(name.removeprefix(f"{AUDIO}/")):
                raise none
            int(one["bytes"]), str(one["sha256"])
        dict(manifest["counts"]), str(manifest["made_at"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise none from None
    return manifest


def _verify(folder: Path, manifest: dict[str, Any]) -> None:
    for name, wanted in manifest["files"].items():
        with (folder / name).open("rb") as opened:
            if sha256_of(opened) != wanted["sha256"]:
                raise BackupError(f"The backup is damaged: {name} is not what was backed up.")
    with closing(connect(folder / DATABASE)) as connection:
        check_database(connection)
        if migration(connection) != manifest["migration"]:
            raise BackupError("The backup is damaged: its manifest is of another database.")
        for table in OWNING.keys() & set(tables(connection)):
            for row_id, key, sha256 in owned(connection, table):
                there = manifest["files"].get(f"{AUDIO}/{key}")
                if there is None or there["sha256"] != sha256:
                    raise BackupError(f"The backup is damaged: the file of {row_id} is missing.")


def _seal(folder: Path) -> set[str]:
    """Make all that was unpacked durable; return the keys of the spool's files."""
    with closing(connect(folder / DATABASE)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # no log that a rename would lose
    keys = {one.name for one in (folder / AUDIO).iterdir()}
    for path in (folder / DATABASE, *(folder / AUDIO / key for key in keys)):
        sync(path)
    return keys


def _replace(folder: Path, data_dir: Path, spool: Spool) -> None:
    for one in (folder / AUDIO).iterdir():
        one.replace(spool.path(one.name))
    sync(spool.audio)
    database = data_dir / DATABASE
    if database.exists():
        # What its log holds goes into the old database first: killed before the rename, that
        # one is whole. A database too damaged for it is what is being replaced.
        with suppress(sqlite3.Error), closing(connect(database)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):  # of the old one: it would be read into the new one
        database.with_name(DATABASE + suffix).unlink(missing_ok=True)
    # A login from before may be void in what is restored; everybody logs in again.
    shutil.rmtree(data_dir / SESSIONS, ignore_errors=True)
    (folder / DATABASE).replace(database)
    sync(data_dir)
