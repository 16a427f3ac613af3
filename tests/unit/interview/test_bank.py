"""The bank that comes with Mulakat, and banks with faults."""

import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from mulakat import languages
from mulakat.interview import bank_lint
from mulakat.interview.bank import CATEGORIES, LEVELS, Bank, BankError, files

GOOD = Path(languages.folder("en")) / "questions" / "hr.toml"
FIELDS = {
    "general", "software", "data", "security", "devops", "frontend", "product", "design",
    "marketing", "sales", "finance", "hr", "education", "healthcare", "engineering",
}  # fmt: skip


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., Path]:
    """Makes an own bank of one field in both languages; `change` edits a language's file."""

    def make(change: Callable[[str], str] | None = None, language: str = "en") -> Path:
        for code in languages.codes():
            source = languages.folder(code) / "questions" / "hr.toml"
            target = tmp_path / code / "hr.toml"
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)
            if change and code == language:
                target.write_text(change(target.read_text(encoding="utf-8")), encoding="utf-8")
        return tmp_path

    return make


def test_our_bank_has_no_fault() -> None:
    assert bank_lint.lint(None) == []


@pytest.mark.parametrize("language", languages.codes())
def test_our_bank_is_as_large_as_promised(language: str) -> None:
    bank = Bank()
    questions = bank.questions(language)
    assert {field.key for field in bank.fields(language)} == FIELDS
    assert len(questions) >= 240
    assert {one.category for one in questions} == set(CATEGORIES)
    assert {one.level for one in questions} == set(LEVELS)


@pytest.mark.parametrize("language", languages.codes())
def test_no_two_of_our_questions_are_nearly_alike(language: str) -> None:
    pieces = [bank_lint.pieces(language, one.text) for one in Bank().questions(language)]
    shared = (2 * len(a & b) / (len(a) + len(b)) for a, b in combinations(pieces, 2))
    assert max(shared) < 0.4


def test_a_question_is_found_by_its_id_and_field() -> None:
    bank = Bank()
    one = bank.questions("en", "hr")[0]
    assert bank.get("en", one.id) is one
    assert bank.get("tr", one.id) != one
    assert bank.get("en", "nothing") is None
    assert bank.questions("en", "nothing") == ()
    assert one.guide == {"key_points": list(one.key_points), "example": one.example}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('category = "motivation"', 'category = "luck"', "category must be one of"),
        ('level = "intern"', 'level = "boss"', "level must be one of"),
        ('when = "no_example"', 'when = "bored"', "when must be one of"),
        ("point = 3", "point = 9", "point must number a key point"),
        ("point = 3", "point = true", "point must number a key point"),
        ('id = "hr-first-area"', 'id = "first-area"', "the id must"),
        ('id = "hr-first-area"', 'id = "hr-position-filled"', "this id stands 2 times"),
        ("[field]", "[fields]", "[field] has no name"),
        ('name = "Human', 'name = 3 # "Human', "[field] has no name"),
        ("[field]", "[other]\n[field]", "there is no table 'other'"),
        ('level = "intern"', 'levels = "intern"', "there is no 'levels'"),
        ('text = "Human', 'text = "What? Human!', "an exclamation mark"),
        ("you like to start with", "you like  to start with", "two spaces in a row"),
        ('= "I would start', "= '\\\"I would start", "Expected"),
    ],
)
def test_a_fault_is_told_with_its_place(
    own: Callable[..., Path], old: str, new: str, said: str
) -> None:
    found = bank_lint.lint(own(lambda text: text.replace(old, new, 1)))
    assert any(said in one for one in found), found
    assert any("hr" in one for one in found)


def test_languages_that_disagree_are_told(own: Callable[..., Path]) -> None:
    found = bank_lint.lint(own(lambda text: text.replace('"intern"', '"junior"', 1), "tr"))
    assert found == ["hr-first-area: level differs between the languages (tr and en)"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hangisinden başlamak istersiniz", "hangisinden başlamak istersin", "('istersin')"),
        ("anlatır mısınız", "anlatır mısın", "('mısın')"),
        ("neyi yakından izlediniz", "neyi görüyorsun", "('görüyorsun')"),
    ],
)
def test_turkish_speaks_politely(own: Callable[..., Path], old: str, new: str, said: str) -> None:
    found = bank_lint.lint(own(lambda text: text.replace(old, new, 1), "tr"))
    assert len(found) == 1
    assert f"addresses a friend {said}" in found[0]


def test_turkish_without_its_letters_is_told(own: Callable[..., Path]) -> None:
    plain = str.maketrans("çğıöşüÇĞİÖŞÜâîû", "cgiosuCGIOSUaiu")
    found = bank_lint.lint(own(lambda text: text.translate(plain), "tr"))
    assert any("has none of this language’s own letters" in one for one in found)


def test_a_question_asked_twice_in_other_small_words_is_told(own: Callable[..., Path]) -> None:
    def again(text: str) -> str:
        first = text.split("[[question]]")[1]
        first = first.replace("hr-first-area", "hr-once-more")
        return (
            text + "\n[[question]]" + first.replace("Which of these would you", "Which would you")
        )

    found = bank_lint.lint(own(again))
    assert any("ask nearly the same" in one for one in found)


def test_a_bank_with_a_fault_is_not_read_in_part(own: Callable[..., Path]) -> None:
    bank = Bank(own(lambda text: text.replace('"motivation"', '"luck"', 1)))
    with pytest.raises(BankError, match="category must be one of"):
        bank.questions("en")
    assert bank.questions("tr")


def test_what_is_no_bank_is_told(tmp_path: Path) -> None:
    assert "there is no <language>/<field>.toml" in bank_lint.lint(tmp_path)[0]
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "x.toml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in bank_lint.lint(tmp_path)[0]
    (tmp_path / "en" / "x.toml").write_bytes(b"#" * (1 << 20) + b"##")
    assert "larger than 1 MiB" in bank_lint.lint(tmp_path)[0]


def test_an_own_bank_has_its_own_fields_and_our_templates(own: Callable[..., Path]) -> None:
    bank = Bank(own())
    assert [field.key for field in bank.fields("tr")] == ["hr"]
    assert bank.templates("en", "cv") == Bank().templates("en", "cv")


def test_the_files_of_templates_are_no_field() -> None:
    assert all(not path.stem.startswith("_") for path in files(None, "en"))
