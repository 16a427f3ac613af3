"""Where in a sound there is voice, by its energy alone.

Used twice: to measure pauses over an answer, and to keep a recogniser from inventing words
where nothing was said.
"""

import numpy as np
from numpy.typing import NDArray

from mulakat.providers.values import SAMPLE_RATE

FRAMES_PER_SECOND = 50
"""Frames of 20 ms: short enough for a pause's edge, long enough for a low voice's pitch."""

FRAME = SAMPLE_RATE // FRAMES_PER_SECOND

SILENCE = -120.0
"""dBFS given to digital silence."""

LEAST_LOUD = -60.0
"""dBFS; when even the loudest frames stay below, nobody spoke into the microphone."""

BELOW_LOUDEST = 25.0
"""dB under the loudest frames (99th percentile) where silence begins in a clean recording
(de Jong & Wempe 2009, Behavior Research Methods 41:385, as their Praat script has it)."""

ABOVE_NOISE = 4.0
"""dB over the noise floor (5th percentile) where voice may go on. Constant noise varies far
less: white noise by 1.4 dB between the 5th and 99th percentile of 20 ms frames."""

HYSTERESIS = 3.0
"""dB more that voice needs to begin."""

BRIDGE_FRAMES = 5
"""Gaps up to 100 ms are within speech: closures of stops."""

LEAST_FRAMES = 5
"""Voice lasts 100 ms at least, a short syllable; what is shorter is a click."""


def levels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of each whole 20 ms frame, in dB of full scale, shape (n // FRAME,)."""
    whole = len(samples) // FRAME
    frames = samples[: whole * FRAME].reshape(whole, FRAME)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / FRAME
    floor = 10 ** (SILENCE / 10)
    return np.asarray(10 * np.log10(np.maximum(power, floor)), np.float32)


def voice(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which frames hold voice: hysteresis over an adaptive floor, gaps bridged."""
    if not len(levels):
        return np.zeros(0, np.bool_)
    floor, loudest = np.percentile(levels, (5, 99))
    if loudest < LEAST_LOUD:
        return np.zeros(len(levels), np.bool_)
    stays = max(floor + ABOVE_NOISE, loudest - BELOW_LOUDEST)
    begins = levels >= stays + HYSTERESIS
    mask = np.zeros(len(levels), np.bool_)
    for first, end in runs(levels >= stays):
        if begins[first:end].any():
            mask[first:end] = True
    for first, end in runs(~mask):
        if first > 0 and end < len(mask) and end - first <= BRIDGE_FRAMES:
            mask[first:end] = True
    for first, end in runs(mask):
        if end - first < LEAST_FRAMES:
            mask[first:end] = False
    return mask


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return [first, end) of each stretch of True."""
    padded = np.concatenate(([False], mask, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
