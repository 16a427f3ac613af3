"""Fillers in an answer, with their times: "um", "you know", "şey", "hani"."""

from collections.abc import Sequence

from mulakat.languages.matching import Token, entries, find, tokens
from mulakat.providers.values import Filler, Pause, Word

DOUBTFUL_WEIGHT = 0.5
"""What counts of words that good speech has too ("like", "yani"); an estimate, since a
transcript cannot tell the two uses apart."""


def find_fillers(
    words: Sequence[Word], language: str, held: Sequence[Pause] = ()
) -> tuple[tuple[Filler, ...], float]:
    """Return the fillers in order, and their number with the doubtful ones weighted.

    `held` are stretches where the voice stands still; those that no filler of the transcript
    covers are fillers that the recogniser left out, as it mostly does.
    """
    flat: list[Token] = []
    owner: list[Word] = []
    for word in words:
        for token in tokens(word.text):
            flat.append(token)
            owner.append(word)
    weighted = 0.0
    taken: set[int] = set()
    found: list[Filler] = []
    for key, weight in (("fillers.sure", 1.0), ("fillers.doubtful", DOUBTFUL_WEIGHT)):
        for place in find(language, key, flat):
            span = range(place.first, place.after)
            if taken.intersection(span):
                continue
            taken.update(span)
            weighted += weight
            text = " ".join(flat[i].text for i in span)
            found.append(Filler(text, owner[span.start].start, owner[span.stop - 1].end))
    sound = entries(language, "fillers.sound")[0]
    for one in held:
        if not any(filler.start < one.end and one.start < filler.end for filler in found):
            weighted += 1.0
            found.append(Filler(sound, one.start, one.end, heard=True))
    return tuple(sorted(found, key=lambda one: one.start)), weighted
