"""What a CV or a job posting says about skills, years, schooling, languages and projects.

By lists and patterns that a person can read, in Turkish and English at once: a CV often mixes
both. It looks for what questions can be made of, not for all there is.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mulakat import clock
from mulakat.languages.matching import fold

SKILLS_FILE = Path(__file__).with_name("skills.toml")

MOST = {"skills": 40, "roles": 8, "education": 6, "languages": 8, "projects": 8}
"""Of each kind; the first and most mentioned ones."""

LONGEST = 120
"""Characters of a line that is taken over as it stands."""

LONGEST_CAREER = 50
"""Years; more is a number of something else."""

_HEADINGS: Mapping[str, str] = {
    "projects": "project projects proje projeler projelerim",
    "roles": "experience employment career deneyim deneyimi deneyimler deneyimleri tecrube"
    " tecrubesi tecrubeler tecrubeleri kariyer internships internship staj stajlar",
    "education": "education egitim egitimi ogrenim schooling qualifications",
    "languages": "languages diller dil dili",
    "other": "skills yetenekler beceriler becerileri yetkinlikler summary ozet hakkimda profile"
    " profil references referanslar certificates certifications sertifikalar courses kurslar"
    " hobbies interests hobiler ilgi contact iletisim awards oduller publications yayinlar"
    " nitelikler requirements responsibilities",
}
"""Words that name a section of a CV. The first kind that has a word of the line is meant."""

_BESIDE = (
    "and ve work key personal selected professional technical academic relevant history background"
    " training gecmisi bilgileri bilgisi durumu is mesleki kisisel teknik yabanci about me alanlari"
    " aranan genel job calisma foreign"
)
"""What else may stand in such a line."""

_NUMBERS = (
    "bir one", "iki two", "uc three", "dort four", "bes five", "alti six", "yedi seven",
    "sekiz eight", "dokuz nine", "on ten",
)  # fmt: skip
_NUMBER = {word: at for at, words in enumerate(_NUMBERS, 1) for word in words.split()}
_YEARS = re.compile(
    rf"\b(\d{{1,2}}|{'|'.join(_NUMBER)})\s*\+?\s*(?:years?'?\s+(?:of\s+)?(?:\w+\s+){{0,3}}experience"
    r"|yil(?:lik|dir|i|dan)?\s+(?:\w+\s+){0,3}(?:deneyim|tecrube))"
)
_SPAN = re.compile(
    r"\b((?:19|20)\d\d)\s*(?:-|–|—|to)\s*(?:\w+\s+|\d\d[./])?"
    r"((?:19|20)\d\d|present|today|now|current|halen|devam|gunumuz|bugun)"
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
    r"|architect|lecturer|researcher|physiotherapist|pharmacist|auditor|recruiter|trainer|editor"
    r"|muhendisi?|gelistirici(?:si)?|yonetici(?:si)?|muduru?|analisti?|uzmani?|asistani?|stajyeri?"
    r"|hemsire(?:si)?|ogretmeni?|tasarimci(?:si)?|danismani?|muhasebeci(?:si)?|temsilci(?:si)?|koordinatoru?"
    r"|teknisyeni?|teknikeri?|sorumlusu|elemani?|mimari?|denetci(?:si)?|fizyoterapisti?|eczaci(?:si)?"
    r"|direktoru?|sefi|egitmeni?)\b"
)
_NO_ROLE = re.compile(
    r"\b(the|to|with|by|our|my|who|you|your|will|is|are|was|were|have|has|ile|icin|olarak"
    r"|bir|olan|gibi|ve|i)\b"
)
"""A sentence, not a position."""

_POSITION = re.compile(
    r"^(?:we are (?:looking|hiring) for|looking for|we seek|seeking|hiring|wanted)\s+(?:an?\s+)?"
)
_SOUGHT = re.compile(r"\s+(?:araniyor|ariyoruz|alinacak\w*|alimi|wanted|position|vacancy)\W*$")
_PARTS = re.compile(r"\s*[,|:;()•·]\s*|\s+[-–—]\s+|\s+(?=(?:19|20)\d\d)")
_OPTIONAL = re.compile(
    r"nice to have|preferably|preferred|a plus|an advantage|bonus|desirable"
    r"|tercihen|tercih sebebi|artidir|arti olarak"
)
_MARK = " \t•·-–*▪●◦○■□➢✓"


def profile(text: str, now: clock.Now = clock.now) -> dict[str, Any]:
    """Return what was found.

    `skills`, the most mentioned first, each with its `name`, its `names` by language, `field`,
    `mentions` and whether it is `optional`; `years` of experience, as stated or else as the dates
    of its positions add up, or None; `roles`; lines of `education` and `projects`; spoken
    `languages` by their English names.
    """
    lines = [line.strip(_MARK) for line in text.split("\n")]
    folded = [fold(line) for line in lines]
    sections = _sections(folded)
    each = list(zip(lines, folded, sections, strict=True))
    return {
        "skills": _skills(lines, folded, sections),
        "roles": _unique(
            (role for line, _, part in each if part in {"", "roles"} for role in _roles(line)),
            "roles",
        ),
        "years": _years(each, now),
        "education": _unique(
            (line for line, plain, part in each
             if part in {"", "education"} and _SCHOOL.search(plain)), "education",
        ),
        "languages": _languages(folded),
        "projects": _unique(
            (line for line, _, part in each if part == "projects" and 8 <= len(line) <= LONGEST),
            "projects",
        ),
    }  # fmt: skip


def _sections(folded: Sequence[str]) -> list[str]:
    """Return for each line the section it stands in; headings belong to none."""
    out, current = [], ""
    for line in folded:
        heading = _heading(line)
        current = heading or current
        out.append("heading" if heading else current)
    return out


def _heading(line: str) -> str | None:
    if len(line) > 60:
        return None
    words = re.findall(r"[^\W\d_]+", line)
    for kind, names in _HEADING.items():
        if names & set(words) and _IN_HEADINGS.issuperset(words):
            return kind
    return None


_HEADING = {kind: frozenset(names.split()) for kind, names in _HEADINGS.items()}
_IN_HEADINGS = frozenset(_BESIDE.split()).union(*_HEADING.values())


def _roles(line: str) -> Iterator[str]:
    """Yield the positions that a line names, without the employer, the years, or who asks."""
    if len(line) > LONGEST:
        return
    for part in _PARTS.split(line):
        plain = fold(part)  # of equal length
        found = _POSITION.match(plain)
        first = found.end() if found else 0
        found = _SOUGHT.search(plain)
        last = found.start() if found else len(plain)
        role, plain = part[first:last].rstrip(" ."), plain[first:last].rstrip(" .")
        if len(role.split()) <= 6 and _ROLE.search(plain) and not _NO_ROLE.search(plain):
            yield role
            return


def _unique(lines: Iterator[str], kind: str) -> list[str]:
    found: dict[str, str] = {}
    for line in lines:
        short = line[:LONGEST].strip(" ,;:")
        if short and fold(short) not in found:
            found[fold(short)] = short
        if len(found) == MOST[kind]:
            break
    return list(found.values())


def _years(each: Sequence[tuple[str, str, str]], now: clock.Now) -> int | None:
    """Return the years of experience that are stated, else those between the positions' dates."""
    stated = [
        _NUMBER.get(found[1]) or int(found[1])
        for _, plain, _ in each
        for found in _YEARS.finditer(plain)
    ]
    if stated := [one for one in stated if one <= LONGEST_CAREER]:
        return max(stated)
    this_year, worked = now().year, set[int]()
    for _, plain, part in each:
        for first, last in _SPAN.findall(plain) if part == "roles" else ():
            until = int(last) if last.isdecimal() else this_year
            if until - int(first) <= LONGEST_CAREER:
                worked.update(range(int(first), min(until, this_year)))
    return len(worked) or None


