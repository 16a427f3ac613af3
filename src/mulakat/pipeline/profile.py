"""What a CV or a job posting says about skills, years, schooling, languages and projects.

By lists and patterns that a person can read, in Turkish and English at once: a CV often mixes
both. It looks for what questions can be made of, not for all there is.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mulakat.languages.matching import fold

SKILLS_FILE = Path(__file__).with_name("skills.toml")

MOST = {"skills": 40, "roles": 8, "education": 6, "languages": 8, "projects": 8}
"""Of each kind; the first and most mentioned ones."""

LONGEST = 120
"""Characters of a line that is taken over as it stands."""

_HEADINGS = {
    "projects": "projects|personal projects|selected projects|projeler|projelerim|kisisel projeler",
    "roles": "experience|work experience|employment|professional experience|deneyim|is deneyimi"
    "|is deneyimleri|deneyimler|calisma gecmisi|stajlar|internships|staj",
    "education": "education|egitim|egitim bilgileri|ogrenim|ogrenim durumu",
    "languages": "languages|diller|yabanci dil|yabanci diller|yabanci dil bilgisi",
    "other": "skills|technical skills|yetenekler|beceriler|yetkinlikler|teknik beceriler|summary"
    "|ozet|hakkimda|about me|profile|profil|references|referanslar|certificates|sertifikalar"
    "|courses|kurslar|hobbies|ilgi alanlari|contact|iletisim|awards|oduller|publications|yayinlar",
}
_HEADING = {name: kind for kind, names in _HEADINGS.items() for name in names.split("|")}

_YEARS = re.compile(
    r"(?<!\d)(\d{1,2})\s*\+?\s*(?:years?(?:'|\s)?\s*(?:of\s+)?(?:\w+\s+){0,3}experience"
    r"|yil(?:lik|lık|dir|i)?\s+(?:\w+\s+){0,3}(?:deneyim|tecrube))"
)
_SCHOOL = re.compile(
    r"\b(universit\w*|university|fakulte\w*|faculty|lisans\w*|bachelor\w*|master\w*|yuksek lisans"
    r"|b\.?sc|m\.?sc|ph\.?d|doktora|lise\w*|high school|meslek yuksekokulu|yuksekokul\w*)\b"
)
_TONGUES = (
    "english|ingilizce", "german|almanca", "french|fransizca", "spanish|ispanyolca",
    "arabic|arapca", "russian|rusca", "italian|italyanca", "turkish|turkce", "kurdish|kurtce",
    "persian|farsca", "chinese|cince", "japanese|japonca",
)  # fmt: skip
_ROLE = re.compile(
    r"\b(engineer|developer|manager|analyst|specialist|assistant|intern|nurse|teacher|designer"
    r"|consultant|accountant|representative|coordinator|director|technician|administrator"
    r"|muhendis\w*|gelistirici\w*|yonetici\w*|mudur\w*|analist\w*|uzman\w*|asistan\w*|stajyer\w*"
    r"|hemsire\w*|ogretmen\w*|tasarimci\w*|danisman\w*|muhasebeci\w*|temsilci\w*|koordinator\w*"
    r"|teknisyen\w*|tekniker\w*|sorumlu\w*|eleman\w*)\b"
)
_OPTIONAL = re.compile(
    r"nice to have|preferably|a plus|an advantage|bonus|tercihen|tercih sebebi|artidir|arti olarak"
)


def profile(text: str) -> dict[str, Any]:
    """Return what was found.

    `skills`, the most mentioned first, each with its `name`, how it is `written` there, `field`,
    `mentions` and whether it is `optional`; `years` of experience, or None; lines of `roles`,
    `education` and `projects`; spoken `languages` by their English names.
    """
    lines = [line.strip(" \t•·-–*▪●") for line in text.split("\n")]
    folded = [fold(line) for line in lines]
    sections = _sections(folded)
    return {
        "skills": _skills(lines, folded),
        "roles": _unique(
            (line for line, plain, part in zip(lines, folded, sections, strict=True)
             if part in {"", "roles"} and _is_role(plain)), "roles",
        ),
        "years": _years(folded),
        "education": _unique(
            (line for line, plain, part in zip(lines, folded, sections, strict=True)
             if part in {"", "education"} and _SCHOOL.search(plain)), "education",
        ),
        "languages": _languages(folded),
        "projects": _unique(
            (line for line, part in zip(lines, sections, strict=True)
             if part == "projects" and 8 <= len(line) <= LONGEST), "projects",
        ),
    }  # fmt: skip


def _sections(folded: Sequence[str]) -> list[str]:
    """Return for each line the section it stands in; headings belong to none."""
    out, current = [], ""
    for line in folded:
        heading = _HEADING.get(line.strip(" :.0123456789"))
        if heading:
            current = heading
        out.append("heading" if heading else current)
    return out


def _is_role(plain: str) -> bool:
    return len(plain) <= 80 and len(plain.split()) <= 9 and bool(_ROLE.search(plain))


def _unique(lines: Iterator[str], kind: str) -> list[str]:
    found: dict[str, str] = {}
    for line in lines:
        short = line[:LONGEST].strip(" ,;:")
        if short and fold(short) not in found:
            found[fold(short)] = short
        if len(found) == MOST[kind]:
            break
    return list(found.values())


def _years(folded: Sequence[str]) -> int | None:
    """Return the years of experience that are stated, else None."""
    stated = [int(found[1]) for line in folded for found in _YEARS.finditer(line)]
    stated = [one for one in stated if one <= 50]
    return max(stated, default=None)


def _languages(folded: Sequence[str]) -> list[str]:
    text = "\n".join(folded)
    found = []
    for names in _TONGUES:
        english = names.partition("|")[0]
        if re.search(rf"\b(?:{names})", text):
            found.append(english.capitalize())
    return found[: MOST["languages"]]


@cache
def _known() -> list[tuple[str, str, re.Pattern[str]]]:
    """Return each skill with its field and the pattern of its spellings."""
    with SKILLS_FILE.open("rb") as file:
        table = tomllib.load(file)
    out = []
    for field, entries in table.items():
        for entry in entries:
            names = entry.split("|")
            spelt = "|".join(
                re.escape(fold(name)).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
                for name in names
            )
            out.append(
                (
                    field,
                    names[0].rstrip("*"),
                    re.compile(rf"(?<![\w+#.])({spelt})(?:'\w+)?(?![\w+#])"),
                )
            )
    return out


def _skills(lines: Sequence[str], folded: Sequence[str]) -> list[dict[str, Any]]:
    text, original = "\n".join(folded), "\n".join(lines)  # of equal length: see fold
    optional = [line for line in folded if _OPTIONAL.search(line)]
    found = []
    for order, (field, name, pattern) in enumerate(_known()):
        places = list(pattern.finditer(text))
        if not places:
            continue
        nice = bool(optional) and any(pattern.search(line) for line in optional)
        found.append((-len(places), places[0].start(), order, {
            "name": name, "written": original[slice(*places[0].span(1))], "field": field,
            "mentions": len(places), "optional": nice,
        }))  # fmt: skip
    return [one for *_, one in sorted(found, key=lambda f: f[:3])][: MOST["skills"]]
