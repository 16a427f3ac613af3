"""What somebody practised, as a list: interviews and single answers together, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Table, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat.store.engine import reading
from mulakat.store.history import excerpt
from mulakat.store.tables import answers, interviews, turns


class Place(NamedTuple):
    """Where a page of the list ends: the next one begins with what is older."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer in the list: of its result only score and strip, None while there is none."""

    state: str
    skipped: bool
    score: int | None
    strip: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An interview with its answers in order, or one answer to a question practised alone.

    `title` is the interview's field in the bank, or the question; `state` the interview's or the
    answer's; `questions` how many are planned.
    """

    kind: Literal["interview", "answer"]
    id: str
    at: datetime
    title: str
    state: str
    language: str
    questions: int
    question_id: str | None
    said: tuple[Said, ...]

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return Place(self.at, self.id)


_DRAWN = excerpt("score", "strip")(answers.c.result).label("drawn")


class Timeline:
    """Every method may raise errors.DatabaseBusy."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, account: str, after: Place | None, size: int) -> list[Entry]:
        """Return up to `size` entries of an account, the newest first, older than a place."""
        whole = (
            select(interviews)
            .where(interviews.c.account_id == account, *_older(interviews, after))
            .order_by(interviews.c.created_at.desc(), interviews.c.id.desc())
            .limit(size)
        )
        alone = (
            select(
                answers.c.id, answers.c.state, answers.c.question, answers.c.question_id,
                answers.c.language, answers.c.created_at, _DRAWN,
            )
            .where(answers.c.owner == account, answers.c.turn_id.is_(None))
            .where(*_older(answers, after))
            .order_by(answers.c.created_at.desc(), answers.c.id.desc())
            .limit(size)
        )  # fmt: skip
        async with reading(self._engine) as connection:
            held = (await connection.execute(whole)).all()
            single = (await connection.execute(alone)).all()
            newest = sorted(
                [*held, *single], key=lambda row: (row.created_at, row.id), reverse=True
            )[:size]
            whole_ones = {row.id for row in held}
            said = await _said(connection, [row.id for row in newest if row.id in whole_ones])
        return [
            _interview(row, said.get(row.id, ())) if row.id in whole_ones else _single(row)
            for row in newest
        ]

    async def tries(self, account: str, questions: Sequence[str]) -> dict[str, int]:
        """Return how often an account answered each of some questions; none where never."""
        query = (
            select(answers.c.question_id, func.count())
            .where(answers.c.owner == account, answers.c.question_id.in_(questions))
            .group_by(answers.c.question_id)
        )
        async with reading(self._engine) as connection:
            return {row[0]: row[1] for row in (await connection.execute(query)).all()}


def _older(table: Table, place: Place | None) -> tuple[ColumnElement[bool], ...]:
    if place is None:
        return ()
    at, made = table.c.created_at, table.c.id
    # The first is for the index; the second decides between those of one moment.
    return at <= place.at, or_(at < place.at, and_(at == place.at, made < place.id))


async def _said(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, tuple[Said, ...]]:
    query = (
        select(turns.c.interview_id, turns.c.skipped_at, answers.c.state, _DRAWN)
        .join_from(turns, answers, answers.c.turn_id == turns.c.id)
        .where(turns.c.interview_id.in_(ids))
        .order_by(turns.c.interview_id, turns.c.number)
    )
    found: dict[str, tuple[Said, ...]] = {}
    for row in (await connection.execute(query)).all() if ids else ():
        before = found.get(row.interview_id, ())
        found[row.interview_id] = (*before, _drawn(row, skipped=row.skipped_at is not None))
    return found


def _drawn(row: Any, *, skipped: bool = False) -> Said:
    drawn = row.drawn or {}
    return Said(
        state=row.state, skipped=skipped, score=drawn.get("score"), strip=drawn.get("strip")
    )


def _interview(row: Any, said: tuple[Said, ...]) -> Entry:
    return Entry(
        kind="interview", id=row.id, at=row.created_at, title=row.field, state=row.state,
        language=row.language, questions=row.total_questions, question_id=None, said=said,
    )  # fmt: skip


def _single(row: Any) -> Entry:
    return Entry(
        kind="answer", id=row.id, at=row.created_at, title=row.question, state=row.state,
        language=row.language, questions=1, question_id=row.question_id, said=(_drawn(row),),
    )  # fmt: skip
