"""Pitch, filled pauses and breaks of the voice, on sounds whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

import speech
from mulakat.pipeline.voice import VoiceMeter, breaks, pitch_range, semitones, steady

Pitch = NDArray[np.float32]


def metered(samples: speech.Samples, step: int = 480_000) -> VoiceMeter:
    meter = VoiceMeter()
    for first in range(0, len(samples), step):
        meter.feed(samples[first : first + step])
    return meter


def held(samples: speech.Samples) -> list[tuple[float, float]]:
    meter = metered(samples)
    return [(first / 50, end / 50) for first, end in steady(meter.pitch, meter.moved)]


def harmonics(hertz: float, first: int = 1, last: int = 20) -> speech.Samples:
    time = np.arange(2 * speech.RATE) / speech.RATE
    parts = [
        np.sin(2 * np.pi * hertz * k * time + k) / k for k in range(first, last) if hertz * k < 7000
    ]
    return np.asarray(0.1 * sum(parts), np.float32)


@pytest.mark.parametrize("hertz", [75, 90, 110, 140, 180, 220, 260, 300, 350, 400])
@pytest.mark.parametrize("kind", ["pure", "rich", "no fundamental", "in noise"])
def test_the_pitch_of_a_tone_is_found_within_2_per_cent(hertz: float, kind: str) -> None:
    sound = {
        "pure": lambda: speech.tone(2, hertz),
        "rich": lambda: harmonics(hertz),
        "no fundamental": lambda: harmonics(hertz, 2, 8),
        "in noise": lambda: harmonics(hertz) + speech.noise(2, 0.02),
    }[kind]()
    pitch = metered(sound).pitch
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


VOWELS = {"ı": (350.0, 1500.0, 2400.0), "e": (450.0, 1900.0, 2600.0), "uh": (500.0, 1400.0, 2500.0)}
PLACES = [
    (seconds, hertz, name, fall)
    for seconds in (0.35, 0.5, 0.8)
    for hertz in (95.0, 130.0, 190.0)
    for name in VOWELS
    for fall in (0.0, 3.0)
]


def test_most_filled_pauses_between_speech_are_found_with_their_times() -> None:
    around, gap = speech.said("beckett"), speech.silence(0.3)
    found, errors = 0, []
    for seconds, hertz, name, fall in PLACES:
        filled = speech.vowel(seconds, hertz, VOWELS[name], fall)
        places = held(np.concatenate((around[:32_000], gap, filled, gap, around[32_000:64_000])))
        assert len(places) <= 1
        found += len(places)
        errors += [abs(a - 2.3) + abs(b - 2.3 - seconds) for a, b in places]
    assert found >= 0.85 * len(PLACES)
    assert np.mean(errors) < 0.06


@pytest.mark.parametrize("name", ["two_cities", "beckett"])
def test_fluent_reading_has_no_filled_pause(name: str) -> None:
    assert held(speech.said(name)) == []


def test_a_vowel_that_glides_is_none() -> None:
    assert held(speech.vowel(0.6, fall=30.0)) == []


def test_a_voice_that_breaks_off_is_told_from_a_consonant() -> None:
    vowel = speech.vowel(0.4)
    low_noise = np.repeat(speech.noise(0.1, 0.9)[::32], 32)[:1600]  # below 300 Hz, no pitch
    for between, expected in ((low_noise, 1), (speech.noise(0.1, 0.002), 0)):
        meter = metered(np.concatenate((vowel, between.astype(np.float32), vowel)))
        assert breaks(meter.pitch, meter.depth) == expected
