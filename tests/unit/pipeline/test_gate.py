"""The evidence gate: what is not scored, and why."""

import pytest

import encoder
from mulakat.languages import codes, say
from mulakat.pipeline.gate import LEAST_CONFIDENCE, not_scored
from mulakat.providers.values import Material

QUESTION = "Tell me about a conflict at work."
LIPSUM = (
    "Lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt labore"
)


def reason(material: Material) -> str | None:
    found = not_scored(material)
    if found is not None:
        assert found.score is None
        assert found.criteria == ()
        assert found.evaluation == say(material.reader, f"gate.{found.reason}")
    return found.reason if found else None


@pytest.mark.parametrize(
    "text", ["fine", "Yes.", "I don't know", "good good good good good good", ""]
)
def test_a_few_words_are_too_little(text: str) -> None:
    assert reason(encoder.typed(QUESTION, text)) == "too_little_speech"


def test_two_seconds_of_speech_are_too_little_whatever_was_said() -> None:
    text = "Resolved budget conflict between sales, marketing and finance yesterday"
    assert reason(encoder.spoken(QUESTION, text, pace=0.2)) == "too_little_speech"
    assert reason(encoder.spoken(QUESTION, text, pace=0.6)) is None


def test_words_the_recogniser_was_unsure_of_are_not_scored() -> None:
    text = encoder.answers()["en"][0]["strong"]
    below = encoder.spoken(QUESTION, text, probability=LEAST_CONFIDENCE - 0.01)
    above = encoder.spoken(QUESTION, text, probability=LEAST_CONFIDENCE + 0.01)
    assert reason(below) == "low_confidence"
    assert reason(above) is None


def test_a_recogniser_without_probabilities_is_trusted() -> None:
    text = encoder.answers()["en"][0]["strong"]
    assert reason(encoder.spoken(QUESTION, text, probability=None)) is None


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize(
    "text", ["asdf qwer zxcv hjkl uiop fghj tyui bnmk lkjh poiu", LIPSUM]
)  # fmt: skip
def test_gibberish_is_no_language(language: str, text: str) -> None:
    assert reason(encoder.typed(QUESTION, text, language)) == "not_language"


def test_the_other_language_is_not_this_one() -> None:
    english, turkish = (encoder.answers()[code][0]["middling"] for code in ("en", "tr"))
    assert reason(encoder.typed(QUESTION, english, "tr")) == "not_language"
    assert reason(encoder.typed(QUESTION, turkish, "en")) == "not_language"


@pytest.mark.parametrize("language", codes())
def test_every_real_answer_passes_spoken_or_typed(language: str) -> None:
    for item in encoder.answers()[language]:
        for level in encoder.LEVELS:
            assert reason(encoder.typed(item["question"], item[level], language)) is None
            assert reason(encoder.spoken(item["question"], item[level], language, pace=0.6)) is None


def test_the_reason_is_said_in_the_readers_language() -> None:
    found = not_scored(encoder.typed(QUESTION, "fine", reader="tr"))
    assert found is not None
    assert found.evaluation.startswith("Puanlanmadı")
