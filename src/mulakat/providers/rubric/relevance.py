"""Relevance: does the answer speak about what was asked.

Two signs, because each alone fails. Nearness to the question (cosine of sentences) tells a hobby
from work, but not one story of work from another, and a good answer that shares no word with the
question can be as far from it as a bad one. The themes of interviews (conflict, pressure, mistake,
…; the lexicon's `means`) tell stories apart, by phrases and by likeness to their own sentences,
but only the themes that are known. A question of no known theme ("What is a REST API?") leaves only
nearness, which cannot tell a right answer in other words from one about something else: there an
answer that is far is in doubt, not refuted, so neither this criterion (UNSURE) nor the others
(`pertinence`) fall near 0.
"""

from statistics import fmean

from mulakat.languages.matching import same_word
from mulakat.providers.rubric.reading import Judged, Reading, between, clamp, judged

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

ENOUGH_PHRASES = 3
"""Different phrases of the asked theme. On tests/fixtures/paraphrases.toml strong answers have 3
and more, strong answers to other questions 0–2."""

FIRST_PHRASES = 0.8
"""Exponent: the first phrase tells more than the third."""

ALIKE = (0.32, 0.48)
"""Likeness to the sentences of the asked theme: on tests/fixtures/paraphrases.toml 0.20–0.36 for
answers to other questions (10th and 90th percentile), 0.37–0.49 for answers to the asked one."""

LIKENESS = 0.4
"""What likeness adds to the phrases: an answer in words that no list has is not lost."""

THEME = 0.6
"""The part of the theme in a share, nearness is the rest (chosen with PERTINENT by grid
on both fixtures, without the items marked unseen)."""

UNSURE = 0.2
"""Least share where the question's theme is unknown."""

PERTINENT = 0.6
"""The share from which on the other criteria count in full; below it they fall in proportion, so
that no single word decides."""

OFF = 0.25
"""The share below which an answer to a known theme is said to be about something else."""

POINTS, UNTOLD = 2.0, 0.65
"""With key points relevance goes by the nearness of the two nearest sentences plus POINTS times the
mean value of the points above UNTOLD. Each language has its own bounds for it (norms.toml): on the
question bank the examples have 0.23 and 0.42 in English, 0.16 and 0.34 in Turkish (5th percentile,
median), another field's for the same question 0.18 and 0.31, 0.16 and 0.28 (median, 95th). Of all
own and all others taken in pairs, own is nearer in 0.97 and 0.93. Either sign alone: 0.93 and 0.86,
0.92 and 0.88; the themes' phrases and nearness: 0.85 and 0.80."""

DOUBTFUL, DOUBT = 0.4, (0.2, 0.45)
"""The share given at least to an answer to a known theme that uses none of its phrases and yet is
near, from the first to the second nearness on. Good answers in words of their own lie there, as
good answers to other questions do, and this encoder cannot tell them apart: on
tests/fixtures/paraphrases.toml those have a nearness of 0.38, the median, and own ones 0.4 to
0.6. So it ends in the middle, neither refuted nor believed."""

LEAST, LEAST_NEAR, LEAST_UNSURE, LEAST_GUIDED = 0.1, 0.15, 0.5, 0.25
"""What is left of the other criteria at a share of 0: with a known theme LEAST and LEAST_NEAR times
the nearness, without one LEAST_UNSURE. With key points LEAST_GUIDED: one example of the bank in a
hundred looks as far as that, and is not to be called worth nothing."""


def share(reading: Reading) -> float:
    """Return 0–1: by theme and nearness, or by nearness alone from UNSURE upwards."""
    if not reading.sentences:
        return 0.0
    if not reading.asked:
        return UNKNOWN
    near = _near(reading)
    if reading.said:
        meaning: float = between(_guided(reading), *reading.text_norms["relevant"]) ** CURVE
        return meaning
    if reading.themes:
        phrases = between(reading.shown, 0, ENOUGH_PHRASES) ** FIRST_PHRASES
        theme = clamp(phrases + LIKENESS * between(reading.likeness, *ALIKE))
        return max(THEME * theme + (1 - THEME) * near, DOUBTFUL * between(near, *DOUBT))
    return UNSURE + (1 - UNSURE) * near


def pertinence(reading: Reading) -> float:
    """Return the factor (LEAST to 1) by which the other criteria count."""
    if not reading.asked or not reading.sentences:
        return 1.0
    if reading.said:
        counts = between(_guided(reading), *reading.text_norms["pertinent"])
        return LEAST_GUIDED + (1 - LEAST_GUIDED) * counts
    least = LEAST + LEAST_NEAR * _near(reading) if reading.themes else LEAST_UNSURE
    return least + (1 - least) * between(share(reading), 0, PERTINENT)


def _guided(reading: Reading) -> float:
    nearest = sorted(reading.nearness, reverse=True)[:2]
    near = 0.5 * (nearest[0] + fmean(nearest))
    return near + POINTS * (fmean(reading.said) - UNTOLD)


def _near(reading: Reading) -> float:
    """Return 0–1 by the nearest sentences' meaning, lifted by the question's words."""
    nearest = sorted(reading.nearness, reverse=True)[:2]
    meaning: float = between(0.5 * (nearest[0] + fmean(nearest)), FAR, NEAR) ** CURVE
    subject = reading.subject
    if not subject:
        return meaning
    said = [word.folded for word in reading.words]
    shared = sum(any(same_word(one.folded, word) for word in said) for one in subject)
    return (1 - OVERLAP) * meaning + OVERLAP * min(1.0, 2 * meaning, 2 * shared / len(subject))


def judge(reading: Reading) -> Judged:
    """Judge by `share`; the evidence is the sentences of the theme, the nearest first."""
    value = share(reading)
    ranked = sorted(
        (
            (reading.shows(one), nearness, -i)
            for i, (one, nearness) in enumerate(
                zip(reading.sentences, reading.nearness, strict=True)
            )
        ),
        reverse=True,
    )
    nearest = [
        reading.sentences[-i] for shows, nearness, i in ranked[:2] if shows or nearness > FAR
    ]
    if not reading.asked:
        return judged(value, (), "no_subject")
    far = "off" if reading.themes else "unsure"
    advice = far if value < OFF else "partly" if value < 0.7 else "good"
    return judged(value, nearest, advice)
