"""What a question bank's files must look like; each fault a sentence with its place.

The form (fields, lengths, names) is checked whenever a bank is read; the rest, which compares
questions and languages, by `mulakat questions lint` (bank_lint.py).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mulakat.interview.bank import CATEGORIES, LEVELS, SOURCES, TRIGGERS, Question

LENGTHS = {
    "text": (30, 220),
    "key point": (15, 140),
    "example": (200, 700),
    "follow-up": (20, 180),
}
"""Characters, least and most: what can be heard once and kept in mind, and read at a glance."""

POINTS = (3, 6)
FOLLOW_UPS = 2
MOST_QUESTIONS = 500
"""Of one field."""

FIELD = re.compile(r"[a-z][a-z_]{1,39}")
_ID = re.compile(r"[a-z][a-z_]*(-[a-z0-9]+){2,5}")
_KNOWN = frozenset({"id", "category", "level", "text", "key_points", "example", "follow_up"})
_PLACE = re.compile(r"\{([a-z]+)\}")
PLACES = frozenset({"skill", "role", "project", "requirement"})
"""What a template may name."""


def form(path: Path, content: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a field's file."""
    problems = []
    if not FIELD.fullmatch(path.stem):
        problems.append(f"{path}: a field's file is named in small letters, like data.toml")
    name = content.get("field", {}).get("name") if isinstance(content.get("field"), dict) else None
    if not isinstance(name, str) or not name.strip():
        problems.append(f"{path}: [field] has no name")
    problems += [
        f"{path}: there is no table {key!r}; only [field] and [[question]]"
        for key in content
        if key not in {"field", "question"}
    ]
    problems += _tables(path, content, "question", lambda where, one: _question(where, one, path))
    return problems


def template_form(path: Path, content: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a file of templates."""
    return _tables(path, content, "template", _template)


def _tables(path: Path, content: Mapping[str, Any], name: str, check: Any) -> list[str]:
    found = content.get(name)
    if not isinstance(found, list) or not found or not all(isinstance(o, dict) for o in found):
        return [f"{path}: there is no [[{name}]]"]
    if len(found) > MOST_QUESTIONS:
        return [f"{path}: more than {MOST_QUESTIONS} questions"]
    problems: list[str] = []
    for number, one in enumerate(found, 1):
        shown = one.get("id")
        where = f"{path}, {shown if isinstance(shown, str) and shown else f'{name} {number}'}"
        problems += check(where, one)
    return problems


def _question(where: str, one: Mapping[str, Any], path: Path) -> list[str]:
    problems = _common(where, one, _KNOWN)
    shown = one.get("id")
    if isinstance(shown, str) and not shown.startswith(f"{path.stem}-"):
        problems.append(f"{where}: the id must begin with {path.stem}-")
    text = one.get("text")
    if isinstance(text, str) and _PLACE.search(text):
        problems.append(f"{where}: only templates have places to fill in braces")
    return problems


def _template(where: str, one: Mapping[str, Any]) -> list[str]:
    problems = _common(where, one, _KNOWN | {"source"})
    if one.get("source") not in SOURCES:
        problems.append(f"{where}: source must be one of {', '.join(SOURCES)}")
    texts = [str(one.get("text", ""))]
    unknown = {name for text in texts for name in _PLACE.findall(text)} - PLACES
    if unknown:
        problems.append(f"{where}: nothing is called {', '.join(sorted(unknown))}")
    if not _PLACE.search(texts[0]):
        problems.append(f"{where}: the text has no place to fill, like {{skill}}")
    return problems


def _common(where: str, one: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    problems = [f"{where}: there is no {key!r}" for key in sorted(one) if key not in known]
    shown = one.get("id")
    if not isinstance(shown, str) or not _ID.fullmatch(shown):
        problems.append(f"{where}: the id must look like field-two-words, in ascii")
    for key, choices in (("category", CATEGORIES), ("level", LEVELS)):
        if one.get(key) not in choices:
            problems.append(f"{where}: {key} must be one of {', '.join(choices)}")
    problems += _length(where, "text", one.get("text"))
    text = one.get("text")
    if isinstance(text, str) and not text.rstrip().endswith(("?", ".")):
        problems.append(f"{where}: the text must end with ? or .")
    problems += _length(where, "example", one.get("example"))
    points = one.get("key_points")
    low, high = POINTS
    if not isinstance(points, list) or not low <= len(points) <= high:
        problems.append(f"{where}: key_points must be a list of {low} to {high}")
        points = []
    for point in points:
        problems += _length(where, "key point", point)
    if len({str(point).casefold() for point in points}) < len(points):
        problems.append(f"{where}: a key point stands there twice")
    return problems + _follow_ups(where, one.get("follow_up"), len(points))


def _follow_ups(where: str, given: Any, points: int) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        return [f"{where}: follow_up must be two tables, [[question.follow_up]]"]
    problems = []
    if len(given) != FOLLOW_UPS:
        problems.append(f"{where}: {len(given)} follow-ups; there must be {FOLLOW_UPS}")
    for one in given:
        when, point = one.get("when"), one.get("point")
        if when not in TRIGGERS:
            problems.append(f"{where}: when must be one of {', '.join(TRIGGERS)}")
        problems += _length(where, "follow-up", one.get("text"))
        problems += [
            f"{where}: a follow-up has no {key!r}"
            for key in sorted(one)
            if key not in {"when", "point", "text"}
        ]
        numbered = isinstance(point, int) and not isinstance(point, bool)
        if when == "point_missing" and not (numbered and 1 <= point <= points):
            problems.append(f"{where}: point must number a key point, 1 to {points}")
        if when != "point_missing" and point is not None:
            problems.append(f"{where}: point belongs to point_missing only")
    triggers = [(one.get("when"), one.get("point")) for one in given]
    if len(set(triggers)) < len(triggers):
        problems.append(f"{where}: both follow-ups have the same trigger")
    return problems


def _length(where: str, what: str, text: Any) -> list[str]:
    low, high = LENGTHS[what]
    if not isinstance(text, str):
        return [f"{where}: {what} is missing or no text"]
    if not low <= len(text.strip()) <= high:
        return [f"{where}: {what} has {len(text.strip())} characters, must have {low} to {high}: "
                f"{text.strip()[:60]!r}"]  # fmt: skip
    return []


def same_ids(questions: Sequence[Question]) -> list[str]:
    """Return which ids stand for more than one question."""
    counts = Counter(one.id for one in questions)
    return [f"{shown}: this id stands {n} times" for shown, n in counts.items() if n > 1]


def compare(first: Iterable[Question], second: Iterable[Question], names: str) -> list[str]:
    """Return where two languages differ in what is not language: ids, category, level, triggers."""
    ours = {one.id: one for one in first}
    theirs = {one.id: one for one in second}
    problems = [
        f"{shown}: in one language only ({names})" for shown in sorted(ours.keys() ^ theirs.keys())
    ]
    for shown in sorted(ours.keys() & theirs.keys()):
        one, two = ours[shown], theirs[shown]
        facts = {
            "category": (one.category, two.category),
            "level": (one.level, two.level),
            "places to fill": (_places(one), _places(two)),
            "number of key points": (len(one.key_points), len(two.key_points)),
            "follow-ups": (
                [(f.when, f.point) for f in one.follow_ups],
                [(f.when, f.point) for f in two.follow_ups],
            ),
        }
        problems += [
            f"{shown}: {what} differs between the languages ({names})"
            for what, (a, b) in facts.items()
            if a != b
        ]
    return problems


def _places(one: Question) -> set[str]:
    return set(_PLACE.findall(one.text))
