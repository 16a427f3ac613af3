"""`mulakat validate` and `calibrate` on small sets of rated answers."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mulakat.cli.main import main

TOPICS = {
    "What is a mutex for?": (
        "It lets only one thread into a critical section at a time.",
        ["Only one thread may be in the critical section", "It locks threads", "It is a number"],
    ),
    "Why are tests written?": (
        "They find a defect before the user does and let one change code without fear.",
        ["They find defects before users and make changes safe", "For defects", "Because of rules"],
    ),
    "What does a router do?": (
        "It forwards packets between networks by their destination address.",
        ["Forwards packets to other networks by destination", "It moves packets", "It is a box"],
    ),
    "What is an index in a database?": (
        "A structure that finds rows without reading the whole table, at the cost of writes.",
        ["It finds rows without reading the table but writes cost more", "Finds rows", "A page"],
    ),
    "What is a code review?": (
        "Someone else reads a change before it is merged, to find mistakes and share knowledge.",
        ["A colleague reads the change before merging to find mistakes", "Reading", "A meeting"],
    ),
}


def table(folder: Path, header: str = "question,desired_answer,student_answer,score_a,score_b",
          marks: tuple[str, ...] = ("5,4", "3,3", "0,1")) -> Path:  # fmt: skip
    rows = [
        f'"{question}","{reference}","{answer}",{mark}'
        for question, (reference, given) in TOPICS.items()
        for answer, mark in zip(given, marks, strict=True)
    ]
    path = folder / "rated.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def test_a_set_of_ratings_is_compared_with_the_evaluation(tmp_path: Path) -> None:
    status, said = run("validate", str(table(tmp_path)))
    assert status == 0
    assert "15 answers to 5 questions, marks 0 to 5" in said
    assert "two raters: r = 0.9" in said
    assert "installed weights: r = 0.8" in said or "installed weights: r = 0.9" in said
    assert "each question left out in turn: r = 0." in said


def test_new_weights_are_printed_as_the_file_has_them(tmp_path: Path) -> None:
    status, said = run("calibrate", str(table(tmp_path)))
    assert status == 0
    assert "[weights]" in said
    assert all(f"\n{name} = " in said for name in ("base", "letters", "words", "meaning"))


def test_ratings_that_say_nothing_of_the_answers_agree_with_nothing(tmp_path: Path) -> None:
    _, said = run("validate", str(table(tmp_path, marks=("1,1", "1,1", "1,1"))))
    assert "installed weights: r = 0.000" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("question,student_answer,score_a\n", "Column missing: desired_answer"),
        ("question,desired_answer,student_answer\n", "Column missing: score_<rater>"),
        ("question,desired_answer,student_answer,score_a\nq,d,s,five\n", "line 2: score_a must"),
        ("question,desired_answer,student_answer,score_a\nq,d,s,-1\n", "line 2: a mark below 0"),
        ("question,desired_answer,student_answer,score_a\n", "no rated answer above 0"),
        ("question,desired_answer,student_answer,score_a\nq,d\n", "line 2: score_a must"),
    ],
)
def test_a_file_of_another_form_is_refused_with_what_is_wrong(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "rated.csv"
    path.write_text(content)
    status, output = run("validate", str(path))
    assert status == 1
    assert said in output


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rated.csv"
    path.write_bytes(b"question\xff\xfe")
    status, output = run("validate", str(path))
    assert status == 1
    assert "no CSV file in UTF-8" in output
