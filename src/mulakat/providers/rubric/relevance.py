"""Relevance: does the answer speak about what was asked."""

from statistics import fmean

from mulakat.languages.matching import same_word
from mulakat.providers.rubric.reading import Judged, Reading, between, judged

FAR, NEAR = 0.09, 0.36
"""Cosine of the nearest sentences to the question. On tests/fixtures/answers.toml answers about
something else stay below 0.08, answers to the question begin at 0.15 (encoder of decision
0001)."""

CURVE = 0.6
"""Exponent: above FAR an answer is mostly on the subject, and strong answers are often farther
than those that repeat the question."""

UNKNOWN = 0.5
"""For a question that names no subject: neither earned nor missed."""

OVERLAP = 0.2
"""The part of the question's own words; half of them is enough."""


def share(reading: Reading) -> float:
    """Return 0–1 by meaning, lifted by the question's words in the answer."""
    if not reading.sentences:
        return 0.0
    if not reading.asked:
        return UNKNOWN
    nearest = sorted(reading.nearness, reverse=True)[:2]
    meaning: float = between(0.5 * (nearest[0] + fmean(nearest)), FAR, NEAR) ** CURVE
    subject = reading.subject
    if not subject:
        return meaning
    said = [word.folded for word in reading.words]
    shared = sum(any(same_word(one.folded, word) for word in said) for one in subject)
    return (1 - OVERLAP) * meaning + OVERLAP * min(1.0, 2 * meaning, 2 * shared / len(subject))


def judge(reading: Reading) -> Judged:
    """Judge by `share`; the evidence is the sentences nearest to the question."""
    value = share(reading)
    pairs = sorted(zip(reading.nearness, range(len(reading.sentences)), strict=True), reverse=True)
    nearest = [reading.sentences[i] for nearness, i in pairs[:2] if nearness > FAR]
    if not reading.asked:
        return judged(value, (), "no_subject")
    advice = "off" if value < 0.25 else "partly" if value < 0.7 else "good"
    return judged(value, nearest, advice)
