"""An answer cut into sentences, with their place in the text and in time.

A recogniser's punctuation is used where there is any. Long stretches without it are cut at
pauses between words, then at openings such as "as a result" (lexicon), then by length.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mulakat.languages.matching import Token, find, fold, tokens
from mulakat.providers.values import Evidence, Span, Word

_RUN = re.compile(r"\S+")
_CLOSED = re.compile(r"[.!?…]+[\"'”’)\]]*$")
_TITLE = re.compile(r"(?:^|\W)(?:dr|mr|mrs|ms|prof|doc|av|e\.g|i\.e)\.$")
_ORDINAL = re.compile(r"(?:^|\W)(?:[^\W\d_]|\d+|vs|vb|no|st)\.$")

LONGEST = 32
"""Words; a sentence of speech is rarely longer (estimate), what is longer gets cut."""

SHORTEST = 5
"""Words; no cut leaves a piece below this."""

BREAK_SECONDS = 0.6
"""A pause between words that ends a clause: clause-final pauses average 0.6 s and more,
others below (Goldman-Eisler 1968, ch. 3)."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of the answer, verbatim; `start` and `end` in seconds, None when typed.

    `place` is its first character in the answer, None for what was added in writing; `times` has
    for each word as written its first character in `text`, its start and its end.
    """

    text: str
    tokens: tuple[Token, ...]
    start: float | None
    end: float | None
    place: int | None
    times: tuple[tuple[int, float, float], ...] = ()

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.text, self.start, self.end)

    def span(self, first: int, after: int) -> Span:
        """Return the place of the tokens from `first` to before `after`."""
        begin, end = self.tokens[first].start, self.tokens[after - 1].end
        # A word as written may have several tokens ("well-known"): the last that begins before.
        spoken = [i for i, (at, _, _) in enumerate(self.times) if at < end]
        inside = [i for i in spoken if self.times[i][0] >= begin] or spoken[-1:]
        return Span(
            self.text[begin:end],
            self.times[inside[0]][1] if inside else None,
            self.times[inside[-1]][2] if inside else None,
            None if self.place is None else self.place + begin,
            None if self.place is None else self.place + end,
        )

    @property
    def key(self) -> str:
        """The words alone, to tell repetitions."""
        return " ".join(token.folded for token in self.tokens)


@dataclass(frozen=True, slots=True)
class _Run:
    """A word as written, between spaces, with its time."""

    start: int
    end: int
    text: str
    word: Word | None


def split(text: str, words: Sequence[Word], language: str, *, typed: bool) -> list[Sentence]:
    """Return the sentences of a text in order; `words` are its words with times."""
    matches = list(_RUN.finditer(text))
    timed = not typed and len(matches) == len(words)
    runs = [
        _Run(m.start(), m.end(), m[0], words[i] if timed else None) for i, m in enumerate(matches)
    ]
    out = []
    for stretch in _closed(runs):
        for piece in _cut(stretch, language):
            begin, end = piece[0], piece[-1]
            quote = text[begin.start : end.end]
            out.append(
                Sentence(
                    quote,
                    tokens(quote),
                    begin.word.start if begin.word else None,
                    end.word.end if end.word else None,
                    begin.start,
                    tuple(
                        (run.start - begin.start, run.word.start, run.word.end)
                        for run in piece
                        if run.word
                    ),
                )
            )
    return [sentence for sentence in out if sentence.tokens]


def _closed(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
    stretch: list[_Run] = []
    for i, run in enumerate(runs):
        stretch.append(run)
        following = runs[i + 1].text if i + 1 < len(runs) else ""
        # A full stop that ends no sentence: "Dr. Kaya", "3. madde" (but "in 2022. Then").
        inner = _TITLE.search(fold(run.text)) or (
            _ORDINAL.search(fold(run.text)) and not following[:1].isupper()
        )
        if _CLOSED.search(run.text) and not inner:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _cut(stretch: list[_Run], language: str) -> Iterator[list[_Run]]:
    while len(stretch) > LONGEST:
        at = _best_cut(stretch, language)
        yield stretch[:at]
        stretch = stretch[at:]
    yield stretch


def _best_cut(stretch: list[_Run], language: str) -> int:
    """Return where to cut: at the first long pause, else an opening, else a comma, else LONGEST."""
    reach = range(SHORTEST, min(LONGEST, len(stretch) - SHORTEST) + 1)
    for i in reach:
        before, after = stretch[i - 1].word, stretch[i].word
        if before and after and after.start - before.end >= BREAK_SECONDS:
            return i
    # One token per run, so that indices agree; only as far as a cut may lie.
    near = stretch[: LONGEST + SHORTEST]
    plain = [Token(run.text, fold(run.text).strip(".,;:!?…\"'"), 0, 0) for run in near]
    openings = {found.first for found in find(language, "openings", plain)}
    for i in range(2 * SHORTEST, reach.stop):
        if i in openings:
            return i
    for i in reversed(reach):
        if stretch[i - 1].text.endswith((",", ";")):
            return i
    return min(LONGEST, len(stretch) - SHORTEST)
