"""What else makes a question bank good: no two questions alike, both languages, clean typography.

Used by `mulakat questions lint` and by the test of our own bank, never by the server.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

from mulakat.interview import bank_check
from mulakat.interview.bank import CATEGORIES, LEVELS, SOURCES, Bank, BankError, Question
from mulakat.languages.matching import fold, is_content, tokens

ALIKE = 0.5
"""Share of pieces of four letters, stop words left out, that two questions may have in common
(Dice). The likest two of our own bank have 0.4 at most (a test); one question with other small
words around it has 0.6 and more."""

_FRAME = {
    "en": frozenset({"tell", "describe", "time"}),
    "tr": frozenset({"anlatir", "misiniz"}),
}
"""Folded words by which any question may ask for a story: they make no two questions alike."""

_MARKS = (
    (re.compile(r"  "), "two spaces in a row"),
    (re.compile(r"\""), "a straight quotation mark; write “ ”"),
    (re.compile(r"\w'\w"), "a straight apostrophe; write ’"),
    (re.compile(r"!"), "an exclamation mark"),
    (re.compile(r"\s[,.?;:]"), "a space before a mark"),
    (re.compile(r"\.\.\."), "three dots; write …"),
    (re.compile(r"^\s|\s$"), "a space at the edge"),
)

_OWN_LETTERS = {"tr": re.compile(r"[çğıöşüÇĞİÖŞÜ]")}
"""Letters that a text of some length in a language cannot do without."""

_OWN_FROM = 100

_FAMILIAR = {
    "tr": re.compile(
        r"\b(sen|seni|sana|senin|senden|m[ıiuü]s[ıiuü]n|\w+(?:yor|m[ıi]ş|ca[kğ]|ce[kğ]|[aeıiuü]r)s[ıiuü]n)\b",
        re.IGNORECASE,
    )
}
"""How a language addresses a friend; a candidate is addressed politely."""


def lint(folder: Path | None) -> list[str]:
    """Return all that is wrong with a bank; the bank that comes with Mulakat without a folder."""
    bank = Bank(folder)
    if not bank.languages:
        return [f"{folder}: there is no <language>/<field>.toml, such as en/data.toml"]
    problems: list[str] = []
    parts: dict[str, tuple[Question, ...]] = {}
    templates: dict[str, tuple[Question, ...]] = {}
    for language in bank.languages:
        try:
            parts[language] = bank.questions(language)
            templates[language] = tuple(
                one for source in SOURCES for one in bank.templates(language, source)
            )
        except BankError as error:
            problems += error.problems
    for (one, first), (two, second) in [
        *combinations(parts.items(), 2),
        *combinations(templates.items(), 2),
    ]:
        problems += bank_check.compare(first, second, f"{one} and {two}")
    for language, questions in parts.items():
        problems += [f"{language}: {said}" for said in _complete(questions)]
        everything = [*questions, *templates[language]]
        problems += [f"{language}, {said}" for said in _written(language, everything)]
        problems += [f"{language}: {said}" for said in _alike(language, questions)]
    return problems


def _complete(questions: Sequence[Question]) -> Iterator[str]:
    for field in dict.fromkeys(one.field for one in questions):
        here = [one for one in questions if one.field == field]
        for what, wanted in (("category", CATEGORIES), ("level", LEVELS)):
            missing = [name for name in wanted if name not in {getattr(q, what) for q in here}]
            if missing:
                yield f"{field} has no question of the {what} {', '.join(missing)}"


def texts(one: Question) -> Iterator[tuple[str, str]]:
    """Yield what a reader sees of a question, each with what it is."""
    yield "text", one.text
    yield from (("key point", point) for point in one.key_points)
    yield "example", one.example
    yield from (("follow-up", two.text) for two in one.follow_ups)


def _written(language: str, questions: Sequence[Question]) -> Iterator[str]:
    own, familiar = _OWN_LETTERS.get(language), _FAMILIAR.get(language)
    for one in questions:
        for what, text in texts(one):
            for pattern, said in _MARKS:
                if pattern.search(text):
                    yield f"{one.id}: {what} has {said}: {text[:60]!r}"
            if familiar and what in {"text", "follow-up"} and (found := familiar.search(text)):
                yield f"{one.id}: {what} addresses a friend ({found[0]!r}), not a candidate"
            if own and len(text) >= _OWN_FROM and not own.search(text):
                yield f"{one.id}: {what} has none of this language’s own letters: {text[:60]!r}"


def _alike(language: str, questions: Sequence[Question]) -> Iterator[str]:
    each = [(one, pieces(language, one.text)) for one in questions]
    for (one, first), (two, second) in combinations(each, 2):
        shared = 2 * len(first & second) / max(1, len(first) + len(second))
        if shared >= ALIKE:
            yield f"{one.id} and {two.id} ask nearly the same ({shared:.0%} in common)"


def pieces(language: str, text: str) -> frozenset[str]:
    """Return the pieces of four letters by which questions are compared."""
    frame = _FRAME.get(language, frozenset())
    words = [
        one.folded for one in tokens(text) if is_content(language, one) and one.folded not in frame
    ]
    line = f" {' '.join(words)} " if words else f" {fold(text)} "
    return frozenset(line[i : i + 4] for i in range(len(line) - 3))
