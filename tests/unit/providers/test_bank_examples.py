"""The bank's own examples, which a coach would call strong, and another field's for the same
question; a fixed sample, the whole bank is judged by `make validate`.
"""

import pytest

import encoder
from mulakat.interview.bank import Bank
from mulakat.providers.rubric.bank import Entry, bank, judged, quantile

STEP = 8
"""Each eighth question: 64 of them, about 5 s."""


def entries() -> list[Entry]:
    questions = Bank()
    return [
        Entry(code, one.field, one.id, one.text, one.key_points, one.example)
        for code in questions.languages
        for one in questions.questions(code)
    ]


def test_an_example_is_worth_what_a_coach_would_give_and_another_fields_little() -> None:
    found = bank(entries()[::STEP], encoder.embedder())
    assert found.examples >= 60
    assert found.own_median >= 78
    assert found.own_low >= 50
    assert found.other_median <= 42
    assert found.own_covered >= 0.4
    assert found.other_covered <= 0.08


def test_the_other_example_is_of_another_field_and_the_same_language() -> None:
    some = [Entry("en", field, field, "Why?", ("A",), f"I do {field}.") for field in "ab"]
    lone = Entry("tr", "a", "tr", "Neden?", ("A",), "Severim.")
    found = list(judged([*some, lone], encoder.embedder()))
    assert [one.entry.field for one in found] == ["a", "b"]


def test_a_bank_of_one_field_cannot_be_compared() -> None:
    lone = Entry("tr", "a", "tr", "Neden?", ("A",), "Severim.")
    with pytest.raises(ValueError, match="two fields"):
        bank([lone], encoder.embedder())


def test_a_quantile_lies_between_its_neighbours() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2.5
    assert quantile([7], 0.05) == 7
