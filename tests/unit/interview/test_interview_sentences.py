"""What a reader is told of an interview: a sentence for each reason, and the text at the end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mulakat.interview.bank import CATEGORIES, LEVELS, SOURCES, TRIGGERS, Bank
from mulakat.interview.interest import field_of
from mulakat.interview.sentences import final, mean_score, why
from mulakat.languages import codes, messages
from mulakat.store.interview_values import Interview, Turn

NOW = datetime(2026, 7, 1, tzinfo=UTC)

PLAIN = {"opening", "closing", "harder", "easier"}
OF_CATEGORY = {"new_category", "weak_category", "again"}


@pytest.mark.parametrize("language", codes())
def test_every_name_and_every_reason_has_its_words(language: str) -> None:
    names = messages(language)["interview"]
    assert set(names["category"]) == set(CATEGORIES)
    assert set(names["level"]) == set(LEVELS)
    assert set(names["trigger"]) == set(TRIGGERS)
    follow_ups = {f"follow_up_{one}" for one in TRIGGERS}
    reasons = PLAIN | OF_CATEGORY | follow_ups | set(SOURCES)
    assert set(messages(language)["why"]) == reasons


@pytest.mark.parametrize("language", codes())
def test_a_reason_names_its_category_and_its_step(language: str) -> None:
    for code in OF_CATEGORY - {"again"}:
        for category in CATEGORIES:
            for step in ("harder", "easier"):
                params = {"category": category, "step": step}
                sentence = why(language, {"code": code, "params": params})
                assert messages(language)["interview"]["category"][category] in sentence
                assert sentence.endswith(messages(language)["why"][step])
                assert "{" not in sentence
                assert "!" not in sentence
    assert why(language, {"code": "again", "params": {"category": "ethics"}})
    assert why(language, {"code": "opening"})


def turn(number: int, score: int | None, answer: bool = True) -> Turn:
    return Turn(
        id=str(number), number=number, question_id=None, category="ethics", level="mid",
        text=f"Question {number}?", guide={}, reason={"code": "opening"}, asked_at=NOW,
        begun_at=None, skipped_at=None, answer_id="a" if answer else None,
        answer_state="done" if answer else None, score=score,
    )  # fmt: skip


def interview(*scores: int | None) -> Interview:
    turns = tuple(turn(number, score) for number, score in enumerate(scores, 1))
    return Interview(
        id="i", account_id="o", state="completed", field="software", level="mid", language="en",
        total_questions=5, created_at=NOW, moved_at=NOW, finished_at=NOW + timedelta(minutes=9),
        turns=turns,
    )  # fmt: skip


@pytest.mark.parametrize("language", codes())
def test_the_end_tells_the_mean_the_best_and_the_weakest(language: str) -> None:
    text = final(language, interview(80, 40, 60))
    assert "60" in text
    assert "Question 1?" in text
    assert "Question 2?" in text
    assert "Question 3?" not in text
    near = final(language, interview(60, 62))
    assert "Question" not in near
    assert final(language, interview()) == final(language, interview())
    assert mean_score(interview(None, None)) is None
    unscored = messages(language)["interview"]["final"]["not_scored"]
    assert final(language, interview(None, None)).endswith(unscored)


def test_a_skipped_question_is_no_weakest_answer() -> None:
    one = interview(80, 10, 60)
    skipped = replace(one.turns[1], skipped_at=NOW)
    assert "Question 2?" not in final("en", replace(one, turns=(one.turns[0], skipped)))


def test_an_interest_finds_its_field() -> None:
    bank = Bank()
    assert field_of(bank, None) == field_of(bank, "  ") == "general"
    assert field_of(bank, "hr") == "hr"
    assert field_of(bank, "İnsan Kaynakları") == field_of(bank, "human resources") == "hr"
    assert field_of(bank, "underwater basket weaving") == "general"
