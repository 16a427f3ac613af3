"""What the criteria read: an answer's sentences with their marks, and how near they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mulakat.languages import codes, norms
from mulakat.languages.matching import Token, find, is_content, same_word, tokens
from mulakat.providers.rubric.sentences import Sentence, split
from mulakat.providers.values import Delivery, Material

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mulakat.providers.protocols import Embedder


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion's raw verdict: 0–1, the sentences that earned or cost it, the advice's key."""

    share: float
    sentences: tuple[Sentence, ...]
    advice: str
    params: dict[str, object]


def judged(
    share: float, sentences: Sequence[Sentence], advice: str, **params: object
) -> Judged:
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
    criterion sees them.
    """

    def __init__(self, material: Material, embedder: "Embedder") -> None:
        self.language = material.language
        self.question = material.question
        self.delivery: Delivery | None = material.delivery
        self._embedder = embedder
        every = split(material.text, material.words, material.language, typed=material.typed)
        seen: set[str] = set()
        self.sentences: list[Sentence] = []
        for sentence in every:
            if sentence.key in seen or _addresses_the_rater(sentence.tokens):
                continue
            seen.add(sentence.key)
            self.sentences.append(sentence)
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
        given = [token.folded for token in self._question_tokens]
        kept: list[str] = []
        for word in self.words:
            if not is_content(self.language, word):
                continue
            if not any(same_word(word.folded, other) for other in [*given, *kept]):
                kept.append(word.folded)
        return frozenset(kept)

    @cached_property
    def vectors(self) -> "NDArray[np.float32]":
        """The question's subject, the question, then each sentence: rows of length 1."""
        subject = " ".join(token.text for token in self.subject) or self.question
        return self._embedder.embed(
            [subject, self.question, *(sentence.text for sentence in self.sentences)]
        )

    @cached_property
    def nearness(self) -> list[float]:
        """For each sentence, its cosine to the question or its subject, whichever is nearer."""
        asked, said = self.vectors[:2], self.vectors[2:]
        return [float(value) for value in (said @ asked.T).max(axis=1)] if len(said) else []

    def nearness_of_parts(self, parts: Sequence[str]) -> list[float]:
        """Return for each part of the question the cosine of the sentence nearest to it."""
        if not self.sentences or not parts:
            return [0.0 for _ in parts]
        asked = self._embedder.embed(list(parts))
        return [float(value) for value in (asked @ self.vectors[2:].T).max(axis=1)]


def _addresses_the_rater(words: Sequence[Token]) -> bool:
    return any(find(code, "rater", words) for code in codes())
