"""Key points found in answers, and the gaps that a follow-up question could ask for."""

from dataclasses import replace

import pytest

from encoder import rubric, spoken, typed
from mulakat.providers.values import Assessment

QUESTION = "Tell me about a conflict at work and how you dealt with it."
POINTS = (
    "Names what the two sides wanted and why",
    "Spoke with the colleague alone before involving others",
    "Says what was agreed in the end",
)
ANSWER = (
    "Last spring two of us disagreed about the release date: I wanted May, he wanted to wait for "
    "the tests. I asked my colleague for an hour alone before telling anybody else. I listed 12 "
    "open defects. In the end we agreed on a smaller release in May and shipped it on time."
)


def assess(text: str, question: str = QUESTION, language: str = "en", **more: object) -> Assessment:
    return rubric().evaluate(typed(question, text, language, **more))


def test_points_that_are_said_come_with_the_passage_that_says_them() -> None:
    points = assess(ANSWER, key_points=POINTS).points
    assert [one.text for one in points] == list(POINTS)
    alone = points[1]
    assert alone.state == "covered"
    assert alone.evidence is not None
    assert "an hour alone" in alone.evidence.quote
    assert alone.evidence.quote in ANSWER


def test_points_of_another_answer_are_missing_and_asked_for() -> None:
    found = assess(
        "I bake bread on Sundays. The dough rests for six hours and the oven is hot. "
        "My neighbours like the one with olives and walnuts best.",
        key_points=POINTS,
    )
    assert {one.state for one in found.points} == {"missing"}
    assert all(one.evidence is None for one in found.points)
    assert "point_missing" in found.gaps


def test_without_a_guide_no_point_is_judged() -> None:
    found = assess(ANSWER)
    assert found.points == ()
    assert "point_missing" not in found.gaps


def test_a_passage_carries_the_times_of_its_sentences() -> None:
    material = replace(spoken(QUESTION, ANSWER), key_points=POINTS)
    evidence = rubric().evaluate(material).points[1].evidence
    assert evidence is not None
    assert evidence.start is not None
    assert evidence.end is not None
    assert evidence.start < evidence.end


@pytest.mark.parametrize(
    ("language", "question", "text", "gap"),
    [
        ("en", QUESTION, ANSWER, None),
        ("en", QUESTION, ANSWER.rpartition(" In the end")[0], "no_result"),
        ("en", QUESTION, "In general conflicts at work should be solved by talking calmly and "
         "openly, and one should never shout at a colleague in front of others.", "no_example"),
        ("en", QUESTION, "Last spring there was a conflict between two colleagues about the "
         "release date. The manager called both of them and decided. As a result it was "
         "released in May.", "no_action"),
        ("en", QUESTION, ANSWER.replace("12 ", "").replace("two of us", "we"), "no_number"),
        ("tr", "Ekip içinde yaşadığınız bir anlaşmazlığı anlatır mısınız?",
         "Geçen yıl iki arkadaşımla teslim tarihi konusunda anlaşamadık. İkisiyle ayrı ayrı "
         "konuştum, 12 maddelik bir liste hazırladım ve öncelikleri yazdım.", "no_result"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 12 else "",
)  # fmt: skip
def test_what_an_answer_lacks_is_named(
    language: str, question: str, text: str, gap: str | None
) -> None:
    gaps = assess(text, question, language).gaps
    if gap is None:
        assert gaps == ()
    else:
        assert gap in gaps


def test_an_answer_about_something_else_is_off_the_question() -> None:
    gaps = assess(
        "I planted tomatoes and peppers on my balcony in April. They need much sun and a little "
        "water every evening, and the leaves smell wonderful. I picked four kilos in August."
    ).gaps
    assert gaps[0] == "off_question"
