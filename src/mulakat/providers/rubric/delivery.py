"""Delivery: the measures of speech against the usual ranges of the language."""

import math
from typing import Any

from mulakat.languages import norms
from mulakat.providers.rubric.reading import Judged, Reading, judged
from mulakat.providers.rubric.sentences import Sentence

_WEIGHTS = {
    "words_per_minute": 0.25,
    "fillers_per_minute": 0.25,
    "pause_longest": 0.1,
    "long_pauses_per_minute": 0.1,
    "pauses_per_minute": 0.05,
    "speech_ratio": 0.1,
    "articulation_rate": 0.1,
    "pitch_range": 0.05,
}
"""What listeners notice first weighs most: pace and fillers (estimate). Loudness is missing on
purpose: it is the microphone's gain."""

STEEPNESS = 3.0
"""How fast a fit falls outside its range: to 0.47 half the range's width away, 0.05 a width."""


def fit(value: float, low: float, high: float) -> float:
    """Return 1 inside a range, falling outside it without a step or a bend."""
    outside = max(low - value, value - high, 0.0)
    return math.exp(-STEEPNESS * (outside / (high - low)) ** 2)


def judge(reading: Reading) -> Judged:
    """Judge the measures that exist; the worst gives the advice. Needs a delivery."""
    delivery, ranges = reading.delivery, norms(reading.language)
    fits: dict[str, float] = {}
    for name in _WEIGHTS:
        value = getattr(delivery, name)
        if value is not None:
            fits[name] = fit(value, *ranges[name])
    if delivery is None or not fits:
        return judged(0.0, (), "good")
    total = sum(_WEIGHTS[name] * fits[name] for name in fits)
    share = total / sum(_WEIGHTS[name] for name in fits)
    worst = min(fits, key=lambda name: (fits[name], -_WEIGHTS[name]))
    if fits[worst] > 0.85:
        return judged(share, _around(reading, None), "good")
    if worst == "fillers_per_minute":
        first = delivery.fillers[0]
        return judged(share, _around(reading, first.start), "fillers", said=first.text)
    if worst == "pause_longest":
        return judged(share, (), "long_pause", seconds=round(delivery.pause_longest, 1))
    low, _ = ranges[worst]
    under = getattr(delivery, worst) < low
    return judged(share, _around(reading, None), _ADVICE[worst, under])


_ADVICE: dict[tuple[str, bool], Any] = {
    ("words_per_minute", True): "slow",
    ("words_per_minute", False): "fast",
    ("articulation_rate", True): "slow",
    ("articulation_rate", False): "fast",
    ("pauses_per_minute", True): "no_pauses",
    ("pauses_per_minute", False): "many_pauses",
    ("speech_ratio", True): "many_pauses",
    ("speech_ratio", False): "no_pauses",
    ("long_pauses_per_minute", False): "many_pauses",
    ("pitch_range", True): "flat",
    ("pitch_range", False): "restless",
}


def _around(reading: Reading, at: float | None) -> list[Sentence]:
    """Return the sentence spoken at a time, or the longest one: there the pace shows."""
    timed = [one for one in reading.answered if one.start is not None and one.end is not None]
    if at is not None:
        timed = [one for one in timed if (one.end or 0) > at]
        return timed[:1]
    return sorted(timed, key=lambda one: len(one.tokens), reverse=True)[:1]
