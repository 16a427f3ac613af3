"""CVs and job postings: accepting them, their place in the work, and letting go of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock, errors, settings
from mulakat.store.engine import reading, writing
from mulakat.store.leases import Leases
from mulakat.store.tables import accounts
from mulakat.store.tables import documents as table
from mulakat.store.values import Lease, State

MOST = 10
"""Documents an account may keep: some versions of a CV, and the postings of a search."""

MAX_ATTEMPTS = 2
"""A document that ends its reader has failed at once (worker/reading.py); the second attempt is
for one whose worker died beside it."""

AT_ONCE = 200
"""Rows that upkeep deletes in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document to accept; its file is in the spool. `language` is that of the sentences."""

    account_id: str
    purpose: str
    media: str
    language: str
    file_key: str
    file_bytes: int
    file_sha256: str
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as it stands; `file_key` is None once it was read, `result` then has its text."""

    id: str
    account_id: str
    purpose: str
    media: str
    language: str
    file_key: str | None
    file_bytes: int
    file_sha256: str
    used_at: datetime
    state: State
    attempts: int
    token: int
    worker: str | None
    lease_until: datetime | None
    stage: str | None
    progress: int | None
    result: dict[str, Any] | None
    error_code: str | None
    error_params: dict[str, Any] | None
    request_id: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentClaim(Lease):
    """A lease, with the document as it was when claimed."""

    document: Document


class Documents(Leases):
    """All that is known of documents. Every method may raise errors.DatabaseBusy."""

    def __init__(
        self,
        engine: AsyncEngine,
        queue: settings.Queue,
        store: settings.Store,
        now: clock.Now = clock.now,
    ) -> None:
        self._keep = timedelta(days=store.keep_documents)
        super().__init__(
            engine, table, queue, let_go={"file_key": None}, max_attempts=MAX_ATTEMPTS, now=now
        )

    async def accept(self, new: NewDocument) -> tuple[Document, bool]:
        """Queue a document; return it, and whether the same file was there already.

        One that failed is replaced, to be tried anew. Raises DocumentsFull, and NotFound when
        the account is gone.
        """
        same = (
            table.c.account_id == new.account_id,
            table.c.purpose == new.purpose,
            table.c.file_sha256 == new.file_sha256,
        )
        async with writing(self._engine) as connection:
            # One document of an account at a time, so that the limit is exact.
            account = select(accounts.c.id).where(accounts.c.id == new.account_id)
            if await connection.scalar(account.with_for_update()) is None:
                raise errors.NotFound
            await connection.execute(delete(table).where(*same, table.c.state == "failed"))
            first = (await connection.execute(select(table).where(*same))).first()
            if first:
                return _document(first), True
            kept = await connection.scalar(
                select(func.count()).where(table.c.account_id == new.account_id)
            )
            if (kept or 0) >= MOST:
                raise errors.DocumentsFull(limit=MOST)
            now = self._now()
            values = {name: getattr(new, name) for name in NewDocument.__slots__}
            row = (
                await connection.execute(
                    insert(table)
                    .values(
                        values
                        | {"id": clock.new_id(now), "state": "queued", "attempts": 0, "token": 0}
                        | {"created_at": now, "used_at": now}
                    )
                    .returning(table)
                )
            ).one()
        return _document(row), False

    async def get(self, account_id: str, document_id: str) -> Document | None:
        """Return a document of an account, or None when it has none of that id."""
        async with reading(self._engine) as connection:
            query = select(table).where(*_own(account_id, document_id))
            found = (await connection.execute(query)).first()
        return _document(found) if found else None

    async def of(self, account_id: str) -> list[Document]:
        """Return an account's documents, the newest first, without results; at most MOST."""
        query = (
            select(*(one for one in table.c if one is not table.c.result))
            .where(table.c.account_id == account_id)
            .order_by(table.c.created_at.desc(), table.c.id.desc())
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [Document(**row._mapping, result=None) for row in rows]

    async def delete(self, account_id: str, document_id: str) -> Document | None:
        """Delete a document, in whatever state; returns what it was. Its file is the caller's."""
        query = delete(table).where(*_own(account_id, document_id)).returning(table)
        async with writing(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return _document(row) if row else None

    async def claim(self, worker: str) -> DocumentClaim | None:
        """Take the oldest document that waits, as `take` says."""
        row = await self.take(worker)
        return DocumentClaim(row.id, row.token, _document(row)) if row else None

    async def owned_files(self) -> set[str]:
        """Return the spool's keys of all documents that are not read yet."""
        query = select(table.c.file_key).where(table.c.file_key.is_not(None))
        async with reading(self._engine) as connection:
            return set((await connection.scalars(query)).all())

    async def expire(self) -> int:
        """Delete documents unused for `keep_documents`; returns how many, AT_ONCE at most.

        A deleted row's file, if it still had one, is the sweep's from then on.
        """
        if not self._keep:
            return 0
        past = self._now() - self._keep
        old = (
            select(table.c.id)
            .where(table.c.used_at <= past, table.c.state != "running")
            .order_by(table.c.used_at)
            .limit(AT_ONCE)
        )
        async with writing(self._engine) as connection:
            gone = await connection.execute(delete(table).where(table.c.id.in_(old)))
        return gone.rowcount


def _own(account_id: str, document_id: str) -> tuple[Any, Any]:
    return table.c.id == document_id, table.c.account_id == account_id


def _document(row: Row[Any]) -> Document:
    return Document(**row._mapping)
