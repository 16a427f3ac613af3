"""Clarity: sentences of a hearable length, few hedges, few repetitions, varied words."""

from itertools import pairwise
from statistics import fmean

from mulakat.languages.matching import find
from mulakat.providers.rubric.reading import Judged, Reading, between, judged
from mulakat.providers.rubric.sentences import Sentence

VARIETY_WINDOW = 40
"""Words; the moving-average type-token ratio does not depend on length (Covington and
McFall 2010, "Cutting the Gordian knot")."""


def judge(reading: Reading) -> Judged:
    """Judge by four measures of the text; the worst gives the advice."""
    sentences = reading.answered
    words = [word.folded for one in sentences for word in one.tokens]
    if not words:
        return judged(0.0, (), "short")
    low, high = reading.text_norms["sentence_words"]
    mean = fmean(len(one.tokens) for one in sentences)
    length = between(mean, 1, low) if mean < low else 1 - between(mean, high, 1.6 * high)
    hedged = [one for one in sentences if reading.marks("hedges", one)]
    hedges = 100 * sum(reading.marks("hedges", one) for one in hedged) / len(words)
    firm = 1 - between(hedges, 1, 9)
    repeats = 100 * sum(one == other for one, other in pairwise(words)) / len(words)
    fluent = 1 - between(repeats, 0.5, 6)
    varied = between(_variety(words), 0.35, reading.text_norms["variety"])
    value = 0.35 * length + 0.25 * firm + 0.2 * fluent + 0.2 * varied
    parts = {"length": length, "hedges": firm, "repeats": fluent, "variety": varied}
    worst = min(parts, key=lambda name: parts[name])
    if parts[worst] > 0.75:
        return judged(value, _typical(reading), "good")
    if worst == "hedges":
        one = hedged[0]
        found = find(reading.language, "hedges", one.tokens)[0]
        said = " ".join(token.text for token in one.tokens[found.first : found.after])
        return judged(value, hedged[:2], "hedges", said=said)
    if worst == "length":
        longest = max(sentences, key=lambda one: len(one.tokens))
        return judged(value, [longest], "long" if mean > high else "short")
    return judged(value, _typical(reading), worst)


def _variety(words: list[str]) -> float:
    size = min(VARIETY_WINDOW, len(words))
    windows = [words[i : i + size] for i in range(0, len(words) - size + 1, 5)]
    return fmean(len(set(window)) / size for window in windows)


def _typical(reading: Reading) -> list[Sentence]:
    low, high = reading.text_norms["sentence_words"]
    middle = (low + high) / 2
    return sorted(reading.answered, key=lambda one: abs(len(one.tokens) - middle))[:1]
