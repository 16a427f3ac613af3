"""What providers reply, believed only as far as it can be: text, words and segments.

A reply is a stranger's: every type is looked at, times are held within the sound, and passages
that a recogniser invents (loops, words where there is no voice) are left out, by the same
measures as for the model here.
"""

import math
from collections.abc import Mapping
from typing import Any

from mulakat.providers.transcribe.timing import Timed, voice_share, words_of
from mulakat.providers.values import Sound, Word
from mulakat.providers.whisper import MAX_COMPRESSION, MAX_NO_SPEECH, MIN_LOGPROB, MIN_VOICE
from mulakat.settings import MAX_AUDIO_SECONDS

MOST_WORDS = 10 * MAX_AUDIO_SECONDS
"""Ten a second; the fastest speakers reach six. More is a loop."""


def verbose(reply: object, sound: Sound) -> tuple[Word, ...]:
    """Return the words of /audio/transcriptions' `verbose_json` or `json`.

    Raises ValueError for what is neither.
    """
    if not isinstance(reply, Mapping) or not isinstance(reply.get("text"), str):
        raise ValueError("no text")  # noqa: TRY004  # wrong content, not a wrong call
    text: str = reply["text"]
    segments = [one for one in _list(reply, "segments") if isinstance(one, Mapping)]
    # OpenAI has the words beside the segments, others in them.
    inner = [word for segment in segments for word in _list(segment, "words")]
    words = [_timed(one, "word") for one in _list(reply, "words") or inner]
    if not segments:
        return _bounded(words_of(text, words, (0.0, sound.seconds), sound))
    out: list[Word] = []
    for segment in segments:
        passage = _timed(segment, "text")
        inside = [one for one in words if _within(one, passage)]
        if _invented(segment, passage, sound):
            continue
        start = max(passage.start, out[-1].end if out else 0.0)
        out.extend(words_of(passage.text, inside, (start, max(start, passage.end)), sound))
    return _bounded(out)


def plain(text: str, sound: Sound) -> tuple[Word, ...]:
    """Return the words of a text without times."""
    return _bounded(words_of(text, (), (0.0, sound.seconds), sound))


def _bounded(words: list[Word]) -> tuple[Word, ...]:
    if len(words) > MOST_WORDS:
        raise ValueError("more words than can be said")
    return tuple(words)


def _list(reply: Mapping[Any, Any], key: str) -> list[Any]:
    found = reply.get(key) or []
    if not isinstance(found, list):
        raise ValueError(f"{key} is no list")  # noqa: TRY004  # wrong content, not a wrong call
    return found


def _timed(one: Any, key: str) -> Timed:
    if not isinstance(one, Mapping) or not isinstance(one.get(key), str):
        raise ValueError(f"no {key}")  # noqa: TRY004  # wrong content, not a wrong call
    sure = one.get("probability")  # not OpenAI's; servers on faster-whisper tell it
    probability = min(1.0, max(0.0, _number(sure))) if sure is not None else None
    return Timed(one[key], _number(one.get("start")), _number(one.get("end")), probability)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no time")
    return float(value)


def _within(word: Timed, passage: Timed) -> bool:
    return passage.start <= (word.start + word.end) / 2 < passage.end


def _invented(segment: Mapping[Any, Any], passage: Timed, sound: Sound) -> bool:
    """Whether nobody said it; what a provider does not tell counts for it."""

    def told(key: str, otherwise: float) -> float:
        return _number(segment[key]) if segment.get(key) is not None else otherwise

    if told("compression_ratio", 0.0) > MAX_COMPRESSION:
        return True
    if told("no_speech_prob", 0.0) > MAX_NO_SPEECH and told("avg_logprob", 0.0) < MIN_LOGPROB:
        return True
    return voice_share(passage.start, passage.end, sound) < MIN_VOICE
