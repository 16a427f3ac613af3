"""The people of all tests: an owner, another candidate, an admin; always the same three."""

from datetime import UTC, datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat.store.engine import writing
from mulakat.store.tables import accounts

OWNER, OTHER, ADMIN = "owner", "candidate", "admin"
"""Their account ids."""

PASSWORD = "bir mülakat için uzun parola"

EMAILS = {who: f"{who}@example.org" for who in (OWNER, OTHER, ADMIN)}


def row(who: str) -> dict[str, object]:
    """Return one's row; nobody can log in with its password hash."""
    return {
        "id": who, "email": EMAILS[who], "name": who.capitalize(), "password_hash": "!",
        "role": "admin" if who == ADMIN else "candidate", "language": None, "epoch": 1,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip


async def settle_in(engine: AsyncEngine) -> None:
    """Give all three their account."""
    async with writing(engine) as connection:
        await connection.execute(insert(accounts), [row(who) for who in (OWNER, OTHER, ADMIN)])
