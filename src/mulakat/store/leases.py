"""Work that is claimed from a table: leases that run out, fencing tokens, attempts.

Any table with `work_columns()` is such a queue; each method is one transaction, and the row is
the truth. A worker owns a row by a lease that runs out unless renewed, so any process may die at
any point. Its fencing token grows with each claim, and every write of a worker is conditional on
it: whoever claimed last can finish, nobody else. Leases compare wall clocks, which may jump; a
jump can make two workers process the same row, never make both finish it.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat import clock, errors, settings
from mulakat.store.engine import writing
from mulakat.store.values import Lease, State


class Leases:
    """The worker's side of one table. Every method may raise errors.DatabaseBusy.

    `let_go` are the values a row gets in the transaction that ends it, whichever way: what it
    no longer needs.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        table: Table,
        queue: settings.Queue,
        *,
        let_go: dict[str, Any],
        max_attempts: int,
        now: clock.Now,
    ) -> None:
        self._engine = engine
        self._table = table
        self._lease = timedelta(seconds=queue.lease)
        self._max_attempts = max_attempts
        self._let_go = let_go
        self._now = now

    async def take(self, worker: str) -> Row[Any] | None:
        """Take the oldest row that waits or whose worker gave no sign of life, if any.

        Those that have been tried often enough fail on the way, as `worker_died`.
        """
        table, now = self._table, self._now()
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
            row: Row[Any] | None = (
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
            return row

    async def heartbeat(self, lease: Lease, stage: str | None, progress: int | None) -> bool:
        """Renew the lease and say how far it is; False when the row is no longer ours."""
        until = self._now() + self._lease
        return await self._write(lease, lease_until=until, stage=stage, progress=progress)

    async def finish(self, lease: Lease, result: dict[str, Any]) -> bool:
        """Store the result; False when the row is no longer ours.

        What the row lets go of (its file) it does in the same transaction: the caller may then
        remove the file, and the sweep does if it dies before.
        """
        return await self._write(lease, **self._end("done"), result=result)

    async def fail(self, lease: Lease, code: str, params: dict[str, Any]) -> bool:
        """Store the error, for good; False when the row is no longer ours."""
        return await self._write(lease, **self._end("failed"), error_code=code, error_params=params)

    async def give_back(self, lease: Lease) -> bool:
        """Queue the row again, this attempt not counted; False when it is not ours."""
        return await self._write(lease, **_QUEUED_AGAIN, attempts=self._table.c.attempts - 1)

    async def postpone(self, lease: Lease) -> bool:
        """Leave the row alone for the time of a lease, then it is claimed anew.

        This attempt is not counted. False when the row is not ours.
        """
        until = self._now() + self._lease
        return await self._write(lease, lease_until=until, attempts=self._table.c.attempts - 1)

    async def lost(self, lease: Lease) -> State | None:
        """Say that the worker with this lease is dead: queue the row again, or fail it.

        Returns the state it has then, None when it is gone. Spares the wait for the lease.
        """
        async with writing(self._engine) as connection:
            attempts = await connection.scalar(
                select(self._table.c.attempts).where(self._ours(lease)).with_for_update()
            )
            if attempts is not None and attempts < self._max_attempts:
                await connection.execute(
                    update(self._table).where(self._ours(lease)).values(_QUEUED_AGAIN)
                )
            elif attempts is not None:
                await self._give_up(connection, lease, attempts)
            state: State | None = await connection.scalar(
                select(self._table.c.state).where(self._table.c.id == lease.id)
            )
        return state

    # --- parts of the above

    async def _write(self, lease: Lease, **values: Any) -> bool:
        async with writing(self._engine) as connection:
            done = await connection.execute(
                update(self._table).where(self._ours(lease)).values(values)
            )
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
        return values | self._let_go

    def _abandoned(self) -> ColumnElement[bool]:
        # A lease further ahead than any can be was given before the clock jumped back;
        # twice the lease leaves room for clocks that differ between machines.
        now = self._now()
        return and_(
            self._table.c.state == "running",
            or_(self._table.c.lease_until < now, self._table.c.lease_until > now + 2 * self._lease),
        )

    async def _fail_exhausted(self, connection: AsyncConnection) -> None:
        exhausted = select(self._table.c.id, self._table.c.token, self._table.c.attempts).where(
            self._abandoned(), self._table.c.attempts >= self._max_attempts
        )
        rows = (await connection.execute(exhausted.with_for_update(skip_locked=True))).all()
        for row_id, token, attempts in rows:
            await self._give_up(connection, Lease(row_id, token), attempts)

    async def _give_up(self, connection: AsyncConnection, lease: Lease, attempts: int) -> None:
        values = self._end("failed") | {
            "error_code": errors.WorkerDied.code,
            "error_params": {"attempts": attempts},
        }
        await connection.execute(update(self._table).where(self._ours(lease)).values(values))

    def _ours(self, lease: Lease) -> ColumnElement[bool]:
        columns = self._table.c
        return and_(
            columns.id == lease.id, columns.token == lease.token, columns.state == "running"
        )

    async def _count(self, connection: AsyncConnection, state: State) -> int:
        query = select(func.count()).select_from(self._table).where(self._table.c.state == state)
        return await connection.scalar(query) or 0


_QUEUED_AGAIN: dict[str, Any] = {
    "state": "queued",
    "lease_until": None,
    "worker": None,
    "stage": None,
    "progress": None,
}
