"""Strong answers with other words for the question's own: tests/fixtures/paraphrases.toml."""

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

_CHOICE = re.compile(r"<([^|<>]*)\|([^|<>]*)>")


@functools.cache
def items() -> dict[str, list[dict[str, Any]]]:
    """Return the items of each language ("en", "tr") and those of "field"."""
    path = Path(__file__).parent / "fixtures" / "paraphrases.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def item(language: str, name: str) -> dict[str, Any]:
    """Return one item by its name."""
    return next(one for one in items()[language] if one["name"] == name)


def choices(answer: str) -> int:
    """Return how many places of an answer have another wording."""
    return len(_CHOICE.findall(answer))


def worded(answer: str, *, other: frozenset[int] | range = frozenset()) -> str:
    """Return the answer with the literal wording, at the places `other` with the other one."""
    places = iter(range(choices(answer)))
    return _CHOICE.sub(lambda found: found[2 if next(places) in other else 1], answer)


def literal(answer: str) -> str:
    """Return the answer in the question's words."""
    return worded(answer)


def paraphrase(answer: str) -> str:
    """Return the answer in other words."""
    return worded(answer, other=range(choices(answer)))
