"""The ledger of what left this server: to whom, for what, when, how many bytes; never what."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock, errors
from mulakat.store.engine import reading, writing
from mulakat.store.sent import Sent
from mulakat.store.tables import egress as table

PAGE = 100
"""Lines of a page."""


class Ledger:
    """Every method may raise errors.DatabaseBusy."""

    def __init__(self, engine: AsyncEngine, now: clock.Now = clock.now) -> None:
        self._engine = engine
        self._now = now

    async def begin(self, sent: Sent, account_id: str | None, answer_id: str | None) -> str:
        """Write the line of a request that is about to be sent; return its id.

        Raises NotFound when the answer or the account is gone: then nothing may be sent.
        """
        now = self._now()
        line = clock.new_id(now)
        try:
            async with writing(self._engine) as connection:
                await connection.execute(
                    insert(table).values(
                        asdict(sent)
                        | {"id": line, "at": now}
                        | {"account_id": account_id, "answer_id": answer_id}
                    )
                )
        except IntegrityError:
            raise errors.NotFound from None
        return line

    async def end(self, line: str, sent: Sent) -> None:
        """Write what came of a request; nothing where its line is gone with the account."""
        async with writing(self._engine) as connection:
            await connection.execute(update(table).where(table.c.id == line).values(asdict(sent)))

    async def of(self, account_id: str, before: str | None = None) -> list[dict[str, Any]]:
        """Return an account's lines, the newest first, PAGE of them older than the one named."""
        query = select(table).where(table.c.account_id == account_id)
        if before is not None:
            query = query.where(table.c.id < before)
        async with reading(self._engine) as connection:
            rows = await connection.execute(query.order_by(table.c.id.desc()).limit(PAGE))
            return [_line(row) for row in rows.mappings()]

    async def sums(self, since: datetime) -> list[dict[str, Any]]:
        """Return requests and bytes by provider, model and purpose since a moment."""
        query = (
            select(
                table.c.provider,
                table.c.model,
                table.c.purpose,
                func.count().label("requests"),
                func.sum(table.c.bytes_sent).label("bytes_sent"),
                func.sum(table.c.bytes_received).label("bytes_received"),
            )
            .where(table.c.at >= since)
            .group_by(table.c.provider, table.c.model, table.c.purpose)
            .order_by(table.c.provider, table.c.model, table.c.purpose)
        )
        async with reading(self._engine) as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]


def _line(row: Any) -> dict[str, Any]:
    line = {name: row[name] for name in Sent.__slots__}
    return line | {
        "id": row["id"],
        "answer_id": row["answer_id"],
        "at": row["at"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
