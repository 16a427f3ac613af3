"""Advice: at most three, what would raise the score most, each at its place in the answer."""

import re

import pytest

import encoder
from mulakat.languages import codes, messages
from mulakat.providers.rubric import wording
from mulakat.providers.values import Advice, Assessment, Criterion

LEVELS = ("strong", "middling", "weak")
CASES = [
    pytest.param(language, item, level, id=f"{language}-{number}-{level}")
    for language in codes()
    for number, item in enumerate(encoder.answers()[language][:3])
    for level in LEVELS
]


def assess(item: dict[str, str], level: str, language: str, **more: object) -> Assessment:
    material = encoder.spoken(item["question"], item[level], language, **more)
    return encoder.rubric().evaluate(material)


def criterion(key: str, weight: float, score: int) -> Criterion:
    return Criterion(key, key, weight, score, (), "")


@pytest.mark.parametrize(("language", "item", "level"), CASES)
def test_at_most_three_are_given_the_greatest_gain_first_each_with_quote_and_time(
    language: str, item: dict[str, str], level: str
) -> None:
    found = assess(item, level, language)
    gains = [one.gain for one in found.advice]
    assert len(gains) <= 3
    assert gains == sorted(gains, reverse=True)
    scores = {one.key: (one.weight, one.score) for one in found.criteria}
    for one in found.advice:
        weight, score = scores[one.criterion]
        assert 0 < one.gain == round(weight * (100 - score))
        assert one.at
        assert one.at.quote in " ".join(item[level].split())
        assert one.at.start is not None


@pytest.mark.parametrize(("language", "item", "level"), CASES)
def test_advice_does_not_contradict_praise(language: str, item: dict[str, str], level: str) -> None:
    praise = {table["good"] for table in messages(language)["advice"].values() if "good" in table}
    found = assess(item, level, language)
    assert not praise & {one.text for one in found.advice}


@pytest.mark.parametrize("reader", codes())
def test_advice_is_in_the_readers_language(reader: str) -> None:
    for language in codes():
        item = encoder.answers()[language][0]
        for one in assess(item, "weak", language, reader=reader).advice:
            patterns = [
                re.sub(r"\\\{\w+\\\}", ".+", re.escape(text))
                for text in messages(reader)["advice"][one.criterion].values()
            ]
            assert any(re.fullmatch(pattern, one.text) for pattern in patterns)


def test_a_typed_answer_gets_quotes_without_times() -> None:
    item = encoder.answers()["en"][0]
    found = encoder.rubric().evaluate(encoder.typed(item["question"], item["middling"]))
    assert found.advice
    assert all(one.at and one.at.start is None for one in found.advice)


def test_a_missing_key_point_is_advised_in_its_own_words() -> None:
    item = encoder.answers()["en"][3]
    found = assess(item, "strong", "en", key_points=("Compares two kinds of volcanic rock",))
    told = [one for one in found.advice if one.criterion == "content"]
    assert [one.text.count("volcanic rock") for one in told] == [1]


def test_whoever_is_judged_full_has_nothing_to_gain() -> None:
    full = [criterion("relevance", 0.5, 100), criterion("clarity", 0.5, 100)]
    candidates = [Advice(one.key, "Do more.", None) for one in full]
    assert wording.advice(full, candidates) == ()


def test_of_many_the_three_that_gain_most_are_given() -> None:
    keys = ("relevance", "coverage", "structure", "clarity")
    criteria = [
        criterion(key, 0.25, score) for key, score in zip(keys, (80, 20, 0, 60), strict=True)
    ]
    given = wording.advice(criteria, [Advice(one.key, "Do more.", None) for one in criteria])
    assert [(one.criterion, one.gain) for one in given] == [
        ("structure", 25), ("coverage", 20), ("clarity", 10),
    ]  # fmt: skip
