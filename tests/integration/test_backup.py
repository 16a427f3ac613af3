"""A backup holds the rows of one moment and the files they own, or is not made."""

import asyncio
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, update

from backups import TOO_MANY_STEPS, Site, dying, files, rows, state
from mulakat import settings
from mulakat.store import backup, restore, tables
from mulakat.store.backup import BackupError, write
from mulakat.store.columns import work_columns
from mulakat.store.engine import database_url, writing
from people import OWNER

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
async def site(store: settings.Store) -> AsyncIterator[Site]:
    made = Site(store.data_dir)
    await made.settle()
    yield made
    await made.engine.dispose()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "kept"
    folder.mkdir()
    return folder / "backup.tar"


def back(file: Path, tmp_path: Path) -> Path:
    """Return a new data folder made from a backup."""
    data = tmp_path / "restored"
    restore.restore(data, file, force=False)
    return data


def test_what_the_code_names_twice_is_the_same(store: settings.Store) -> None:
    assert {column.name for column in work_columns()} == set(backup.WORK)
    assert make_url(database_url(store)).database == str(store.data_dir / backup.DATABASE)
    for name, columns in backup.OWNING.items():
        assert set(columns) <= set(tables.metadata.tables[name].c.keys())


def test_rows_and_files_come_back_as_they_were(site: Site, target: Path, tmp_path: Path) -> None:
    made = write(site.data, target)
    assert made.files == 2
    assert made.counts["accounts"] == 3
    assert made.counts["answers"] == 2
    assert made.bytes == target.stat().st_size
    assert state(back(target, tmp_path)) == state(site.data)


def test_it_is_for_its_owner_alone_and_leaves_nothing_beside_it(site: Site, target: Path) -> None:
    write(site.data, target)
    write(site.data, target)  # replaces
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(target.parent.iterdir()) == [target]


def test_logins_are_left_out(site: Site, target: Path) -> None:
    (site.data / "sessions").mkdir()
    (site.data / "sessions" / "one").write_text("secret")
    write(site.data, target)
    with tarfile.open(target) as tar:
        assert not [name for name in tar.getnames() if "session" in name]
    assert b'"left_out": [\n  "sessions"' in target.read_bytes()


async def test_a_writer_is_not_held_up_and_what_it_writes_later_is_left_out(
    site: Site, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "STEP_PAGES", 5)
    loop = asyncio.get_running_loop()
    accepted = 0
    real = backup._copy

    def accept() -> None:
        nonlocal accepted
        more = site.answers.accept(site.spoken(b"meanwhile"), queue_limit=999)
        asyncio.run_coroutine_threadsafe(more, loop).result(timeout=4)
        accepted += 1

    class Writing:
        """The connection that is copied, with the server writing between two steps."""

        def __init__(self, live: object) -> None:
            self._live = live

        def __getattr__(self, name: str) -> object:
            return getattr(self._live, name)

        def backup(self, copy: object, pages: int, progress: object) -> None:
            self._live.backup(copy, pages=pages, progress=lambda *_: accept())  # type: ignore[attr-defined]

    monkeypatch.setattr(backup, "_copy", lambda live, copy: real(Writing(live), copy))  # type: ignore[arg-type]
    made = await asyncio.to_thread(write, site.data, target)
    assert accepted >= 5
    assert made.counts["answers"] == 2
    assert len(rows(site.data / "mulakat.sqlite3")["answers"]) == 2 + accepted
    assert len(files(await asyncio.to_thread(back, target, tmp_path))) == 2


