"""How an answer was spoken: pace, articulation, pauses, fillers.

Words and fillers come from the transcript; time, voice and pauses from the sound itself, since
a recogniser's word times run through silences.
"""

from bisect import bisect
from collections.abc import Sequence

from mulakat.languages.matching import syllables, tokens
from mulakat.pipeline.fillers import find_fillers
from mulakat.providers.values import Delivery, Sound, Word

LENGTHS = (0.5, 1.0, 2.0)
"""Seconds that part pauses by length: below the first they go unnoticed, from the second on
listeners take the turn (Jefferson 1989), from the last on an answer has stopped."""

LEAST_SECONDS = 1.0
"""Below this a rate per minute says nothing."""


def measure(sound: Sound | None, words: Sequence[Word], language: str) -> Delivery:
    """Return the measures; what the sound alone can tell is None or 0 where there is none."""
    spoken = [token for word in words for token in tokens(word.text)]
    fillers, weighted = find_fillers(words, language, sound.held if sound else ())
    if sound is None:
        return Delivery(
            words=len(spoken),
            words_per_minute=None,
            articulation_rate=None,
            speech_ratio=None,
            pause_count=0,
            pause_total=0.0,
            pause_longest=0.0,
            pauses_per_minute=None,
            fillers=fillers,
        )
    span = sound.last_speech - sound.first_speech
    long_enough = span >= LEAST_SECONDS and bool(spoken)
    minutes = span / 60
    pauses = [pause.seconds for pause in sound.pauses]
    syllable_count = sum(syllables(language, token) for token in spoken)
    voiced = sound.speech_seconds
    by_length = _by_length(pauses)
    return Delivery(
        words=len(spoken),
        words_per_minute=round(len(spoken) / minutes, 1) if long_enough else None,
        articulation_rate=(
            round(syllable_count / voiced, 2) if long_enough and voiced >= LEAST_SECONDS else None
        ),
        speech_ratio=round(min(1.0, voiced / span), 3) if long_enough else None,
        pause_count=len(pauses),
        pause_total=round(sum(pauses), 2),
        pause_longest=round(max(pauses, default=0.0), 2),
        pauses_per_minute=round(len(pauses) / minutes, 1) if long_enough else None,
        fillers=fillers,
        fillers_per_minute=round(weighted / minutes, 1) if long_enough else None,
        pauses_by_length=by_length,
        long_pauses_per_minute=(
            round((by_length[2] + by_length[3]) / minutes, 1) if long_enough else None
        ),
        pitch_range=None if sound.pitch_range is None else round(sound.pitch_range, 1),
        voice_breaks=sound.voice_breaks,
        level=sound.level,
    )


def _by_length(pauses: Sequence[float]) -> tuple[int, int, int, int]:
    counts = [0, 0, 0, 0]
    for seconds in pauses:
        counts[bisect(LENGTHS, seconds)] += 1
    return counts[0], counts[1], counts[2], counts[3]
