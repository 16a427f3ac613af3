"""What counts for nothing, so that nobody gains by saying it.

Set aside are sentences that address whoever assesses, repeat another one, copy the question or a
key point, are a list of words, or say what anybody could say of anything. Nothing is taken off for
them: an answer is judged as if they had not been said.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mulakat.languages import codes
from mulakat.languages.matching import Token, find, is_content, tokens
from mulakat.providers.rubric.story import Clause

if TYPE_CHECKING:
    from mulakat.providers.rubric.sentences import Sentence

_ROLE = re.compile(r"<\|.*?\|>|\[/?INST\]")
"""By which chat templates of language models tell who speaks."""

RUN = 3
"""Words in a row that make a copy; two in a row are chance (a design decision)."""

COPIED = 0.6
"""The share of a sentence's words in such runs from which on it is a copy: "You asked me why do you
want to work as a data analyst" has 0.79, an answer that opens with the question's words and goes on
("I want to work as a data analyst because …") at most 0.4 on the fixtures."""

LISTED_FROM = 5
"""Words; below this a sentence may do without a verb ("A strange thing")."""

FORMULA = 0.4
"""The share of a formula in a sentence from which on the rest does not count either."""

SPELLED = 4
"""Single letters in a row that spell a word out."""

FAR, FAR_POINT = 0.15, 0.25
"""Cosine to the question, and to a key point, below which an impersonal sentence is about something
else. There are several points, so that one is near by chance more often."""


def addresses_the_rater(sentence: "Sentence") -> bool:
    """Return whether a sentence is for whoever assesses, in whichever language."""
    return (
        bool(_ROLE.search(sentence.text))
        or _spelled_out(sentence.tokens)
        or any(find(code, "rater", sentence.tokens) for code in codes())
    )


def _spelled_out(words: Sequence[Token]) -> bool:
    row = 0
    for word in words:
        row = row + 1 if len(word.folded) == 1 and word.folded.isalpha() else 0
        if row >= SPELLED:
            return True
    return False


class Copies:
    """Finds sentences that were taken from given texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._runs = {
            run for text in texts for run in _runs([word.folded for word in tokens(text)])
        }

    def __contains__(self, sentence: "Sentence") -> bool:
        words = [word.folded for word in sentence.tokens]
        taken: set[int] = set()
        for i, run in enumerate(_runs(words)):
            if run in self._runs:
                taken.update(range(i, i + RUN))
        return len(taken) >= COPIED * len(words)


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]


def is_list(words: Sequence[Token], language: str, least_function_share: float) -> bool:
    """Return whether words only stand side by side: no verb and few words that connect, or few
    different ones.
    """
    folded = [word.folded for word in words]
    if len(folded) >= RUN and 2 * len(set(folded)) <= len(folded):
        return True
    if len(folded) < LISTED_FROM:
        return False
    functional = sum(not is_content(language, word) for word in words)
    return functional < least_function_share * len(folded) and not find(
        language, "story.verb", words
    )


def is_formula(sentence: "Sentence", told: Sequence[Clause], language: str) -> bool:
    """Return whether a sentence is a phrase for any answer ("as I said, this is important")."""
    found = find(language, "padding", sentence.tokens)
    if not found:
        return False
    words = sum(one.after - one.first for one in found)
    return words >= FORMULA * len(sentence.tokens) or not tells(told)


def tells(told: Sequence[Clause]) -> bool:
    """Return whether a sentence's clauses say what was once, or what is so since."""
    return any(
        one.past or (one.cues & {"still", "outcome"} and "general" not in one.cues) for one in told
    )


def is_personal(sentence: "Sentence", language: str) -> bool:
    """Return whether a sentence says something of the speaker."""
    return bool(find(language, "story.person", sentence.tokens))