async def meanwhile(
    site: Site, target: Path, happens: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Back up; after the rows are copied and before the files are read, let something happen."""
    loop = asyncio.get_running_loop()
    real = backup._copy

    def copy(live: sqlite3.Connection, made: sqlite3.Connection) -> None:
        real(live, made)
        asyncio.run_coroutine_threadsafe(happens(), loop).result(timeout=9)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(backup, "_copy", copy)
        await asyncio.to_thread(write, site.data, target)


async def test_an_answer_done_since_is_kept_with_its_result(
    site: Site, target: Path, tmp_path: Path
) -> None:
    async def finish() -> None:
        claim = await site.answers.claim("w")
        assert claim
        assert claim.answer.audio_key
        await site.answers.finish(claim, {"score": 70})
        site.spool.unlink(claim.answer.audio_key, "done")

    await meanwhile(site, target, finish)
    data = await asyncio.to_thread(back, target, tmp_path)
    assert state(data) == state(site.data)
    assert "70" in repr(rows(data / "mulakat.sqlite3")["answers"])


async def test_a_document_deleted_since_is_not_kept(
    site: Site, target: Path, tmp_path: Path
) -> None:
    async def delete() -> None:
        (document,) = await site.documents.of(OWNER)
        gone = await site.documents.delete(OWNER, document.id)
        assert gone
        assert gone.file_key
        site.spool.unlink(gone.file_key)

    await meanwhile(site, target, delete)
    data = await asyncio.to_thread(back, target, tmp_path)
    assert rows(data / "mulakat.sqlite3")["documents"] == []
    assert state(data) == state(site.data)


@pytest.mark.parametrize("harm", ["lost", "damaged"])
async def test_a_recording_that_its_answer_still_owns_must_be_there_whole(
    site: Site, target: Path, harm: str
) -> None:
    claim = await site.answers.claim("w")
    assert claim
    assert claim.answer.audio_key
    path = site.spool.path(claim.answer.audio_key)
    if harm == "lost":
        path.unlink()
    else:
        path.write_bytes(b"other recording")
    with pytest.raises(BackupError, match=f"answer {claim.id} is"):
        write(site.data, target)
    assert list(target.parent.iterdir()) == []


async def test_a_row_that_names_a_file_elsewhere_is_not_followed(site: Site, target: Path) -> None:
    async with writing(site.engine) as connection:
        await connection.execute(update(tables.documents).values(file_key="../../mulakat.sqlite3"))
    with pytest.raises(BackupError, match="cannot be"):
        write(site.data, target)


async def test_a_damaged_database_is_not_backed_up(site: Site, target: Path) -> None:
    await site.engine.dispose()  # which empties the log
    database = site.data / "mulakat.sqlite3"
    whole = database.read_bytes()
    page = 12 * 4096
    database.write_bytes(whole[:page] + b"\xff" * 4096 + whole[page + 4096 :])
    with pytest.raises((BackupError, sqlite3.DatabaseError)):
        write(site.data, target)
    assert list(target.parent.iterdir()) == []


def test_killed_at_any_step_it_leaves_the_backup_before_or_the_new_one(
    site: Site, target: Path, tmp_path: Path
) -> None:
    write(site.data, target)
    before = target.read_bytes()
    with closing(backup.connect(site.data / "mulakat.sqlite3")) as connection:
        connection.execute("DELETE FROM answers WHERE typed_text IS NOT NULL")
    wanted = state(site.data)
    steps = dying(TOO_MANY_STEPS, site.data, "backup", target)
    new = target.read_bytes()
    assert steps > 5
    for step in range(1, steps + 1):
        target.write_bytes(before)
        assert dying(step, site.data, "backup", target) == step
        found = target.read_bytes()
        assert found == before or len(found) == len(new)
        assert state(site.data) == wanted
    assert write(site.data, target).counts["answers"] == 1
    assert list(target.parent.iterdir()) == [target]
    assert state(back(target, tmp_path)) == wanted


def test_two_at_once_to_one_file_do_not_mix(site: Site, target: Path) -> None:
    with (
        backup.staging(target.with_name(f".{target.name}.part")),
        pytest.raises(BackupError, match="Another backup or restore"),
    ):
        write(site.data, target)


def run(data: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mulakat", *arguments],
        env={"MULAKAT_DATA_DIR": str(data), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_is_told_and_leaves_the_backup_before(site: Site, target: Path) -> None:
    assert run(site.data, "backup", str(target)).returncode == 0
    before = target.read_bytes()
    # A limit on the size of files is what a test can have of a full disk.
    for room in (64 * 1024, len(before) - 4096):
        limited = [
            sys.executable, "-c",
            f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))\n"
            "from mulakat.cli.main import main; main()", "backup", str(target),
        ]  # fmt: skip
        seen = subprocess.run(
            limited,
            env={"MULAKAT_DATA_DIR": str(site.data)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert seen.returncode == 1
        assert seen.stderr.startswith("Error: No backup was made."), seen.stderr
        assert "Traceback" not in seen.stderr
        assert target.read_bytes() == before
        assert list(target.parent.iterdir()) == [target]


def test_too_little_room_is_said_before_anything_is_written(
    site: Site, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(BackupError, match="no room"):
        write(site.data, target)
    assert list(target.parent.iterdir()) == []


def test_the_command_says_what_it_did_or_why_not(site: Site, target: Path, tmp_path: Path) -> None:
    seen = run(site.data, "backup", str(target))
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "3 accounts, 0 interviews, 2 answers, 1 documents, 2 files of the spool" in seen.stdout
    assert "Logins are left out" in seen.stdout

    nowhere = run(tmp_path / "none", "backup", str(target))
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert "There is no database in" in nowhere.stderr
    assert run(site.data, "backup", str(tmp_path / "none" / "b.tar")).returncode == 1

    url = "postgresql+psycopg://me:secret@localhost/mulakat"
    for command in ("backup", "restore"):
        refused = run(site.data, command, str(target), MULAKAT_DATABASE_URL=url)
        assert refused.returncode == 1
        assert f"pg_{'dump' if command == 'backup' else 'restore'}" in refused.stderr
        assert "secret" not in refused.stderr


def test_interrupted_by_the_operator_it_leaves_nothing(site: Site, target: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from mulakat.store import backup\n"
        "backup._copy = lambda *_: signal.raise_signal(signal.SIGINT)\n"
        "backup.write(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code, str(site.data), str(target)], capture_output=True, check=False
    )
    assert seen.returncode in {-signal.SIGINT, 128 + signal.SIGINT}
    assert list(target.parent.iterdir()) == []
