"""A strong answer is worth as much in other words; one to another question is not."""

from typing import Any

import pytest

import encoder
import paraphrases
from mulakat.providers.rubric.reading import Reading

NEAR_IN_KIND = {
    ("teamwork", "conflict"),
    ("problem", "initiative"),
    ("problem", "mistake"),
    ("mistake", "problem"),
}
"""Questions that a strong answer to the other one answers in good part."""

ALL = [
    pytest.param(language, item, id=f"{language}-{item['name']}")
    for language in ("en", "tr")
    for item in paraphrases.items()[language]
]
SEEN = [one for one in ALL if not one.values[1].get("unseen")]  # type: ignore[union-attr]
FIELD = [
    pytest.param(item, id=f"{item['language']}-{number}")
    for number, item in enumerate(paraphrases.items()["field"])
]


def score(question: str, text: str, language: str) -> int:
    found = encoder.rubric().evaluate(encoder.typed(question, text, language)).score
    assert found is not None
    return found


@pytest.mark.parametrize(("language", "item"), ALL)
def test_other_words_for_the_questions_own_cost_little(language: str, item: dict[str, Any]) -> None:
    literal = score(item["question"], paraphrases.literal(item["answer"]), language)
    assert literal >= 80
    paraphrase = score(item["question"], paraphrases.paraphrase(item["answer"]), language)
    assert abs(literal - paraphrase) <= 15


@pytest.mark.parametrize(("language", "item"), ALL)
def test_no_single_synonym_is_a_cliff(language: str, item: dict[str, Any]) -> None:
    answer, places = item["answer"], range(paraphrases.choices(item["answer"]))
    literal = score(item["question"], paraphrases.literal(answer), language)
    other = score(item["question"], paraphrases.paraphrase(answer), language)
    for place in places:
        one = paraphrases.worded(answer, other=frozenset({place}))
        assert abs(score(item["question"], one, language) - literal) <= 15
        rest = paraphrases.worded(answer, other=frozenset(places) - {place})
        assert abs(score(item["question"], rest, language) - other) <= 15


@pytest.mark.parametrize(("language", "item"), SEEN)
def test_a_paraphrase_in_the_other_language_is_worth_as_much(
    language: str, item: dict[str, Any]
) -> None:
    other = "tr" if language == "en" else "en"
    literal = score(item["question"], paraphrases.literal(item["answer"]), language)
    foreign = paraphrases.item(other, item["name"])["answer"]
    for text in (paraphrases.literal(foreign), paraphrases.paraphrase(foreign)):
        assert score(item["question"], text, other) >= literal - 15


@pytest.mark.parametrize(("language", "item"), SEEN)
def test_a_strong_answer_to_another_question_stays_clearly_below(
    language: str, item: dict[str, Any]
) -> None:
    own = score(item["question"], paraphrases.paraphrase(item["answer"]), language)
    for one in paraphrases.items()[language]:
        if one.get("unseen") or one is item or (item["name"], one["name"]) in NEAR_IN_KIND:
            continue
        text = paraphrases.paraphrase(one["answer"])
        assert score(item["question"], text, language) <= own - 25, one["name"]


@pytest.mark.parametrize(("language", "item"), ALL)
def test_an_answer_about_nothing_of_the_kind_stays_low(language: str, item: dict[str, Any]) -> None:
    assert score(item["question"], item["off_topic"], language) <= 25


@pytest.mark.parametrize("item", FIELD)
def test_where_no_theme_is_known_other_words_are_in_doubt_and_not_refuted(
    item: dict[str, Any],
) -> None:
    material = encoder.typed(item["question"], item["answer"], item["language"])
    assert not Reading(material, encoder.embedder()).themes
    assert score(item["question"], item["answer"], item["language"]) >= 50
    assert score(item["question"], item["off_topic"], item["language"]) <= 35


def test_a_far_answer_to_a_question_of_no_theme_is_told_that_it_is_unsure() -> None:
    item = paraphrases.items()["field"][0]
    found = encoder.rubric().evaluate(encoder.typed(item["question"], item["off_topic"]))
    assert "cannot be told" in found.criteria[0].advice


@pytest.mark.parametrize(
    ("question", "literal", "paraphrase", "language"),
    [
        ("Tell me about a conflict at work and how you dealt with it.",
         "There was a conflict between two colleagues", "Two of us disagreed", "en"),
        ("İş yerinde yaşadığınız bir anlaşmazlığı ve bunu nasıl çözdüğünüzü anlatır mısınız?",
         "İki arkadaş arasında anlaşmazlık çıktı,", "Bir arkadaşımla anlaşamadık,", "tr"),
    ],
)  # fmt: skip
def test_one_word_for_the_theme_is_no_cliff_even_where_nothing_else_names_it(
    question: str, literal: str, paraphrase: str, language: str
) -> None:
    rest = {
        "en": "about cutting the export from the release in May 2023. My task was to finish it. "
        "First I wrote down what each option would cost, because nobody knew. Then I checked the "
        "logs and found that 12 of 400 customers used it. I proposed a simple version and built "
        "it in two days. As a result we shipped on time and lost no customer.",
        "tr": "konu Mayıs 2023 sürümünden dışa aktarmayı çıkarmaktı. Görevim sürümü bitirmekti. "
        "Önce her seçeneğin bedelini yazdım, çünkü kimse bilmiyordu. Sonra kayıtlara baktım ve "
        "400 müşteriden 12'sinin kullandığını gördüm. Basit bir hâlini önerdim ve iki günde "
        "hazırladım. Sonuç olarak zamanında çıkardık ve müşteri kaybetmedik.",
    }[language]
    named = score(question, f"{literal} {rest}", language)
    assert score(question, f"{paraphrase} {rest}", language) >= named - 15
