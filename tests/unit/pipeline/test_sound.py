"""Pauses, speech time and envelope, on sounds whose truth is known."""

import numpy as np
import pytest

import speech
from ground_truth import LEVELS, PATTERN, PAUSES, measured, pattern
from mulakat.pipeline.sound import LEAST_PAUSE, SoundMeter, metered, voiced
from mulakat.providers.values import Sound, Window


@pytest.mark.parametrize("level", LEVELS)
def test_known_pauses_are_found_within_40_ms_in_noise_too(level):
    sound = pattern(*PATTERN)
    found = measured(sound + speech.noise(len(sound) / speech.RATE, level))
    assert [(p.start, p.end) for p in found.pauses] == [
        pytest.approx(truth, abs=0.04) for truth in PAUSES
    ]
    assert found.first_speech == pytest.approx(0.5, abs=0.04)
    assert found.last_speech == pytest.approx(9.15, abs=0.04)
    assert found.speech_seconds == pytest.approx(9.15 - 0.5 - 0.3 - 0.8 - 1.5, abs=0.08)
    assert found.seconds == pytest.approx(9.75)


def test_a_gap_shorter_than_a_pause_is_part_of_speech():
    found = measured(pattern(0.5, 1.0, LEAST_PAUSE - 0.05, 1.0, 0.5))
    assert found.pauses == ()
    assert found.speech_seconds == pytest.approx(2.2, abs=0.04)


def test_real_speech_has_its_pauses_with_noise_20_db_below():
    clean = speech.said("two_cities")
    noisy = clean + speech.noise(len(clean) / speech.RATE, float(clean.std()) / 10)
    before, after = measured(clean), measured(noisy)
    assert 12 <= len(before.pauses) <= 24
    assert len(after.pauses) == pytest.approx(len(before.pauses), abs=3)
    assert after.speech_seconds == pytest.approx(before.speech_seconds, rel=0.06)


def test_how_windows_are_cut_does_not_matter():
    sound = speech.said("beckett")
    assert measured(sound, 2.0) == measured(sound, 30.0)


@pytest.mark.parametrize(
    "sound",
    [speech.silence(5), speech.noise(5, 0.2), speech.noise(5, 1e-4), speech.tone(5, 50.0)],
    ids=["silence", "noise", "faint noise", "hum"],
)
def test_silence_noise_and_hum_hold_no_voice(sound):
    found = measured(sound)
    assert not voiced(Window(0, 0.0, sound))
    assert (found.speech_seconds, found.first_speech, found.pauses) == (0, 0, ())


def test_speech_is_voiced_when_quiet_too():
    assert voiced(Window(0, 0.0, speech.said("beckett") * np.float32(0.05)))


@pytest.mark.parametrize("seconds", [0.5, 10, 44, 600])
def test_the_envelope_has_at_most_240_whole_numbers(seconds):
    found = measured(np.resize(speech.said("two_cities"), round(seconds * speech.RATE)))
    assert 0 < len(found.envelope) <= 240
    assert all(isinstance(point, int) and 0 <= point <= 100 for point in found.envelope)
    covered = len(found.envelope) * found.envelope_step
    assert covered == pytest.approx(seconds, abs=2 * found.envelope_step)


def test_no_sound_at_all_measures_zero():
    assert SoundMeter().result() == Sound(0, 0, 0, 0, (), (), 0.02)


def test_metering_passes_the_same_windows_on():
    given = [Window(0, 0.0, speech.tone(1)), Window(1, 1.0, speech.silence(1))]
    meter = SoundMeter()
    assert [window is one for window, one in zip(metered(given, meter), given, strict=True)]
    assert meter.result().seconds == 2


def test_what_is_wrong_with_the_level_is_told() -> None:
    clean = speech.said("beckett")
    assert measured(clean).level == ()
    assert measured(clean * 0.03).level == ("quiet",)
    assert measured(np.clip(clean * 12, -1, 1)).level == ("clipped",)
    hiss = speech.noise(len(clean) / speech.RATE, float(clean.std()) / 1.5)
    assert measured(clean + hiss).level == ("noisy",)
    assert measured(speech.silence(3)).level == ()
