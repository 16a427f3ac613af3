"""The answers' queue: each method is one transaction, and the row is the truth.

A worker owns an answer by a lease that runs out unless renewed, so any process may die at any
point. Its fencing token grows with each claim, and every write of a worker is conditional on
it: whoever claimed last can finish, nobody else. Leases compare wall clocks, which may jump;
a jump can make two workers process the same answer, never make both finish it.
"""

import math
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat import clock, errors, settings
from mulakat.store.engine import reading, writing
from mulakat.store.tables import answers as table
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

_FINISHED = ("done", "failed")
_ACCEPT_LOCK = 0x616E7377
"""The key of PostgreSQL's advisory lock under which answers are accepted ("answ")."""


Move = Callable[[AsyncConnection], Awaitable[None]]
"""A change that belongs into the same transaction as the answer's row."""


class Answers:
    """All that is known of answers. Every method may raise errors.DatabaseBusy."""

    def __init__(
        self,
        engine: AsyncEngine,
        queue: settings.Queue,
        store: settings.Store,
        now: clock.Now = clock.now,
    ) -> None:
        self._engine = engine
        self._lease = timedelta(seconds=queue.lease)
        self._max_attempts = queue.max_attempts
        self._keep_audio = timedelta(seconds=store.keep_audio)
        self._keep_results = timedelta(seconds=store.keep_guest_results)
        self._now = now

    # --- the web side

    async def accept(self, new: NewAnswer, queue_limit: int, move: Move | None = None) -> Accepted:
        """Queue an answer, or find the one that an earlier request with its key made.

        Raises IdempotencyConflict when that one had another body, and QueueFull when
        `queue_limit` answers wait; a replay is never refused for a full queue. `move` is done
        in the same transaction, before a new row: what it raises leaves nothing behind.
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
            waiting = await connection.scalar(_count("queued"))
            if waiting >= queue_limit:
                each = await _seconds_each(connection)
                raise errors.QueueFull(min(max(math.ceil(each), 1), RETRY_AFTER_MOST))
            if move is not None:
                await move(connection)
            now = self._now()
            row = (
                await connection.execute(
                    insert(table)
                    .values(
                        {name: getattr(new, name) for name in NewAnswer.__slots__}
                        | {"id": clock.new_id(now), "state": "queued", "created_at": now}
                        | {"attempts": 0, "token": 0}
                    )
                    .returning(table)
                )
            ).one()
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
            running = await connection.scalar(_count("running"))
            each = await _seconds_each(connection)
        waited = (self._now() - oldest).total_seconds() if oldest else 0.0
        return Depth(queued, running, max(waited, 0.0), each)

    # --- the worker side

    async def claim(self, worker: str) -> Claim | None:
        """Take the oldest answer that waits or whose worker gave no sign of life, if any.

        Those that have been tried often enough fail on the way, as `worker_died`.
        """
        now = self._now()
        async with writing(self._engine) as connection:
            await self._fail_exhausted(connection)
            free = or_(
                table.c.state == "queued",
                and_(self._abandoned(), table.c.attempts < self._max_attempts),
            )
            oldest = (
                select(table.c.id)
                .where(free)
                .order_by(table.c.created_at, table.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)  # SQLite has one writer and needs none
                .scalar_subquery()
            )
            row = (
                await connection.execute(
                    update(table)
                    .where(table.c.id == oldest, free)
                    .values(
                        state="running",
                        token=table.c.token + 1,
                        attempts=table.c.attempts + 1,
                        worker=worker,
                        lease_until=now + self._lease,
                        started_at=now,
                        stage=None,
                        progress=None,
                    )
                    .returning(table)
                )
            ).first()
        return Claim(row.id, row.token, _answer(row)) if row else None

    async def heartbeat(self, lease: Lease, stage: str | None, progress: int | None) -> bool:
        """Renew the lease and say how far it is; False when the answer is no longer ours."""
        until = self._now() + self._lease
        return await self._write(lease, lease_until=until, stage=stage, progress=progress)

    async def finish(self, lease: Lease, result: dict[str, Any]) -> bool:
        """Store the result; False when the answer is no longer ours.

        Unless recordings are kept, the row lets go of its own in the same transaction:
        the caller may then remove the file, and the sweep does if it dies before.
        """
        return await self._write(lease, **self._end("done"), result=result)

    async def fail(self, lease: Lease, code: str, params: dict[str, Any]) -> bool:
        """Store the error, for good; False when the answer is no longer ours."""
        return await self._write(lease, **self._end("failed"), error_code=code, error_params=params)

    async def give_back(self, lease: Lease) -> bool:
        """Queue the answer again, this attempt not counted; False when it is not ours."""
        return await self._write(lease, **_QUEUED_AGAIN, attempts=table.c.attempts - 1)

    async def lost(self, lease: Lease) -> State | None:
        """Say that the worker with this lease is dead: queue the answer again, or fail it.

        Returns the state it has then, None when it is gone. Spares the wait for the lease.
        """
        async with writing(self._engine) as connection:
            attempts = await connection.scalar(
                select(table.c.attempts).where(_ours(lease)).with_for_update()
            )
            if attempts is not None and attempts < self._max_attempts:
                await connection.execute(update(table).where(_ours(lease)).values(_QUEUED_AGAIN))
            elif attempts is not None:
                await self._give_up(connection, lease, attempts)
            state: State | None = await connection.scalar(
                select(table.c.state).where(table.c.id == lease.id)
            )
        return state

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
                    select(table.c.id, table.c.audio_key).where(
                        table.c.state.in_(_FINISHED),
                        table.c.finished_at <= self._now() - self._keep_audio,
                        table.c.audio_key.is_not(None),
                    )
                )
            ).all()
            await connection.execute(
                update(table).where(table.c.id.in_([row.id for row in rows])).values(audio_key=None)
            )
        return {row.audio_key for row in rows}

    async def expire(self) -> int:
        """Delete guests' finished answers kept long enough, free old keys; returns the deleted.

        A deleted row's recording, if it still had one, is the sweep's from then on.
        """
        now = self._now()
        async with writing(self._engine) as connection:
            gone = await connection.execute(
                delete(table).where(
                    table.c.state.in_(_FINISHED),
                    table.c.owner.is_(None),
                    table.c.finished_at <= now - self._keep_results,
                )
            )
            await connection.execute(
                update(table)
                .where(table.c.idempotency_key.is_not(None), table.c.created_at <= now - KEY_LIFE)
                .values(idempotency_key=None)
            )
        return gone.rowcount

    # --- parts of the above

    async def _write(self, lease: Lease, **values: Any) -> bool:
        async with writing(self._engine) as connection:
            done = await connection.execute(update(table).where(_ours(lease)).values(values))
        return done.rowcount == 1

    def _end(self, state: State) -> dict[str, Any]:
        values = {
            "state": state,
            "finished_at": self._now(),
            "lease_until": None,
            "worker": None,
            "stage": None,
            "progress": None,
        }
        return values if self._keep_audio else values | {"audio_key": None}

    def _abandoned(self) -> ColumnElement[bool]:
        # A lease further ahead than any can be was given before the clock jumped back;
        # twice the lease leaves room for clocks that differ between machines.
        now = self._now()
        return and_(
            table.c.state == "running",
            or_(table.c.lease_until < now, table.c.lease_until > now + 2 * self._lease),
        )

    async def _fail_exhausted(self, connection: AsyncConnection) -> None:
        exhausted = select(table.c.id, table.c.token, table.c.attempts).where(
            self._abandoned(), table.c.attempts >= self._max_attempts
        )
        rows = (await connection.execute(exhausted.with_for_update(skip_locked=True))).all()
        for answer_id, token, attempts in rows:
            await self._give_up(connection, Lease(answer_id, token), attempts)

    async def _give_up(self, connection: AsyncConnection, lease: Lease, attempts: int) -> None:
        values = self._end("failed") | {
            "error_code": errors.WorkerDied.code,
            "error_params": {"attempts": attempts},
        }
        await connection.execute(update(table).where(_ours(lease)).values(values))

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


_QUEUED_AGAIN: dict[str, Any] = {
    "state": "queued",
    "lease_until": None,
    "worker": None,
    "stage": None,
    "progress": None,
}


def _ours(lease: Lease) -> ColumnElement[bool]:
    return and_(table.c.id == lease.id, table.c.token == lease.token, table.c.state == "running")


def _has_key(key: str, scope: str) -> ColumnElement[bool]:
    # Spelt as in the unique index, so that it serves.
    return and_(
        func.coalesce(table.c.owner, table.c.guest, text("''")) == scope,
        table.c.idempotency_key == key,
    )


def _count(state: State) -> Any:
    return select(func.count()).select_from(table).where(table.c.state == state)


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