def _languages(folded: Sequence[str]) -> list[str]:
    text = "\n".join(folded)
    found = []
    for names in _TONGUES:
        english = names.partition("|")[0]
        if re.search(rf"\b(?:{names})", text):
            found.append(english.capitalize())
    return found[: MOST["languages"]]


@dataclass(frozen=True, slots=True)
class _Skill:
    field: str
    names: Mapping[str, str]
    pattern: re.Pattern[str]
    exact: frozenset[str]

    def places(self, folded: str, written: str) -> list[int]:
        """Return where it is named, in a text and the same text folded."""
        return [
            found.start()
            for found in self.pattern.finditer(folded)
            if found[1] not in self.exact or written[found.start()].isupper()
        ]


@cache
def _known() -> tuple[_Skill, ...]:
    with SKILLS_FILE.open("rb") as file:
        table = tomllib.load(file)
    return tuple(_skill(field, line) for field, lines in table.items() for line in lines)


def _skill(field: str, line: str) -> _Skill:
    english, _, turkish = (side.strip() for side in line.partition(" = "))
    names, exact = english.split("|"), set[str]()
    for at, name in enumerate(names):
        if name.endswith("!"):
            names[at] = name[:-1]
            exact.add(fold(names[at]))
    patterns = [rf"({_spelt(names)}){_ENDING}"]
    if turkish:
        patterns.append(rf"(?:{_spelt(_HIDDEN.sub('', turkish).split('|'))})\w*")
    shown = turkish.split("|")[0].replace("(", "").replace(")", "") or names[0]
    return _Skill(
        field,
        {"en": names[0], "tr": shown},
        re.compile(rf"(?<![\w+#.])(?:{'|'.join(patterns)})(?![\w+#&])(?!\W+to\b)"),
        frozenset(exact),
    )


_HIDDEN = re.compile(r"\s?\([^)]*\)")
_ENDING = r"(?:s|'\w+|d[ae]n?|t[ae]n?|y?l[ae])?"


def _spelt(names: Sequence[str]) -> str:
    longest_first = sorted(map(fold, names), key=len, reverse=True)  # "rest api" before "REST!"
    return "|".join(re.escape(name).replace(r"\ ", r"[\s-]+") for name in longest_first)


def _skills(
    lines: Sequence[str], folded: Sequence[str], sections: Sequence[str]
) -> list[dict[str, Any]]:
    # A heading such as "Education and training" is no skill; see fold for the equal lengths.
    kept = [at for at, part in enumerate(sections) if part != "heading"]
    text, written = "\n".join(folded[at] for at in kept), "\n".join(lines[at] for at in kept)
    optional = _optional(folded)
    wanted = "\n".join(folded[at] for at in kept if not optional[at])
    found = []
    for order, skill in enumerate(_known()):
        if places := skill.places(text, written):
            found.append((-len(places), places[0], order, {
                "name": skill.names["en"], "names": dict(skill.names), "field": skill.field,
                "mentions": len(places), "optional": not skill.pattern.search(wanted),
            }))  # fmt: skip
    return [one for *_, one in sorted(found, key=lambda f: f[:3])][: MOST["skills"]]


def _optional(folded: Sequence[str]) -> list[bool]:
    """Say of each line whether what it names is only nice to have.

    A line that says so and ends with a colon, or says nothing else, is about those after it, up
    to an empty line or another heading.
    """
    out, below = [], False
    for line in folded:
        found = _OPTIONAL.search(line)
        if found and (line.endswith(":") or found[0] == line.strip(" .:")):
            below = True
        elif not line or line.endswith(":") or _heading(line):
            below = False
        out.append(bool(found) or below)
    return out
