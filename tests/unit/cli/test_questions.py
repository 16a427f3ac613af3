"""`mulakat questions lint`, `list` and `add`."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from mulakat import languages
from mulakat.cli.main import main
from mulakat.interview.bank import Bank


def run(*arguments: str, given: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["questions", *arguments], input=given)
    return done.exit_code, done.output


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An own bank: one field in both languages."""
    for code in languages.codes():
        (tmp_path / code).mkdir()
        shutil.copy(languages.folder(code) / "questions" / "hr.toml", tmp_path / code)
    return tmp_path


NEW = {
    "en": ("How would you explain a pay slip to a colleague who thinks a deduction is wrong?",
           "Explain"),
    "tr": ("Kesintinin yanlış olduğunu düşünen bir çalışana bordrosunu nasıl açıklarsınız?",
           "Açıklar"),
}  # fmt: skip


def table(code: str, shown: str = "hr-pay-slip", points: int = 3) -> str:
    text, _ = NEW[code]
    filler = {"en": "Says what the law asks for, step", "tr": "Yasanın ne istediğini söyler, adım"}
    example = {
        "en": "First I listened to which line worried her. Then we went through gross pay, "
        "insurance and tax with last month’s slip beside it. The deduction came from a "
        "higher tax bracket, and I showed her the table. It took ten minutes, and she left calm.",
        "tr": "Önce hangi satırın onu kaygılandırdığını dinledim. Sonra brüt ücreti, sigortayı ve "
        "vergiyi geçen ayın bordrosuyla yan yana inceledik. Kesinti bir üst vergi diliminden "
        "geliyordu, tabloyu gösterdim. On dakika sürdü ve içi rahat ayrıldı.",
    }
    listed = "\n".join(f'  "{filler[code]} {n}",' for n in range(points))
    return f"""
[[{code}.hr]]
id = "{shown}"
category = "field_knowledge"
level = "junior"
text = "{text}"
key_points = [
{listed}
]
example = "{example[code]}"
[[{code}.hr.follow_up]]
when = "no_example"
text = "{text}"
[[{code}.hr.follow_up]]
when = "point_missing"
point = 1
text = "{text}"
"""


def test_our_bank_is_checked_and_counted() -> None:
    status, said = run("lint")
    assert status == 0
    assert "No fault: tr " in said


def test_faults_end_in_a_status_of_1(own: Path) -> None:
    path = own / "en" / "hr.toml"
    path.write_text(path.read_text().replace('"motivation"', '"luck"', 1))
    status, said = run("lint", str(own))
    assert status == 1
    assert f"{path}, hr-first-area: category must be one of" in said


def test_questions_are_listed_by_what_is_asked_for() -> None:
    status, said = run("list", "--field", "hr", "--category", "motivation", "--language", "tr")
    assert status == 0
    assert said.startswith("hr-first-area  [motivation, intern]  İnsan")
    _, said = run("list", "--field", "hr", "--level", "senior", "--json")
    listed = json.loads(said)
    assert {one["level"] for one in listed} == {"senior"}
    assert all(len(one["follow_ups"]) == 2 for one in listed)


def test_a_question_is_added_in_both_languages(own: Path) -> None:
    before = (own / "tr" / "hr.toml").read_text(encoding="utf-8")
    status, said = run("add", str(own), given=table("en") + table("tr"))
    assert status == 0, said
    bank = Bank(own)
    assert bank.get("en", "hr-pay-slip") is not None
    assert bank.get("tr", "hr-pay-slip") is not None
    assert (own / "tr" / "hr.toml").read_text(encoding="utf-8").startswith(before.rstrip())
    assert run("lint", str(own))[0] == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (table("en"), "hr-pay-slip: in one language only"),
        (table("en", points=1) + table("tr"), "key_points must be a list of 3 to 6"),
        (table("en", "hr-first-area") + table("tr", "hr-first-area"), "this id stands 2 times"),
        ("[[de.hr]]\nid = 'x'", "Tables must be named by language"),
        ("not toml", "This is no TOML"),
        ("", "Tables must be named by language"),
        ("en.hr = ['x']", "each question is a table"),
        ("en = 3", "Tables must be named by language"),
        ("[[en.'../hr']]\nid = 'x'", "a field's key has small letters and _ only"),
    ],
)
def test_what_would_leave_a_fault_is_not_added(own: Path, given: str, said: str) -> None:
    before = {path: path.read_bytes() for path in own.rglob("*.toml")}
    status, output = run("add", str(own), given=given)
    assert status == 1
    assert said in output
    assert {path: path.read_bytes() for path in own.rglob("*.toml")} == before
    assert not list(own.rglob("*.new"))


def test_a_new_field_gets_its_files(own: Path) -> None:
    path = own / "given.toml"
    path.write_text(
        (table("en", "law-pay-slip") + table("tr", "law-pay-slip")).replace(".hr", ".law"),
        encoding="utf-8",
    )
    status, said = run("add", str(own), str(path))
    assert status == 1, "a field of one question has not every category"
    assert "law has no question of the category" in said


def test_a_file_that_cannot_be_written_leaves_the_bank_as_it_was(own: Path) -> None:
    (own / "tr" / "hr.toml.new").mkdir()  # in the way, as a full disk would be
    before = {path: path.read_bytes() for path in own.rglob("*.toml")}
    status, said = run("add", str(own), given=table("en") + table("tr"))
    assert status == 1
    assert "Nothing was added" in said
    assert {path: path.read_bytes() for path in own.rglob("*.toml")} == before
    assert not (own / "en" / "hr.toml.new").exists()


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


def in_editor(own: Path, terminal: tuple[int, int], script: str) -> tuple[int, str]:
    """Runs `add` on a terminal; `script` is what the editor does with the form, "$1"."""
    editor = own / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o700)
    done = subprocess.run(
        [sys.executable, "-m", "mulakat", "questions", "add", str(own)],
        stdin=terminal[1], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "EDITOR": str(editor), "VISUAL": str(editor)},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_on_a_terminal_the_editor_opens_with_a_form_until_it_has_no_fault(
    own: Path, terminal: tuple[int, int]
) -> None:
    given = own / "given"
    given.write_text(table("en") + table("tr"), encoding="utf-8")
    os.write(terminal[0], b"y\n")
    first = f'cp "$1" {own}/form; sed -i s/FIELD/hr/g "$1"; touch {own}/again'
    status, said = in_editor(
        own, terminal, f'if [ -e {own}/again ]; then cp {given} "$1"; else {first}; fi'
    )
    assert status == 0, said
    assert "must have 30 to 220" in said
    assert "[[tr.FIELD.follow_up]]" in (own / "form").read_text()
    assert Bank(own).get("tr", "hr-pay-slip") is not None


def test_a_form_that_was_not_saved_adds_nothing(own: Path, terminal: tuple[int, int]) -> None:
    status, said = in_editor(own, terminal, "true")
    assert status == 1
    assert "the form was not saved" in said
