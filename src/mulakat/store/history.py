"""What was said and how it was rated, read for reports and progress; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mulakat.store.columns import JsonText
from mulakat.store.engine import reading
from mulakat.store.interview_rows import load, owned
from mulakat.store.interview_values import Interview
from mulakat.store.tables import answers, interviews, turns
from mulakat.store.values import State

MOST_ANSWERS = 500
"""The latest answers that progress is told of: two a day for eight months."""

MOST_ATTEMPTS = 50
"""The latest attempts at one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer as a report needs it: what was asked, its result, or why there is none.

    `category`, `follow_up` and `interview_id` are its turn's; None for a question practised alone.
    """

    id: str
    state: State
    question_id: str | None
    question: str
    language: str
    result: dict[str, Any] | None
    error_code: str | None
    created_at: datetime
    redacted_at: datetime | None
    category: str | None = None
    follow_up: str | None = None
    interview_id: str | None = None


class Excerpt(FunctionElement[dict[str, Any]]):
    """Some parts of a result, taken out by the database: its words alone may be 100 KiB.

    Of five hundred answers, the whole results would take more memory than there is.
    """

    type = JsonText()
    inherit_cache = True
    parts: tuple[str, ...] = ()


@cache
def excerpt(*parts: str) -> type[Excerpt]:
    """Return the function that takes these parts out of a result's column."""
    # A class of its own each: statements are kept by the class of what is in them.
    return type("excerpt", (Excerpt,), {"parts": parts, "inherit_cache": True})


@compiles(Excerpt)
def _sqlite(element: Excerpt, compiler: SQLCompiler, **kw: Any) -> str:
    result = compiler.process(element.clauses, **kw)
    parts = ", ".join(f"'{name}', {result} -> '$.{name}'" for name in element.parts)
    return f"json_object({parts})"


@compiles(Excerpt, "postgresql")
def _postgresql(element: Excerpt, compiler: SQLCompiler, **kw: Any) -> str:
    result = compiler.process(element.clauses, **kw)
    # One reading of the result for all parts; each `->` would unpack and parse it anew.
    parts = ", ".join(f"{name} json" for name in element.parts)
    record = f"json_to_record(CAST({result} AS json)) AS part({parts})"
    return f"(SELECT CAST(row_to_json(part) AS text) FROM {record})"  # noqa: S608  # our names


_COLUMNS = (
    answers.c.id,
    answers.c.state,
    answers.c.question_id,
    answers.c.question,
    answers.c.language,
    answers.c.error_code,
    answers.c.created_at,
    answers.c.redacted_at,
)

_TURN = (turns.c.category, turns.c.follow_up, turns.c.interview_id)

_SCORED = excerpt("score", "engine")(answers.c.result).label("result")

_RATED = excerpt("score", "criteria", "engine")(answers.c.result).label("result")

_ATTEMPT = excerpt("score", "engine", "strip")(answers.c.result).label("result")


class History:
    """Looks back. Every method may raise errors.DatabaseBusy."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def interview(
        self, interview_id: str, account: str
    ) -> tuple[Interview, Mapping[str, Told]] | None:
        """Return an interview of an account with its answers by their turn's id, or None."""
        query = (
            select(answers.c.turn_id, answers.c.result, *_COLUMNS)
            .join(turns, turns.c.id == answers.c.turn_id)
            .where(turns.c.interview_id == interview_id)
        )
        async with reading(self._engine) as connection:
            found = await load(connection, owned(interview_id, account))
            if found is None:
                return None
            rows = (await connection.execute(query)).all()
        return found, {row.turn_id: _told(row, skip="turn_id") for row in rows}

    async def asked(self, account: str) -> frozenset[str]:
        """Return the ids of all questions that the account's interviews have asked."""
        query = (
            select(turns.c.question_id)
            .join(interviews, interviews.c.id == turns.c.interview_id)
            .where(interviews.c.account_id == account, turns.c.question_id.is_not(None))
            .distinct()
        )
        async with reading(self._engine) as connection:
            return frozenset((await connection.scalars(query)).all())

    async def latest(
        self, account: str, most: int = MOST_ANSWERS, *, criteria: bool = True
    ) -> list[Told]:
        """Return the account's latest finished answers, the oldest first; at most `most`.

        Of their results only score, engine, and the criteria if they are asked for.
        """
        query = (
            select(*_COLUMNS, _RATED if criteria else _SCORED, *_TURN)
            .outerjoin(turns, turns.c.id == answers.c.turn_id)
            .where(answers.c.owner == account, answers.c.result.is_not(None))
            .order_by(answers.c.created_at.desc())
            .limit(most)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [_told(row) for row in reversed(rows)]

    async def attempts(self, account: str, question_id: str) -> list[Told]:
        """Return the account's finished answers to one question, the oldest first.

        Of their results only score, engine and strip.
        """
        query = (
            select(*_COLUMNS, _ATTEMPT, *_TURN)
            .outerjoin(turns, turns.c.id == answers.c.turn_id)
            .where(
                answers.c.owner == account,
                answers.c.question_id == question_id,
                answers.c.result.is_not(None),
                # A follow-up has its question's id and asks for something else.
                turns.c.follow_up.is_(None),
            )
            .order_by(answers.c.created_at.desc())
            .limit(MOST_ATTEMPTS)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [_told(row) for row in reversed(rows)]

    async def other(self, account: str, question_id: str, answer_id: str) -> str | None:
        """Return the account's latest finished answer to a question, but for this one."""
        query = (
            select(answers.c.id)
            .outerjoin(turns, turns.c.id == answers.c.turn_id)
            .where(
                answers.c.owner == account,
                answers.c.question_id == question_id,
                answers.c.result.is_not(None),
                turns.c.follow_up.is_(None),
                answers.c.id != answer_id,
            )
            .order_by(answers.c.created_at.desc())
            .limit(1)
        )
        async with reading(self._engine) as connection:
            found: str | None = await connection.scalar(query)
        return found

    async def asked_in(self, account: str, turn_id: str) -> tuple[str, str, str | None] | None:
        """Return the interview that asked a question: its id, its state, and what the question
        followed up on, if it did.
        """
        query = (
            select(interviews.c.id, interviews.c.state, turns.c.follow_up)
            .join(turns, turns.c.interview_id == interviews.c.id)
            .where(turns.c.id == turn_id, interviews.c.account_id == account)
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return (row.id, row.state, row.follow_up) if row else None

    async def answer(self, account: str, answer_id: str) -> Told | None:
        """Return one finished answer of an account, or None."""
        query = (
            select(*_COLUMNS, answers.c.result, *_TURN)
            .outerjoin(turns, turns.c.id == answers.c.turn_id)
            .where(
                and_(answers.c.id == answer_id, answers.c.owner == account),
                answers.c.result.is_not(None),
            )
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return _told(row) if row else None


def _told(row: Any, skip: str = "") -> Told:
    return Told(**{name: value for name, value in row._mapping.items() if name != skip})
