"""API tokens: for scripts of an account's owner, until they are revoked.

A token is shown once, when it is made; what is stored is its sha256. It needs no slow hash: it
is 32 random bytes, which nobody guesses.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock, errors
from mulakat.store.accounts import SHOWN, Account
from mulakat.store.engine import reading, writing
from mulakat.store.tables import accounts
from mulakat.store.tables import api_tokens as table

PREFIX = "mlk_"
"""Tells a token of ours from others', to people and to programs that look for leaked ones."""

MOST_TOKENS = 20
"""Of one account."""

HINT_CHARACTERS = 4

_SHOWN = (table.c.id, table.c.name, table.c.hint, table.c.created_at, table.c.used_at)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its owner sees it: `hint` is its end, `used_at` the first use of the last day."""

    id: str
    name: str
    hint: str
    created_at: datetime
    used_at: datetime | None


class Tokens:
    """All API tokens. Methods may raise DatabaseBusy."""

    def __init__(self, engine: AsyncEngine, now: clock.Now = clock.now) -> None:
        self._engine = engine
        self._now = now

    async def create(self, account_id: str, name: str) -> tuple[str, ApiToken]:
        """Return a new token, which nobody can show again, and its entry.

        Raises NotFound without such an account, TooManyTokens beyond MOST_TOKENS.
        """
        now, token = self._now(), PREFIX + secrets.token_urlsafe(32)
        values = {
            "id": clock.new_id(now),
            "account_id": account_id,
            "name": name,
            "digest": _digest(token),
            "hint": token[-HINT_CHARACTERS:],
            "created_at": now,
        }
        # The account's row is what two requests at once wait for: else both would count 19.
        lock = select(accounts.c.id).where(accounts.c.id == account_id).with_for_update()
        theirs = select(func.count()).where(table.c.account_id == account_id)
        async with writing(self._engine) as connection:
            if await connection.scalar(lock) is None:
                raise errors.NotFound
            if (await connection.scalar(theirs) or 0) >= MOST_TOKENS:
                raise errors.TooManyTokens(limit=MOST_TOKENS)
            made = insert(table).values(values).returning(*_SHOWN)
            row = (await connection.execute(made)).one()
        return token, ApiToken(*row)

    async def of(self, account_id: str) -> list[ApiToken]:
        """Return an account's tokens, the oldest first."""
        query = select(*_SHOWN).where(table.c.account_id == account_id).order_by(table.c.id)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return [ApiToken(*row) for row in rows]

    async def revoke(self, account_id: str, token_id: str) -> None:
        """End a token of this account. Raises NotFound."""
        gone = delete(table).where(table.c.id == token_id, table.c.account_id == account_id)
        async with writing(self._engine) as connection:
            if (await connection.execute(gone)).rowcount == 0:
                raise errors.NotFound

    async def owner(self, token: str) -> Account | None:
        """Return whose token this is, or None; its use is noted once a day."""
        if not token.startswith(PREFIX):
            return None
        query = (
            select(table.c.id, table.c.used_at, *SHOWN)
            .join(accounts, accounts.c.id == table.c.account_id)
            .where(table.c.digest == _digest(token))
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        token_id, used_at, *account = row
        today = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        if used_at is None or used_at < today:
            with suppress(errors.DatabaseBusy):  # a note is no reason to refuse anybody
                await self._note(token_id, today)
        return Account(*account)

    async def _note(self, token_id: str, today: datetime) -> None:
        older = or_(table.c.used_at.is_(None), table.c.used_at < today)
        noted = update(table).where(table.c.id == token_id, older).values(used_at=self._now())
        async with writing(self._engine) as connection:
            await connection.execute(noted)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
