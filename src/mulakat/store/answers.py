"""The answers and their queue: accepting, looking, upkeep; the worker's side is in leases.py."""

import math
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat import clock, errors, settings
from mulakat.store.engine import reading, writing
from mulakat.store.leases import Leases
from mulakat.store.tables import answers as table
from mulakat.store.tables import corrections, egress
from mulakat.store.values import (
    Accepted,
    Answer,
    Claim,
    Depth,
    Lease,
    NewAnswer,
    Progress,
    State,
)

KEY_LIFE = timedelta(hours=24)
"""How long an idempotency key stands for its first answer (design: interface)."""

LATELY = 20
"""Finished answers that the average duration is taken over."""

SECONDS_EACH_UNKNOWN = 10.0
"""The guess while none has finished: a minute of speech at a real-time factor of 0.1 to 0.2."""

RETRY_AFTER_MOST = 300
"""Seconds; nobody is told to come back later than this."""

_ACCEPT_LOCK = 0x616E7377
"""The key of PostgreSQL's advisory lock under which answers are accepted ("answ")."""


Move = Callable[[AsyncConnection], Awaitable[None]]
"""A change that belongs into the same transaction as the answer's row."""


class Answers(Leases):
    """All that is known of answers. Every method may raise errors.DatabaseBusy."""

    def __init__(
        self,
        engine: AsyncEngine,
        queue: settings.Queue,
        store: settings.Store,
        now: clock.Now = clock.now,
    ) -> None:
        super().__init__(
            engine,
            table,
            queue,
            let_go={} if store.keep_audio else {"audio_key": None},
            max_attempts=queue.max_attempts,
            now=now,
        )
        self._keep_audio = timedelta(seconds=store.keep_audio)
        self._keep_results = timedelta(seconds=store.keep_guest_results)

    # --- the web side

    async def accept(self, new: NewAnswer, queue_limit: int, move: Move | None = None) -> Accepted:
        """Queue an answer, or find the one that an earlier request with its key made.

        Raises IdempotencyConflict when that one had another body, and QueueFull when
        `queue_limit` answers wait; a replay is never refused for a full queue. `move` is done
        in the same transaction, before a new row: what it raises leaves nothing behind. Raises
        NotFound when the account or the interview was deleted meanwhile.
        """
        async with writing(self._engine) as connection:
            if self._engine.dialect.name == "postgresql":
                # One accepts at a time, as SQLite has it anyway: the limit is exact and of
                # fifty identical requests the first one's row is seen by all others.
                await connection.execute(select(func.pg_advisory_xact_lock(_ACCEPT_LOCK)))
            if new.idempotency_key is not None:
                first = await self._keyed(connection, new.idempotency_key, new.scope)
                if first is not None and first.body_hash != new.body_hash:
                    raise errors.IdempotencyConflict
                if first is not None:
                    return Accepted(first, replayed=True)
                await self._free_key(connection, new.idempotency_key, new.scope)
            waiting = await self._count(connection, "queued")
            if waiting >= queue_limit:
                each = await _seconds_each(connection)
                raise errors.QueueFull(min(max(math.ceil(each), 1), RETRY_AFTER_MOST))
            if move is not None:
                await move(connection)
            now = self._now()
            made = (
                insert(table)
                .values(
                    {name: getattr(new, name) for name in NewAnswer.__slots__}
                    | {"id": clock.new_id(now), "state": "queued", "created_at": now}
                    | {"attempts": 0, "token": 0}
                )
                .returning(table)
            )
            try:
                row = (await connection.execute(made)).one()
            except IntegrityError as error:
                if "foreign key" not in str(error.orig).lower():
                    raise
                raise errors.NotFound from None
            return Accepted(_answer(row), replayed=False)

    async def get(self, answer_id: str) -> Answer | None:
        """Return an answer, or None when there is none of that id."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(table).where(table.c.id == answer_id))).first()
        return _answer(row) if row else None

    async def progress(self, ids: Iterable[str]) -> dict[str, Progress]:
        """Return how far answers are, in one query; ids that are gone are left out."""
        place = func.row_number().over(order_by=(table.c.created_at, table.c.id)).label("place")
        queue = select(table.c.id, place).where(table.c.state == "queued").subquery()
        query = (
            select(
                table.c.id,
                table.c.state,
                table.c.stage,
                table.c.progress,
                queue.c.place,
                table.c.error_code,
            )
            .outerjoin(queue, queue.c.id == table.c.id)
            .where(table.c.id.in_(list(ids)))
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return {row[0]: Progress(*row[1:]) for row in rows}

    async def delete(self, answer_id: str) -> Answer | None:
        """Delete an answer, in whatever state; returns what it was, None when there is none.

        A worker that has it in hand finds its lease void. The recording is the caller's to
        remove.
        """
        async with writing(self._engine) as connection:
            query = delete(table).where(table.c.id == answer_id).returning(table)
            row = (await connection.execute(query)).first()
        return _answer(row) if row else None

    async def depth(self) -> Depth:
        """Return how much waits and how fast it goes."""
        async with reading(self._engine) as connection:
            queued, oldest = (
                await connection.execute(
                    select(func.count(), func.min(table.c.created_at)).where(
                        table.c.state == "queued"
                    )
                )
            ).one()
            running = await self._count(connection, "running")
            each = await _seconds_each(connection)
        waited = (self._now() - oldest).total_seconds() if oldest else 0.0
        return Depth(queued, running, max(waited, 0.0), each)

    # --- the worker side; more of it in Leases

    async def claim(self, worker: str) -> Claim | None:
        """Take the oldest answer that waits, as `take` says."""
        row = await self.take(worker)
        return Claim(row.id, row.token, _answer(row)) if row else None

    # --- upkeep

    async def owned_audio(self) -> set[str]:
        """Return the keys of all recordings that a row still owns."""
        query = select(table.c.audio_key).where(table.c.audio_key.is_not(None))
        async with reading(self._engine) as connection:
            return set((await connection.scalars(query)).all())

    async def release_kept_audio(self) -> set[str]:
        """Let go of the recordings kept long enough after the end; returns their keys."""
        async with writing(self._engine) as connection:
            rows = (
                await connection.execute(
                    # Not by the state, whose index leads to all that is finished; SQLite takes
                    # the key's index for a comparison only.
                    select(table.c.id, table.c.audio_key).where(
                        table.c.finished_at <= self._now() - self._keep_audio,
                        table.c.audio_key > "",
                    )
                )
            ).all()
            await connection.execute(
                update(table).where(table.c.id.in_([row.id for row in rows])).values(audio_key=None)
            )
        return {row.audio_key for row in rows}

    async def expire(self) -> int:
        """Delete guests' finished answers kept long enough, free old keys; returns the deleted.

        What the ledger says of guests goes as late. A deleted row's recording, if it still had
        one, is the sweep's from then on.
        """
        now = self._now()
        async with writing(self._engine) as connection:
            gone = await connection.execute(
                delete(table).where(
                    table.c.owner.is_(None),
                    table.c.finished_at <= now - self._keep_results,
                )
            )
            await connection.execute(
                delete(egress).where(
                    egress.c.account_id.is_(None), egress.c.at <= now - self._keep_results
                )
            )
            await connection.execute(  # no retry can ask for them any more
                delete(corrections).where(corrections.c.finished_at <= now - KEY_LIFE)
            )
            await connection.execute(
                update(table)
                .where(table.c.idempotency_key.is_not(None), table.c.created_at <= now - KEY_LIFE)
                .values(idempotency_key=None)
            )
        return gone.rowcount

    # --- parts of the above

    async def _keyed(self, connection: AsyncConnection, key: str, scope: str) -> Answer | None:
        query = select(table).where(
            _has_key(key, scope), table.c.created_at > self._now() - KEY_LIFE
        )
        row = (await connection.execute(query)).first()
        return _answer(row) if row else None

    async def _free_key(self, connection: AsyncConnection, key: str, scope: str) -> None:
        await connection.execute(
            update(table).where(_has_key(key, scope)).values(idempotency_key=None)
        )


def _has_key(key: str, scope: str) -> ColumnElement[bool]:
    # Spelt as in the unique index, so that it serves.
    return and_(
        func.coalesce(table.c.owner, table.c.guest, text("''")) == scope,
        table.c.idempotency_key == key,
    )


async def _seconds_each(connection: AsyncConnection) -> float:
    rows = (
        await connection.execute(
            select(table.c.started_at, table.c.finished_at)
            .where(table.c.state == "done")
            .order_by(table.c.finished_at.desc())
            .limit(LATELY)
        )
    ).all()
    if not rows:
        return SECONDS_EACH_UNKNOWN
    spans: list[float] = [(finished - started).total_seconds() for started, finished in rows]
    return max(sum(spans) / len(spans), 0.0)


def _answer(row: Row[Any]) -> Answer:
    return Answer(**row._mapping)


__all__ = ["Accepted", "Answer", "Answers", "Claim", "Depth", "Lease", "NewAnswer", "Progress",
           "State"]  # fmt: skip
