"""What is found in CVs and job postings of both languages."""

import tomllib
from typing import Any

import pytest

import documents
from clocks import HandClock
from mulakat.interview.bank import Bank
from mulakat.pipeline.profile import MOST, SKILLS_FILE, profile

DEVELOPER = """AYŞE DEMİR
Yazılım Geliştirici
İstanbul | ayse@example.org

ÖZET
4 yıldan fazla deneyime sahip backend geliştiricisiyim. Python'da ve Go'da mikroservisler yazdım.

İŞ DENEYİMİ
Kıdemli Yazılım Geliştirici, Örnek Teknoloji A.Ş. (2021 - Halen)
• Docker ve Kubernetes'e geçişi yürüttüm, takım çalışmasına yatkınım
• Ürün yöneticisi ile haftalık görüşmeler yaptım
Yazılım Mühendisi — Kuzey Yazılım, 2019–2021

PROJELER
• Açık kaynak fatura okuyucu – Python, FastAPI

EĞİTİM
Ege Üniversitesi, Bilgisayar Mühendisliği, Lisans, 2015–2019

YABANCI DİL
İngilizce (C1), Almanca (A2)
"""

NURSE = """Jane Smith
Registered Nurse

Professional summary
Registered nurse with over eight years' experience in intensive care and triage.

Employment history
Senior Staff Nurse, City Hospital, 2018 – present
- Reported to the ward manager on infection control
Staff Nurse, County Hospital, 2015 – 2018

Key projects
Hand hygiene audit across four wards

Education and training
BSc Nursing, University of Leeds, 2015

Languages
English (native), Spanish (B1)
"""


def names(text: str) -> list[str]:
    return [one["name"] for one in profile(text)["skills"]]


def test_a_turkish_cv_gives_all_that_questions_are_made_of() -> None:
    found = profile(DEVELOPER)
    skills = {one["name"]: one for one in found["skills"]}
    assert {"Python", "Go", "microservices", "Docker", "Kubernetes", "teamwork"} <= set(skills)
    assert skills["Python"]["mentions"] == 2
    assert skills["teamwork"]["names"] == {"en": "teamwork", "tr": "takım çalışması"}
    assert found["roles"] == [
        "Yazılım Geliştirici", "Kıdemli Yazılım Geliştirici", "Yazılım Mühendisi",
    ]  # fmt: skip
    assert found["years"] == 4
    assert found["education"] == ["Ege Üniversitesi, Bilgisayar Mühendisliği, Lisans, 2015–2019"]
    assert found["languages"] == ["English", "German"]
    assert found["projects"] == ["Açık kaynak fatura okuyucu – Python, FastAPI"]


def test_an_english_cv_gives_all_that_questions_are_made_of() -> None:
    found = profile(NURSE)
    assert names(NURSE) == [
        "intensive care", "emergency care", "infection control", "auditing",
    ]  # fmt: skip
    assert found["roles"] == ["Registered Nurse", "Senior Staff Nurse", "Staff Nurse"]
    assert found["years"] == 8
    assert found["education"] == ["BSc Nursing, University of Leeds, 2015"]
    assert found["languages"] == ["English", "Spanish"]
    assert found["projects"] == ["Hand hygiene audit across four wards"]


@pytest.mark.parametrize(
    ("line", "roles"),
    [
        ("İş ilanı: Backend Geliştirici", ["Backend Geliştirici"]),
        ("Muhasebe Elemanı Aranıyor", ["Muhasebe Elemanı"]),
        ("We are looking for an Account Manager.", ["Account Manager"]),
        ("Data Analyst | Istanbul | full time", ["Data Analyst"]),
        ("You will work with the product manager every day", []),
        ("Satış müdürü ile birlikte çalışacaksınız", []),
        ("Satışlardan sorumluydum", []),
    ],
)
def test_a_position_is_told_from_a_sentence_that_names_one(line: str, roles: list[str]) -> None:
    assert profile(line)["roles"] == roles


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("5 yıllık deneyim", 5),
        ("En az üç yıl satış deneyimi", 3),
        ("10+ years of professional experience", 10),
        ("two years' experience in retail", 2),
        ("I am 27 years old", None),
        ("99 years of experience", None),
        ("Experience\nNurse, 2015 - 2018\nNurse, 2017 - present\nEducation\n2005 - 2009", 11),
        ("Deneyim\nHemşire, 01.2020 – Halen", 6),
    ],
)
def test_years_are_those_stated_or_those_of_the_positions(text: str, years: int | None) -> None:
    assert profile(text, HandClock())["years"] == years  # it is 2026


