"""What was said, laid out to be read: sentence by sentence, the parts of the story marked.

Pure: a stored result in, frozen values out. Also of old results and of such whose words were
deleted after their time.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from mulakat.interview import corrected

PARTS = ("situation", "task", "action", "result")
"""Of a story, in the order in which it is told."""

LONG_PAUSE_SECONDS = 1.2
"""Ends a line where the recogniser gave no full stop (estimate)."""

LONG_LINE_WORDS = 40
"""After so many words a line ends anyhow: speech without a full stop has to be read, too."""

SLACK_SECONDS = 0.02
"""Times are rounded to two decimals."""

_WORD = re.compile(r"\S+")
_END = re.compile(r"""[.!?…]["”’)\]]*$""")
_ORDINAL = re.compile(r"\d+\.$")  # "2. çeyrekte": no end of a sentence
_BARE = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Token:
    """One word as it is read, with its place.

    `index` is the word's among those that were heard, None in a typed answer; `first` and
    `after` are characters of the transcript; times are in seconds, None where it was typed.
    `before` is what the recogniser heard, where it was corrected.
    """

    text: str
    index: int | None
    first: int
    after: int
    start: float | None = None
    end: float | None = None
    unsure: bool = False
    before: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Words that follow one another in one part of the story, or in none."""

    part: str | None
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence: its number from 1, its runs, and the words heard in it, [first, after)."""

    number: int
    runs: tuple[Run, ...]
    start: float | None
    end: float | None
    first: int | None
    after: int | None

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All words of the sentence."""
        return tuple(token for run in self.runs for token in run.tokens)

    @property
    def unsure(self) -> bool:
        """Whether a word of it was not heard clearly."""
        return any(token.unsure for token in self.tokens)

    @property
    def text(self) -> str:
        """The sentence as it stands."""
        return " ".join(token.text for token in self.tokens if token.text)


def lines(result: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return the sentences of an answer; none where its words are gone."""
    told = _with_parts(_tokens(result), result.get("story") or ())
    out: list[Line] = []
    for sentence in _sentences(told, str(result.get("transcribed_text") or "")):
        runs = [Run(part, tuple(found)) for part, found in groupby(sentence, lambda one: one.part)]
        indices = [one.index for one in sentence if one.index is not None]
        out.append(
            Line(
                number=len(out) + 1,
                runs=tuple(runs),
                start=sentence[0].start,
                end=sentence[-1].end,
                first=min(indices, default=None),
                after=max(indices) + 1 if indices else None,
            )
        )
    return tuple(out)


def line_of(
    found: Sequence[Line], quote: str | None, start: float | None, end: float | None = None
) -> Line | None:
    """Return the sentence that a quote begins in: by its time, else by its words."""
    if start is not None:
        for line in found:
            if line.end is not None and start < line.end - SLACK_SECONDS:
                return line
    tokens = [token for line in found for token in line.tokens]
    place = _quoted(tokens, quote or "")
    if place is None:
        return None
    first = tokens[place[0]]
    return next(line for line in found if first in line.tokens)


def _tokens(result: Mapping[str, Any]) -> list[Token]:
    text = str(result.get("transcribed_text") or "")
    words = result.get("words") or ()
    if not words:
        return [Token(one[0], None, one.start(), one.end()) for one in _WORD.finditer(text)]
    unsure = set(corrected.unsure(result))
    before = {
        one["index"]: one["before"] for one in (result.get("correction") or {}).get("words", ())
    }
    out, at = [], 0
    for index, (word, start, end, _) in enumerate(words):
        shown = " ".join(word.split())
        found = text.find(shown, at) if shown else at
        first = at if found < 0 else found
        at = first + len(shown)
        out.append(
            Token(shown, index, first, at, start, end, index in unsure, before.get(index))
        )  # fmt: skip
    return out


def _with_parts(tokens: Sequence[Token], story: Sequence[Mapping[str, Any]]) -> list[Token]:
    """Return the tokens with the part of the story each is in; of two, the one found first."""
    out = list(tokens)
    for one in story:
        for span in one.get("evidence") or ():
            for at in _spanned(out, span):
                if out[at].part is None:
                    out[at] = replace(out[at], part=one["part"])
    return out


def _spanned(tokens: Sequence[Token], span: Mapping[str, Any]) -> range:
    """Return the tokens of a passage: by its characters, else by its times, else by its words."""
    first, after, start = span.get("first"), span.get("after"), span.get("start")
    inside: list[int] = []
    if first is not None and after is not None:
        inside = [
            at
            for at, one in enumerate(tokens)
            if one.text and one.first < after > first < one.after
        ]
    elif start is not None:
        least, most = start - SLACK_SECONDS, span["end"] + SLACK_SECONDS
        inside = [
            at
            for at, one in enumerate(tokens)
            if one.start is not None
            and one.end is not None
            and least <= one.start <= one.end <= most
        ]
    else:
        place = _quoted(tokens, span.get("quote") or "")
        return range(*place) if place else range(0)
    return range(inside[0], inside[-1] + 1) if inside else range(0)


def _quoted(tokens: Sequence[Token], quote: str) -> tuple[int, int] | None:
    wanted = [_bare(word) for word in quote.split() if _bare(word)]
    had = [_bare(one.text) for one in tokens]
    for first in range(len(had) - len(wanted) + 1 if wanted else 0):
        if had[first : first + len(wanted)] == wanted:
            return first, first + len(wanted)
    return None


def _bare(word: str) -> str:
    return _BARE.sub("", word.casefold())


def _sentences(tokens: Sequence[Token], text: str) -> list[list[Token]]:
    out: list[list[Token]] = []
    line: list[Token] = []
    for at, token in enumerate(tokens):
        line.append(token)
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if following is None or _ends(token, following, len(line), text):
            out.append(line)
            line = []
    return out


def _ends(token: Token, following: Token, length: int, text: str) -> bool:
    if _END.search(token.text) and not _ORDINAL.search(token.text):
        return True
    if token.index is None and "\n" in text[token.after : following.first]:
        return True
    silent = (
        token.end is not None
        and following.start is not None
        and following.start - token.end >= LONG_PAUSE_SECONDS
    )
    return (silent and length > 4) or length >= LONG_LINE_WORDS
