"""Accounts: who may log in, how to address them, and the epoch their sessions belong to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock, errors
from mulakat.store.engine import reading, writing
from mulakat.store.tables import accounts as table
from mulakat.store.tables import answers, api_tokens, documents, egress, interviews

Role = Literal["candidate", "admin"]

SHOWN = (
    table.c.id,
    table.c.email,
    table.c.name,
    table.c.role,
    table.c.language,
    table.c.epoch,
    table.c.created_at,
)
"""The columns of an Account, in its order."""


PAGE = 100
"""Accounts that are listed at a time."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account, without the password's hash.

    `email` is in lower case, `name` may be empty, `language` is None until it is chosen.
    Sessions of an older `epoch` are void.
    """

    id: str
    email: str
    name: str
    role: Role
    language: str | None
    epoch: int
    created_at: datetime


class Accounts:
    """All accounts; e-mail addresses are given in lower case. Methods may raise DatabaseBusy."""

    def __init__(self, engine: AsyncEngine, now: clock.Now = clock.now) -> None:
        self._engine = engine
        self._now = now

    async def create(
        self,
        email: str,
        name: str,
        password_hash: str,
        role: Role = "candidate",
        *,
        language: str | None = None,
    ) -> Account:
        """Make an account. Raises EmailTaken when there is one of this address."""
        now = self._now()
        values = {
            "id": clock.new_id(now),
            "email": email,
            "name": name,
            "password_hash": password_hash,
            "role": role,
            "language": language,
            "epoch": 1,
            "created_at": now,
        }
        try:
            async with writing(self._engine) as connection:
                made = insert(table).values(values).returning(*SHOWN)
                row = (await connection.execute(made)).one()
        except IntegrityError:
            # Asked afterwards, not before: of two that register at once, one is refused.
            if await self.credentials(email) is None:
                raise
            raise errors.EmailTaken from None
        return Account(*row)

    async def get(self, account_id: str) -> Account | None:
        """Return an account, or None when there is none of that id."""
        return await self._first(select(*SHOWN).where(table.c.id == account_id))

    async def credentials(self, email: str) -> tuple[Account, str] | None:
        """Return the account of an address and its password's hash, or None."""
        query = select(*SHOWN, table.c.password_hash).where(table.c.email == email)
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return (Account(*row[:-1]), row[-1]) if row else None

    async def set_password(self, account_id: str, password_hash: str) -> Account:
        """Replace the password's hash; every session there is becomes void, and every API token
        ends: whoever knew the password may have made one. Raises NotFound.
        """
        values = {"password_hash": password_hash, "epoch": table.c.epoch + 1}
        changed = update(table).where(table.c.id == account_id).values(values)
        async with writing(self._engine) as connection:
            row = (await connection.execute(changed.returning(*SHOWN))).first()
            theirs = api_tokens.c.account_id == account_id
            await connection.execute(delete(api_tokens).where(theirs))
        if row is None:
            raise errors.NotFound
        return Account(*row)

    async def change(
        self, account_id: str, *, name: str | None = None, language: str | None = None
    ) -> Account:
        """Replace what is given. Raises NotFound."""
        values = {"name": name, "language": language}
        return await self._set(account_id, **{k: v for k, v in values.items() if v is not None})

    async def set_role(self, account_id: str, role: Role) -> Account:
        """Make a candidate an admin, or the other way round. Raises NotFound."""
        return await self._set(account_id, role=role)

    async def admins(self) -> list[Account]:
        """Return the accounts with the role admin, the oldest first."""
        query = select(*SHOWN).where(table.c.role == "admin").order_by(table.c.id)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [Account(*row) for row in rows]

    async def page(self, before: str | None = None) -> list[dict[str, Any]]:
        """Return PAGE accounts, the newest first, older than the one named; for the operator.

        Each with its address, role, day, and how many interviews, answers and documents it has.
        """
        owners = (interviews.c.account_id, answers.c.owner, documents.c.account_id)
        counts = [
            select(func.count())
            .where(owner == table.c.id)
            .scalar_subquery()
            .label(owner.table.name)
            for owner in owners
        ]
        query = select(table.c.id, table.c.email, table.c.role, table.c.created_at, *counts)
        if before is not None:
            query = query.where(table.c.id < before)
        async with reading(self._engine) as connection:
            rows = await connection.execute(query.order_by(table.c.id.desc()).limit(PAGE))
            return [
                dict(row) | {"created_at": row["created_at"].strftime("%Y-%m-%d")}
                for row in rows.mappings()
            ]

    async def count(self) -> int:
        """Return how many accounts there are."""
        async with reading(self._engine) as connection:
            return await connection.scalar(select(func.count()).select_from(table)) or 0

    async def sent_by(self, guest: str) -> int:
        """Return how many answers a guest has, by the digest of the guest's cookie."""
        query = select(func.count()).where(answers.c.guest == guest)
        async with reading(self._engine) as connection:
            return await connection.scalar(query) or 0

    async def adopt(self, guest: str, account_id: str) -> int:
        """Give a guest's answers to an account; returns how many.

        `guest` is the digest of the guest's cookie. Idempotency keys stay behind: the account
        may have used the same ones.
        """
        theirs = answers.c.guest == guest
        sent = select(answers.c.id).where(theirs)
        async with writing(self._engine) as connection:
            await connection.execute(
                update(egress).where(egress.c.answer_id.in_(sent)).values(account_id=account_id)
            )
            moved = await connection.execute(
                update(answers)
                .where(theirs)
                .values(owner=account_id, guest=None, idempotency_key=None)
            )
        return moved.rowcount

    async def _first(self, query: Select[Any]) -> Account | None:
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        return Account(*row) if row else None

    async def _set(self, account_id: str, **values: Any) -> Account:
        if not values:
            found = await self.get(account_id)
        else:
            changed = update(table).where(table.c.id == account_id).values(values)
            async with writing(self._engine) as connection:
                row = (await connection.execute(changed.returning(*SHOWN))).first()
            found = Account(*row) if row else None
        if found is None:
            raise errors.NotFound
        return found
