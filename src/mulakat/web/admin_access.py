"""Who the operator is: the bearer of the admin token, or of a session opened with it.

Sessions live in this process only: a restart ends them, and nothing of them is on disk.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response

from mulakat import errors
from mulakat.web.address import client_address, over_tls
from mulakat.web.state import parts

COOKIE = "mulakat_admin"

SESSION_SECONDS = 8 * 3600
"""A working day; counted from the login, not from the last use."""

MOST_SESSIONS = 32
"""One operator in some browsers; the oldest session gives way."""

WINDOW_SECONDS = 300
TRIES_BY_ADDRESS = 25
TRIES_IN_ALL = 100
"""Wrong tokens within WINDOW_SECONDS after which logging in has to wait. The token has at least
16 characters, so this bounds noise and work rather than keeps a guesser out."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class AdminAccess:
    """The admin's token, sessions and failed logins of one process, all bounded.

    An empty `token` means that there is no admin. `monotonic` gives seconds.
    """

    def __init__(self, token: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._token = _digest(token) if token else None
        self._monotonic = monotonic
        # Digests, not ids: looking one up then takes no time that tells of the others.
        self._sessions: OrderedDict[bytes, float] = OrderedDict()
        self._failures: deque[tuple[float, str]] = deque(maxlen=TRIES_IN_ALL)

    @property
    def on(self) -> bool:
        """Whether a token is set."""
        return self._token is not None

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        self._drop_expired()
        return len(self._sessions)

    def is_token(self, given: str) -> bool:
        """Return whether this is the admin token, in a time that does not depend on it."""
        return self._token is not None and hmac.compare_digest(self._token, _digest(given))

    def check(self, token: str, address: str) -> None:
        """Let the right token pass; a wrong one is counted.

        Raises AdminOnly, and TooManyTries as `login` says.
        """
        if not self.is_token(token):
            self._check_tries(address)
            self._failures.append((self._monotonic(), address))
            raise errors.AdminOnly

    def login(self, token: str, address: str, old: str | None = None) -> str:
        """Return the id of a new session; the session `old` ends.

        Raises AdminOff, AdminOnly for a wrong token, and TooManyTries for one while too many
        came from this address or in all; those refused do not prolong the wait. The right
        token always passes: else anybody could lock the operator out.
        """
        if not self.on:
            raise errors.AdminOff
        self.check(token, address)
        self.logout(old)
        self._drop_expired()
        while len(self._sessions) >= MOST_SESSIONS:
            self._sessions.popitem(last=False)
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = self._monotonic() + SESSION_SECONDS
        return session

    def logout(self, session: str | None) -> None:
        """End a session, if there is such a one."""
        if session:
            self._sessions.pop(_digest(session), None)

    def knows(self, session: str | None) -> bool:
        """Return whether this session is open."""
        return bool(session) and self._sessions.get(_digest(session or ""), 0) > self._monotonic()

    def _drop_expired(self) -> None:
        now = self._monotonic()
        for digest in [one for one, until in self._sessions.items() if until <= now]:
            del self._sessions[digest]

    def _check_tries(self, address: str) -> None:
        now = self._monotonic()
        while self._failures and self._failures[0][0] <= now - WINDOW_SECONDS:
            self._failures.popleft()
        mine = [at for at, whose in self._failures if whose == address]
        everyones = [at for at, _ in self._failures]
        for tries, most in ((mine, TRIES_BY_ADDRESS), (everyones, TRIES_IN_ALL)):
            if len(tries) >= most:
                raise errors.TooManyTries(int(tries[-most] + WINDOW_SECONDS - now) + 1)


def require_admin(request: Request) -> None:
    """Let the operator pass, by `Authorization: Bearer <token>` or by the session's cookie.

    Raises AdminOff when no token is set, AdminOnly for anybody else (TooManyTries after too
    many wrong tokens), and CrossOrigin when another site's page makes the operator's browser
    change something.
    """
    admin = parts(request).admin
    if not admin.on:
        raise errors.AdminOff
    token = _bearer(request)
    if token is not None:
        admin.check(token, client_address(request))
        return
    if not is_admin(request):
        raise errors.AdminOnly
    if request.method not in _READING:
        require_same_origin(request)


def is_admin(request: Request) -> bool:
    """Return whether the operator sent this, and is still allowed in."""
    admin = parts(request).admin
    token = _bearer(request)
    if token is not None:
        return admin.is_token(token)
    return admin.knows(request.cookies.get(COOKIE))


def _bearer(request: Request) -> str | None:
    """Return the bearer token, if there is one; a proxy's own Basic login is not ours."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def require_same_origin(request: Request) -> None:
    """Raise CrossOrigin when a browser says that another site's page sent this.

    Sec-Fetch-Site says it directly, but browsers send it only over https and to this machine;
    Origin is there otherwise. Programs send neither, and carry no operator's cookie.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        foreign = site not in {"same-origin", "none"}
    else:
        origin = request.headers.get("origin")
        # Without the scheme: behind a proxy that ends TLS it is http here and https there.
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise errors.CrossOrigin


def set_cookie(request: Request, response: Response, session: str) -> None:
    """Hand the session to the browser; over TLS, ours or a proxy's, it stays there."""
    response.set_cookie(
        COOKIE, session, max_age=SESSION_SECONDS, path="/",
        secure=over_tls(request), httponly=True, samesite="strict",
    )  # fmt: skip


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
