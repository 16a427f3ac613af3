"""The voice's pitch, frame by frame, and the stretches where it stands still.

Pitch by autocorrelation of a windowed frame, divided by that of the window (Boersma 1993,
"Accurate short-term analysis of the fundamental frequency", IFA Proceedings 17:97–110). A filled
pause ("um", "ııı") is a vowel whose pitch and colour stand still longer than speech lets them
(Goto, Itou and Hayamizu 1999, "A real-time filled pause detection system", Eurospeech: small
fundamental frequency transition, small spectral envelope deformation).
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mulakat.providers.loudness import FRAME, FRAMES_PER_SECOND, runs
from mulakat.providers.values import SAMPLE_RATE

LOWEST, HIGHEST = 70.0, 420.0
"""Hz; adult voices in interviews. Low men's voices reach 75, high women's peaks 400 (Baken and
Orlikoff 2000, Clinical Measurement of Speech and Voice, ch. 6)."""

HALVED = 2
"""Samples taken together: pitch needs no more than 1 kHz, and half as many cost half."""

RATE = SAMPLE_RATE // HALVED
HOP = FRAME // HALVED
SPAN = 3 * int(RATE / LOWEST)
"""Samples a frame looks at: three periods of the lowest pitch (Boersma 1993)."""

PERIODIC = 0.50
"""Least height of the best peak for a voiced frame; Praat's default is 0.45, one step stricter
since every frame here is judged alone, without a path through its neighbours."""

OCTAVE_COST = 0.02
"""Taken off for each octave below HIGHEST: of equal peaks the shortest period is the true one."""

BANDS = 10
"""Bands of the spectrum whose levels tell a vowel's colour, up to RATE / 2."""

STEADY_SEMITONES = 0.7
"""How far pitch may move within 100 ms and be called still."""

STEADY_COLOUR = 3.0
"""dB; how far the bands may move within 100 ms, root mean square, and be called still."""

STEADY_SECONDS = 0.28
"""Least length of a filled pause. Vowels of fluent speech last 50–200 ms and glide. With
STEADY_SEMITONES, STEADY_COLOUR and BRIDGED chosen on synthetic filled pauses (83–100 % found,
edges within 20 ms) and two read recordings (none found); no labelled recording of unrehearsed
speech was to be had."""

BRIDGED = 5
"""Frames of 20 ms that may waver within a stretch."""

DEEP_HERTZ = 600.0
"""Where vowels have most of their energy and voiceless consonants nearly none."""

BREAK_FALL = 8.0
"""dB that the level below DEEP_HERTZ may fall in a break of the voice (estimate)."""

_STEP = FRAMES_PER_SECOND // 10
"""Frames in 100 ms."""

_FFT = 1 << (2 * SPAN - 1).bit_length()
_WINDOW = np.hanning(SPAN + 2)[1:-1].astype(np.float32)
_SHORT, _LONG = int(RATE / HIGHEST), int(RATE / LOWEST) + 2


def _window_correlation() -> NDArray[np.float32]:
    power = np.abs(np.fft.rfft(_WINDOW, _FFT)) ** 2
    found = np.fft.irfft(power)[: _LONG + 1]
    return np.asarray(found / found[0], np.float32)


_OWN = _window_correlation()
_PENALTY = (OCTAVE_COST * np.log2(np.arange(_SHORT, _LONG + 1) / _SHORT)).astype(np.float32)
_DEEP = round(DEEP_HERTZ * _FFT / RATE)
_EDGES = np.unique(np.round(np.geomspace(150, RATE / 2, BANDS + 1) / (RATE / _FFT)).astype(int))


