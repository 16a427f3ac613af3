"""A candidate's rights: everything to take along, nothing left, no longer than needed."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat import clock, errors, settings
from mulakat.observe.log import logger
from mulakat.store.engine import reading, writing
from mulakat.store.tables import accounts, answers, api_tokens, documents, egress, interviews, turns

BATCH = 20
"""Rows that an export holds at a time; an answer of some minutes is 100 KiB of objects."""

REDACTED_AT_ONCE = 20
"""Answers that are redacted in one transaction, their results held meanwhile."""

CHECKPOINTS = 5
"""Tries to empty SQLite's log after a deletion; a reader in the middle of its work delays it."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What was deleted: how many of each kind, and the spool's keys, which the caller removes."""

    counts: Mapping[str, int]
    files: tuple[str, ...]


class Rights:
    """Export, deletion and retention. Every method may raise errors.DatabaseBusy."""

    def __init__(
        self, engine: AsyncEngine, store: settings.Store, now: clock.Now = clock.now
    ) -> None:
        self._engine = engine
        self._keep = timedelta(days=store.keep_transcripts)
        self._now = now

    async def delete_account(self, account_id: str) -> Gone:
        """Delete an account and all rows that belong to it, whatever is under way.

        A worker that has an answer of it in hand finds its lease void. Raises NotFound, and
        LastAdmin for the only admin there is. Sessions and files are the caller's.
        """
        async with writing(self._engine) as connection:
            role = await connection.scalar(
                select(accounts.c.role).where(accounts.c.id == account_id).with_for_update()
            )
            if role is None:
                raise errors.NotFound
            if role == "admin" and await _admins(connection) == 1:
                raise errors.LastAdmin
            counts = {
                name: await connection.scalar(select(func.count()).where(condition)) or 0
                for name, condition in _owned(account_id).items()
            }
            files = await _files(connection, account_id)
            await connection.execute(delete(accounts).where(accounts.c.id == account_id))
        await self.forget()
        return Gone(counts, files)

    async def forget(self) -> None:
        """Take out of SQLite's log what was deleted; the file itself is overwritten (engine.py)."""
        if self._engine.dialect.name != "sqlite":
            return
        for _ in range(CHECKPOINTS):
            async with self._engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                busy = await connection.scalar(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            if not busy:
                return
        logger("store").warning("the database's log could not be emptied yet")

    async def redact(self) -> int:
        """Delete what was said in answers older than `keep_transcripts`; returns how many.

        Scores, measures and dates stay. REDACTED_AT_ONCE at most, in one transaction.
        """
        if not self._keep:
            return 0
        now = self._now()
        old = (
            select(answers.c.id, answers.c.result, answers.c.typed_text)
            .where(
                answers.c.finished_at <= now - self._keep,  # of failed ones too: what was typed
                answers.c.redacted_at.is_(None),
                answers.c.owner.is_not(None),
            )
            .order_by(answers.c.finished_at)
            .limit(REDACTED_AT_ONCE)
        )
        async with writing(self._engine) as connection:
            rows = (await connection.execute(old)).all()
            for row in rows:
                await connection.execute(
                    update(answers)
                    .where(answers.c.id == row.id)
                    .values(
                        result=redacted(row.result) if row.result else row.result,
                        typed_text=None if row.typed_text is None else "",
                        additional_text="",
                        redacted_at=now,
                    )
                )
        return len(rows)

    async def account(self, account_id: str) -> dict[str, Any]:
        """Return an account's own row, without its password."""
        columns = [c for c in accounts.c if c.name not in {"password_hash", "epoch"}]
        async with reading(self._engine) as connection:
            row = await connection.execute(select(*columns).where(accounts.c.id == account_id))
            found = row.mappings().first()
        return dict(found) if found else {}

    def rows(self, kind: str, account_id: str) -> AsyncIterator[dict[str, Any]]:
        """Yield an account's rows of a kind (see KINDS), the oldest first, BATCH at a time."""
        return self._rows(KINDS[kind], account_id)

    async def _rows(self, table: Table, account_id: str) -> AsyncIterator[dict[str, Any]]:
        owner = table.c.owner if "owner" in table.c else table.c.account_id
        columns = [c for c in table.c if c.name not in _UNTOLD]
        after = ""
        while True:
            query = (
                select(*columns)
                .where(owner == account_id, table.c.id > after)
                .order_by(table.c.id)
                .limit(BATCH)
            )
            async with reading(self._engine) as connection:
                found = (await connection.execute(query)).mappings().all()
            for row in found:
                yield dict(row)
            if len(found) < BATCH:
                return
            after = found[-1]["id"]


KINDS: Mapping[str, Table] = {
    "answers": answers,
    "interviews": interviews,
    "documents": documents,
    "tokens": api_tokens,
    "egress": egress,
}
"""The tables whose rows belong to an account."""

_UNTOLD = frozenset(
    {"digest", "lease_until", "worker", "token", "body_hash", "idempotency_key", "guest"}
)
"""Columns that say nothing about a person: how we work."""


def redacted(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without a word of what was said; its scores and measures stay."""
    kept = {
        key: value
        for key, value in result.items()
        if key not in {"words", "strip", "strengths", "advice", "story", "transcribed_text"}
    }
    return kept | {
        "transcribed_text": "",
        "words": [],
        "strip": None,
        "strengths": [],
        "criteria": [one | {"evidence": []} for one in result.get("criteria") or ()],
        "points": [one | {"evidence": None} for one in result.get("points") or ()],
        "delivery": _delivery(result.get("delivery")),
        "redacted": True,
    }


def _delivery(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not found:
        return None
    fillers = dict(found.get("fillers") or {})
    return dict(found) | {"fillers": fillers | {"items": []}}


def _owned(account_id: str) -> dict[str, ColumnElement[bool]]:
    mine = select(interviews.c.id).where(interviews.c.account_id == account_id)
    return {
        "answers": answers.c.owner == account_id,
        "interviews": interviews.c.account_id == account_id,
        "questions_asked": turns.c.interview_id.in_(mine),
        "documents": documents.c.account_id == account_id,
        "api_tokens": api_tokens.c.account_id == account_id,
        "ledger_lines": egress.c.account_id == account_id,
    }


async def _admins(connection: AsyncConnection) -> int:
    query = select(func.count()).where(accounts.c.role == "admin")
    return await connection.scalar(query) or 0


async def _files(connection: AsyncConnection, account_id: str) -> tuple[str, ...]:
    recordings = select(answers.c.audio_key).where(
        answers.c.owner == account_id, answers.c.audio_key.is_not(None)
    )
    papers = select(documents.c.file_key).where(
        documents.c.account_id == account_id, documents.c.file_key.is_not(None)
    )
    found = [*(await connection.scalars(recordings)), *(await connection.scalars(papers))]
    return tuple(str(key) for key in found)
