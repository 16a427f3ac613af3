"""The next question of a stored interview: from its rows to `choose`, and back to a turn."""

import asyncio
from typing import Any

from mulakat.interview import profile_questions
from mulakat.interview.bank import SOURCES, Bank, FollowUp, Question
from mulakat.interview.choose import choose
from mulakat.interview.values import Candidate, Choice, Said, Standing
from mulakat.store.interview_values import Interview, NewTurn, Situation

GENERAL = "general"
"""The field whose questions are asked in every other one, too."""


class BankChooser:
    """Chooses from a question bank and from what stands in the candidate's documents."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    async def ready(self, language: str) -> None:
        """Load the bank's questions of a language, away from the event loop."""
        await asyncio.to_thread(self._bank.questions, language)

    def __call__(self, situation: Situation) -> NewTurn | None:
        """Return the question to ask next; None where there is none left."""
        choice = choose(_standing(situation), self._candidates(situation))
        return None if choice is None else _turn(choice)

    def _candidates(self, situation: Situation) -> list[Candidate]:
        interview = situation.interview
        fields = dict.fromkeys((interview.field, GENERAL))
        asked = [
            _of_bank(question)
            for field in fields
            for question in self._bank.questions(interview.language, field)
        ]
        return asked + profile_questions.candidates(
            self._bank, interview.language, situation.cv, situation.posting
        )


def _of_bank(question: Question) -> Candidate:
    return Candidate(
        id=question.id,
        category=question.category,
        level=question.level,
        text=question.text,
        guide=question.guide,
        follow_ups=question.follow_ups,
        general=question.field == GENERAL,
    )


def _standing(situation: Situation) -> Standing:
    interview, result = situation.interview, situation.result or {}
    points = result.get("points") or []
    return Standing(
        seed=interview.id,
        level=interview.level,
        total=interview.total_questions,
        said=_said(interview),
        gaps=tuple(result.get("gaps") or ()),
        missing=frozenset(
            number for number, point in enumerate(points, 1) if point.get("state") == "missing"
        ),
        asked=situation.asked,
    )


def _said(interview: Interview) -> tuple[Said, ...]:
    return tuple(
        Said(
            question_id=turn.question_id,
            category=turn.category,
            level=turn.level,
            score=None if turn.skipped_at else turn.score,
            follow_up=turn.follow_up,
            from_document=turn.reason.get("code") in SOURCES,
        )
        for turn in interview.turns
    )


def _turn(choice: Choice) -> NewTurn:
    asked, follow_up = choice.candidate, choice.follow_up
    return NewTurn(
        question_id=asked.id,
        category=asked.category,
        level=asked.level,
        text=follow_up.text if follow_up else asked.text,
        guide=_guide(asked.guide, follow_up),
        reason={"code": choice.code, "params": dict(choice.params)},
        follow_up=follow_up.when if follow_up else None,
    )


def _guide(guide: dict[str, Any], follow_up: FollowUp | None) -> dict[str, Any]:
    """Return what the answer is held against: to a follow-up, the one point it asks for."""
    if follow_up is None:
        return guide
    points = guide["key_points"]
    asked = points[follow_up.point - 1 : follow_up.point] if follow_up.point else []
    return {"key_points": asked, "example": guide["example"]}
