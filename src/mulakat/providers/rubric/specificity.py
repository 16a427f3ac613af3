"""Specificity: numbers, names, dates, what the speaker did, a result one could check."""

from mulakat.languages.matching import is_content
from mulakat.providers.rubric import coverage
from mulakat.providers.rubric.reading import Judged, Reading, between, judged
from mulakat.providers.rubric.sentences import Sentence

FULL = 0.95
"""The sum from which on an answer is as specific as one can wish: few good ones have figures,
names, dates and a measured result all together (estimate)."""


def names(reading: Reading, sentence: Sentence) -> int:
    """Return how many capitalised words stand inside a sentence, its first word left out."""
    return sum(
        token.text[:1].isupper() and len(token.text) > 1 and is_content(reading.language, token)
        for token in sentence.tokens[1:]
    )


def judge(reading: Reading) -> Judged:
    """Judge by counts that saturate: the second number adds less, the tenth nothing.

    What the speaker did counts where it is asked for, a measured result where a story is.
    """
    numbers = reading.count("numbers")
    named = sum(names(reading, one) for one in reading.sentences)
    dates = reading.count("dates")
    own, team = reading.count("own_action"), reading.count("team")
    measured = [one for one in reading.marked("result") if reading.marks("numbers", one)]
    vague = 100 * reading.count("hedges") / max(1, len(reading.words))
    story = "situation" in coverage.wanted(reading)
    parts = [(0.35, between(numbers, 0, 3)), (0.15, between(named + dates, 0, 2))]
    if reading.asks("asks_you") or own:
        parts.append((0.35, between(own, 0, 3)))
    if story:
        parts.append((0.15, float(bool(measured))))
    whole = sum(weight for weight, _ in parts)
    value = sum(weight * share for weight, share in parts) / whole / FULL
    value = min(1.0, value) - 0.25 * between(vague, 2, 12)
    if not numbers:
        advice = "no_number"
    elif own == 0 and team:
        advice = "team_only"
    elif vague > 4:
        advice = "vague"
    elif story and not measured:
        advice = "no_measured_result"
    else:
        advice = "good" if named + dates else "no_names"

    def weight(one: Sentence) -> int:
        return 2 * reading.marks("numbers", one) + names(reading, one) + reading.marks("dates", one)

    dense = sorted(reading.sentences, key=weight, reverse=True)
    return judged(value, [one for one in dense[:2] if weight(one)], advice)
