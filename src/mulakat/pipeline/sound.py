"""What the audio itself tells: how long there was voice, where the pauses are, its pitch, how loud.

Measured from energy, not from the recogniser's word times, which stretch over silences.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mulakat.pipeline.voice import VoiceMeter, breaks, pitch_range, steady
from mulakat.providers.loudness import FRAME, FRAMES_PER_SECOND, levels, runs, voice
from mulakat.providers.values import SAMPLE_RATE, Pause, Sound, Window

LEAST_PAUSE = 0.25
"""Seconds; shorter silences belong to articulation (Goldman-Eisler 1968; de Jong & Bosker
2013 find 250 ms the best threshold for fluency measures)."""

ENVELOPE_POINTS = 240

_ENVELOPE_RANGE = 40.0
"""dB drawn between 0 and 100: about the range of speech from its quietest sounds."""

_ENVELOPE_TOP = -40.0
"""dBFS that the strip's top never falls under, so that a silent room is drawn flat."""


QUIET = -38.0
"""dBFS; speech whose loudest frames stay below is too quiet: browsers' automatic gain brings it
to about −20, and below −40 eight-bit telephony begins to hiss (estimate)."""

NOISY = 14.0
"""dB from the noise floor to the loudest frames; below, recognition suffers (measured with Whisper
base: sure of its words at 20 dB, unsure at 5)."""

FULL_SCALE = 0.985
CLIPPED = 0.001
"""Share of samples at full scale from which speech is clipped; a clean peak touches it now and
then (estimate)."""


class SoundMeter:
    """Gathers one answer's sound window by window; keeps 16 bytes for each 20 ms."""

    def __init__(self) -> None:
        self._levels = array("f")
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._samples = 0
        self._full = 0
        self._voice = VoiceMeter()

    def feed(self, window: Window) -> None:
        """Take the next window; windows join without a gap."""
        samples = np.concatenate((self._rest, window.samples))
        found = levels(samples)
        self._levels.frombytes(found.tobytes())
        self._rest = samples[len(found) * FRAME :].copy()
        self._samples += len(window.samples)
        self._full += int((np.abs(window.samples) >= FULL_SCALE).sum())
        self._voice.feed(window.samples)

    def result(self) -> Sound:
        """Return what was measured so far.

        `speech_seconds` is the span from the first to the last voice without the pauses of
        LEAST_PAUSE or more; all zero where there is no voice. Pause edges are exact to a
        frame, 20 ms.
        """
        measured = np.frombuffer(self._levels, np.float32)
        spoken = runs(voice(measured))
        step = max(1, -(-len(measured) // ENVELOPE_POINTS))
        seconds = self._samples / SAMPLE_RATE
        if not spoken:
            first = last = 0.0
        else:
            first, last = spoken[0][0] / FRAMES_PER_SECOND, spoken[-1][1] / FRAMES_PER_SECOND
        pauses = tuple(
            Pause(end / FRAMES_PER_SECOND, following / FRAMES_PER_SECOND)
            for (_, end), (following, _) in pairwise(spoken)
            if following - end >= LEAST_PAUSE * FRAMES_PER_SECOND
        )
        pitch = self._voice.pitch
        return Sound(
            held=tuple(
                Pause(begin / FRAMES_PER_SECOND, end / FRAMES_PER_SECOND)
                for begin, end in steady(pitch, self._voice.moved)
            ),
            pitch_range=pitch_range(pitch),
            voice_breaks=breaks(pitch, self._voice.depth),
            level=self._level(measured) if spoken else (),
            seconds=seconds,
            speech_seconds=last - first - sum(pause.seconds for pause in pauses),
            first_speech=first,
            last_speech=last,
            pauses=pauses,
            envelope=_envelope(measured, step),
            envelope_step=step / FRAMES_PER_SECOND,
        )

    def _level(self, measured: NDArray[np.float32]) -> tuple[str, ...]:
        floor, loudest = np.percentile(measured, (5, 95))
        wrong = {
            "quiet": loudest < QUIET,
            "clipped": self._full >= CLIPPED * self._samples,
            "noisy": loudest - floor < NOISY,
        }
        return tuple(name for name, found in wrong.items() if found)


def metered(windows: Iterable[Window], meter: SoundMeter) -> Iterator[Window]:
    """Pass windows on, each measured on its way."""
    for window in windows:
        meter.feed(window)
        yield window


def voiced(window: Window) -> bool:
    """Say whether there is voice in a window, by its energy."""
    return bool(voice(levels(window.samples)).any())


def _envelope(measured: NDArray[np.float32], step: int) -> tuple[int, ...]:
    if not len(measured):
        return ()
    top = max(float(np.percentile(measured, 99)), _ENVELOPE_TOP)
    power = 10 ** (measured.astype(np.float64) / 10)
    starts = np.arange(0, len(power), step)
    sizes = np.diff(np.append(starts, len(power)))
    mean = 10 * np.log10(np.add.reduceat(power, starts) / sizes)
    drawn = np.clip(100 * (1 + (mean - top) / _ENVELOPE_RANGE), 0, 100)
    return tuple(round(point) for point in drawn.tolist())
