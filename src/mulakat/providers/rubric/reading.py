"""What the criteria read: an answer's sentences with their marks, and how near they are."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mulakat.languages import codes, lexicon, norms
from mulakat.languages.matching import Token, find, is_content, same_word, tokens
from mulakat.providers.rubric import aside
from mulakat.providers.rubric.sentences import Sentence, split
from mulakat.providers.rubric.story import Clause, Story, clauses, tell
from mulakat.providers.values import Delivery, Evidence, Material, Point

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
    """A criterion's raw verdict: 0–1, the sentences that earned or cost it, the advice's key, and
    the sentence at which to follow it.
    """

    share: float
    evidence: tuple[Evidence, ...]
    advice: str
    params: dict[str, object]
    at: Evidence | None


def judged(
    share: float,
    sentences: Sequence[Sentence],
    advice: str,
    at: Sentence | None = None,
    **params: object,
) -> Judged:
    """Return a verdict with its share held within 0–1; `at` is else the first sentence given."""
    evidence = tuple(one.evidence for one in sentences)
    place = at.evidence if at else evidence[0] if evidence else None
    return Judged(clamp(share), evidence, advice, params, place)


def clamp(value: float) -> float:
    """Return the value held within 0–1."""
    return min(1.0, max(0.0, float(value)))


def between(value: float, low: float, high: float) -> float:
    """Return where a value lies from `low` (0) to `high` (1), held within."""
    return clamp((value - low) / (high - low))


class Reading:
    """One answer, read once for all criteria.

    What counts for nothing (aside.py) is set aside here, so that no criterion sees it. `answered`
    are the answer's own sentences, by which its form is judged; `sentences` also has those added in
    writing, as far as ADDED_SHARE lets them in, without times. `points` are the key points as the
    answer says them, `said` how near it comes to each (0–1), set by who finds them (points.py).
    """

    def __init__(self, material: Material, embedder: "Embedder") -> None:
        self.language = material.language
        self.question = material.question
        self.delivery: Delivery | None = material.delivery
        self._embedder = embedder
        self._known: dict[str, NDArray[np.float32]] = {}
        self._told: dict[str, tuple[Clause, ...]] = {}
        self.points: tuple[Point, ...] = ()
        self.said: tuple[float, ...] = ()
        answer = split(material.text, material.words, material.language, typed=material.typed)
        added = [
            replace(one, place=None)
            for one in split(material.additional_text, (), material.language, typed=True)
        ]
        self.text_norms: Any = norms(material.language)["text"]
        self._key_points = material.key_points
        self._set_aside(answer, added)
        self.words: list[Token] = [word for one in self.sentences for word in one.tokens]

    def _set_aside(self, answer: list[Sentence], added: list[Sentence]) -> None:
        """Keep what counts of an answer and its addition."""
        copies, seen = aside.Copies([self.question, *self._key_points]), set[str]()
        least = self.text_norms["least_function_share"]

        def counts(one: Sentence) -> bool:
            fresh = one.key not in seen
            seen.add(one.key)
            return fresh and not (
                aside.addresses_the_rater(one)
                or one in copies
                or aside.is_list(one.tokens, self.language, least)
                or aside.is_formula(one, self._clauses(one), self.language)
            )

        first = [one for one in answer if counts(one)]
        more = [one for one in added if counts(one)]
        kept = self._pertinent([*first, *more])
        self.answered = [one for one in kept if one.place is not None]
        room = ADDED_SHARE * sum(len(one.tokens) for one in self.answered)
        completing = list(_within(room, [one for one in kept if one.place is None]))
        self.sentences = [*self.answered, *completing]

    def _pertinent(self, sentences: list[Sentence]) -> list[Sentence]:
        """Return the sentences that can answer such a question, all where none can.

        Where one story is asked for and one is told, what is usual or advised does not count. What
        is about nobody and far from the question and the key points counts for nothing, unless it
        stands alone between sentences that count. To a question of knowledge (about nobody, with
        key points), what the speaker did counts when it is near or introduced as an example.
        """
        language = self.language
        near = {
            one: nearness >= aside.FAR or point >= aside.FAR_POINT or self.shows(one)
            for one, nearness, point in zip(
                sentences, self._near(sentences), self._near_points(sentences), strict=True
            )
        }
        tells = {one: aside.tells(self._clauses(one)) for one in sentences}
        speaks = {one: aside.is_personal(one, language) for one in sentences}
        if self.asks("asks_story") and not self.asks("asks_general"):
            counts = [tells[one] or (speaks[one] and near[one]) for one in sentences]
            general = [self._general(one) for one in sentences]
            return list(_joined(sentences, counts, general)) if any(tells.values()) else sentences
        if self.asks("asks_you") or not self._key_points:  # "Why this job?" is about somebody, too
            counts = [tells[one] or speaks[one] or near[one] for one in sentences]
            return list(_joined(sentences, counts)) or sentences
        begun, introduced, kept = False, False, []
        for one in sentences:
            introduced = introduced or bool(self.marks("example", one))
            begun = begun or any(clause.act for clause in self._clauses(one))
            if introduced or not begun or near[one]:
                kept.append(one)
        return kept or sentences

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
    def _targets(self) -> "NDArray[np.float32]":
        """The vectors of what was asked, then of what it may mean."""
        return self._embedder.embed([*self.asked, *self.meant])

    def _vectors(self, sentences: Sequence[Sentence]) -> "NDArray[np.float32]":
        """The sentences' vectors; each sentence is embedded once."""
        new = [one for one in sentences if one.key not in self._known]
        if new:
            rows = self._embedder.embed([one.text for one in new])
            self._known.update(zip((one.key for one in new), rows, strict=True))
        import numpy as np

        return np.stack([self._known[one.key] for one in sentences])

    @cached_property
    def _cosines(self) -> "NDArray[np.float32]":
        """Shape (sentences, asked + meant)."""
        return self._vectors(self.sentences) @ self._targets.T

    def _near(self, sentences: Sequence[Sentence]) -> list[float]:
        """For each sentence, its cosine to the nearest of what was asked; 0 if nothing was."""
        if not self.asked or not sentences:
            return [0.0 for _ in sentences]
        cosines = self._vectors(sentences) @ self._targets.T
        cosines[:, len(self.asked) :] -= MEANT_MARGIN
        return [float(value) for value in cosines.max(axis=1)]

    def _near_points(self, sentences: list[Sentence]) -> list[float]:
        """For each sentence, its cosine to the nearest key point; 0 where none is known."""
        if not self._key_points or not sentences:
            return [0.0 for _ in sentences]
        cosines = self._vectors(sentences) @ self._embedder.embed(self._key_points).T
        return [float(value) for value in cosines.max(axis=1)]

    @cached_property
    def nearness(self) -> list[float]:
        """`_near` of the sentences that count."""
        return self._near(self.sentences)

    @cached_property
    def story(self) -> Story:
        """Where situation, task, action and result are told."""
        return tell(self._clauses(one) for one in self.sentences)

    def _general(self, sentence: Sentence) -> bool:
        return any("general" in clause.cues for clause in self._clauses(sentence))

    def _clauses(self, sentence: Sentence) -> tuple[Clause, ...]:
        found = self._told.get(sentence.key)
        if found is None:
            found = self._told[sentence.key] = clauses(sentence, self.language)
        return found

    @cached_property
    def likeness(self) -> float:
        """The mean cosine of the three sentences that are likest to the theme's own; else 0."""
        if not self.meant or not self.sentences:
            return 0.0
        likest = sorted(self._cosines[:, len(self.asked) :].max(axis=1), reverse=True)[:3]
        return float(sum(likest)) / len(likest)


def _joined(
    sentences: Sequence[Sentence], counts: Sequence[bool], never: Sequence[bool] = ()
) -> Iterator[Sentence]:
    """Yield the sentences that count, and those between two that do, but for `never`."""
    last = len(sentences) - 1
    for i, one in enumerate(sentences):
        between_two = 0 < i < last and counts[i - 1] and counts[i + 1]
        if counts[i] or (between_two and not (never and never[i])):
            yield one


def _within(room: float, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """Yield the first sentences that together have at most `room` words."""
    for sentence in sentences:
        room -= len(sentence.tokens)
        if room < 0:
            return
        yield sentence
