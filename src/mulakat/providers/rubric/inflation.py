"""Whether an answer that is blown up scores higher than it did: the share of tricks that fail.

`inflation(cases(path), embedder) -> Rate`; the form of the file: tests/fixtures/inflation.toml.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mulakat.providers.rubric import Rubric
from mulakat.providers.values import Assessment, Material, Word

if TYPE_CHECKING:
    from mulakat.providers.protocols import Embedder

ROUNDING = 1
"""Points that a total or a criterion may rise: each is rounded."""


@dataclass(frozen=True, slots=True)
class Case:
    """A base answer and what a trick makes of it, to one question; `may_rise` names criteria."""

    name: str
    base: Material
    made: Material
    may_rise: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gained:
    """A case whose trick worked: by how many points, for the total and each criterion that rose."""

    name: str
    points: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many cases were tried, and those that gained."""

    cases: int
    gained: tuple[Gained, ...]

    @property
    def passed(self) -> float:
        """The share of tricks that gained nothing, 0–1."""
        return 1 - len(self.gained) / self.cases if self.cases else 1.0


def cases(path: Path) -> tuple[Case, ...]:
    """Read a file of blown-up answers.

    Raises KeyError for a missing field or an unknown base.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    bases: dict[str, dict[str, dict[str, Any]]] = table.pop("base")
    return tuple(
        _case(language, one, bases[language]) for language, made in table.items() for one in made
    )


def _case(language: str, one: Mapping[str, Any], bases: Mapping[str, Mapping[str, Any]]) -> Case:
    base = bases[one["base"]]
    parts = {
        "{answer}": base["answer"],
        "{question}": base["question"],
        "{points}": "\n".join(f"- {point}" for point in base.get("key_points", ())),
        "{other}": bases["other"]["answer"],
    }

    def filled(text: str) -> str:
        for name, value in parts.items():
            text = text.replace(name, value)
        return text

    def material(text: str, added: str = "") -> Material:
        return Material(
            question=base["question"],
            language=language,
            reader=language,
            text=text,
            words=tuple(Word(word, 0.0, 0.0) for word in text.split()),
            typed=True,
            additional_text=added,
            key_points=tuple(base.get("key_points", ())),
        )

    return Case(
        f"{language} {one['base']}: {one['trick']}",
        material(base["answer"]),
        material(filled(one["text"]), filled(one.get("added", ""))),
        frozenset(one.get("may_rise", ())),
    )


def gained(case: Case, embedder: "Embedder") -> Mapping[str, int]:
    """Return by how many points the total ("score") and each criterion rose, those that did."""
    rubric = Rubric(embedder)
    base, made = _scores(rubric.evaluate(case.base)), _scores(rubric.evaluate(case.made))
    return {
        key: made[key] - base[key]
        for key in base
        if key not in case.may_rise and made[key] > base[key] + ROUNDING
    }


def inflation(cases: Iterable[Case], embedder: "Embedder") -> Rate:
    """Return how often a blown-up answer gained anything; about 60 ms a case."""
    tried = [(case.name, gained(case, embedder)) for case in cases]
    return Rate(len(tried), tuple(Gained(name, points) for name, points in tried if points))


def _scores(found: Assessment) -> dict[str, int]:
    return {"score": found.score or 0, **{one.key: one.score for one in found.criteria}}
