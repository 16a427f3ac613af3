"""Questions made from a CV or a job posting: the bank's templates, filled with what was found."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mulakat.interview.bank import Bank, Template
from mulakat.interview.values import Candidate
from mulakat.languages.matching import fold

MOST_FILLED = 4
"""Of one template: an interview asks a third of its questions from documents."""

_PLACE = re.compile(r"\{([a-z]+)\}")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def candidates(
    bank: Bank, language: str, cv: Mapping[str, Any] | None, posting: Mapping[str, Any] | None
) -> list[Candidate]:
    """Return the questions that the results of two documents make; none without documents.

    Each has the id `<template>:<what it was filled with>`, so that it is not asked twice, and
    its source as the reason. A gap is a skill of the posting that the CV does not name.
    """
    mine, wanted = _profile(cv), _profile(posting)
    had = {one["name"] for one in mine.get("skills", ())}
    gaps = [one for one in wanted.get("skills", ()) if one["name"] not in had]
    asked = [one for one in wanted.get("skills", ()) if one["name"] in had or not mine]
    asked.sort(key=_optional)
    gaps.sort(key=_optional)
    found = [*_filled(bank, language, "cv", mine, mine.get("skills", ()))]
    found += _filled(bank, language, "posting", wanted, asked)
    if mine:
        found += _filled(bank, language, "gap", wanted, gaps)
    return found


def _optional(skill: Mapping[str, Any]) -> bool:
    return bool(skill.get("optional"))


def _profile(document: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (document or {}).get("profile") or {}


def _filled(
    bank: Bank,
    language: str,
    source: str,
    profile: Mapping[str, Any],
    skills: Iterable[Mapping[str, Any]],
) -> Iterator[Candidate]:
    words = {
        "skill": [one.get("names", {}).get(language) or one["name"] for one in skills],
        "role": list(profile.get("roles", ())),
        "project": [name for one in profile.get("projects", ()) if (name := _short(one))],
    }
    turn = dict.fromkeys(words, 0)
    for template in bank.templates(language, source):
        places = set(_PLACE.findall(template.text))
        if len(places) != 1 or not words.get(place := places.pop()):
            continue
        # Each template begins with another word, so that the first skill is not asked for in
        # every way before the second.
        ring = words[place]
        shift = turn[place] % len(ring)
        turn[place] += 1
        for word in (ring[shift:] + ring[:shift])[:MOST_FILLED]:
            yield _candidate(template, place, word)


def _candidate(template: Template, place: str, word: str) -> Candidate:
    return Candidate(
        id=f"{template.id}:{_slug(word)}",
        category=template.category,
        level=template.level,
        text=template.text.replace(f"{{{place}}}", word),
        guide=template.guide,
        follow_ups=template.follow_ups,
        reason={"code": template.source, "params": {}},
    )


def _slug(word: str) -> str:
    """Return a word for an id; C# and C++ are two, and so are names in other scripts."""
    plain = fold(word).replace("+", "p").replace("#", "-sharp")
    if plain.isascii():
        return _NOT_SLUG.sub("-", plain).strip("-")[:60]
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _short(line: str) -> str:
    """Return the name that a line about a project begins with."""
    bare = re.sub(r"\(.*?\)|\b(?:19|20)\d\d\b.*", "", line)
    return re.split(r"\s*[,|–—:]\s*", bare.strip())[0].strip(" -.")[:80]
