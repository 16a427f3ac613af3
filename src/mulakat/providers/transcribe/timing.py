"""Words with times, from what a provider says of them and from where the sound has voice.

Providers differ: words with times but without punctuation, segments with their text, or a text
alone. The text is what is read and scored, so it leads; times are found for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mulakat.providers.values import Sound, Word


@dataclass(frozen=True, slots=True)
class Timed:
    """One word as a provider gives it, or a passage; seconds from the answer's beginning.

    `probability` is None where the provider does not say how sure it is of a word.
    """

    text: str
    start: float
    end: float
    probability: float | None = None


def words_of(
    text: str, heard: Sequence[Timed], span: tuple[float, float], sound: Sound
) -> list[Word]:
    """Return the words of a passage with their times, rising and within `span` and the sound.

    `heard` are the provider's words of this passage, in order; those of the text that it does not
    have, or all of them, are laid over the voice between their neighbours by their length.
    """
    tokens = text.split()
    found: list[Timed | None] = [None] * len(tokens)
    matcher = SequenceMatcher(
        None, [_plain(token) for token in tokens], [_plain(one.text) for one in heard], False
    )
    for here, there, count in matcher.get_matching_blocks():
        for i in range(count):
            found[here + i] = heard[there + i]
    least, most = max(0.0, span[0]), min(span[1], sound.seconds)
    out: list[Word] = []
    last = least
    for first, after, known in _runs(found):
        if known is not None:
            last = min(max(known.start, last), most)
            end = min(max(known.end, last), most)
            out.append(Word(tokens[first], round(last, 3), round(end, 3), known.probability))
            last = end
            continue
        until = next((one.start for one in found[after:] if one is not None), most)
        laid = _laid(tokens[first:after], last, min(max(until, last), most), sound)
        out.extend(laid)
        last = laid[-1].end
    return out


def voice_share(start: float, end: float, sound: Sound) -> float:
    """Return the share of a stretch of time that has voice in it, 0-1."""
    voiced = sum(to - since for since, to in _voiced(start, end, sound))
    return voiced / (end - start) if end > start else 0.0


def _runs(found: Sequence[Timed | None]) -> Iterator[tuple[int, int, Timed | None]]:
    """Yield each word with a time, and each run of words without, as (first, after, word)."""
    i = 0
    while i < len(found):
        after = i + 1
        if found[i] is None:
            while after < len(found) and found[after] is None:
                after += 1
        yield i, after, found[i]
        i = after


def _laid(tokens: Sequence[str], start: float, end: float, sound: Sound) -> list[Word]:
    """Lay words over the voice in a stretch, each as long as its letters are many."""
    stretches = _voiced(start, end, sound) or [(start, end)]
    voiced = sum(to - since for since, to in stretches)
    letters = sum(len(token) for token in tokens)
    out: list[Word] = []
    done = 0
    for token in tokens:
        since = _at(voiced * done / letters, stretches, ending=False)
        done += len(token)
        to = _at(voiced * done / letters, stretches, ending=True)
        to = min(
            to, next((one[1] for one in stretches if one[1] > since), to)
        )  # no word spans a pause
        out.append(Word(token, round(since, 3), round(max(since, to), 3)))
    return out


def _at(seconds: float, stretches: Sequence[tuple[float, float]], *, ending: bool) -> float:
    """Return the moment by which so many seconds of the stretches have passed."""
    for since, to in stretches:
        if seconds < to - since or (ending and seconds <= to - since + 1e-6):
            return since + min(seconds, to - since)
        seconds = max(0.0, seconds - (to - since))
    return stretches[-1][1]


def _voiced(start: float, end: float, sound: Sound) -> list[tuple[float, float]]:
    """Return the stretches between two moments in which there is voice."""
    since, end = max(start, sound.first_speech), min(end, sound.last_speech)
    out: list[tuple[float, float]] = []
    for pause in sound.pauses:
        if pause.end <= since:
            continue
        if pause.start >= end:
            break
        if pause.start > since:
            out.append((since, pause.start))
        since = pause.end
    if end > since:
        out.append((since, end))
    return out


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
