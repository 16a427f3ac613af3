"""A restore puts all of a backup in place, or changes nothing."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backups import TOO_MANY_STEPS, Site, changed, dying, files, rows, state
from mulakat import settings
from mulakat.store import lock, migrate, restore
from mulakat.store.backup import AUDIO, DATABASE, MANIFEST, BackupError, write
from mulakat.store.engine import database_url, make_engine


@pytest.fixture
async def site(
    tmp_path: Path, migrated: Callable[[str, Path], settings.Store]
) -> AsyncIterator[Site]:
    (tmp_path / "site").mkdir()
    made = Site(migrated("sqlite", tmp_path / "site").data_dir)
    await made.settle()
    yield made
    await made.engine.dispose()


@pytest.fixture
def file(site: Site, tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    made = tmp_path / "kept" / "backup.tar"
    write(site.data, made)
    return made


@pytest.fixture
async def other(
    tmp_path: Path, migrated: Callable[[str, Path], settings.Store]
) -> AsyncIterator[Site]:
    """A data folder with something else in it, its last writes in the log only."""
    (tmp_path / "other").mkdir()
    made = Site(migrated("sqlite", tmp_path / "other").data_dir)
    await made.settle()
    await made.answers.accept(made.spoken(b"of the other"), queue_limit=9)
    (made.data / "sessions").mkdir()
    (made.data / "sessions" / "login").write_text("login")
    yield made
    await made.engine.dispose()


def test_a_folder_that_holds_something_is_refused_without_force(file: Path, other: Site) -> None:
    before = state(other.data)
    with pytest.raises(BackupError, match=r"not empty .*--force"):
        restore.restore(other.data, file, force=False)
    assert state(other.data) == before


def test_forced_it_replaces_rows_files_and_logins(site: Site, file: Path, other: Site) -> None:
    done = restore.restore(other.data, file, force=True)
    assert (done.files, done.counts["answers"]) == (2, 2)
    assert state(other.data) == state(site.data)
    assert files(other.data) == files(site.data)
    left = {one.name for one in other.data.iterdir()}
    assert left == {DATABASE, "spool", "server.lock", "worker.lock"}
    for one in (other.data / DATABASE, *(other.data / AUDIO).iterdir()):
        assert one.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("role", ["server", "worker"])
def test_it_is_refused_while_a_server_or_a_worker_runs(file: Path, other: Site, role: str) -> None:
    before = state(other.data)
    with lock.hold(other.data, role), pytest.raises(lock.InUse, match="Stop it"):
        restore.restore(other.data, file, force=True)
    assert state(other.data) == before


def test_killed_at_any_step_it_leaves_the_old_state_or_the_new_one(
    site: Site, file: Path, tmp_path: Path
) -> None:
    """Each step that writes to the disk, of a restore over a folder whose log is not empty."""
    whole = _make(tmp_path / "template")
    copies = iter(range(TOO_MANY_STEPS))

    def fresh() -> Path:
        target = tmp_path / f"copy {next(copies)}"
        subprocess.run(["/bin/cp", "-a", whole, target], check=True)
        return target

    old, new = state(fresh()), state(site.data)  # of a copy: a look empties the log
    steps = dying(TOO_MANY_STEPS, fresh(), "restore", file)
    seen = []
    for step in range(1, steps + 1):
        data = fresh()
        assert dying(step, data, "restore", file) == step
        found = state(data)
        assert found in (old, new), f"step {step}"
        seen.append(found == new)
        restore.restore(data, file, force=True)
        assert state(data) == new
        assert not (data / restore.STAGING).exists()
    assert seen == sorted(seen)  # one step decides
    assert {False, True} == set(seen)


def _make(data: Path) -> Path:
    migrate.upgrade(database_url(settings.Store(data_dir=data)))
    # In a process that dies: closed in order, the log would be empty.
    code = (
        "import asyncio, os, sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from backups import Site\n"
        "async def main():\n"
        "    await Site(Path(sys.argv[1])).settle(); os._exit(0)\n"
        "asyncio.run(main())"
    )
    subprocess.run([sys.executable, "-c", code, data, Path(__file__).parents[1]], check=True)
    assert (data / f"{DATABASE}-wal").stat().st_size > 0
    (data / "sessions").mkdir()
    (data / "sessions" / "login").write_text("login")
    return data


async def test_an_older_database_is_brought_forward(tmp_path: Path) -> None:
    old = settings.Store(data_dir=tmp_path / "old")
    migrate.upgrade(database_url(old), "0001")
    write(old.data_dir, tmp_path / "old.tar")
    restore.restore(tmp_path / "new", tmp_path / "old.tar", force=False)
    engine = make_engine(settings.Store(data_dir=tmp_path / "new"))
    assert await migrate.is_current(engine)
    await engine.dispose()


def test_one_of_a_newer_version_says_what_to_do(file: Path, tmp_path: Path) -> None:
    def nothing(_: dict[str, bytes]) -> None: ...

    for newer in ({"migration": "9999"}, {"format": 2}):
        made = changed(file, tmp_path / "newer.tar", nothing, mulakat="9.0", **newer)
        with pytest.raises(BackupError, match=r"Install Mulakat 9\.0 or newer"):
            restore.restore(tmp_path / "data", made, force=False)


def outside(content: dict[str, bytes]) -> None:
    content["../outside"] = b"x"


def elsewhere(content: dict[str, bytes]) -> None:
    content["spool/audio/../../server.lock"] = b"x"


def without_manifest(content: dict[str, bytes]) -> None:
    del content[MANIFEST]


def without_database(content: dict[str, bytes]) -> None:
    del content[DATABASE]


def without_a_recording(content: dict[str, bytes]) -> None:
    del content[next(name for name in content if name.startswith(AUDIO))]


def another_recording(content: dict[str, bytes]) -> None:
    content[next(name for name in content if name.startswith(AUDIO))] += b"x"


def manifest_of_nonsense(content: dict[str, bytes]) -> None:
    content[MANIFEST] = b"[1, 2"


def manifest_that_names_outside(content: dict[str, bytes]) -> None:
    manifest = json.loads(content[MANIFEST])
    manifest["files"]["../../outside"] = {"bytes": 1, "sha256": "s"}
    content[MANIFEST] = json.dumps(manifest).encode()


def manifest_without_a_recording(content: dict[str, bytes]) -> None:
    manifest = json.loads(content[MANIFEST])
    name = next(name for name in content if name.startswith(AUDIO))
    del manifest["files"][name], content[name]
    content[MANIFEST] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    "change",
    [outside, elsewhere, without_manifest, without_database, without_a_recording,
     another_recording, manifest_of_nonsense, manifest_that_names_outside,
     manifest_without_a_recording],
)  # fmt: skip
def test_a_backup_that_is_not_as_it_was_made_changes_nothing(
    file: Path, other: Site, tmp_path: Path, change: Callable[[dict[str, bytes]], None]
) -> None:
    before = state(other.data)
    made = changed(file, tmp_path / "made.tar", change)
    with pytest.raises(BackupError, match=r"no whole backup|no backup of Mulakat|damaged"):
        restore.restore(other.data, made, force=True)
    assert state(other.data) == before
    assert not (tmp_path / "outside").exists()


def test_a_link_in_an_archive_is_no_file(file: Path, other: Site, tmp_path: Path) -> None:
    made = tmp_path / "link.tar"
    with tarfile.open(file) as source, tarfile.open(made, "w") as target:
        for member in source:
            if member.name.startswith(AUDIO):
                link = tarfile.TarInfo(member.name)
                link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
                target.addfile(link)
            else:
                target.addfile(member, source.extractfile(member))
    with pytest.raises(BackupError, match="no backup of Mulakat"):
        restore.restore(other.data, made, force=True)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99])
def test_a_file_cut_off_changes_nothing(
    file: Path, other: Site, tmp_path: Path, share: float
) -> None:
    before = state(other.data)
    cut = tmp_path / "cut.tar"
    data = file.read_bytes()
    cut.write_bytes(data[: int(len(data.rstrip(b"\0")) * share)])
    with pytest.raises(BackupError, match="no whole backup"):
        restore.restore(other.data, cut, force=True)
    assert state(other.data) == before


def test_anything_else_is_no_backup(other: Site, tmp_path: Path) -> None:
    for number, data in enumerate((b"hello", os.urandom(5000), b"\0" * 20480)):
        made = tmp_path / f"{number}.tar"
        made.write_bytes(data)
        with pytest.raises(BackupError, match="no whole backup"):
            restore.restore(other.data, made, force=True)


def test_a_full_disk_changes_nothing(file: Path, other: Site) -> None:
    before = state(other.data)
    for room in (50 * 1024, 150 * 1024):
        code = (
            f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))\n"
            "from mulakat.cli.main import main; main()"
        )
        seen = subprocess.run(
            [sys.executable, "-c", code, "restore", "--force", str(file)],
            env={"MULAKAT_DATA_DIR": str(other.data)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert seen.returncode == 1
        assert seen.stderr.startswith("Error: Nothing was restored. The disk:"), seen.stderr
        assert state(other.data) == before


async def test_a_database_beyond_repair_is_replaced(site: Site, file: Path, other: Site) -> None:
    await other.engine.dispose()
    (other.data / DATABASE).write_bytes(os.urandom(8192))
    restore.restore(other.data, file, force=True)
    assert state(other.data) == state(site.data)


def test_a_second_restore_over_the_first_is_the_same(
    site: Site, file: Path, tmp_path: Path
) -> None:
    data = tmp_path / "restored"
    for force in (False, True):
        restore.restore(data, file, force=force)
        assert rows(data / DATABASE) == rows(site.data / DATABASE)
        assert files(data) == files(site.data)
