"""A model's reply about an answer, believed only as far as the answer bears it out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mulakat.languages.matching import tokens
from mulakat.providers.language.prompt import FLAG
from mulakat.providers.language.protocol import mapping
from mulakat.providers.values import Evidence, Material

LEAST_QUOTE_WORDS = 3
"""Fewer occur in nearly every answer and show nothing."""

MOST_QUOTE_WORDS = 50
"""More are no quote but the answer."""

MOST_QUOTES = 3
"""A criterion; the prompt asks for as many."""

_RUN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Judgement:
    """A criterion's score, 0–100, and the quotes given for it, as they came."""

    score: int
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All criteria asked for, and whether something in the answer addressed the rater."""

    judgements: Mapping[str, Judgement]
    addressed: bool


def read(data: Any, keys: Sequence[str]) -> Verdict:
    """Return the verdict in a reply's data. Raises ValueError where it is not what was asked."""
    found = mapping(data)
    addressed = found.get(FLAG)
    if not isinstance(addressed, bool):
        raise ValueError(FLAG)  # noqa: TRY004  # wrong content, not a wrong call
    return Verdict({key: _judgement(found.get(key)) for key in keys}, addressed)


def _judgement(value: Any) -> Judgement:
    one = mapping(value)
    score, quotes = one.get("score"), one.get("quotes")
    if isinstance(score, float) and score.is_integer():
        score = int(score)  # JSON knows one kind of number
    if type(score) is not int or not 0 <= score <= 100:
        raise ValueError("score")
    if not isinstance(quotes, list) or not all(isinstance(quote, str) for quote in quotes):
        raise ValueError("quotes")
    return Judgement(score, tuple(quotes[:MOST_QUOTES]))


def placed(quote: str, material: Material) -> Evidence | None:
    """Return a quote as it stands in the answer, with its times; None where it does not occur.

    Compared word by word, in lower case and without diacritics.
    """
    wanted = [token.folded for token in tokens(quote)]
    if not LEAST_QUOTE_WORDS <= len(wanted) <= MOST_QUOTE_WORDS:
        return None
    said = tokens(material.text)
    folded = [token.folded for token in said]
    length = len(wanted)
    for i in range(len(folded) - length + 1):
        if folded[i : i + length] == wanted:
            return _evidence(material, said[i].start, said[i + length - 1].end)
    return None


def _evidence(material: Material, start: int, end: int) -> Evidence:
    """Return the stretch between two places of the text, to the borders of its written words."""
    runs = list(_RUN.finditer(material.text))
    inside = [i for i, run in enumerate(runs) if run.end() > start and run.start() < end]
    first, last = inside[0], inside[-1]
    quote = material.text[runs[first].start() : runs[last].end()]
    if material.typed or len(runs) != len(material.words):
        return Evidence(quote, None, None)
    return Evidence(quote, material.words[first].start, material.words[last].end)
