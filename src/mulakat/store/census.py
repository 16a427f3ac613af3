"""How many there are of what, for the operator: figures only, nothing of what was said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat.store.engine import reading
from mulakat.store.interview_values import ACTIVE
from mulakat.store.tables import answers, interviews

_ENDED = ("completed", "abandoned", "cleared")


@dataclass(frozen=True, slots=True)
class Figures:
    """Interviews by state: those under way, and those that ended since a moment. Answers since
    then: how many are done, how many failed by error; and how many there are of guests now.
    """

    under_way: Mapping[str, int]
    ended: Mapping[str, int]
    done: int
    failed: Mapping[str, int]
    guests: int


class Census:
    """Every method may raise errors.DatabaseBusy."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def since(self, moment: datetime) -> Figures:
        """Return what is there now and what came since a moment."""
        state = interviews.c.state
        under_way = (
            select(state, func.count()).where(state.in_(ACTIVE)).group_by(state).order_by(state)
        )
        ended = (
            select(state, func.count())
            .where(state.in_(_ENDED), interviews.c.moved_at >= moment)
            .group_by(state)
        )
        done = select(func.count()).where(
            and_(answers.c.state == "done", answers.c.created_at >= moment)
        )
        failed = (
            select(answers.c.error_code, func.count())
            .where(answers.c.state == "failed", answers.c.created_at >= moment)
            .group_by(answers.c.error_code)
        )
        # Written so that both databases take the index, which has few rows that are not NULL.
        guests = select(func.count()).where(answers.c.guest > "")
        async with reading(self._engine) as connection:
            return Figures(
                under_way={row[0]: row[1] for row in await connection.execute(under_way)},
                ended={row[0]: row[1] for row in await connection.execute(ended)},
                done=await connection.scalar(done) or 0,
                failed={row[0]: row[1] for row in await connection.execute(failed)},
                guests=await connection.scalar(guests) or 0,
            )
