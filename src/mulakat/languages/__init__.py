"""Everything that differs by language: one folder a language, found by its code.

A language is a folder here with

- `messages.po`: every sentence a reader sees, a gettext catalogue whose msgids are the sentences'
  names ("error.too_large"), compiled to `messages.mo` (`make messages`);
- `lexicon.toml`: word lists the evaluation and the delivery measures use;
- `norms.toml`: usual ranges of the delivery measures, each with its source.

Adding a language is adding a folder; no stage asks which language it has.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent

DEFAULT = "tr"
"""The reader's language when nothing says otherwise (design: Turkish first)."""


@cache
def codes() -> tuple[str, ...]:
    """Return the language codes that have a folder, the default first."""
    found = sorted(folder.parent.name for folder in _HERE.glob("*/lexicon.toml"))
    return (DEFAULT, *(code for code in found if code != DEFAULT))


def folder(code: str) -> Path:
    """Return the folder of a language."""
    return _HERE / code


@cache
def _table(code: str, name: str) -> Mapping[str, Any]:
    if code not in codes():
        raise KeyError(f"no such language: {code!r}")
    with (_HERE / code / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)


def lexicon(code: str) -> Mapping[str, Any]:
    """Return the parsed lexicon.toml of a language."""
    return _table(code, "lexicon")


def norms(code: str) -> Mapping[str, Any]:
    """Return the parsed norms.toml of a language."""
    return _table(code, "norms")


@cache
def sentences(code: str) -> Mapping[str, str]:
    """Return the sentences of a language by name. Raises FileNotFoundError before
    `make messages`.
    """
    if code not in codes():
        raise KeyError(f"no such language: {code!r}")
    with (_HERE / code / "messages.mo").open("rb") as file:
        catalogue = vars(GNUTranslations(file))["_catalog"]  # as Babel and Django do
    return {name: sentence for name, sentence in catalogue.items() if name}


@cache
def messages(code: str) -> Mapping[str, Any]:
    """Return the sentences of a language as nested tables, one for each part of their names."""
    tables: dict[str, Any] = {}
    for name, sentence in sentences(code).items():
        *path, last = name.split(".")
        table = tables
        for part in path:
            table = table.setdefault(part, {})
        table[last] = sentence
    return tables


def say(code: str, key: str, **params: object) -> str:
    """Return the sentence `key` ("error.too_large") in a language, `{params}` filled in.

    A `retry_after`, in seconds, is written out ("4 minutes"). Raises KeyError for a key that the
    catalogue lacks: tests compare all catalogues.
    """
    if "retry_after" in params:
        params["retry_after"] = _wait(code, int(str(params["retry_after"])))
    found = sentences(code)[key]
    return found.format(**params) if params else found


def _wait(code: str, seconds: int) -> str:
    """Return a wait in whole minutes from one on, rounded up: sooner would be too soon."""
    kind, count = ("second", seconds) if seconds < 60 else ("minute", -(-seconds // 60))
    return say(code, f"frame.wait_{kind}" if count == 1 else f"frame.wait_{kind}s", count=count)


def negotiate(accept_language: str | None) -> str:
    """Return the best language we have for an Accept-Language header (RFC 9110 §12.5.4)."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate((accept_language or "").split(",")[:32]):
        tag, _, weight = part.strip().partition(";")
        primary = tag.split("-")[0].strip().lower()
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0 and primary in codes():
            ranked.append((-quality, position, primary))
    return min(ranked)[2] if ranked else DEFAULT
