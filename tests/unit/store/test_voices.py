"""Questions that were said: kept within a size and a time, never outside their folder."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from clocks import HandClock
from mulakat import clock as clock_of_ids
from mulakat.errors import DiskFull
from mulakat.settings import MIB
from mulakat.store.spool import Spool
from mulakat.store.voices import KEPT_SECONDS, PART_SECONDS, Voices


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, 0)


@pytest.fixture
def voices(spool: Spool, clock: HandClock) -> Voices:
    return Voices(spool, 100, 30, clock)


def key(letter: str) -> str:
    return letter * 64


def keep(voices: Voices, name: str, sound: bytes) -> bool:
    part = voices.begin(name)
    os.write(part.file, sound)
    return voices.keep(part)


def heard(voices: Voices, name: str) -> bytes | None:
    file = voices.open(name)
    if file is None:
        return None
    with os.fdopen(file, "rb") as opened:
        return opened.read()


def test_what_was_kept_is_heard_again(voices: Voices, spool: Spool) -> None:
    assert heard(voices, key("a")) is None
    keep(voices, key("a"), b"sound")
    assert heard(voices, key("a")) == b"sound"
    assert heard(voices, key("b")) is None
    assert [file.name for file in spool.voice.iterdir()] == [key("a")]
    assert (spool.voice / key("a")).stat().st_mode & 0o777 == 0o600


def test_what_was_not_heard_for_longest_goes_first(voices: Voices, clock: HandClock) -> None:
    for letter in "abc":
        keep(voices, key(letter), bytes(30))
        clock.move(seconds=10)
    assert heard(voices, key("a"))
    keep(voices, key("d"), bytes(30))
    assert [letter for letter in "abcd" if heard(voices, key(letter))] == ["a", "c", "d"]


def test_the_folder_never_holds_more_than_its_limit(
    voices: Voices, spool: Spool, clock: HandClock
) -> None:
    for i in range(50):
        keep(voices, f"{i:064x}", bytes(1 + 7 * i % 30))
        clock.move(seconds=1)
        assert sum(file.stat().st_size for file in spool.voice.iterdir()) <= 100


def test_files_that_are_being_filled_count_as_the_most_they_may_become(
    voices: Voices, spool: Spool
) -> None:
    for letter in "abc":
        keep(voices, key(letter), bytes(30))
    parts = [voices.begin(key(letter)) for letter in "de"]
    assert len(list(spool.voice.iterdir())) == 3
    for part in parts:
        os.write(part.file, bytes(30))
        assert voices.keep(part)
    assert sum(file.stat().st_size for file in spool.voice.iterdir()) == 90


def test_many_threads_that_write_keep_under_the_limit(voices: Voices, spool: Spool) -> None:
    largest = 0

    def write(number: int) -> None:
        nonlocal largest
        for turn in range(20):
            assert keep(voices, f"{number:032x}{turn:032x}", bytes(30))
            largest = max(largest, held(spool.voice))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    assert 30 <= largest <= 100


def held(folder: Path) -> int:
    """Return the bytes in a folder at one moment: looked at again where it changed meanwhile."""
    while True:
        names = sorted(folder.iterdir())
        total = sum(size(file) for file in names)
        if sorted(folder.iterdir()) == names:
            return total


def size(file: Path) -> int:
    with suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


def test_after_a_day_it_is_gone_however_often_it_was_heard(
    voices: Voices, spool: Spool, clock: HandClock
) -> None:
    keep(voices, key("a"), b"sound")
    clock.move(seconds=KEPT_SECONDS - 1)
    assert heard(voices, key("a"))
    assert voices.sweep() == 0
    clock.move(seconds=2)
    assert heard(voices, key("a")) is None
    assert voices.sweep() == 1
    assert list(spool.voice.iterdir()) == []


def test_a_sweep_removes_what_a_crash_left_and_nothing_that_is_whole(
    voices: Voices, spool: Spool
) -> None:
    keep(voices, key("a"), b"sound")
    (spool.voice / f"{'0' * 32}.part").write_bytes(b"half")
    assert voices.sweep() == 1
    assert heard(voices, key("a"))


def test_all_of_it_can_be_forgotten(voices: Voices, spool: Spool) -> None:
    for letter in "abc":
        keep(voices, key(letter), b"sound")
    assert voices.sweep(everything=True) == 3
    assert list(spool.voice.iterdir()) == []


def test_one_that_is_being_heard_is_heard_to_its_end(voices: Voices) -> None:
    keep(voices, key("a"), b"sound")
    file = voices.open(key("a"))
    assert file is not None
    voices.sweep(everything=True)
    with os.fdopen(file, "rb") as opened:
        assert opened.read() == b"sound"


@pytest.mark.parametrize(
    "name",
    ["", "a", "../" + "a" * 61, "A" * 64, f"{'a' * 63}/", f"{'a' * 64}_../x", f"{'a' * 64}.part"],
)
def test_a_name_that_is_no_key_reaches_no_file(voices: Voices, name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        voices.open(name)
    with pytest.raises(ValueError, match="is no name"):
        keep(voices, name, b"sound")


def test_a_link_is_not_followed(voices: Voices, spool: Spool, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (spool.voice / key("a")).symlink_to(secret)
    with pytest.raises(OSError, match="symbolic"):
        voices.open(key("a"))
    voices.sweep(everything=True)
    assert secret.exists()


def test_a_full_disk_keeps_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 60)
    with pytest.raises(DiskFull):
        Voices(spool, MIB, 1).begin(key("a"))
    assert list(spool.voice.iterdir()) == []


def test_what_could_not_be_said_leaves_nothing(voices: Voices, spool: Spool) -> None:
    part = voices.begin(key("a"))
    voices.drop(part)
    assert list(spool.voice.iterdir()) == []
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(part.file)


def test_what_a_killed_server_left_is_begun_anew(voices: Voices) -> None:
    os.write(voices.begin(key("a")).file, b"half of it")
    assert keep(voices, key("a"), b"sound")
    assert heard(voices, key("a")) == b"sound"


def test_what_is_being_said_is_not_swept_until_it_cannot_end_any_more(
    voices: Voices, clock: HandClock
) -> None:
    part = voices.begin(key("a"))
    assert voices.sweep() == 0
    clock.move(seconds=PART_SECONDS + 1)
    assert voices.sweep() == 1
    assert not voices.keep(part)


def test_one_accounts_own_can_be_forgotten_also_while_it_is_said(
    voices: Voices, spool: Spool
) -> None:
    hers, his = clock_of_ids.new_id(), clock_of_ids.new_id()
    keep(voices, f"{key('a')}_{hers}", b"1")
    keep(voices, f"{key('a')}_{his}", b"2")
    keep(voices, key("a"), b"3")
    part = voices.begin(f"{key('b')}_{hers}")
    assert voices.forget(hers) == 2
    assert not voices.keep(part)
    assert {file.name for file in spool.voice.iterdir()} == {key("a"), f"{key('a')}_{his}"}


def test_what_is_kept_counts_as_files_of_the_spool_but_never_as_forgotten(
    tmp_path: Path, clock: HandClock
) -> None:
    spool = Spool(tmp_path, 0, clock)
    keep(Voices(spool, 100, 30, clock), key("a"), bytes(40))
    clock.move(seconds=50_000)
    stats = spool.stats()
    assert (stats.files, stats.bytes, stats.oldest_seconds) == (1, 40, 0.0)


def test_the_sweep_of_recordings_lets_it_be(voices: Voices, spool: Spool) -> None:
    keep(voices, key("a"), b"sound")
    spool.sweep(set(), starting=True)
    assert heard(voices, key("a"))
