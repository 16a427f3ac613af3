"""Situation, task, action, result: which of them an answer tells, and where.

A set of rules over tense and person, in clauses. What happened once is told in the past ("I called
him", "aradım"); what is usual, supposed or advised is not part of a story, however well it would
suit ("I usually call", "I would call", "ararım", "arardım", "aranmalı"). The words by which a
clause is known are the lexicon's `[story]`; how well the rules agree with labels by hand is
measured by agreement.py.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mulakat.languages.matching import find
from mulakat.providers.rubric.sentences import Sentence
from mulakat.providers.values import Span, StoryPart

PARTS = ("situation", "task", "action", "result")

_CLOSING = re.compile(r"[,;:–—]")

_CUES = (
    "told", "state", "general", "did", "own", "others", "when", "setting", "duty", "outcome",
    "still", "went_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence with one verb or more, and the cues in it (lists of `[story]`)."""

    sentence: Sentence
    first: int
    after: int
    cues: frozenset[str]
    number: int = 0

    @property
    def past(self) -> bool:
        """Whether it says what was, once."""
        return bool(self.cues & {"told", "state", "did"}) and "general" not in self.cues

    @property
    def act(self) -> bool:
        """Whether the speaker did something in it, once."""
        return self.past and "did" in self.cues

    @property
    def event(self) -> bool:
        """Whether something happened in it, once: more than that something was so."""
        return self.past and bool(self.cues & {"told", "did"})


@dataclass(frozen=True, slots=True)
class Passage:
    """Clauses side by side that tell one part; `number` is their sentence's among those read."""

    number: int
    span: Span


Story = dict[str, list[Passage]]
"""For each of PARTS the passages that tell it, in order."""


def tell(sentences: Iterable[Sequence[Clause]]) -> Story:
    """Return where the four parts are told, from the clauses of each sentence."""
    told = [replace(one, number=i) for i, each in enumerate(sentences) for one in each]
    return {part: list(_passages(chosen)) for part, chosen in _found(_continued(told)).items()}


def parts(story: Story) -> tuple[StoryPart, ...]:
    """Return the four parts in their order, each found with its spans, or missing."""
    return tuple(
        StoryPart(part, "found" if story[part] else "missing", tuple(p.span for p in story[part]))
        for part in PARTS
    )


def clauses(sentence: Sentence, language: str) -> tuple[Clause, ...]:
    """Return a sentence's clauses in order; each has a verb, the last may lack one."""
    words = sentence.tokens
    cues = {
        key: [(f.first, f.after) for f in find(language, f"story.{key}", words)] for key in _CUES
    }
    verbs = {after for key in ("told", "state", "did", "general") for _, after in cues[key]}
    cuts = {found.first for found in find(language, "story.cut_before", words)}
    cuts |= {found.after for found in find(language, "story.cut_after", words)}
    cuts |= {
        i
        for i in range(1, len(words))
        if _CLOSING.search(sentence.text[words[i - 1].end : words[i].start])
    }
    out, first = [], 0
    for after in [*sorted(cuts), len(words)]:
        last = after == len(words)
        if after > first and (last or any(first < verb <= after for verb in verbs)):
            held = {
                key
                for key, places in cues.items()
                if any(start < after and first < end for start, end in places)
            }
            if not any(start == first for start, _ in cues["went_on"]):
                held.discard("went_on")
            out.append(Clause(sentence, first, after, frozenset(held)))
            first = after
    return tuple(out)


def _continued(told: Sequence[Clause]) -> list[Clause]:
    """Return the clauses, those that leave out who acted ("and called him") with who it was."""
    out: list[Clause] = []
    for one in told:
        before = out[-1] if out else None
        if "went_on" in one.cues and before and before.act and before.number == one.number:
            out.append(replace(one, cues=one.cues | {"did"}))
        else:
            out.append(one)
    return out


def _found(told: Sequence[Clause]) -> dict[str, list[Clause]]:
    """Return each part's clauses.

    Nothing is found where no clause is past and of the speaker's life. An act that is an outcome
    too ("I sold twice as much") is a result when no act follows it. What happened after the last
    act came of it.
    """
    found: dict[str, list[Clause]] = {part: [] for part in PARTS}
    if not any(one.past and one.cues & {"did", "own", "others", "setting"} for one in told):
        return found
    acts = [i for i, one in enumerate(told) if one.act and "outcome" not in one.cues]
    begun = next(i for i, one in enumerate(told) if one.past)
    first, last = (acts[0], acts[-1]) if acts else (begun, len(told))
    for i, one in enumerate(told):
        duty = one.past and "duty" in one.cues
        result = (one.past and "outcome" in one.cues) or (
            "still" in one.cues and "general" not in one.cues
        )
        if duty:
            found["task"].append(one)
        if one.act and not duty and i <= last:
            found["action"].append(one)
        elif i > first and (result or (i > last and one.event and not duty)):
            found["result"].append(one)
        elif one.past and (one.cues & {"when"} or (i < first and not duty and acts) or _set(one)):
            found["situation"].append(one)
    if not found["situation"]:
        found["situation"] = [one for one in told[: begun + 1] if one.past and _set(one)]
    if not found["result"] and acts:
        late = told[max(first + 1, 2 * len(told) // 3) :]
        found["result"] = [one for one in late if one.event and not one.act]
    return found


def _set(one: Clause) -> bool:
    """Whether a clause says where or among whom something was, and no duty."""
    return bool(one.cues & {"when", "setting"}) and "duty" not in one.cues


def _passages(chosen: Sequence[Clause]) -> Iterator[Passage]:
    """Yield the clauses' places; neighbours in one sentence are one passage."""
    first = 0
    for i, one in enumerate(chosen, 1):
        following = chosen[i] if i < len(chosen) else None
        if following and (following.number, following.first) == (one.number, one.after):
            continue
        begin = chosen[first]
        yield Passage(one.number, one.sentence.span(begin.first, one.after))
        first = i
