"""Interviews as the store takes and gives them: their states, moves and frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from mulakat.store.values import State

InterviewState = Literal[
    "created",  # its first question is not chosen yet
    "asking",  # a question stands, its answer is not begun
    "answering",  # its answer is begun
    "evaluating",  # its answer is accepted, the result not looked at yet
    "completed",  # all questions asked, or ended by the candidate: has its report
    "abandoned",  # given up, or not moved for a day
    "cleared",  # ended by the operator
]

Move = Literal["begin", "submit", "skip", "complete", "abandon", "delete"]

ACTIVE: tuple[InterviewState, ...] = ("created", "asking", "answering", "evaluating")

MOVES: Mapping[Move, frozenset[InterviewState]] = {
    "begin": frozenset({"asking", "answering"}),  # again after a refresh
    "submit": frozenset({"asking", "answering"}),
    "skip": frozenset({"asking", "answering"}),
    "complete": frozenset({"asking", "answering", "evaluating"}),
    "abandon": frozenset(ACTIVE),
    "delete": frozenset({*ACTIVE, "completed", "abandoned", "cleared"}),
}
"""What a candidate may do, and in which states."""


def allowed(state: str) -> tuple[Move, ...]:
    """Return the moves that a state allows."""
    return tuple(move for move, states in MOVES.items() if state in states)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInterview:
    """An interview to start. `field` and `level` are the question bank's."""

    account_id: str
    field: str
    level: str
    language: str
    total_questions: int
    voice_name: str | None = None
    cv_id: str | None = None
    posting_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurn:
    """A question to ask. `follow_up` is its trigger; `reason` has a `code` and `params`."""

    question_id: str | None
    category: str
    level: str
    text: str
    guide: dict[str, Any]
    reason: dict[str, Any]
    follow_up: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(NewTurn):
    """A question that was asked, from number 1, and its answer, if there is one.

    `score` is None while there is none, and where the answer was not scored.
    """

    id: str
    number: int
    asked_at: datetime
    begun_at: datetime | None
    skipped_at: datetime | None
    answer_id: str | None
    answer_state: State | None
    score: int | None

    @property
    def answered(self) -> bool:
        """Whether it has a result."""
        return self.answer_state == "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview(NewInterview):
    """An interview as it stands, with its turns in order; times in UTC."""

    id: str
    state: InterviewState
    created_at: datetime
    moved_at: datetime
    finished_at: datetime | None
    turns: tuple[Turn, ...] = ()

    @property
    def open(self) -> Turn | None:
        """The turn whose answer is awaited or evaluated."""
        return self.turns[-1] if self.state in ACTIVE and self.turns else None

    @property
    def answered(self) -> int:
        """How many questions have a result."""
        return sum(turn.answered for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Listed:
    """An interview in a list: without its turns, with how many were answered."""

    interview: Interview
    answered: int


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the choice of the next question may depend on.

    `result` is the last turn's answer's. `asked` holds the question ids of the account's other
    interviews, the least recently asked first. `cv` and `posting` are the results of documents
    that are read.
    """

    interview: Interview
    result: dict[str, Any] | None
    asked: tuple[str, ...]
    cv: dict[str, Any] | None = None
    posting: dict[str, Any] | None = None


class Chooser(Protocol):
    """Chooses the next question; inside a transaction, so it waits for nothing."""

    async def ready(self, language: str) -> None:
        """Have at hand what choosing in this language needs."""
        ...

    def __call__(self, situation: Situation) -> NewTurn | None:
        """Return the question to ask next; None where there is none left."""
        ...
