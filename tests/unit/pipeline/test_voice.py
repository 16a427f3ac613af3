"""Pitch, filled pauses and breaks of the voice, on sounds whose truth is known."""

import numpy as np
import pytest

import speech
from ground_truth import FILLED, FLUENT, TONES, VOICES, between, filled_pauses, held, metered
from mulakat.pipeline.voice import breaks, pitch_range, semitones, steady


@pytest.mark.parametrize("hertz", TONES)
@pytest.mark.parametrize("kind", VOICES)
def test_the_pitch_of_a_tone_is_found_within_2_per_cent(hertz: float, kind: str) -> None:
    pitch = metered(VOICES[kind](hertz)).pitch
    assert (pitch > 0).all()
    assert np.percentile(np.abs(pitch / hertz - 1), 95) < 0.02


def test_a_glide_is_followed() -> None:
    time = np.arange(3 * speech.RATE) / speech.RATE
    truth = 110 * 2 ** (time / 3)  # an octave up
    sound = 0.2 * np.sin(2 * np.pi * np.cumsum(truth) / speech.RATE)
    pitch = metered(sound.astype(np.float32)).pitch
    middle = (np.arange(len(pitch)) * 0.02 + 0.021) * speech.RATE
    assert np.abs(pitch / truth[middle.astype(int)] - 1).max() < 0.02
    assert pitch_range(pitch) == pytest.approx(12 * 0.8, abs=0.3)


@pytest.mark.parametrize(
    "sound", [speech.silence(3), speech.noise(3, 0.2), speech.noise(3, 1e-4)], ids=["none", "loud",
    "faint"],
)  # fmt: skip
def test_noise_and_silence_have_no_pitch(sound: speech.Samples) -> None:
    meter = metered(sound)
    assert not meter.pitch.any()
    assert pitch_range(meter.pitch) is None
    assert steady(meter.pitch, meter.moved) == []


def test_how_samples_are_cut_does_not_matter() -> None:
    sound = speech.said("beckett")
    whole, pieces = metered(sound), metered(sound, 7_001)
    for name in ("pitch", "moved", "depth"):
        np.testing.assert_allclose(getattr(whole, name), getattr(pieces, name), rtol=1e-3)


def test_a_mans_reading_voice_lies_where_such_voices_lie() -> None:
    pitch = metered(speech.said("two_cities")).pitch
    assert 85 < np.median(pitch[pitch > 0]) < 155
    assert 4 < (pitch_range(pitch) or 0) < 14


def test_one_lone_octave_error_is_smoothed() -> None:
    tones = semitones(np.array([100, 100, 200, 100, 0, 100], np.float32))
    np.testing.assert_allclose(tones, [0, 0, 0, 0, np.nan, 0], atol=1e-5)


def test_most_filled_pauses_between_speech_are_found_with_their_times() -> None:
    assert all(len(held(between(*one))) <= 1 for one in FILLED)
    found = filled_pauses()
    assert found.found >= 0.85 * found.made
    assert found.edges < 60


@pytest.mark.parametrize("name", FLUENT)
def test_fluent_reading_has_no_filled_pause(name: str) -> None:
    assert held(speech.said(name)) == []


def test_a_vowel_that_glides_is_none() -> None:
    assert held(speech.vowel(0.6, fall=30.0)) == []


def test_a_voice_that_breaks_off_is_told_from_a_consonant() -> None:
    vowel = speech.vowel(0.4)
    low_noise = np.repeat(speech.noise(0.1, 0.9)[::32], 32)[:1600]  # below 300 Hz, no pitch
    for sound, expected in ((low_noise, 1), (speech.noise(0.1, 0.002), 0)):
        meter = metered(np.concatenate((vowel, sound.astype(np.float32), vowel)))
        assert breaks(meter.pitch, meter.depth) == expected
