"""The evidence gate: what cannot be judged gets a reason, never a number."""

from statistics import fmean

from mulakat.languages import codes, say
from mulakat.languages.matching import Token, find, is_content, tokens
from mulakat.providers.values import Assessment, Material

ENGINE = "gate-1"

LEAST_CONTENT_WORDS = 5
"""Different ones; one clause has about three (estimate)."""

LEAST_SPEECH_SECONDS = 3.0
"""A greeting takes about two (estimate)."""

LEAST_CONFIDENCE = 0.55
"""Mean word probability. Measured with Whisper base: human English 0.92 and 0.94, the same in
noise at its own loudness 0.80, told to hear it as Turkish 0.75; synthetic Turkish, of which it
understands next to nothing, 0.39-0.52. Noise gives no words at all."""

LEAST_KNOWN_SHARE = 0.08
"""Share of words that the language's lexicon knows. On tests/fixtures/answers.toml English
answers have 0.29 and more, Turkish ones 0.12 and more, in the wrong language 0.09 and less."""

KNOWN_FROM = 8
"""Words below which the share means nothing."""

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
    if len(words) >= KNOWN_FROM and not _is_language(material.language, words):
        return "not_language"
    return None


def _is_language(language: str, words: tuple[Token, ...]) -> bool:
    known = {code: _known(code, words) for code in codes()}
    return known[language] >= LEAST_KNOWN_SHARE and known[language] == max(known.values())


def _speech_seconds(material: Material) -> float:
    if material.typed:
        return LEAST_SPEECH_SECONDS
    return sum(word.end - word.start for word in material.words)


def _known(language: str, words: tuple[Token, ...]) -> float:
    """Return the share of words that are stop words or part of a phrase of the lexicon."""
    # Single letters belong to every language and to none.
    known = {i for i, w in enumerate(words) if len(w.text) > 1 and not is_content(language, w)}
    for key in _KNOWING:
        for found in find(language, key, words):
            known.update(range(found.first, found.after))
    return len(known) / len(words)
