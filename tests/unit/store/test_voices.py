"""Questions that were said: kept within a size and a time, never outside their folder."""

import os
from pathlib import Path

import pytest

from clocks import HandClock
from mulakat.errors import DiskFull
from mulakat.settings import MIB
from mulakat.store.spool import Spool
from mulakat.store.voices import KEPT_SECONDS, Voices


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, 0)


@pytest.fixture
def voices(spool: Spool, clock: HandClock) -> Voices:
    return Voices(spool, 100, clock)


def key(letter: str) -> str:
    return letter * 64


def heard(voices: Voices, name: str) -> bytes | None:
    file = voices.open(name)
    if file is None:
        return None
    with os.fdopen(file, "rb") as opened:
        return opened.read()


def test_what_was_kept_is_heard_again(voices: Voices, spool: Spool) -> None:
    assert heard(voices, key("a")) is None
    voices.keep(key("a"), b"sound")
    assert heard(voices, key("a")) == b"sound"
    assert heard(voices, key("b")) is None
    assert [file.name for file in spool.voice.iterdir()] == [key("a")]
    assert (spool.voice / key("a")).stat().st_mode & 0o777 == 0o600


def test_what_was_not_heard_for_longest_goes_first(voices: Voices, clock: HandClock) -> None:
    for letter in "abc":
        voices.keep(key(letter), bytes(30))
        clock.move(seconds=10)
    assert heard(voices, key("a"))
    voices.keep(key("d"), bytes(30))
    assert [letter for letter in "abcd" if heard(voices, key(letter))] == ["a", "c", "d"]


def test_the_folder_never_holds_more_than_its_limit(
    voices: Voices, spool: Spool, clock: HandClock
) -> None:
    for i in range(50):
        voices.keep(f"{i:064x}", bytes(1 + 7 * i % 60))
        clock.move(seconds=1)
        assert sum(file.stat().st_size for file in spool.voice.iterdir()) <= 100


def test_a_sound_larger_than_the_limit_is_not_kept(voices: Voices, spool: Spool) -> None:
    voices.keep(key("a"), bytes(30))
    voices.keep(key("b"), bytes(101))
    assert [file.name for file in spool.voice.iterdir()] == [key("a")]


def test_after_a_day_it_is_gone_however_often_it_was_heard(
    voices: Voices, spool: Spool, clock: HandClock
) -> None:
    voices.keep(key("a"), b"sound")
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
    voices.keep(key("a"), b"sound")
    (spool.voice / f"{'0' * 32}.part").write_bytes(b"half")
    assert voices.sweep() == 1
    assert heard(voices, key("a"))


def test_all_of_it_can_be_forgotten(voices: Voices, spool: Spool) -> None:
    for letter in "abc":
        voices.keep(key(letter), b"sound")
    assert voices.sweep(everything=True) == 3
    assert list(spool.voice.iterdir()) == []


def test_one_that_is_being_heard_is_heard_to_its_end(voices: Voices) -> None:
    voices.keep(key("a"), b"sound")
    file = voices.open(key("a"))
    assert file is not None
    voices.sweep(everything=True)
    with os.fdopen(file, "rb") as opened:
        assert opened.read() == b"sound"


@pytest.mark.parametrize("name", ["", "a", "../" + "a" * 61, "A" * 64, f"{'a' * 63}/"])
def test_a_name_that_is_no_key_reaches_no_file(voices: Voices, name: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        voices.open(name)
    with pytest.raises(ValueError, match="is no key"):
        voices.keep(name, b"sound")


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
        Voices(spool, MIB).keep(key("a"), b"sound")
    assert list(spool.voice.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(
    voices: Voices, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mulakat.store.voices.os.write", fails)
    with pytest.raises(OSError, match="No space"):
        voices.keep(key("a"), b"sound")
    assert list(spool.voice.iterdir()) == []


def test_what_is_kept_counts_as_files_of_the_spool_but_never_as_forgotten(
    tmp_path: Path, clock: HandClock
) -> None:
    spool = Spool(tmp_path, 0, clock)
    Voices(spool, 100, clock).keep(key("a"), bytes(40))
    clock.move(seconds=50_000)
    stats = spool.stats()
    assert (stats.files, stats.bytes, stats.oldest_seconds) == (1, 40, 0.0)


def test_the_sweep_of_recordings_lets_it_be(voices: Voices, spool: Spool) -> None:
    voices.keep(key("a"), b"sound")
    spool.sweep(set(), starting=True)
    assert heard(voices, key("a"))
