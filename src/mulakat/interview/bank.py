"""The question bank: files that people write, one a field and language, read into frozen values.

How they look: docs/questions.md. A bank with a fault in it is not loaded in part: `BankError`
lists every fault in plain sentences with its place.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mulakat import languages

CATEGORIES = (
    "motivation",
    "experience",
    "problem_solving",
    "teamwork",
    "conflict",
    "leadership",
    "learning",
    "ethics",
    "pressure",
    "field_knowledge",
    "closing",
)

LEVELS = ("intern", "junior", "mid", "senior")
"""From the first on: a question is asked from its level upwards, and one below."""

TRIGGERS = (
    "no_result",
    "no_action",
    "no_number",
    "no_example",
    "off_question",
    "point_missing",
)
"""What an answer can lack so that a follow-up is asked; the rubric's gaps."""

SOURCES = ("cv", "posting", "gap")
"""What a template is filled from; a gap is what a job posting asks for and the CV lacks."""

MOST_FILE_BYTES = 1 << 20
"""A field has some tens of questions; its file has tens of KiB."""

DOCUMENTS = "_documents"
"""The file of the templates, beside the fields' files."""


class BankError(ValueError):
    """The bank's files have faults; `problems` says each with its place."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Asked after an answer that lacks `when`; `point` numbers the missing key point from 1."""

    when: str
    text: str
    point: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question in one language."""

    id: str
    field: str
    category: str
    level: str
    text: str
    key_points: tuple[str, ...]
    follow_ups: tuple[FollowUp, ...]
    example: str

    @property
    def guide(self) -> dict[str, Any]:
        """What a strong answer says, as it is kept with what was asked."""
        return {"key_points": list(self.key_points), "example": self.example}


@dataclass(frozen=True, slots=True)
class Template(Question):
    """A question with places to fill ({skill}, {role}, …) from a document; `field` is empty."""

    source: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of work and its name in one language."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class _Part:
    """All that one language has."""

    fields: tuple[Field, ...]
    questions: tuple[Question, ...]
    templates: tuple[Template, ...]
    by_id: Mapping[str, Question]
    by_field: Mapping[str, tuple[Question, ...]]


class Bank:
    """The questions of a folder, `<folder>/<language>/<field>.toml`, a language at a time.

    Without a folder: those that come with Mulakat, with their templates. An own bank brings
    its own fields and questions; it may leave the templates to us. A language is read when it
    is first asked for (ours: 45 ms, 0.8 MB); a second reader at that moment reads it again.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._parts: dict[str, _Part] = {}

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that have questions; looked for once."""
        return tuple(code for code in languages.codes() if files(self._folder, code))

    def fields(self, language: str) -> tuple[Field, ...]:
        """Return the fields in the order of their names. Raises BankError."""
        return self._part(language).fields

    def questions(self, language: str, field: str | None = None) -> tuple[Question, ...]:
        """Return the questions of a field, or all; none for an unknown field. Raises BankError."""
        part = self._part(language)
        return part.questions if field is None else part.by_field.get(field, ())

    def get(self, language: str, question_id: str) -> Question | None:
        """Return a question by its id, if there is one. Raises BankError."""
        return self._part(language).by_id.get(question_id)

    def templates(self, language: str, source: str) -> tuple[Template, ...]:
        """Return the templates that are filled from `source`. Raises BankError."""
        return tuple(one for one in self._part(language).templates if one.source == source)

    def _part(self, language: str) -> _Part:
        if language not in self._parts:
            self._parts[language] = _read(self._folder, language)
        return self._parts[language]


def files(folder: Path | None, language: str) -> list[Path]:
    """Return a language's files of fields, sorted by name."""
    place = folder / language if folder else languages.folder(language) / "questions"
    return sorted(path for path in place.glob("*.toml") if not path.stem.startswith("_"))


def parse(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return a file's content and what is wrong with it as a file; empty with a fault."""
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            return {}, [f"{path}: larger than {MOST_FILE_BYTES >> 20} MiB"]
        with path.open("rb") as file:
            return tomllib.load(file), []
    except tomllib.TOMLDecodeError as error:
        return {}, [f"{path}: {error}"]
    except UnicodeDecodeError:
        return {}, [f"{path}: this is not UTF-8"]
    except OSError as error:
        return {}, [f"{path}: {error.strerror}"]


def _read(folder: Path | None, language: str) -> _Part:
    from mulakat.interview import bank_check

    fields: list[Field] = []
    questions: list[Question] = []
    problems: list[str] = []
    for path in files(folder, language):
        content, faults = parse(path)
        faults = faults or bank_check.form(path, content)
        problems += faults
        if not faults:
            fields.append(Field(path.stem, content["field"]["name"]))
            questions += [question(path.stem, one) for one in content["question"]]
    templates = [] if problems else _templates(folder, language, problems)
    problems += bank_check.same_ids(questions)
    if problems:
        raise BankError(problems)
    return _Part(
        fields=tuple(sorted(fields, key=lambda one: one.name)),
        questions=tuple(questions),
        templates=tuple(templates),
        by_id={one.id: one for one in questions},
        by_field={
            field.key: tuple(one for one in questions if one.field == field.key) for field in fields
        },
    )


def _templates(folder: Path | None, language: str, problems: list[str]) -> list[Template]:
    from mulakat.interview import bank_check

    path = languages.folder(language) / "questions" / f"{DOCUMENTS}.toml"
    if folder and (folder / language / path.name).is_file():
        path = folder / language / path.name
    if not path.is_file():
        return []
    content, faults = parse(path)
    faults = faults or bank_check.template_form(path, content)
    problems += faults
    if faults:
        return []
    return [Template(**_parts("", one), source=one["source"]) for one in content["template"]]


def question(field: str, one: Mapping[str, Any]) -> Question:
    """Return the value of a checked table."""
    return Question(**_parts(field, one))


def _parts(field: str, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "field": field,
        "category": one["category"],
        "level": one["level"],
        "text": one["text"],
        "key_points": tuple(one["key_points"]),
        "follow_ups": tuple(
            FollowUp(two["when"], two["text"], two.get("point")) for two in one["follow_up"]
        ),
        "example": one["example"],
    }
