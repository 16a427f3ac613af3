import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mulakat.errors import DiskFull
from mulakat.store.spool import Spool, SpoolStats, Swept

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Clock:
    """A wall clock that the test moves; the files' times are the kernel's."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(params=[True, False], ids=["unnamed", "part"])
def unnamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
def spool(tmp_path: Path, time: Clock, unnamed: bool) -> Spool:
    return Spool(tmp_path / "spool", 0, time, unnamed=unnamed)


def names(spool: Spool) -> list[str]:
    return sorted(entry.name for entry in spool.audio.iterdir())


def stored(spool: Spool, data: bytes = b"sound") -> str:
    """Return the key of a recording whose row was made, or never will be."""
    with spool.open_new() as recording:
        recording.write(data)
        key = recording.link()
    spool.settle(key)
    return key


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_linked_recording_holds_what_was_written(spool: Spool) -> None:
    before = open_descriptors()
    with spool.open_new() as recording:
        recording.write(b"one ")
        recording.write(bytearray(b"two "))
        recording.write(memoryview(b"-three-")[1:-1])
        key = recording.link()
    assert spool.path(key).read_bytes() == b"one two three"
    assert names(spool) == [key]
    assert open_descriptors() == before


def test_only_the_owner_may_read_folders_and_recordings(spool: Spool) -> None:
    mode = stat.S_IMODE(spool.path(stored(spool)).stat().st_mode)
    folders = [stat.S_IMODE(p.stat().st_mode) for p in (spool.root, spool.audio, spool.tmp)]
    assert mode == 0o600
    assert folders == [0o700] * 3


def test_an_unnamed_recording_has_no_name_before_its_link(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 0)
    if not spool.unnamed:
        pytest.skip("the file system of the temporary folder lacks O_TMPFILE")
    with spool.open_new() as recording:
        recording.write(b"sound")
        assert names(spool) == []


def test_without_unnamed_files_a_recording_is_a_part_until_its_link(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 0, unnamed=False)
    with spool.open_new() as recording:
        recording.write(b"sound")
        (part,) = names(spool)
        assert part.endswith(".part")
        key = recording.link()
    assert names(spool) == [key]


def test_leaving_the_block_without_a_link_keeps_nothing(spool: Spool) -> None:
    before = open_descriptors()
    with spool.open_new() as recording:
        recording.write(b"sound")
    recording.discard()
    recording.discard()
    assert names(spool) == []
    assert open_descriptors() == before


def test_a_closed_recording_takes_nothing_more(spool: Spool) -> None:
    with spool.open_new() as recording:
        recording.link()
        with pytest.raises(ValueError, match="closed"):
            recording.write(b"late")
        with pytest.raises(ValueError, match="closed"):
            recording.link()


@pytest.mark.parametrize(
    "key", ["", "..", "../../etc/passwd", "a" * 31, "A" * 32, "a" * 32 + "\n", "a" * 32 + ".part"]
)
def test_what_is_no_key_reaches_no_file(spool: Spool, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        spool.path(key)
    with pytest.raises(ValueError, match="not a key"):
        spool.unlink(key)


def test_unlinking_twice_is_no_error(spool: Spool) -> None:
    key = stored(spool)
    spool.unlink(key)
    spool.unlink(key)
    assert names(spool) == []


def test_below_the_floor_nothing_is_accepted(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 1 << 60)
    with pytest.raises(DiskFull):
        spool.open_new()
    assert spool.trouble() == "disk full"
    assert names(spool) == []


def test_a_disk_that_fills_up_meanwhile_stops_the_recording(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_descriptors()
    recording = spool.open_new()
    recording.write(b"sound")
    monkeypatch.setattr(spool, "_disk_floor", 1 << 60)
    with pytest.raises(DiskFull):
        recording.write(b"more")
    assert names(spool) == []
    assert open_descriptors() == before


def test_a_file_size_limit_counts_as_a_full_disk(spool: Spool) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    recording = spool.open_new()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        recording.write(b"x" * 1000)
        with pytest.raises(DiskFull):
            recording.write(b"x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(spool) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["/bin/umount", folder], check=True)


def test_on_a_full_disk_nothing_is_left_and_it_can_be_used_again(
    tiny_disk: Path, unnamed: bool
) -> None:
    spool = Spool(tiny_disk / "spool", 0, unnamed=unnamed)
    recording = spool.open_new()
    recording.write(b"x" * 512 * 1024)
    with pytest.raises(DiskFull):
        recording.write(b"x" * 1024 * 1024)
    assert names(spool) == []
    assert spool.path(stored(spool, b"x" * 512 * 1024)).stat().st_size == 512 * 1024


def test_the_file_system_is_told_by_where_the_spool_lies(tiny_disk: Path, tmp_path: Path) -> None:
    assert Spool(tiny_disk / "spool", 0).filesystem() == "tmpfs"
    assert Spool(tmp_path / "spool", 0).filesystem() not in {"tmpfs", "unknown"}


def test_a_healthy_spool_has_no_trouble(spool: Spool) -> None:
    assert spool.trouble() is None


def test_a_vanished_folder_is_named_as_trouble(spool: Spool) -> None:
    spool.audio.rmdir()
    assert spool.trouble() == "No such file or directory"


def test_the_sweep_leaves_what_a_row_owns_however_old(spool: Spool, time: Clock) -> None:
    key = stored(spool)
    time.ahead = 24 * HOUR
    assert spool.sweep({key}) == Swept(0, 0)
    assert spool.sweep({key}, starting=True) == Swept(0, 0)
    assert names(spool) == [key]


def test_a_recording_without_a_row_stays_a_minute_and_goes_then(spool: Spool, time: Clock) -> None:
    key = stored(spool, b"12345")
    time.ahead = MINUTE * 0.9
    assert spool.sweep(set()) == Swept(0, 0)
    assert names(spool) == [key]
    time.ahead = MINUTE * 1.1
    assert spool.sweep(set()) == Swept(1, 5)
    assert names(spool) == []


def test_a_recording_whose_row_is_still_being_made_stays_however_long_that_takes(
    spool: Spool, time: Clock
) -> None:
    with spool.open_new() as recording:
        recording.write(b"12345")
        key = recording.link()
    time.ahead = 100 * HOUR
    assert spool.sweep(set()) == Swept(0, 0)
    assert spool.unsettled() == {key}
    spool.settle(key)
    assert spool.sweep(set()) == Swept(1, 5)


def test_at_the_start_a_recording_without_a_row_goes_at_once(spool: Spool) -> None:
    stored(spool, b"12345")
    assert spool.sweep(set(), starting=True) == Swept(1, 5)
    assert names(spool) == []


def test_a_part_stays_an_hour(tmp_path: Path, time: Clock) -> None:
    spool = Spool(tmp_path / "spool", 0, time, unnamed=False)
    with spool.open_new() as recording:
        recording.write(b"123")
        time.ahead = HOUR * 0.9
        assert spool.sweep(set()) == Swept(0, 0)
        time.ahead = HOUR * 1.1
        assert spool.sweep(set()) == Swept(1, 3)
    assert names(spool) == []


def test_temporary_files_and_folders_stay_an_hour(spool: Spool, time: Clock) -> None:
    (spool.tmp / "file").write_bytes(b"1234")
    (spool.tmp / "folder" / "inner").mkdir(parents=True)
    (spool.tmp / "folder" / "inner" / "file").write_bytes(b"1234")
    time.ahead = HOUR * 0.9
    assert spool.sweep(set()).count == 0
    time.ahead = HOUR * 1.1
    assert spool.sweep(set()).count == 2
    assert list(spool.tmp.iterdir()) == []


def test_a_clock_set_back_removes_nothing(spool: Spool, time: Clock) -> None:
    stored(spool)
    time.ahead = -HOUR
    assert spool.sweep(set()) == Swept(0, 0)
    assert spool.stats().oldest_seconds == 0.0


def test_planted_links_are_removed_and_what_they_point_to_is_not(
    spool: Spool, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "file").write_text("precious")
    (spool.audio / ("a" * 32)).symlink_to(outside / "file")
    (spool.audio / "folder").symlink_to(outside)
    (spool.tmp / "link").symlink_to(outside)
    (spool.tmp / "deep").mkdir()
    (spool.tmp / "deep" / "link").symlink_to(outside)
    assert spool.sweep(set(), starting=True).count == 4
    assert (outside / "file").read_text() == "precious"
    assert (outside / "folder").is_dir()
    assert list(spool.tmp.iterdir()) == names(spool) == []


def test_a_folder_replaced_by_a_link_is_not_entered(spool: Spool, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    precious = outside / ("a" * 32)
    precious.write_text("precious")
    spool.audio.rmdir()
    spool.audio.symlink_to(outside)
    for use in (
        spool.open_new,
        lambda: spool.unlink(precious.name),
        lambda: spool.sweep(set(), starting=True),
        spool.stats,
    ):
        with pytest.raises(OSError, match="Not a directory"):
            use()
    assert spool.trouble() is not None
    assert list(outside.iterdir()) == [precious]


def test_the_figures_count_recordings_and_temporary_files(spool: Spool, time: Clock) -> None:
    assert spool.stats() == SpoolStats(0, 0, 0.0)
    stored(spool, b"12345")
    (spool.tmp / "inner").mkdir()
    (spool.tmp / "inner" / "file").write_bytes(b"123")
    time.ahead = HOUR
    stats = spool.stats()
    assert (stats.files, stats.bytes) == (2, 8)
    assert 3600 <= stats.oldest_seconds < 3700


CHILD = """
import pathlib, sys
from mulakat.store.spool import Spool
root, unnamed, step = sys.argv[1:]
spool = Spool(pathlib.Path(root), 0, unnamed=unnamed == "True")
recording = spool.open_new()
recording.write(b"x" * 1_000_000)
if step == "linked":
    print(recording.link(), flush=True)
else:
    print("written", flush=True)
sys.stdin.read()
"""


def killed_after(step: str, spool: Spool, unnamed: bool) -> str:
    """Run a real process that writes a recording, SIGKILL it; return what it said."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, spool.root, str(unnamed), step],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout
        said = child.stdout.readline().strip()
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    return said


def test_a_process_killed_while_it_writes_leaves_nothing_after_the_start(
    spool: Spool, unnamed: bool
) -> None:
    killed_after("written", spool, unnamed)
    if unnamed:
        assert names(spool) == []
    assert spool.sweep(set(), starting=True).count == (0 if unnamed else 1)
    assert names(spool) == []


def test_a_process_killed_between_link_and_row_leaves_nothing_after_the_start(
    spool: Spool, unnamed: bool
) -> None:
    key = killed_after("linked", spool, unnamed)
    assert names(spool) == [key]
    assert spool.sweep(set(), starting=True) == Swept(1, 1_000_000)
    assert names(spool) == []


def test_a_process_killed_after_its_row_loses_nothing(spool: Spool, unnamed: bool) -> None:
    key = killed_after("linked", spool, unnamed)
    assert spool.sweep({key}, starting=True) == Swept(0, 0)
    assert spool.path(key).stat().st_size == 1_000_000
