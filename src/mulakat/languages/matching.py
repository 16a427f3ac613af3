"""Finding a language's words and phrases in a text: folding, tokens, patterns.

Lexicons are written for people to read and extend, so an entry is a phrase in which `*` stands
for any letters ("ekib*") and the rest may be a regular expression ("*[pctkshf]t[iu]m"). Both
entries and texts are folded first: lower case, and Turkish letters to their nearest plain ones.
So "İ" and "I" need no rule of their own, and a text typed without a Turkish keyboard counts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from mulakat.languages import lexicon

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*%?|%\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_FOLD = str.maketrans("ıİçğöşüâîûéèêñáíóúäà’", "iicgosuaiueeenaiouaa'")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of a text, with its place in characters."""

    text: str
    folded: str
    start: int
    end: int


def fold(text: str) -> str:
    """Return the text in lower case and without diacritics, as long as it was."""
    # Translated first: "İ".lower() would be two characters.
    return text.translate(_FOLD).lower().translate(_FOLD)


def tokens(text: str) -> tuple[Token, ...]:
    """Return the words and numbers of a text, in order."""
    return tuple(Token(m[0], fold(m[0]), m.start(), m.end()) for m in _TOKEN.finditer(text) if m[0])


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase found: indices of its first token and after its last."""

    first: int
    after: int


def find(language: str, key: str, words: Sequence[Token]) -> tuple[Found, ...]:
    """Return where the phrases of the lexicon's list `key` ("fillers.sure") occur, in order."""
    pattern = _compiled(language, key)
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    at = 0
    for i, word in enumerate(words):
        starts[at] = i
        at += len(word.folded)
        ends[at] = i + 1
        at += 1
    line = " ".join(word.folded for word in words)
    return tuple(Found(starts[m.start()], ends[m.end()]) for m in pattern.finditer(line) if m[0])


def entries(language: str, key: str) -> tuple[str, ...]:
    """Return a list of the lexicon as it is written."""
    found: object = lexicon(language)
    for part in key.split("."):
        found = found[part]  # type: ignore[index]  # nested tables
    return tuple(found)  # type: ignore[arg-type]


@cache
def _compiled(language: str, key: str) -> re.Pattern[str]:
    # Longest first, so that "you know what" wins over "you know".
    phrases = sorted(entries(language, key), key=len, reverse=True)
    spans = [fold(phrase).replace("*", r"[\w']*") for phrase in phrases]
    excluded = lexicon(language).get("not", {}).get(key.rpartition(".")[2], ())
    guard = "|".join(fold(word).replace("*", r"[\w']*") for word in excluded)
    ahead = rf"(?!(?:{guard})(?!\S))" if guard else ""
    return re.compile(rf"(?<!\S){ahead}(?:{'|'.join(spans) or '(?!)'})(?!\S)")


@dataclass(frozen=True, slots=True)
class _Syllables:
    nucleus: re.Pattern[str]
    silent: re.Pattern[str] | None
    per_digit: float


@cache
def _syllable_rule(language: str) -> _Syllables:
    rule = lexicon(language)["syllables"]
    silent = rule.get("silent")
    return _Syllables(
        re.compile(rule["nucleus"]), re.compile(silent) if silent else None, rule["per_digit"]
    )


def syllables(language: str, word: Token) -> float:
    """Return how many syllables a word has, at least one; digits by the language's average."""
    rule = _syllable_rule(language)
    digits = sum(map(str.isdigit, word.folded))
    if digits:
        return digits * rule.per_digit
    count = len(rule.nucleus.findall(word.folded))
    if count > 1 and rule.silent and rule.silent.search(word.folded):
        count -= 1
    return max(1, count)


@cache
def _stop(language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in entries(language, "stop_words"))


def is_content(language: str, word: Token) -> bool:
    """Return whether a token says something by itself: no stop word, no single letter."""
    return len(word.folded) > 1 and word.folded not in _stop(language)


def same_word(one: str, other: str) -> bool:
    """Return whether two folded words are forms of one word.

    By their common beginning, at least four letters and two thirds of the shorter word:
    rough, but it holds for suffixing languages and needs no stemmer.
    """
    if one == other:
        return True
    short = min(len(one), len(other))
    shared = 0
    while shared < short and one[shared] == other[shared]:
        shared += 1
    return shared >= 4 and shared * 3 >= short * 2


def written_in(text: str, among: Sequence[str], default: str) -> str:
    """Return the language whose common words a text has most of; `default` when none leads.

    For a question of known languages, so a handful of words decides. Not for speech.
    """
    words = tokens(text)
    counts = {
        code: len(find(code, "stop_words", words)) + len(find(code, "framing", words))
        for code in among
    }
    most = max(counts.values())
    leading = [code for code, count in counts.items() if count == most]
    return leading[0] if most and len(leading) == 1 else default
