"""How well the parts of a story are found, against labels by hand."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mulakat.providers.rubric import story
from mulakat.providers.rubric.sentences import split
from mulakat.providers.values import StoryPart

LETTERS = {"S": "situation", "T": "task", "A": "action", "R": "result"}
NONE = "."

Pair = tuple[bool, bool]
"""Whether a part is labelled, and whether it was found."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer in lines, each with the parts that it tells."""

    language: str
    kind: str
    held_out: bool
    question: str
    lines: tuple[tuple[frozenset[str], str], ...]

    @property
    def text(self) -> str:
        return " ".join(text for _, text in self.lines)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Share of equal verdicts, F1 of the part, Cohen's kappa; over `n` lines or answers."""

    n: int
    accuracy: float
    f1: float
    kappa: float


def labelled(path: Path) -> tuple[Labelled, ...]:
    """Read a file of labelled answers (its form: tests/fixtures/stories.toml).

    Raises ValueError for a line without labels, KeyError for a missing field.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Labelled(
            language,
            one["kind"],
            one.get("held_out", False),
            one["question"],
            tuple(_line(line) for line in one["text"].strip().splitlines()),
        )
        for language, answers in table.items()
        for one in answers
    )


def _line(line: str) -> tuple[frozenset[str], str]:
    letters, separator, text = line.partition(" | ")
    if not separator or not text or any(one not in LETTERS for one in letters.strip(NONE)):
        raise ValueError(f"labels, a bar and a sentence are expected: {line!r}")
    return frozenset(LETTERS[one] for one in letters.strip(NONE)), text


def by_line(answer: Labelled) -> Iterator[tuple[str, str, Pair]]:
    """Yield part, line and its pair; found is what a span covers half of, or half a span."""
    found = _found(answer)
    first = 0
    for labels, text in answer.lines:
        after = first + len(text)
        for part in found:
            covered = any(
                2 * (min(after, span.after) - max(first, span.first))
                >= min(after - first, span.after - span.first)
                for span in part.evidence
                if span.first is not None and span.after is not None
            )
            yield part.part, text, (part.part in labels, covered)
        first = after + 1


def by_answer(answer: Labelled) -> Iterator[tuple[str, Pair]]:
    """Yield each part and its pair for the whole answer."""
    found = _found(answer)
    for part in found:
        wanted = any(part.part in labels for labels, _ in answer.lines)
        yield part.part, (wanted, part.state == "found")


def _found(answer: Labelled) -> tuple[StoryPart, ...]:
    sentences = split(answer.text, (), answer.language, typed=True)
    return story.parts(story.tell(story.clauses(one, answer.language) for one in sentences))


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """Return how two lists of verdicts agree; 1 for F1 and kappa where nothing could differ."""
    n = len(pairs)
    both, neither = pairs.count((True, True)), pairs.count((False, False))
    one, other = (sum(pair[i] for pair in pairs) / n for i in (0, 1))
    accuracy = (both + neither) / n
    chance = one * other + (1 - one) * (1 - other)
    return Agreement(
        n,
        accuracy,
        2 * both / (n * (one + other)) if one + other else 1.0,
        (accuracy - chance) / (1 - chance) if chance < 1 else 1.0,
    )


def table(
    answers: Iterable[Labelled], pairs: Callable[[Labelled], Iterable[tuple[str, Pair]]]
) -> dict[str, Agreement]:
    """Return the agreement for each part, over `by_answer` or over lines."""
    found: dict[str, list[Pair]] = {part: [] for part in story.PARTS}
    for one in answers:
        for part, pair in pairs(one):
            found[part].append(pair)
    return {part: agreement(each) for part, each in found.items() if each}


def lines(answer: Labelled) -> Iterator[tuple[str, Pair]]:
    """Yield each part and its pair for each line."""
    for part, _, pair in by_line(answer):
        yield part, pair
