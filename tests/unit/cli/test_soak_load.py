"""What the scenarios send."""

from pathlib import Path

import pytest

import speech
from mulakat.cli.soak_load import Recording, burst, filled, mixed, read, sequential
from mulakat.pipeline.decode import windows
from mulakat.settings import MAX_AUDIO_BYTES, MIB


def recording(folder: Path, suffix: str) -> Recording:
    return read(speech.encode(speech.said("beckett"), folder / f"answer.{suffix}", suffix))


@pytest.mark.parametrize("suffix", ["wav", "webm", "mp4", "ogg", "mp3", "flac", "aac"])
def test_a_filled_recording_is_as_large_as_asked_and_sounds_the_same(
    tmp_path: Path, suffix: str
) -> None:
    made = recording(tmp_path, suffix)
    large = filled(made, 4 * MIB)
    assert len(large) == 4 * MIB
    path = tmp_path / "large"
    path.write_bytes(large)
    seconds = sum(len(window.samples) for window in windows(path, suffix)) / speech.RATE
    assert abs(seconds - len(speech.said("beckett")) / speech.RATE) < 0.2


def test_a_recording_as_large_as_asked_is_left_alone() -> None:
    assert filled(Recording("a", b"x" * 990, "ogg"), 1000) == b"x" * 990


def test_what_is_no_recording_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(ValueError, match="no recording that Mulakat reads"):
        read(tmp_path / "notes.txt")


def test_a_recording_over_16_mib_is_refused_before_anything_starts(tmp_path: Path) -> None:
    made = filled(recording(tmp_path, "wav"), MAX_AUDIO_BYTES + 100)
    (tmp_path / "large.wav").write_bytes(made)
    with pytest.raises(ValueError, match="more than 16 MiB"):
        read(tmp_path / "large.wav")


def test_the_burst_is_twenty_of_16_mib_at_once(tmp_path: Path) -> None:
    scenario = burst([recording(tmp_path, "wav")], "en")
    assert (len(scenario.asks), scenario.concurrency) == (20, 20)
    assert all(MAX_AUDIO_BYTES < len(ask.body) < MAX_AUDIO_BYTES + 1024 for ask in scenario.asks)


def test_of_the_mixed_fifty_half_are_bad_in_five_ways(tmp_path: Path) -> None:
    scenario = mixed([recording(tmp_path, "webm"), recording(tmp_path, "ogg")], "en")
    assert len(scenario.asks) == 50
    bad = [ask for ask in scenario.asks if 200 not in ask.expected]
    assert len(bad) == 25
    assert {ask.name for ask in bad} == {
        "no audio", "empty", "broken off", "too large", "no question"
    }  # fmt: skip
    assert {ask.name for ask in scenario.asks} - {ask.name for ask in bad} == {
        "speech answer.webm", "speech answer.ogg", "typed"
    }  # fmt: skip


def test_recordings_are_sent_in_turn(tmp_path: Path) -> None:
    two = [recording(tmp_path, "webm"), recording(tmp_path, "ogg")]
    scenario = sequential(two, "en", 5, 2)
    assert [ask.name.rpartition(".")[2] for ask in scenario.asks] == [
        "webm", "ogg", "webm", "ogg", "webm"
    ]  # fmt: skip
