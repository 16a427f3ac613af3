"""The real sentence encoder, loaded once for all tests, and answers to read with it."""

import functools
import tomllib
from pathlib import Path
from typing import Any

from mulakat.providers.embedder import UniversalSentenceEncoder
from mulakat.providers.rubric import Rubric
from mulakat.providers.values import Delivery, Material, Word

LEVELS = ("strong", "middling", "weak", "off_topic")


@functools.cache
def embedder() -> UniversalSentenceEncoder:
    """Return the encoder that all tests share."""
    return UniversalSentenceEncoder()


def rubric() -> Rubric:
    """Return a rubric on the shared encoder."""
    return Rubric(embedder())


@functools.cache
def answers() -> dict[str, list[dict[str, str]]]:
    """Return tests/fixtures/answers.toml: for each language, questions with leveled answers."""
    path = Path(__file__).parent / "fixtures" / "answers.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def typed(question: str, text: str, language: str = "en", **more: Any) -> Material:
    """Return a typed answer as the pipeline hands it over."""
    words = tuple(Word(word, 0.0, 0.0) for word in text.split())
    given = {"reader": language} | more
    return Material(question, language, text=text, words=words, typed=True, **given)


def spoken(
    question: str,
    text: str,
    language: str = "en",
    *,
    probability: float | None = 0.9,
    pace: float = 0.4,
    delivery: Delivery | None = None,
    **more: Any,
) -> Material:
    """Return a spoken answer: one word each `pace` seconds, three quarters of it voiced."""
    words = tuple(
        Word(word, i * pace, (i + 0.75) * pace, probability) for i, word in enumerate(text.split())
    )
    given = {"reader": language} | more
    return Material(
        question, language, text=" ".join(text.split()), words=words, typed=False,
        delivery=delivery, **given,
    )  # fmt: skip
