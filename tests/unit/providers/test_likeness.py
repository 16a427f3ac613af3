"""The signs of a point in a passage, and what is fitted to them."""

import pytest

from encoder import embedder
from mulakat.providers.rubric import calibrate
from mulakat.providers.rubric.likeness import Likeness, Signs, Weights, correlation, weights

QUESTION = "How would you speed up a slow query?"
POINT = "Looks at the query plan before changing anything"


def one(point: str, passage: str, question: str = QUESTION, language: str = "en") -> Signs:
    return Likeness(question, language, embedder()).signs([point], [passage])[0][0]


def test_a_point_in_other_words_is_nearer_than_another_thing() -> None:
    said = weights()(one(POINT, "First I read the execution plan, I change nothing before that"))
    other = weights()(one(POINT, "I like working in a team and have a driving licence"))
    assert said > other + 0.1


def test_the_question_repeated_is_near_no_point() -> None:
    repeated = one(POINT, QUESTION)
    assert repeated.words == 0
    assert repeated.letters < 0.25
    assert abs(repeated.meaning) < 0.1


def test_a_turkish_point_is_found_whatever_its_suffixes() -> None:
    found = one(
        "Müşterinin şikâyetini sonuna kadar dinler",
        "Önce müşteriyi dinledim, şikayetlerini not ettim",
        "Zor bir müşteriyle nasıl konuşursunuz?",
        "tr",
    )
    assert found.words >= 0.5


def test_a_point_that_only_repeats_the_question_keeps_its_words() -> None:
    assert one("A slow query", "the slow query").words == 1.0


def test_without_passages_there_are_no_signs() -> None:
    assert Likeness(QUESTION, "en", embedder()).signs([POINT], []) == [[]]
    assert Likeness(QUESTION, "en", embedder()).signs([], ["text"]) == []


def test_weights_stay_within_nought_and_one() -> None:
    steep = Weights(base=-5, letters=20, words=0, meaning=0)
    assert steep(Signs(0, 0, 0)) == 0
    assert steep(Signs(1, 1, 1)) == 1


def test_the_fit_finds_the_line_that_made_the_marks() -> None:
    table = [Signs(i % 7 / 7, i % 5 / 5, i % 11 / 11) for i in range(200)]
    true = Weights(base=0.1, letters=0.3, words=0.2, meaning=0.4)
    found = calibrate.fit(table, [true(one) for one in table])
    assert [found.base, found.letters, found.words, found.meaning] == pytest.approx(
        [0.1, 0.3, 0.2, 0.4], abs=0.02
    )


def test_too_few_questions_cannot_be_left_out_in_turn() -> None:
    rated = [calibrate.Rated("1", "q", "d", "a", (1.0,))] * 9
    with pytest.raises(ValueError, match="5 questions"):
        calibrate.left_out([Signs(0, 0, 0)] * 9, rated, 5)


def test_correlation_of_what_does_not_vary_is_nought() -> None:
    assert correlation([1, 1, 1], [1, 2, 3]) == 0
    assert correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert correlation([1, 2, 3], [6, 4, 2]) == pytest.approx(-1)
