"""A candidate's rights: everything to take along, nothing left, no longer than needed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    delete,
    func,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mulakat import clock, errors, settings
from mulakat.observe.log import logger
from mulakat.store.engine import reading, writing
from mulakat.store.tables import accounts, answers, api_tokens, documents, egress, interviews, turns

BATCH = 20
"""Rows that an export holds at a time; an answer of some minutes is 100 KiB of objects."""

REDACTED_AT_ONCE = 20
"""Answers that are redacted in one transaction, their results held meanwhile."""

DELETED_AT_ONCE = 500
"""Answers that one transaction deletes: others write in between, and the log stays small (of
10,000 answers in one transaction it was 213 MB, which a full disk would not have had)."""

CHECKPOINTS = 5
"""Tries to empty SQLite's log after a deletion; a reader in the middle of its work delays it."""

CHECKPOINT_MS = 100
"""How long each try waits for readers. Writers wait with it, so it must be short: a backup reads
for seconds."""


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
        LastAdmin for the only admin there is. Sessions and files are the caller's. What ends it
        in the middle leaves an account with fewer answers, to be deleted again; files whose rows
        are gone by then are the sweep's.
        """
        batch = select(answers.c.id).where(answers.c.owner == account_id).limit(DELETED_AT_ONCE)
        some = delete(answers).where(answers.c.id.in_(batch)).returning(answers.c.audio_key)
        deleted, files = 0, list[str]()
        while True:
            async with writing(self._engine) as connection:
                await _may_go(connection, account_id)
                keys = (await connection.scalars(some)).all()
                deleted += len(keys)
                files += [key for key in keys if key]
                if len(keys) < DELETED_AT_ONCE:
                    counts = {"answers": deleted} | {
                        name: await connection.scalar(select(func.count()).where(condition)) or 0
                        for name, condition in _owned(account_id).items()
                    }
                    files += await connection.scalars(_papers(account_id))
                    await connection.execute(delete(accounts).where(accounts.c.id == account_id))
                    break
        await self.forget()
        return Gone(counts, tuple(files))

    async def owned(self, account_id: str) -> dict[str, int]:
        """Return how much of each kind would go with an account."""
        kinds = {"answers": answers.c.owner == account_id} | _owned(account_id)
        async with reading(self._engine) as connection:
            return {
                name: await connection.scalar(select(func.count()).where(condition)) or 0
                for name, condition in kinds.items()
            }

    async def forget(self) -> None:
        """Take out of SQLite's log what was deleted; the file itself is overwritten (engine.py).

        While somebody reads for long it is left to the next call, which comes each minute.
        """
        if self._engine.dialect.name != "sqlite":
            return
        try:
            for _ in range(CHECKPOINTS):
                if await self._checkpoint():
                    return
                await asyncio.sleep(CHECKPOINT_MS / 1000)  # writers have their turn
        except SQLAlchemyError as error:
            logger("store").warning("the database's log was not emptied", kind=type(error).__name__)
            return
        logger("store").info("the database's log could not be emptied yet")

    async def _checkpoint(self) -> bool:
        """Empty SQLite's log; return whether nobody's reading was in the way."""
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            before = await connection.scalar(text("PRAGMA busy_timeout"))
            try:
                await connection.execute(text(f"PRAGMA busy_timeout = {CHECKPOINT_MS}"))
                busy = await connection.scalar(text("PRAGMA wal_checkpoint(TRUNCATE)"))
                await connection.execute(text(f"PRAGMA busy_timeout = {before}"))
            except SQLAlchemyError:  # cancelled, it is closed already
                await connection.invalidate()
                raise
        return not busy

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
        at = table.c.at if "at" in table.c else table.c.created_at  # as the indexes have it
        query = select(*columns).where(owner == account_id).order_by(at, table.c.id).limit(BATCH)
        after: ColumnElement[bool] = true()
        while True:
            async with reading(self._engine) as connection:
                found = (await connection.execute(query.where(after))).mappings().all()
            for row in found:
                yield dict(row)
            if len(found) < BATCH:
                return
            after = tuple_(at, table.c.id) > tuple_(found[-1][at.name], found[-1]["id"])


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
    """Return a result without a word of what was said; its scores and measures stay.

    Only what is known to be none of it is kept, so that nothing new is kept by mistake.
    """
    return _only(result, _KEPT) | {
        "transcribed_text": "",
        "words": [],
        "strip": None,
        "strengths": [],
        "criteria": [
            _only(one, _KEPT_OF_CRITERIA) | {"evidence": []} for one in result.get("criteria") or ()
        ],
        "points": [
            _only(one, _KEPT_OF_POINTS) | {"evidence": None} for one in result.get("points") or ()
        ],
        "delivery": _delivery(result.get("delivery")),
        "redacted": True,
    }


_KEPT = frozenset(
    {"language", "evaluation", "scored", "reason", "score", "gaps", "improvements", "engine"}
    | {"has_audio", "audio_url", "timings"}
)
"""Parts of a result in which no word of the answer can be, but for a filler that is advised
against ("“like” makes the statement weaker"), which is the lexicon's."""

_KEPT_OF_CRITERIA = frozenset({"key", "name", "weight", "score", "advice"})
_KEPT_OF_POINTS = frozenset({"text", "state"})
_KEPT_OF_FILLERS = frozenset({"count", "per_minute"})


def _only(found: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key in keys}


def _delivery(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not found:
        return None
    fillers = _only(found.get("fillers") or {}, _KEPT_OF_FILLERS)
    return dict(found) | {"fillers": fillers | {"items": []}}


def _owned(account_id: str) -> dict[str, ColumnElement[bool]]:
    mine = select(interviews.c.id).where(interviews.c.account_id == account_id)
    return {
        "interviews": interviews.c.account_id == account_id,
        "questions_asked": turns.c.interview_id.in_(mine),
        "documents": documents.c.account_id == account_id,
        "api_tokens": api_tokens.c.account_id == account_id,
        "ledger_lines": egress.c.account_id == account_id,
    }


async def _may_go(connection: AsyncConnection, account_id: str) -> None:
    """Raise NotFound for no account, LastAdmin for the only admin; hold it until the end."""
    # All admins are held, in one order: of the last two, one at a time asks.
    theirs = select(accounts.c.id).where(accounts.c.role == "admin").order_by(accounts.c.id)
    admins = (await connection.scalars(theirs.with_for_update())).all()
    if list(admins) == [account_id]:
        raise errors.LastAdmin
    mine = select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()
    if await connection.scalar(mine) is None:
        raise errors.NotFound


def _papers(account_id: str) -> Select[tuple[str]]:
    return select(documents.c.file_key).where(
        documents.c.account_id == account_id, documents.c.file_key.is_not(None)
    )