class VoiceMeter:
    """Follows pitch, colour and depth of one answer; keeps twelve bytes for each 20 ms."""

    def __init__(self) -> None:
        self._rest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._bands: NDArray[np.float32] = np.zeros((0, len(_EDGES) - 1), np.float32)
        self._pitch: list[NDArray[np.float32]] = []
        self._moved: list[NDArray[np.float32]] = []
        self._depth: list[NDArray[np.float32]] = []

    def feed(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples at SAMPLE_RATE; frames begin each 20 ms from the first one."""
        whole = np.concatenate((self._rest, samples))
        count = max(0, (len(whole) - SPAN * HALVED) // FRAME + 1)
        self._rest = whole[count * FRAME :].copy()
        for first in range(0, count, _AT_ONCE):
            last = min(first + _AT_ONCE, count)
            part = whole[first * FRAME : (last - 1) * FRAME + SPAN * HALVED]
            self._take(part, last - first)

    def _take(self, part: NDArray[np.float32], count: int) -> None:
        halved = part.reshape(-1, HALVED).mean(axis=1)
        frames = np.lib.stride_tricks.sliding_window_view(halved, SPAN)[::HOP][:count]
        frames = (frames - frames.mean(axis=1, keepdims=True)) * _WINDOW
        spectrum = np.abs(np.fft.rfft(frames, _FFT)) ** 2
        self._pitch.append(_pitch(spectrum.astype(np.float32)))
        self._depth.append(_decibels(spectrum[:, :_DEEP].sum(axis=1)))
        levels = _decibels(np.add.reduceat(spectrum, _EDGES[:-1], axis=1))
        levels -= levels.mean(axis=1, keepdims=True)  # loudness is not colour
        before = np.concatenate((self._bands, levels))
        lag = np.full(count, np.inf, np.float32)
        known = min(count, len(before) - _STEP)
        if known > 0:
            change = before[-known:] - before[-known - _STEP : -_STEP]
            lag[-known:] = np.sqrt((change**2).mean(axis=1))
        self._moved.append(lag)
        self._bands = before[-_STEP:]

    @property
    def pitch(self) -> NDArray[np.float32]:
        """Hz for each frame of 20 ms, 0 where there is none."""
        return _joined(self._pitch)

    @property
    def moved(self) -> NDArray[np.float32]:
        """Change of colour in dB for each frame of 20 ms; infinite in the first 100 ms."""
        return _joined(self._moved)

    @property
    def depth(self) -> NDArray[np.float32]:
        """Level below DEEP_HERTZ in dB for each frame of 20 ms: high in vowels, low in hisses."""
        return _joined(self._depth)


def _joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _decibels(power: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    return np.asarray(10 * np.log10(power + 1e-9), np.float32)


_AT_ONCE = 256
"""Frames analysed together: their spectra take 3 MB."""


def _pitch(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return Hz for each row of power spectra, 0 where nothing repeats."""
    found = np.fft.irfft(power, axis=1)[:, : _LONG + 2].astype(np.float32)
    loud = found[:, 0] > _LEAST_POWER
    heights = found / np.maximum(found[:, :1], 1e-12)
    heights[:, : _LONG + 1] /= _OWN
    searched = heights[:, _SHORT : _LONG + 1] - _PENALTY
    # A peak is higher than both neighbours: the slope down from lag 0 is none. Its true top lies
    # between samples; without it a longer period that hits a sample would seem the better one.
    left, middle, right = searched[:, :-2], searched[:, 1:-1], searched[:, 2:]
    peaks = (middle >= left) & (middle > right)
    bend = np.where(peaks, left - 2 * middle + right, -1)
    shift = np.clip(0.5 * (left - right) / np.where(bend < -1e-9, bend, -1), -1, 1)
    tops = np.where(peaks, middle - 0.25 * (left - right) * shift, -1)
    best = tops.argmax(axis=1)
    rows = np.arange(len(power))
    lag = best + 1 + _SHORT + shift[rows, best]
    return np.where(loud & (tops[rows, best] >= PERIODIC), RATE / lag, 0).astype(np.float32)


_LEAST_POWER = SPAN * 10 ** (-60 / 10) * 0.375
"""Energy of a frame at −60 dBFS under the window (whose mean square is 0.375)."""


def semitones(pitch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return pitch as semitones over 100 Hz, jumps of one lone frame smoothed; NaN without."""
    out = np.full(len(pitch), np.nan, np.float32)
    there = pitch > 0
    out[there] = 12 * np.log2(pitch[there] / 100)
    # The median of three takes out the octave errors of single frames.
    if len(out) >= 3:
        triple = np.stack((out[:-2], out[1:-1], out[2:]))
        complete = ~np.isnan(triple).any(axis=0)
        out[1:-1][complete] = np.median(triple[:, complete], axis=0)
    return out


def steady(pitch: NDArray[np.float32], moved: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return [first, end) frames of each stretch where pitch and colour stand still."""
    tones = semitones(pitch)
    still = np.zeros(len(pitch), np.bool_)
    if len(pitch) > _STEP:
        drift = np.abs(tones[_STEP:] - tones[:-_STEP])
        with np.errstate(invalid="ignore"):
            still[_STEP:] = (drift <= STEADY_SEMITONES) & (moved[_STEP:] <= STEADY_COLOUR)
    for first, end in runs(~still):
        if first > 0 and end < len(still) and end - first <= BRIDGED:
            still[first:end] = True
    least = round(STEADY_SECONDS * FRAMES_PER_SECOND)
    # A still frame says that the 100 ms before it stood still.
    return [(first - _STEP, end) for first, end in runs(still) if end - (first - _STEP) >= least]


def breaks(pitch: NDArray[np.float32], depth: NDArray[np.float32]) -> int:
    """Return how often the voice breaks off though its sound goes on.

    That is: no pitch for 40–160 ms between stretches of 100 ms and more that have it, and the
    level below DEEP_HERTZ stays. Consonants without voice let that level fall.
    """
    stretches = [one for one in runs(pitch > 0) if one[1] - one[0] >= _STEP]
    count = 0
    for (first, end), (following, last) in pairwise(stretches):
        if 2 <= following - end <= 8:
            around = min(np.median(depth[first:end]), np.median(depth[following:last]))
            count += bool(depth[end:following].min() >= around - BREAK_FALL)
    return count


def pitch_range(pitch: NDArray[np.float32]) -> float | None:
    """Return the semitones between the 10th and 90th percentile; None for under 1 s of pitch."""
    tones = semitones(pitch)
    tones = tones[~np.isnan(tones)]
    if len(tones) < FRAMES_PER_SECOND:
        return None
    low, high = np.percentile(tones, (10, 90))
    return float(high - low)
