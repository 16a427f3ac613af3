"""What the criteria read: an answer's sentences with their marks, and how near they are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mulakat.languages import codes, lexicon, norms
from mulakat.languages.matching import Token, find, is_content, same_word, tokens
from mulakat.providers.rubric.sentences import Sentence, split
from mulakat.providers.values import Delivery, Material

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mulakat.providers.protocols import Embedder


MEANT_MARGIN = 0.18
"""Taken off the cosine to a stand-in sentence: answers about something else reach 0.26 there, by
their form alone, where they stay below 0.08 to the question itself."""

ADDED_SHARE = 0.5
"""Words of the written addition that count, for each word of the answer: it completes what was
answered and cannot outweigh it (design decision)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion's raw verdict: 0–1, the sentences that earned or cost it, the advice's key."""

    share: float
    sentences: tuple[Sentence, ...]
    advice: str
    params: dict[str, object]


def judged(share: float, sentences: Sequence[Sentence], advice: str, **params: object) -> Judged:
    """Return a verdict with its share held within 0–1."""
    return Judged(clamp(share), tuple(sentences), advice, params)


def clamp(value: float) -> float:
    """Return the value held within 0–1."""
    return min(1.0, max(0.0, float(value)))


def between(value: float, low: float, high: float) -> float:
    """Return where a value lies from `low` (0) to `high` (1), held within."""
    return clamp((value - low) / (high - low))


class Reading:
    """One answer, read once for all criteria.

    Sentences that address whoever assesses and repetitions are set aside here, so that no
    criterion sees them. `answered` are the answer's own sentences, by which its form is judged;
    `sentences` also has those added in writing, as far as ADDED_SHARE lets them in, without times.
    """

    def __init__(self, material: Material, embedder: "Embedder") -> None:
        self.language = material.language
        self.question = material.question
        self.delivery: Delivery | None = material.delivery
        self._embedder = embedder
        answer = split(material.text, material.words, material.language, typed=material.typed)
        seen: set[str] = set()
        self.answered = list(_kept(answer, seen))
        added = [
            replace(one, place=None)
            for one in split(material.additional_text, (), material.language, typed=True)
        ]
        room = ADDED_SHARE * sum(len(one.tokens) for one in self.answered)
        self.sentences = [*self.answered, *_within(room, _kept(added, seen))]
        self.words: list[Token] = [word for one in self.sentences for word in one.tokens]
        self.text_norms: Any = norms(material.language)["text"]

    def marks(self, key: str, sentence: Sentence) -> int:
        """Return how often the lexicon's list `key` occurs in a sentence."""
        return len(find(self.language, key, sentence.tokens))

    def marked(self, key: str) -> list[Sentence]:
        """Return the sentences with at least one mark of a list."""
        return [sentence for sentence in self.sentences if self.marks(key, sentence)]

    def count(self, key: str) -> int:
        """Return how often a list occurs in the whole answer."""
        return sum(self.marks(key, sentence) for sentence in self.sentences)

    def asks(self, key: str) -> bool:
        """Return whether the question, in whichever language, asks for something."""
        return any(find(code, key, self._question_tokens) for code in codes())

    @cached_property
    def _question_tokens(self) -> tuple[Token, ...]:
        return tokens(self.question)

    @cached_property
    def subject(self) -> tuple[Token, ...]:
        """The question's words that name its subject."""
        framing = {
            i
            for code in codes()
            for found in find(code, "framing", self._question_tokens)
            for i in range(found.first, found.after)
        }
        return tuple(
            token
            for i, token in enumerate(self._question_tokens)
            if i not in framing and all(is_content(code, token) for code in codes())
        )

    @cached_property
    def novel(self) -> frozenset[str]:
        """The answer's content words that the question did not bring; forms of one count once."""
        # Forms of one word share their first four letters, so only those are compared.
        known: dict[str, list[str]] = defaultdict(list)
        for token in self._question_tokens:
            known[token.folded[:4]].append(token.folded)
        kept: list[str] = []
        for word in self.words:
            if not is_content(self.language, word):
                continue
            alike = known[word.folded[:4]]
            if not any(same_word(word.folded, other) for other in alike):
                kept.append(word.folded)
                alike.append(word.folded)
        return frozenset(kept)

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The question and its subject; empty when it names none ("Test question")."""
        subject = " ".join(token.text for token in self.subject)
        return (self.question, subject or self.question) if subject or self.meant else ()

    @cached_property
    def themes(self) -> dict[str, str]:
        """The themes that the question asks for, by name, each with the language it asks in."""
        return {
            name: code
            for code in codes()
            for name in lexicon(code)["means"]
            if find(code, f"means.{name}.asked", self._question_tokens)
        }

    @cached_property
    def meant(self) -> tuple[str, ...]:
        """Sentences that an answer to a question of its themes may resemble."""
        return tuple(
            sentence
            for name, code in self.themes.items()
            for sentence in lexicon(code)["means"][name]["says"]
        )

    @cached_property
    def shown(self) -> int:
        """How many different phrases show the asked theme, of several the most shown one.

        Its own name ("conflict") counts twice: who names the subject speaks of it.
        """
        return max(
            (
                self._phrases(f"means.{name}.shows") + bool(self._phrases(f"means.{name}.asked"))
                for name in self.themes
            ),
            default=0,
        )

    def _phrases(self, key: str) -> int:
        """Return how many different phrases of a list the answer has; forms of one count once."""
        phrases: list[str] = []
        for sentence in self.sentences:
            for found in find(self.language, key, sentence.tokens):
                said = " ".join(one.folded for one in sentence.tokens[found.first : found.after])
                if not any(same_word(said, other) for other in phrases):
                    phrases.append(said)
        return len(phrases)

    def shows(self, sentence: Sentence) -> bool:
        """Return whether a sentence has a phrase of an asked theme."""
        return any(self.marks(f"means.{name}.shows", sentence) for name in self.themes)

    @cached_property
    def _cosines(self) -> "NDArray[np.float32]":
        """Shape (sentences, asked + meant)."""
        targets = [*self.asked, *self.meant]
        vectors = self._embedder.embed([*targets, *(one.text for one in self.sentences)])
        return vectors[len(targets) :] @ vectors[: len(targets)].T

    @cached_property
    def nearness(self) -> list[float]:
        """For each sentence, its cosine to the nearest of what was asked; 0 if nothing was."""
        if not self.asked or not self.sentences:
            return [0.0 for _ in self.sentences]
        cosines = self._cosines.copy()
        cosines[:, len(self.asked) :] -= MEANT_MARGIN
        return [float(value) for value in cosines.max(axis=1)]

    @cached_property
    def likeness(self) -> float:
        """The mean cosine of the three sentences that are likest to the theme's own; else 0."""
        if not self.meant or not self.sentences:
            return 0.0
        likest = sorted(self._cosines[:, len(self.asked) :].max(axis=1), reverse=True)[:3]
        return float(sum(likest)) / len(likest)


def _kept(sentences: Iterable[Sentence], seen: set[str]) -> Iterator[Sentence]:
    for sentence in sentences:
        if sentence.key not in seen and not _addresses_the_rater(sentence.tokens):
            seen.add(sentence.key)
            yield sentence


def _within(room: float, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """Yield the first sentences that together have at most `room` words."""
    for sentence in sentences:
        room -= len(sentence.tokens)
        if room < 0:
            return
        yield sentence


def _addresses_the_rater(words: Sequence[Token]) -> bool:
    return any(find(code, "rater", words) for code in codes())
