"""The language of a question, where nobody says it."""

import pytest

from mulakat.languages import codes
from mulakat.languages.matching import written_in


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Tell me about a conflict at work", "en"),
        ("Why should we hire you?", "en"),
        ("What is a REST API?", "en"),
        ("İş yerinde yaşadığınız bir anlaşmazlığı anlatır mısınız?", "tr"),
        ("Neden bu iş?", "tr"),
        ("kendinizden bahseder misiniz", "tr"),
    ],
)
@pytest.mark.parametrize("default", ["tr", "en"])
def test_a_question_tells_its_language(question: str, language: str, default: str) -> None:
    assert written_in(question, codes(), default) == language


@pytest.mark.parametrize("question", ["REST?", "Python", "12345", "¿?"])
def test_a_question_that_does_not_tell_leaves_the_default(question: str) -> None:
    assert {written_in(question, codes(), default) for default in ("tr", "en")} == {"tr", "en"}
