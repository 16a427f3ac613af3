"""`mulakat validate` and `mulakat calibrate`: how the evaluation agrees with people's ratings."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mulakat.languages import codes

if TYPE_CHECKING:
    from mulakat.providers.rubric.calibrate import Rated
    from mulakat.providers.rubric.likeness import Signs

QUESTION, REFERENCE, ANSWER = "question", "desired_answer", "student_answer"
MOST_ROWS = 50_000
"""A set of ratings, not a database; all of it is held at once."""


def read(path: Path) -> "tuple[list[Rated], float]":
    """Return the rated answers of a CSV file and the highest mark given.

    Columns: question, desired_answer, student_answer, and one or more score_…, of which
    score_avg is left out where there are others. An `id` names the question; without it, its
    text does. Raises click.ClickException with the line where something is wrong.
    """
    from mulakat.providers.rubric.calibrate import Rated

    rated: list[Rated] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            scores = _score_columns(table.fieldnames or ())
            for row in table:
                if len(rated) == MOST_ROWS:
                    raise click.ClickException(f"{path}: more than {MOST_ROWS} rows")
                try:
                    marks = tuple(float(row[name]) for name in scores)
                except (TypeError, ValueError):
                    raise click.ClickException(
                        f"{path}, line {table.line_num}: {', '.join(scores)} must be numbers"
                    ) from None
                if min(marks) < 0:
                    raise click.ClickException(f"{path}, line {table.line_num}: a mark below 0")
                rated.append(
                    Rated(row.get("id") or row[QUESTION], row[QUESTION], row[REFERENCE],
                          row[ANSWER] or "", marks)
                )  # fmt: skip
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"{path} is no CSV file in UTF-8: {error}") from None
    most = max((mark for one in rated for mark in one.ratings), default=0.0)
    if most == 0:
        raise click.ClickException(f"{path}: no rated answer above 0")
    return rated, most


def _score_columns(names: Sequence[str]) -> list[str]:
    missing = [name for name in (QUESTION, REFERENCE, ANSWER) if name not in names]
    scores = [name for name in names if name.startswith("score_") and name != "score_avg"]
    if not scores and "score_avg" in names:
        scores = ["score_avg"]
    if missing or not scores:
        wanted = ", ".join(missing or ["score_<rater>"])
        raise click.ClickException(
            f"Column missing: {wanted}. The first line names the columns {QUESTION}, "
            f"{REFERENCE}, {ANSWER} and score_<rater> for each rater."
        )
    return scores


_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_LANGUAGE = click.option(
    "--language", default="en", show_default=True, type=click.Choice(codes()),
    help="The language of the answers.",
)  # fmt: skip


@click.command()
@_FILE
@_LANGUAGE
def validate(file: Path, language: str) -> None:
    """Print how well the evaluation agrees with people's ratings in FILE (CSV).

    Columns: question, desired_answer, student_answer, score_<rater> for each rater; `id` names
    the question where its text does not.
    """
    from mulakat.providers.embedder import UniversalSentenceEncoder
    from mulakat.providers.rubric import calibrate as calibration
    from mulakat.providers.rubric.likeness import weights

    rated, most = read(file)
    table = calibration.signs(rated, language, UniversalSentenceEncoder())
    found = calibration.agreement([weights()(one) for one in table], rated, most)
    _say(rated, most)
    click.echo(f"installed weights: r = {found.r:.3f}, error {found.rmse:.2f} of {most:g}")
    _say_left_out(table, rated, most)


@click.command()
@_FILE
@_LANGUAGE
def calibrate(file: Path, language: str) -> None:
    """Print the weights that agree best with people's ratings in FILE (CSV, as for validate)."""
    from mulakat.providers.embedder import UniversalSentenceEncoder
    from mulakat.providers.rubric import calibrate as calibration
    from mulakat.providers.rubric.likeness import WEIGHTS_FILE

    rated, most = read(file)
    table = calibration.signs(rated, language, UniversalSentenceEncoder())
    _say(rated, most)
    _say_left_out(table, rated, most)
    fitted = calibration.fit(table, [one.mean / most for one in rated])
    click.echo(f"\nFor {WEIGHTS_FILE.name}, with a word on the set they come from:\n[weights]")
    for name in ("base", "letters", "words", "meaning"):
        click.echo(f"{name} = {getattr(fitted, name):.4f}")


def _say(rated: "list[Rated]", most: float) -> None:
    from mulakat.providers.rubric.calibrate import raters

    questions = len({one.question_id for one in rated})
    click.echo(f"{len(rated)} answers to {questions} questions, marks 0 to {most:g}")
    between = raters(rated)
    if between is not None:
        click.echo(f"two raters: r = {between:.3f}")


def _say_left_out(table: "Sequence[Signs]", rated: "list[Rated]", most: float) -> None:
    from mulakat.providers.rubric import calibrate as calibration

    try:
        found = calibration.left_out(table, rated, most)
    except ValueError as error:
        click.echo(f"each question left out in turn: {error}")
        return
    click.echo(
        f"fitted, each question left out in turn: r = {found.r:.3f}, "
        f"error {found.rmse:.2f} of {most:g}"
    )
