"""How far the evaluation can be trusted, as one table: `make validate`, with FILE=ratings.csv for
a set of ratings.

python tests/validation.py [FILE]
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import encoder
import ground_truth
from mulakat.cli.validate import read
from mulakat.interview.bank import Bank
from mulakat.languages import codes
from mulakat.providers.rubric import agreement, calibrate
from mulakat.providers.rubric.bank import Entry, bank
from mulakat.providers.rubric.inflation import cases, inflation
from mulakat.providers.rubric.likeness import weights
from stories import stories

FIXTURES = Path(__file__).parent / "fixtures"

GIVE_ONE = "`make validate FILE=ratings.csv`"
"""In the place of a figure that needs a set of ratings; docs/validation.md tells its form."""

EACH = 20
"""Of the bank's questions one in so many is judged: seconds in place of minutes."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `figure` is filled with `values`; without any, GIVE_ONE is said.

    `tolerance` is how far each value may lie from the one that README.md states.
    """

    what: str
    figure: str
    values: tuple[float, ...]
    tolerance: float

    @property
    def shown(self) -> str:
        """The figure as it is printed."""
        return self.figure.format(*self.values) if self.values else GIVE_ONE


def ratings(file: Path | None) -> Row:
    """Key points against people's marks; weights fitted with each question left out in turn."""
    values: tuple[float, ...] = ()
    if file is not None:
        rated, most = read(file)
        table = calibrate.signs(rated, "en", encoder.embedder())
        found = calibrate.agreement([weights()(one) for one in table], rated, most)
        left = calibrate.left_out(table, rated, most)
        values = (left.r, left.rmse, most, found.r, calibrate.raters(rated) or float("nan"))
    return Row(
        "key points against people's marks",
        "r {0:.2f}, error {1:.2f} of {2:g}, each question left out in turn; {3:.2f} with the"
        " installed weights; two raters between them {4:.2f}",
        values,
        0.01,
    )


def story_parts() -> Iterator[Row]:
    """The parts of a story against labels by hand, on the answers held out from the rules."""
    found = {
        code: agreement.table(
            [one for one in stories() if one.held_out and one.language == code],
            agreement.by_answer,
        )
        for code in sorted(codes())
    }
    names = " / ".join(sorted(codes()))
    for part in next(iter(found.values())):
        each = [table[part] for table in found.values()]
        f1 = " / ".join(f"{{{i}:.2f}}" for i in range(len(each)))
        kappa = " / ".join(f"{{{len(each) + i}:.2f}}" for i in range(len(each)))
        yield Row(
            f"a story's {part} found, {names}, {'/'.join(str(one.n) for one in each)} answers"
            " held out",
            f"F1 {f1}, kappa {kappa}",
            (*(one.f1 for one in each), *(one.kappa for one in each)),
            0.01,
        )


def blown_up() -> Row:
    """Answers that are made to look better without saying more."""
    found = inflation(cases(FIXTURES / "inflation.toml"), encoder.embedder())
    return Row(
        "blown-up answers that gain no point, in all and in no criterion",
        "{0:.0f} % of {1:.0f}",
        (100 * found.passed, found.cases),
        0.5,
    )


def examples() -> Iterator[Row]:
    """The question bank's own examples, and another field's in their place."""
    known = Bank()
    entries = [
        Entry(code, one.field, one.id, one.text, one.key_points, one.example)
        for code in sorted(codes())
        for one in known.questions(code)[::EACH]
    ]
    found = bank(entries, encoder.embedder())
    yield Row(
        f"score of the bank's own examples, one in {EACH}: median (5th percentile)",
        "{0:.0f} ({1:.0f})",
        (found.own_median, found.own_low),
        1.0,
    )
    yield Row(
        "score of another field's example for the same question: median (95th percentile)",
        "{0:.0f} ({1:.0f})",
        (found.other_median, found.other_high),
        1.0,
    )
    yield Row(
        "key points found or touched in the bank's own example / in another's",
        "{0:.0f} % / {1:.0f} %",
        (100 * found.own_touched, 100 * found.other_touched),
        1.0,
    )


def delivery() -> Iterator[Row]:
    """What is measured on the sound, against sounds made for it (ground_truth.py)."""
    yield Row("pitch of tones from 75 to 400 Hz, error of 95 in 100 frames", "{0:.1f} %",
              (ground_truth.pitch_error(),), 0.2)  # fmt: skip
    found = ground_truth.filled_pauses()
    yield Row(
        "filled pauses found between speech; both edges' error; false ones in fluent reading",
        "{0:.0f} of {1:.0f}; {2:.0f} ms; {3:.0f} in {4:.0f} s",
        (found.found, found.made, found.edges, found.false, found.seconds),
        2.0,
    )
    yield Row("edges of pauses and of speech, largest error", "{0:.0f} ms",
              (ground_truth.pause_error(),), 2.0)  # fmt: skip
    yield Row("words a minute from 90 to 210, largest error", "{0:.1f} %",
              (ground_truth.pace_error(),), 0.2)  # fmt: skip


def rows(file: Path | None = None) -> Iterator[Row]:
    """Yield all lines; about a minute."""
    yield ratings(file)
    yield from story_parts()
    yield blown_up()
    yield from examples()
    yield from delivery()


def main(arguments: list[str], write: Callable[[str], object] = print) -> None:
    """Print the table as README.md has it."""
    write("| what | figure |\n|---|---|")
    for row in rows(Path(arguments[0]) if arguments else None):
        write(f"| {row.what} | {row.shown} |")


if __name__ == "__main__":
    main(sys.argv[1:])
