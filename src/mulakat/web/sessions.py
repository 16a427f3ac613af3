"""Logins, kept on the server: a cookie carries a random id, the store only its digest.

A session lives 24 hours from its login and is never written again, so reading costs no write.
It carries its account's epoch, and a password change begins a new epoch: sessions that a store
still holds after that are void.
"""

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from starlette.requests import HTTPConnection
from starlette.responses import Response

from mulakat import clock
from mulakat.web.address import over_tls

COOKIE = "mulakat_session"

SESSION_SECONDS = 24 * 3600
"""From the login, not from the last use (design: 24 h)."""

LIFE = timedelta(seconds=SESSION_SECONDS)

MOST_SESSIONS = 20
"""One person's browsers; the oldest gives way. Else one account could push out all others."""

OPERATOR = ""
"""The account id in a session that was opened with the admin token."""

_ID = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 random bytes as `secrets.token_urlsafe` writes them."""


@dataclass(frozen=True, slots=True)
class Session:
    """A login. `id_digest` is the sha256 of the cookie, in hex; `csrf` belongs into forms."""

    id_digest: str
    account_id: str
    epoch: int
    csrf: str
    created_at: datetime


class SessionStore(Protocol):
    """Where sessions lie: texts by digest, gone after SESSION_SECONDS.

    Every method may raise errors.SessionsDown.
    """

    async def put(self, digest: str, account_id: str, text: str, keep: int) -> None:
        """Keep a new session; beyond `keep` of this account its oldest go."""
        ...

    async def get(self, digest: str) -> str | None:
        """Return a session; writes nothing."""
        ...

    async def delete(self, digest: str, account_id: str) -> None:
        """Let a session go; one that is gone is no error."""
        ...

    async def delete_all(self, account_id: str) -> int:
        """Let all sessions of an account go; returns how many."""
        ...

    async def count(self) -> int:
        """Return how many sessions there are."""
        ...

    async def clean(self) -> int:
        """Let go what nobody can read or use any more; returns how many."""
        ...

    async def check(self) -> None:
        """Ask for a sign of life."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


class Sessions:
    """All logins, over a store. Every method may raise errors.SessionsDown."""

    def __init__(self, store: SessionStore, now: clock.Now = clock.now) -> None:
        self._store = store
        self._now = now

    async def open(
        self, account_id: str, epoch: int, old: str | None = None
    ) -> tuple[str, Session]:
        """Return the cookie of a new session, and the session.

        `old` is the cookie that the browser had: that session ends, so an id from before the
        login, which somebody else may have planted, never becomes a login.
        """
        cookie = secrets.token_urlsafe(32)
        session = Session(
            _digest(cookie), account_id, epoch, secrets.token_urlsafe(24), self._now()
        )
        await self._store.put(session.id_digest, account_id, _write(session), MOST_SESSIONS)
        before = await self.get(old)
        if before is not None:
            await self.end(before)
        return cookie, session

    async def get(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie while it lives; whether its epoch is the account's
        is the caller's to compare.
        """
        if cookie is None or not _ID.fullmatch(cookie):
            return None
        digest = _digest(cookie)
        text = await self._store.get(digest)
        session = None if text is None else _read(digest, text)
        if session is None or self._now() - session.created_at >= LIFE:
            return None
        return session

    async def end(self, session: Session) -> None:
        """End a session."""
        await self._store.delete(session.id_digest, session.account_id)

    async def end_all(self, account_id: str) -> int:
        """End all sessions of an account; returns how many."""
        return await self._store.delete_all(account_id)

    async def count(self) -> int:
        """Return how many sessions are kept."""
        return await self._store.count()

    async def clean(self) -> int:
        """Delete sessions that ended by themselves or cannot be read; returns how many."""
        return await self._store.clean()

    async def check(self) -> None:
        """Raise SessionsDown unless the store answers."""
        await self._store.check()

    async def close(self) -> None:
        """Let connections go."""
        await self._store.close()


def operator_epoch(admin_token: str) -> int:
    """Return the epoch of sessions opened with the admin token: another token, another epoch."""
    return int.from_bytes(hashlib.sha256(admin_token.encode("utf-8", "surrogatepass")).digest()[:4])


def set_cookie(connection: HTTPConnection, response: Response, cookie: str) -> None:
    """Hand a session to the browser; over TLS, ours or a trusted proxy's, it stays there."""
    response.set_cookie(
        COOKIE, cookie, max_age=SESSION_SECONDS, path="/",
        secure=over_tls(connection), httponly=True, samesite="lax",
    )  # fmt: skip


def drop_cookie(response: Response) -> None:
    """Have the browser forget its session."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _write(session: Session) -> str:
    return json.dumps(
        {
            "account_id": session.account_id,
            "epoch": session.epoch,
            "csrf": session.csrf,
            "created_at": session.created_at.isoformat(),
        }
    )


def _read(digest: str, text: str) -> Session | None:
    """Return what `_write` wrote; None for anything else, which is as good as no session."""
    try:
        fields = json.loads(text)
        at = datetime.fromisoformat(fields["created_at"])
        if at.tzinfo is None:
            return None
        return Session(digest, str(fields["account_id"]), int(fields["epoch"]),
                       str(fields["csrf"]), at)  # fmt: skip
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
