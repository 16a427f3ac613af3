"""The evidence gate: what cannot be judged gets a reason, never a number."""

from statistics import fmean

from mulakat.languages import say
from mulakat.languages.matching import Token, find, is_content, tokens
from mulakat.providers.values import Assessment, Material

ENGINE = "gate-1"

LEAST_CONTENT_WORDS = 5
"""Different ones; one clause has about three (estimate)."""

LEAST_SPEECH_SECONDS = 3.0
"""A greeting takes about two (estimate)."""

LEAST_CONFIDENCE = 0.45
"""Mean word probability; see tests/bench/test_confidence.py."""

LEAST_KNOWN_SHARE = 0.08
"""Share of words the language's lexicon knows, in a text of KNOWN_FROM words or more."""

KNOWN_FROM = 8

_KNOWING = ("own_action", "team", "situation", "task", "result", "connectives", "reason")


def not_scored(material: Material) -> Assessment | None:
    """Return the assessment "not scored" with its reason, or None where there is enough."""
    reason = _reason(material)
    if reason is None:
        return None
    return Assessment(
        engine=ENGINE,
        score=None,
        evaluation=say(material.reader, f"gate.{reason}"),
        reason=reason,
    )


def _reason(material: Material) -> str | None:
    words = tokens(material.text)
    content = {word.folded for word in words if is_content(material.language, word)}
    if len(content) < LEAST_CONTENT_WORDS or _speech_seconds(material) < LEAST_SPEECH_SECONDS:
        return "too_little_speech"
    heard = [word.probability for word in material.words if word.probability is not None]
    if heard and fmean(heard) < LEAST_CONFIDENCE:
        return "low_confidence"
    if len(words) >= KNOWN_FROM and _known(material.language, words) < LEAST_KNOWN_SHARE:
        return "not_language"
    return None


def _speech_seconds(material: Material) -> float:
    if material.typed:
        return LEAST_SPEECH_SECONDS
    return sum(word.end - word.start for word in material.words)


def _known(language: str, words: tuple[Token, ...]) -> float:
    """Return the share of words that are stop words or part of a phrase of the lexicon."""
    known = {i for i, word in enumerate(words) if not is_content(language, word)}
    for key in _KNOWING:
        for found in find(language, key, words):
            known.update(range(found.first, found.after))
    return len(known) / len(words)
