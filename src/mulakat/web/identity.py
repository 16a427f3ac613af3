"""Who sent a request: an account, a guest's browser, the operator, or nobody we know.

A guest's cookie is no login: it only says that answers belong to the same browser. What is
stored is its digest, so the database gives nobody the cookie.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from mulakat import errors
from mulakat.settings import Admin
from mulakat.store.accounts import Account
from mulakat.web.address import over_tls
from mulakat.web.sessions import COOKIE, OPERATOR, Session, operator_epoch
from mulakat.web.state import parts

GUEST_COOKIE = "mulakat_guest"

GUEST_SECONDS = 30 * 86_400
"""Longer than any guest's result is kept by default; after it the browser is a new guest."""

_GUEST = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sent a request.

    `guest` is the sha256, in hex, of the browser's guest cookie. `operator`: the admin token,
    a session opened with it, or an account whose role is admin. `session` is the login that
    it came by, if any.
    """

    account: Account | None
    guest: str | None
    operator: bool
    via: Literal["nothing", "session", "token", "operator_token"]
    session: Session | None


NOBODY = Identity(None, None, False, "nothing", None)


async def who(request: Request) -> Identity:
    """Return who sent a request, looked up once. Raises SessionsDown and DatabaseBusy.

    A request with an Authorization header of ours is what that says: its cookies, which a
    program may carry along by chance, do not count.
    """
    known: Identity | None = getattr(request.state, "identity", None)
    if known is None:
        known = request.state.identity = await _look(request)
    return known


async def _look(request: Request) -> Identity:
    here = parts(request)
    token = bearer(request)
    if token is not None:
        if is_admin_token(here.settings.admin, token):
            return Identity(None, None, True, "operator_token", None)
        account = await here.tokens.owner(token)
        if account is None:
            return NOBODY
        return Identity(account, None, account.role == "admin", "token", None)
    guest = _guest(request)
    session = await here.sessions.get(request.cookies.get(COOKIE))
    if session is None:
        return Identity(None, guest, False, "nothing", None)
    if session.account_id == OPERATOR:
        token = here.settings.admin.admin_token
        if token and session.epoch == operator_epoch(token):
            return Identity(None, guest, True, "session", session)
        await here.sessions.end(session)  # the operator took another token
        return Identity(None, guest, False, "nothing", None)
    account = await here.accounts.get(session.account_id)
    if account is None or account.epoch != session.epoch:
        await here.sessions.end(session)  # the account is gone, or its password changed
        return Identity(None, guest, False, "nothing", None)
    return Identity(account, guest, account.role == "admin", "session", session)


async def who_if_known(request: Request) -> Identity:
    """As `who`, but nobody while nobody can be looked up: for pages that are for everybody."""
    if not getattr(request.state, "unknown", False):  # one wait is enough
        try:
            return await who(request)
        except (errors.SessionsDown, errors.DatabaseBusy):
            request.state.unknown = True
    return NOBODY


async def my_account(request: Request) -> Account:
    """Return the account that a request comes from. Raises LoginRequired."""
    account = (await who(request)).account
    if account is None:
        raise errors.LoginRequired
    return account


async def look_again(request: Request) -> Identity:
    """Return who sent a request as of now, for streams that outlast a logout."""
    request.state.identity = None
    return await who(request)


def is_admin_token(admin: Admin, given: str) -> bool:
    """Return whether this is the admin token, in a time that does not depend on it."""
    if not admin.admin_token:
        return False
    return hmac.compare_digest(_octets(admin.admin_token), _octets(given))


def bearer(request: Request) -> str | None:
    """Return the bearer token, if there is one; a proxy's own Basic login is not ours."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def greet_guest(request: Request, response: Response) -> None:
    """Give the browser a guest's cookie, for a page that a reader without a session opened."""
    if request.cookies.get(COOKIE) or _guest(request):
        return
    response.set_cookie(
        GUEST_COOKIE, secrets.token_urlsafe(32), max_age=GUEST_SECONDS, path="/",
        secure=over_tls(request), httponly=True, samesite="lax",
    )  # fmt: skip


def forget_guest(request: Request, response: Response) -> None:
    """Take the guest's cookie back: its answers have an owner now."""
    if GUEST_COOKIE in request.cookies:
        response.delete_cookie(GUEST_COOKIE, path="/", httponly=True, samesite="lax")


def _octets(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _guest(request: Request) -> str | None:
    cookie = request.cookies.get(GUEST_COOKIE, "")
    return hashlib.sha256(cookie.encode()).hexdigest() if _GUEST.fullmatch(cookie) else None
