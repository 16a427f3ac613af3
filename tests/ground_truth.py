"""Sounds whose pitch, pauses, filled pauses and pace are known, because they were made so, and
how far what is measured lies from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

import speech
from mulakat.pipeline.delivery import measure
from mulakat.pipeline.sound import SoundMeter
from mulakat.pipeline.voice import VoiceMeter, steady
from mulakat.providers.values import Sound, Window, Word

TONES = (75, 90, 110, 140, 180, 220, 260, 300, 350, 400)
"""Hz; the voices that are listened for (pipeline/voice.py)."""

VOWELS = {"ı": (350.0, 1500.0, 2400.0), "e": (450.0, 1900.0, 2600.0), "uh": (500.0, 1400.0, 2500.0)}

FILLED = [
    (seconds, hertz, name, fall)
    for seconds in (0.35, 0.5, 0.8)
    for hertz in (95.0, 130.0, 190.0)
    for name in VOWELS
    for fall in (0.0, 3.0)
]
"""Filled pauses: their length, pitch, vowel, and by how many semitones they fall in a second."""

FLUENT = ("two_cities", "beckett")
"""Read aloud, by a person, without a filled pause."""

PATTERN = (0.5, 1.0, 0.3, 1.2, 0.8, 2.0, 0.15, 1.0, 1.5, 0.7, 0.6)
"""Seconds of silence, tone, silence, … in turn; a gap of 0.15 s is part of speech."""

PAUSES = ((1.5, 1.8), (3.0, 3.8), (6.95, 8.45))
EDGES = (0.5, 9.15)
"""What PATTERN has: its pauses, and where speech begins and ends."""

LEVELS = (0.0, 0.001, 0.01)
"""Noise beneath PATTERN, as its standard deviation."""

PACES = (90, 120, 150, 180, 210)
"""Words a minute that are made."""


def metered(samples: speech.Samples, step: int = 480_000) -> VoiceMeter:
    """Return what a voice meter makes of samples, fed `step` at a time."""
    meter = VoiceMeter()
    for first in range(0, len(samples), step):
        meter.feed(samples[first : first + step])
    return meter


def held(samples: speech.Samples) -> list[tuple[float, float]]:
    """Return the filled pauses that are found, in seconds."""
    meter = metered(samples)
    return [(first / 50, end / 50) for first, end in steady(meter.pitch, meter.moved)]


def measured(samples: speech.Samples, window: float = 7.3) -> Sound:
    """Return what a sound meter makes of samples."""
    meter = SoundMeter()
    step = round(window * speech.RATE) + 7  # windows do not end where frames do
    for index, first in enumerate(range(0, len(samples), step)):
        meter.feed(Window(index, first / speech.RATE, samples[first : first + step]))
    return meter.result()


def pattern(*seconds: float) -> speech.Samples:
    """Return silence, tone, silence, … in turn."""
    parts = [speech.tone(s) if i % 2 else speech.silence(s) for i, s in enumerate(seconds)]
    return np.concatenate(parts)


def harmonics(hertz: float, first: int = 1, last: int = 20) -> speech.Samples:
    """Return two seconds of a rich tone; from a higher `first` on, its fundamental is missing."""
    time = np.arange(2 * speech.RATE) / speech.RATE
    parts = [
        np.sin(2 * np.pi * hertz * k * time + k) / k for k in range(first, last) if hertz * k < 7000
    ]
    return np.asarray(0.1 * sum(parts), np.float32)


VOICES: Mapping[str, Callable[[float], speech.Samples]] = {
    "pure": lambda hertz: speech.tone(2, hertz),
    "rich": harmonics,
    "no fundamental": lambda hertz: harmonics(hertz, 2, 8),
    "in noise": lambda hertz: harmonics(hertz) + speech.noise(2, 0.02),
}
"""Two seconds of a tone, by what it is made of."""


def between(seconds: float, hertz: float, name: str, fall: float) -> speech.Samples:
    """Return speech with a filled pause in it, from 2.3 s on."""
    around, gap = speech.said("beckett"), speech.silence(0.3)
    filled = speech.vowel(seconds, hertz, VOWELS[name], fall)
    return np.concatenate((around[:32_000], gap, filled, gap, around[32_000:64_000]))


@dataclass(frozen=True, slots=True)
class Filled:
    """How filled pauses are found: of `made`, `found`; the mean error of both edges together in
    milliseconds; and how many are found in `seconds` of fluent reading, where there is none.
    """

    made: int
    found: int
    edges: float
    seconds: float
    false: int


def filled_pauses() -> Filled:
    """Return how those of FILLED are found, and none in FLUENT."""
    errors = []
    for one in FILLED:
        places = [place for place in held(between(*one)) if place[0] < 2.3 + one[0]]
        errors += [abs(a - 2.3) + abs(b - 2.3 - one[0]) for a, b in places[:1]]
    fluent = [speech.said(name) for name in FLUENT]
    return Filled(
        len(FILLED),
        len(errors),
        1000 * float(np.mean(errors)),
        sum(len(one) for one in fluent) / speech.RATE,
        sum(len(held(one)) for one in fluent),
    )


def pitch_error() -> float:
    """Return the 95th percentile of the error over all frames of all TONES, pure, rich, without
    their fundamental and in noise; in per cent.
    """
    errors = [
        np.abs(metered(sound(hertz)).pitch / hertz - 1)
        for hertz in TONES
        for sound in VOICES.values()
    ]
    return 100 * float(np.percentile(np.concatenate(errors), 95))


def pause_error() -> float:
    """Return the largest error of an edge in PATTERN at any of LEVELS, in milliseconds.

    Infinite where pauses are missed or invented.
    """
    sound = pattern(*PATTERN)
    worst = 0.0
    for level in LEVELS:
        found = measured(sound + speech.noise(len(sound) / speech.RATE, level))
        if len(found.pauses) != len(PAUSES):
            return float("inf")
        errors = [found.first_speech - EDGES[0], found.last_speech - EDGES[1]]
        for pause, (start, end) in zip(found.pauses, PAUSES, strict=True):
            errors += [pause.start - start, pause.end - end]
        worst = max(worst, *(abs(one) for one in errors))
    return 1000 * worst


def pace_error() -> float:
    """Return the largest error of words a minute over PACES, in per cent.

    A word is a tone of two thirds of its time, between seconds of silence that must not count.
    """
    worst = 0.0
    for pace in PACES:
        each = 60 / pace
        gaps = [1.5] + [part for _ in range(40) for part in (2 * each / 3, each / 3)]
        sound = measured(pattern(*gaps[:-1], 1.5))
        words = [Word("word", 1.5 + i * each, 1.5 + i * each + 2 * each / 3) for i in range(40)]
        truth = 60 * 40 / (40 * each - each / 3)
        told = measure(sound, words, "en").words_per_minute or 0.0
        worst = max(worst, abs(told / truth - 1))
    return 100 * worst
