"""Corrections of what the recogniser heard: their queue, and the result that follows from each.

The answer keeps the result it has until the corrected one is there; both ends are written in
one transaction. A correction's words are let go with its end: from then on the answer's result
has them, and goes as every result goes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat import clock, errors, settings
from mulakat.store.engine import reading, writing
from mulakat.store.leases import Leases
from mulakat.store.tables import answers
from mulakat.store.tables import corrections as table
from mulakat.store.values import Answer, Claim, Lease, State

SECONDS_EACH = 2.0
"""What evaluating an answer without hearing it takes, for who must wait (0.5 to 2 s, measured
with the rubric on 300 words)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCorrection:
    """A correction to accept: (index of a word as it was heard, what was said instead)."""

    answer_id: str
    words: Sequence[tuple[int, str]]
    body_hash: str
    idempotency_key: str | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A correction as it stands, without its words."""

    id: str
    answer_id: str
    state: State
    error_code: str | None
    error_params: dict[str, Any] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CorrectionClaim(Claim):
    """A lease of a correction, with its answer as it is now; `words` as in NewCorrection."""

    words: dict[int, str]
    attempts: int
    request_id: str


class Corrections(Leases):
    """All that is known of corrections. Every method may raise errors.DatabaseBusy."""

    def __init__(
        self, engine: AsyncEngine, queue: settings.Queue, now: clock.Now = clock.now
    ) -> None:
        super().__init__(
            engine,
            table,
            queue,
            let_go={"words": None},
            max_attempts=queue.max_attempts,
            now=now,
        )

    async def accept(self, new: NewCorrection, queue_limit: int) -> Correction:
        """Queue a correction, or find the one that an earlier request with its key made.

        Raises NotFound for an answer that is gone, NotCorrectable for one without a result or
        past its time, IdempotencyConflict, CorrectionRunning, and QueueFull when `queue_limit`
        wait.
        """
        async with writing(self._engine) as connection:
            query = select(answers.c.state, answers.c.redacted_at).where(
                answers.c.id == new.answer_id
            )
            # Held until the end: of two at once, the second sees the first.
            answer = (await connection.execute(query.with_for_update())).first()
            if answer is None:
                raise errors.NotFound
            first = await self._keyed(connection, new)
            if first is not None:
                return first
            if answer.state != "done" or answer.redacted_at is not None:
                raise errors.NotCorrectable
            running = select(table.c.id).where(
                table.c.answer_id == new.answer_id, table.c.finished_at.is_(None)
            )
            if await connection.scalar(running):
                raise errors.CorrectionRunning
            waiting = await self._count(connection, "queued")
            if waiting >= queue_limit:
                raise errors.QueueFull(math.ceil(SECONDS_EACH))
            now = self._now()
            made = (
                insert(table)
                .values(
                    id=clock.new_id(now),
                    answer_id=new.answer_id,
                    words={"words": [list(one) for one in new.words]},
                    body_hash=new.body_hash,
                    idempotency_key=new.idempotency_key,
                    request_id=new.request_id,
                    state="queued",
                    attempts=0,
                    token=0,
                    created_at=now,
                )
                .returning(*_COLUMNS)
            )
            return _correction((await connection.execute(made)).one())

    async def latest(self, answer_id: str) -> Correction | None:
        """Return the last correction of an answer; None once it is long ended."""
        query = (
            select(*_COLUMNS)
            .where(table.c.answer_id == answer_id)
            .order_by(table.c.created_at.desc(), table.c.id.desc())
            .limit(1)
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return _correction(row) if row else None

    # --- the worker side; more of it in Leases

    async def claim(self, worker: str) -> CorrectionClaim | None:
        """Take the oldest correction that waits, as `take` says."""
        row = await self.take(worker)
        if row is None:
            return None
        async with reading(self._engine) as connection:
            query = select(answers).where(answers.c.id == row.answer_id)
            answer = (await connection.execute(query)).first()
        if answer is None:  # deleted in between, and the correction with it
            return None
        words = {int(index): str(text) for index, text in (row.words or {}).get("words", ())}
        return CorrectionClaim(
            row.id, row.token, Answer(**answer._mapping), words, row.attempts, row.request_id
        )

    async def finish(self, lease: Lease, result: dict[str, Any]) -> bool:
        """Put the corrected result in the place of the answer's; False when it is not ours.

        Where what was said was deleted meanwhile, it stays deleted.
        """
        async with writing(self._engine) as connection:
            done = await connection.execute(
                update(table)
                .where(self._ours(lease))
                .values(self._end("done") | {"result": {"score": result.get("score")}})
                .returning(table.c.answer_id)
            )
            answer_id = done.scalar()
            if answer_id is None:
                return False
            await connection.execute(
                update(answers)
                .where(
                    answers.c.id == answer_id,
                    answers.c.state == "done",
                    answers.c.redacted_at.is_(None),
                )
                .values(result=result)
            )
        return True

    # --- parts of the above

    async def _keyed(self, connection: AsyncConnection, new: NewCorrection) -> Correction | None:
        if new.idempotency_key is None:
            return None
        query = select(*_COLUMNS, table.c.body_hash).where(
            table.c.answer_id == new.answer_id, table.c.idempotency_key == new.idempotency_key
        )
        row = (await connection.execute(query)).first()
        if row is None:
            return None
        if row.body_hash != new.body_hash:
            raise errors.IdempotencyConflict
        return _correction(row)


_COLUMNS = [table.c[name] for name in Correction.__dataclass_fields__]


def _correction(row: Any) -> Correction:
    return Correction(**{name: getattr(row, name) for name in Correction.__dataclass_fields__})
