"""Whatever a provider fails with is said in the reader's language."""

import pytest

from mulakat.interview.fallback import PARTS, told
from mulakat.languages import codes, messages
from mulakat.providers.remote import REASONS


@pytest.mark.parametrize("language", codes())
def test_each_reason_has_a_sentence_in_each_language(language: str) -> None:
    known = set(messages(language)["fallback"]["reason"])
    assert known == {*REASONS, "nothing_to_send", "unknown"}
    for reason in known:
        for part in PARTS:
            text = told({part: reason}, language)[f"{part}_text"]
            assert messages(language)["fallback"]["reason"][reason] in text
            assert "{" not in text


def test_a_result_without_a_fallback_says_nothing_of_one() -> None:
    assert told({"evaluator": "rubric", "fallback": None}, "en") == {
        "evaluator": "rubric",
        "fallback": None,
        "fallback_text": None,
        "transcriber_fallback_text": None,
    }


def test_a_code_of_another_version_is_said_plainly() -> None:
    assert told({"fallback": "of a later version"}, "en")["fallback_text"].endswith(
        "Why is not known."
    )