def test_a_posting_tells_what_it_asks_for_from_what_would_be_nice() -> None:
    wanted = {
        one["name"]: one["optional"]
        for one in profile(
            "Ward nurse\nRequirements:\n- infection control, first aid\n"
            "Nice to have:\n- wound care\n- first aid\nWe offer:\n- training in Excel"
        )["skills"]
    }
    assert wanted == {
        "first aid": False, "infection control": False, "wound care": True, "Excel": False,
    }  # fmt: skip
    asked = {one["name"]: one["optional"] for one in profile("SQL şart\nTercihen SAP")["skills"]}
    assert asked == {"SQL": False, "SAP": True}


@pytest.mark.parametrize(
    "said",
    [
        "I excel at listening and react to the rest of the team in spring",
        "The Javanese restaurant, a rusty redistribution centre, a sketchy swift response",
        "Go to market, R&D, logo, helm, scala",
    ],
)
def test_ordinary_words_are_no_skills(said: str) -> None:
    assert names(said) == []


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Excel'de", "Excel"), ("SQL’e hâkim", "SQL"), ("Dockerda", "Docker"),
        ("C# bilir", "C#"), ("C++, Qt", "C++"), (".NET Core", ".NET"), ("node.js", "Node.js"),
        ("problem çözme yeteneğine", "problem solving"), ("BÜTÇE HAZIRLAMA", "budgeting"),
        ("ağ güvenliğini", "network security"), ("object-oriented", "object-oriented programming"),
        ("müşteri ilişkilerinde", "customer relations"), ("roadmaps", "roadmaps"),
    ],
)  # fmt: skip
def test_a_skill_is_found_through_its_endings_and_spellings(said: str, name: str) -> None:
    assert name in names(f"Bilgi: {said}.")


def test_every_skill_is_found_by_each_of_its_names_and_belongs_to_a_field() -> None:
    table: dict[str, list[str]] = tomllib.loads(SKILLS_FILE.read_text(encoding="utf-8"))
    assert set(table) == {one.key for one in Bank().fields("en")}
    lines = [line for each in table.values() for line in each]
    shown = [line.split(" = ")[0].split("|")[0].rstrip("!") for line in lines]
    assert len(shown) == len(set(shown)) >= 300
    for line, name in zip(lines, shown, strict=True):
        for spelt in line.replace(" = ", "|").replace("(", "").replace(")", "").split("|"):
            found: list[dict[str, Any]] = profile(f"- {spelt.rstrip('!')},")["skills"]
            assert name in {one["name"] for one in found}, spelt


def test_a_profile_is_bounded_and_quick_whatever_the_text() -> None:
    text = "PROJECTS\n" + "\n".join(f"Project number {i} of a developer" for i in range(5000))
    found = profile(text + "\nEXPERIENCE\n" + "Senior Developer, " * 5000 + DEVELOPER * 100)
    for kind, most in MOST.items():
        assert len(found[kind]) <= most
    assert profile("") == {
        "skills": [], "roles": [], "years": None, "education": [], "languages": [], "projects": [],
    }  # fmt: skip


def test_the_profile_of_a_short_cv_is_exact() -> None:
    found = profile(documents.CV)
    assert {one["name"] for one in found["skills"]} >= {"Python", "PostgreSQL", "Docker", "Redis"}
    assert found["years"] == 3
    assert found["roles"][0] == "Backend Developer"
    assert found["projects"] == ["Library booking system (FastAPI, Redis)"]
    assert found["education"] == ["Ege University, BSc Computer Engineering"]
    assert found["languages"] == ["English", "German"]
