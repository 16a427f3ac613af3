"""The catalogues of sentences: whole in every language, asking for the same values, none unused."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import mulakat
from mulakat.languages import codes, folder

SOURCES = Path(mulakat.__file__).parent
LITERAL = re.compile(r"""["'`]([a-z_]+\.?[a-z_.0-9]*)(?=["'`{$])""")
"""A name in quotes, or the beginning of one that is put together (f"error.{code}")."""

ATTRIBUTE = re.compile(r"\b(?:page|words|live)((?:\.\w+)+)")
"""A sentence of the table that a template or script was handed."""


@cache
def catalogue(code: str) -> Catalog:
    with (folder(code) / "messages.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def sentences(code: str) -> dict[str, str]:
    return {str(one.id): str(one.string) for one in catalogue(code) if one.id}


def values(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", sentence))


@pytest.mark.parametrize("code", codes())
def test_nothing_is_untranslated_or_in_doubt(code: str) -> None:
    assert sentences(code).keys() == sentences(codes()[0]).keys()
    assert [name for name, sentence in sentences(code).items() if not sentence.strip()] == []
    assert [one.id for one in catalogue(code) if one.fuzzy] == []
    assert dict(catalogue(code).obsolete) == {}


@pytest.mark.parametrize("code", codes())
def test_each_sentence_asks_for_the_same_values_in_every_language(code: str) -> None:
    first = sentences(codes()[0])
    unlike = {
        name
        for name, sentence in sentences(code).items()
        if values(sentence) != values(first[name])
    }
    assert unlike <= {"error.malformed_request"}  # its reason is English, for who writes programs


@pytest.mark.parametrize("code", codes())
def test_no_sentence_shouts(code: str) -> None:
    assert [name for name, sentence in sentences(code).items() if "!" in sentence] == []


def test_every_sentence_is_said_somewhere() -> None:
    whole, beginnings, last = set[str](), set[str](), set[str]()
    for path in SOURCES.rglob("*"):
        if path.suffix not in {".py", ".html", ".js"}:
            continue
        text = path.read_text()
        found = set(LITERAL.findall(text))
        whole |= found
        beginnings |= {one for one in found if one.endswith((".", "_"))}
        last |= {one.removeprefix(".live").lstrip(".") for one in ATTRIBUTE.findall(text)}

    def said(name: str) -> bool:
        _, _, rest = name.partition(".")
        own = rest.removeprefix("live.").removesuffix("_title")  # say(`${key}_title`)
        return (
            name in whole
            or any(name.startswith(one) for one in beginnings if "." in one)
            or own in last
            or (rest != own and (own in whole or any(own.startswith(one) for one in beginnings)))
        )

    assert sorted(name for name in sentences("en") if not said(name)) == []
