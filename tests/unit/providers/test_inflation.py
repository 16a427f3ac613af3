"""An answer that is blown up without saying more does not score higher."""

from collections import Counter
from pathlib import Path

import pytest

import encoder
from mulakat.providers.rubric import inflation

FILE = Path(__file__).parents[2] / "fixtures" / "inflation.toml"
CASES = inflation.cases(FILE)


def test_there_are_at_least_thirty_cases_a_language() -> None:
    counts = Counter(case.base.language for case in CASES)
    assert min(counts["en"], counts["tr"]) >= 30
    assert any(case.made.additional_text for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_blown_up_answer_gains_nothing(case: inflation.Case) -> None:
    assert inflation.gained(case, encoder.embedder()) == {}


def test_the_rate_names_what_gained() -> None:
    case = CASES[0]
    item = encoder.answers()["en"][0]
    better = inflation.Case(
        "better",
        encoder.typed(item["question"], item["weak"]),
        encoder.typed(item["question"], item["strong"]),
    )
    found = inflation.inflation([case, better], encoder.embedder())
    assert (found.cases, found.passed) == (2, 0.5)
    assert found.gained[0].name == "better"
    assert found.gained[0].points["score"] > 50
    assert inflation.inflation([], encoder.embedder()).passed == 1
