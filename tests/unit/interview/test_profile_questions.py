"""Questions made from a CV, a job posting, and what lies between them."""

from typing import Any

import pytest

from mulakat.interview.bank import SOURCES, Bank
from mulakat.interview.profile_questions import MOST_FILLED, candidates
from mulakat.languages import codes

BANK = Bank()


def skill(name: str, turkish: str | None = None, *, optional: bool = False) -> dict[str, Any]:
    names = {"en": name, "tr": turkish or name}
    return {"name": name, "names": names, "field": "x", "mentions": 1, "optional": optional}


def document(*skills: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"text": "", "profile": {"skills": list(skills), **more}}


CV = document(
    skill("teamwork", "takım çalışması"), skill("C#"), skill("C++"),
    roles=["Data Analyst"], projects=["Invoice reader (Python) – 2021", "(2020)"],
)  # fmt: skip
POSTING = document(
    skill("wound care", "yara bakımı", optional=True), skill("C#"), skill("Excel"),
    roles=["Ward nurse"],
)  # fmt: skip


@pytest.mark.parametrize("language", codes())
def test_there_are_templates_for_each_source_in_each_language(language: str) -> None:
    counts = {source: len(BANK.templates(language, source)) for source in SOURCES}
    assert counts["cv"] >= 12
    assert counts["posting"] >= 10
    assert counts["gap"] >= 6


@pytest.mark.parametrize("language", codes())
def test_no_two_templates_share_an_example(language: str) -> None:
    each = [one for source in SOURCES for one in BANK.templates(language, source)]
    assert len({one.example for one in each}) == len(each)


@pytest.mark.parametrize("language", codes())
def test_every_question_is_filled_and_has_an_id_of_its_own(language: str) -> None:
    found = candidates(BANK, language, CV, POSTING)
    assert len({one.id for one in found}) == len(found)
    assert not [one for one in found if set("{}") & set(one.text) or "“”" in one.text]
    assert {one.reason["code"] for one in found if one.reason} == set(SOURCES)
    assert all(one.guide["key_points"] and one.guide["example"] for one in found)
    assert all(one.from_document for one in found)


def test_a_skill_is_named_in_the_language_of_the_interview() -> None:
    asked = {
        code: " ".join(one.text for one in candidates(BANK, code, CV, None)) for code in codes()
    }
    assert "“takım çalışması”" in asked["tr"]
    assert "“teamwork”" in asked["en"]
    assert "teamwork" not in asked["tr"]


def test_a_gap_is_what_the_posting_asks_for_and_the_cv_lacks() -> None:
    found = candidates(BANK, "en", CV, POSTING)
    gaps = " ".join(one.text for one in found if one.id.startswith("gap-"))
    assert "“Excel”" in gaps
    assert "“wound care”" in gaps
    assert "“C#”" not in gaps
    asked = " ".join(one.text for one in found if one.id.startswith("posting-skill"))
    assert "“C#”" in asked
    assert "“Excel”" not in asked


def test_what_is_required_comes_before_what_is_nice_to_have() -> None:
    first = next(one for one in candidates(BANK, "en", CV, POSTING) if one.id.startswith("gap-"))
    assert "“Excel”" in first.text


def test_without_a_cv_there_is_no_gap_and_without_documents_no_question() -> None:
    found = candidates(BANK, "en", None, POSTING)
    assert found
    assert not [one for one in found if one.id.startswith(("gap-", "cv-"))]
    assert candidates(BANK, "en", None, None) == []
    assert candidates(BANK, "en", {}, document()) == []


def test_a_project_is_called_by_its_name() -> None:
    found = [one.text for one in candidates(BANK, "en", CV, None) if "project" in one.id]
    assert found
    assert all("“Invoice reader”" in text for text in found)


def test_a_template_is_filled_a_few_times_and_begins_with_another_skill_each() -> None:
    many = document(*(skill(f"skill {number}") for number in range(30)))
    found = [one.id.split(":") for one in candidates(BANK, "en", many, None)]
    templates = list(dict.fromkeys(template for template, _ in found))
    firsts = [next(word for name, word in found if name == template) for template in templates]
    assert len(set(firsts)) == len(templates)
    assert all(sum(name == one for name, _ in found) == MOST_FILLED for one in templates)


def test_names_in_other_scripts_have_ids_of_their_own() -> None:
    found = candidates(BANK, "en", document(roles=["Медсестра", "護士", "Инженер"]), None)
    assert len({one.id for one in found}) == len(found) > 3
    assert all(one.id.isascii() for one in found)
