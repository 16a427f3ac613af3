"""README.md's table of how far the scores can be trusted is what `make validate` prints."""

import functools
import re
from pathlib import Path

import pytest

import ground_truth
import validation

README = Path(__file__).parents[2] / "README.md"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@functools.cache
def stated() -> dict[str, str]:
    """Return README.md's figures by what they are of."""
    _, _, rest = README.read_text(encoding="utf-8").partition("`make validate` prints")
    table = rest.partition("|---|---|\n")[2].partition("\n\n")[0]
    return dict(line.strip("| ").split(" | ", 1) for line in table.splitlines())


@functools.cache
def found() -> tuple[validation.Row, ...]:
    return tuple(validation.rows())


def test_the_readme_has_the_rows_that_are_printed_in_their_order() -> None:
    assert [row.what for row in found()] == list(stated())


def test_each_figure_of_the_readme_is_reproduced() -> None:
    for row in found():
        said = stated()[row.what]
        told = NUMBER.sub("#", row.figure.format(*row.values)) if row.values else None
        if told is None:  # needs a set of ratings, which is not part of the project
            assert validation.GIVE_ONE not in said
            continue
        assert NUMBER.sub("#", said) == told, row.what
        for here, there in zip(NUMBER.findall(row.shown), NUMBER.findall(said), strict=True):
            assert float(here) == pytest.approx(float(there), abs=row.tolerance), row.what


def test_with_a_set_of_ratings_the_first_row_has_figures(tmp_path: Path) -> None:
    lines = [
        f'"What is {thing}?","{thing} is a tool for {use}","{answer}",{mark},{mark}'
        for thing, use in (("a saw", "wood"), ("a pen", "paper"), ("a bow", "music"),
                           ("a pan", "food"), ("a key", "doors"))
        for answer, mark in ((f"a tool for {use}", 5), ("a thing", 1))
    ]  # fmt: skip
    file = tmp_path / "rated.csv"
    file.write_text("question,desired_answer,student_answer,score_a,score_b\n" + "\n".join(lines))
    row = validation.ratings(file)
    assert row.what == found()[0].what
    assert row.values[2] == 5
    assert "two raters between them 1.00" in row.shown


def test_delivery_is_measured_within_what_the_design_asks() -> None:
    assert ground_truth.pitch_error() < 2
    assert ground_truth.pause_error() <= 40
    assert ground_truth.pace_error() < 2
