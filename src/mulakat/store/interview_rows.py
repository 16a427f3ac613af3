"""Reading interviews: the queries that the moves of `store.interviews` are made of."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mulakat.store.interview_values import Interview, Situation, Turn
from mulakat.store.tables import answers, documents, interviews, turns


class score_in(FunctionElement[int]):  # noqa: N801  # written as the function it stands for
    """The score in an answer's result, or NULL; read by the database, as results are long."""

    type = Integer()
    inherit_cache = True


@compiles(score_in)
def _sqlite_score(element: score_in, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **kw)}, '$.score')"


@compiles(score_in, "postgresql")
def _postgresql_score(element: score_in, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(CAST({compiler.process(element.clauses, **kw)} AS json) ->> 'score' AS integer)"


def owned(interview_id: str, account: str) -> ColumnElement[bool]:
    """Return the condition that finds an interview, if it is the account's."""
    return and_(interviews.c.id == interview_id, interviews.c.account_id == account)


async def load(connection: AsyncConnection, which: ColumnElement[bool]) -> Interview | None:
    """Return the one interview that a condition finds, with its turns."""
    row = (await connection.execute(select(interviews).where(which))).mappings().first()
    if row is None:
        return None
    query = (
        select(
            *(column for column in turns.c if column.name != "interview_id"),
            answers.c.id.label("answer_id"),
            answers.c.state.label("answer_state"),
            score_in(answers.c.result).label("score"),
        )
        .select_from(turns.outerjoin(answers, answers.c.turn_id == turns.c.id))
        .where(turns.c.interview_id == row["id"])
        .order_by(turns.c.number)
    )
    asked = (await connection.execute(query)).mappings().all()
    return Interview(**row, turns=tuple(Turn(**one) for one in asked))


async def answered_of(connection: AsyncConnection, ids: Sequence[str]) -> Counter[str]:
    """Return how many questions of each interview have a result."""
    # The state is looked at here: in the query SQLite takes its index for it, over all answers.
    query = (
        select(turns.c.interview_id, answers.c.state)
        .join_from(turns, answers, answers.c.turn_id == turns.c.id)
        .where(turns.c.interview_id.in_(ids))
    )
    rows = (await connection.execute(query)).all()
    return Counter(interview_id for interview_id, state in rows if state == "done")


async def result_of(connection: AsyncConnection, answer_id: str | None) -> dict[str, Any] | None:
    """Return an answer's result, or None where there is none."""
    result: dict[str, Any] | None = await connection.scalar(
        select(answers.c.result).where(answers.c.id == answer_id)
    )
    return result


async def situation(connection: AsyncConnection, interview: Interview) -> Situation:
    """Return what the next question of an interview depends on."""
    last = interview.turns[-1] if interview.turns else None
    result = None
    if last and last.answered and not last.skipped_at:
        result = await result_of(connection, last.answer_id)
    asked = (
        select(turns.c.question_id)
        .join(interviews, interviews.c.id == turns.c.interview_id)
        .where(
            interviews.c.account_id == interview.account_id,
            interviews.c.id != interview.id,
            turns.c.question_id.is_not(None),
        )
        .group_by(turns.c.question_id)
        .order_by(func.max(turns.c.asked_at), turns.c.question_id)
    )
    return Situation(
        interview,
        result,
        tuple((await connection.scalars(asked)).all()),
        cv=await _read(connection, interview.cv_id),
        posting=await _read(connection, interview.posting_id),
    )


async def _read(connection: AsyncConnection, document: str | None) -> dict[str, Any] | None:
    if document is None:
        return None
    result: dict[str, Any] | None = await connection.scalar(
        select(documents.c.result).where(documents.c.id == document)
    )
    return result
