"""The deterministic rubric: the same answer gets the same score, with no model's mood in it.

Seven criteria, one small file each; what they listen for is data (languages/*/lexicon.toml).
Two factors keep form from outweighing matter: `substance` shrinks every criterion of an answer
that says little of its own, `relevance.pertinence` shrinks all but relevance for one that is about
something else.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mulakat.languages import say
from mulakat.languages.matching import is_content
from mulakat.providers.rubric import (
    clarity,
    coverage,
    delivery,
    gaps,
    relevance,
    specificity,
    story,
    structure,
    wording,
)
from mulakat.providers.rubric import points as key_points
from mulakat.providers.rubric.reading import Judged, Reading, between
from mulakat.providers.values import Advice, Assessment, Criterion, Material

if TYPE_CHECKING:
    from mulakat.providers.protocols import Embedder

WEIGHTS = {
    "relevance": 0.25,
    "content": 0.0,
    "coverage": 0.20,
    "structure": 0.20,
    "specificity": 0.15,
    "clarity": 0.10,
    "delivery": 0.10,
}
"""Shares of the total (design decision); a typed answer has no delivery, the rest is scaled."""

WITH_POINTS = {"relevance": 0.15, "content": 0.20, "coverage": 0.10}
"""The shares that differ where key points are known: what a strong answer says is then known, and
needs not be guessed from nearness to the question and from length (design decision)."""

GOOD = "good"
"""The advice of every judge that finds nothing to improve."""

JUDGES: dict[str, Callable[[Reading], Judged]] = {
    "relevance": relevance.judge,
    "content": key_points.judge,
    "coverage": coverage.judge,
    "structure": structure.judge,
    "specificity": specificity.judge,
    "clarity": clarity.judge,
    "delivery": delivery.judge,
}

ENOUGH_NOVEL_WORDS = 18
"""Content words of the answer's own from which on it is judged in full (on
tests/fixtures/answers.toml weak answers have 4–13, middling ones 12–21)."""


PRAISED_FROM = 70
"""The least score at which a criterion is praised; below it, of an answer that was held down, the
advice says by what (design decision)."""


class Rubric:
    """An Evaluator without a language model."""

    engine = "rubric-3"
    """Changes with every change of scores: numbers of different engines are never compared. A test
    holds scores against it."""

    def __init__(self, embedder: "Embedder") -> None:
        self._embedder = embedder

    def evaluate(self, material: Material) -> Assessment:
        """Return scores, evidence and advice; an answer that says nothing gets near 0."""
        reading = Reading(material, self._embedder)
        factor = substance(reading)
        reading.points = key_points.points(material, reading, self._embedder)
        about = relevance.pertinence(reading)
        weights = WEIGHTS | WITH_POINTS if reading.points else WEIGHTS
        keys = [key for key in weights if weights[key] and (key != "delivery" or material.delivery)]
        whole = sum(weights[key] for key in keys)
        held = _held(reading, factor, about)
        first = reading.answered[0].evidence if reading.answered else None
        criteria, lacking, advice = [], [], []
        for key in keys:
            verdict = JUDGES[key](reading)
            score = round(100 * verdict.share * factor * (1.0 if key == "relevance" else about))
            # Praise would not fit a score that was held down for the whole answer's sake.
            praised = verdict.advice == GOOD and held and score < PRAISED_FROM
            said = f"held.{held}" if praised else f"{key}.{verdict.advice}"
            one = Criterion(
                key=key,
                name=say(material.reader, f"criterion.{key}"),
                weight=round(weights[key] / whole, 4),
                score=score,
                evidence=verdict.evidence,
                advice=say(material.reader, f"advice.{said}", **verdict.params),
            )
            criteria.append(one)
            if verdict.advice != GOOD:
                lacking.append(one)
                advice.append(Advice(key, one.advice, verdict.at or first))
        total = round(sum(one.weight * one.score for one in criteria))
        return Assessment(
            engine=self.engine,
            score=total,
            evaluation=wording.evaluation(material, criteria, lacking, total),
            criteria=tuple(criteria),
            strengths=wording.strengths(material.reader, criteria),
            improvements=wording.improvements(material.reader, lacking),
            points=reading.points,
            gaps=gaps.gaps(reading),
            story=story.parts(reading.story) if _is_story(reading) else (),
            advice=wording.advice(criteria, advice),
            extra={"embedder": self._embedder.engine},
        )


def _is_story(reading: Reading) -> bool:
    """Return whether a story was asked for, or told all the same."""
    told = reading.story
    return "situation" in coverage.wanted(reading) or bool(
        told["action"] and (told["situation"] or told["result"])
    )


def substance(reading: Reading) -> float:
    """Return 0–1: how much the answer says of its own, in connected speech."""
    own = between(len(reading.novel), 1, ENOUGH_NOVEL_WORDS)
    words = reading.words
    functional = sum(not is_content(reading.language, word) for word in words)
    expected = reading.text_norms["least_function_share"]
    connected = between(functional / max(1, len(words)), 0, expected)
    return own * (0.2 + 0.8 * connected)


def _held(reading: Reading, factor: float, about: float) -> str:
    """Return what holds an answer's scores down: "off", "doubt", "brief", or "" for nothing."""
    if min(factor, about) > 0.8:
        return ""
    if factor < about:
        return "brief"
    return "off" if reading.themes and relevance.share(reading) < relevance.OFF else "doubt"
