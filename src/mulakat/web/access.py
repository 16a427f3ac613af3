"""Who may call what: one table for all routes, and the dependency of the app that enforces it.

A route that the table does not list is refused, and a test walks all of them. A new route gets
its row here and one in docs/operating.md. Whose an object is, each query says by itself (`where
owner = …`): another's is not found.
"""

import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from fastapi import Request

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.settings import Admin, Settings
from mulakat.store.tokens import PREFIX
from mulakat.web.address import client_address, neighbourhood
from mulakat.web.bodies import FORM, read_form
from mulakat.web.identity import Identity, bearer, who
from mulakat.web.state import Parts, parts
from mulakat.web.throttle import limit

Access = Literal["open", "guest", "account", "session", "admin", "metrics"]
"""open: everybody. guest: everybody where guests may, so many in a while from one address.
account: who is logged in or has an API token. session: who is logged in; no token. admin: the
admin token, or an admin's login or API token. metrics: the metrics or the admin token."""

RULES: Mapping[tuple[str, str], Access] = {
    ("GET", "/"): "open",
    ("POST", "/preferences"): "open",
    ("GET", "/practice"): "open",
    ("POST", "/practice"): "guest",
    ("GET", "/static/{version}/{name}"): "open",
    ("GET", "/health"): "open",
    ("GET", "/health/live"): "open",
    ("GET", "/health/ready"): "open",
    ("GET", "/metrics"): "metrics",
    # Single answers: a guest's is for the browser that sent it, or for who knows its id.
    ("POST", "/api/v1/evaluations"): "guest",
    ("POST", "/interview_speech_evaluation"): "guest",
    ("GET", "/api/v1/evaluations/{answer_id}"): "open",
    ("DELETE", "/api/v1/evaluations/{answer_id}"): "open",
    ("GET", "/api/v1/evaluations/{answer_id}/events"): "open",
    ("GET", "/api/v1/evaluations/{answer_id}/audio"): "open",
    ("GET", "/answers/{answer_id}"): "open",
    ("POST", "/answers/{answer_id}/delete"): "open",
    ("POST", "/answers/{answer_id}/correction"): "guest",
    ("POST", "/api/v1/evaluations/{answer_id}/correction"): "guest",
    # Interviews.
    ("POST", "/auto_interview/start"): "account",
    ("POST", "/auto_interview/submit_answer"): "account",
    ("GET", "/auto_interview/status"): "account",
    ("POST", "/auto_interview/complete"): "account",
    ("GET", "/api/v1/interviews"): "account",
    ("POST", "/api/v1/interviews"): "account",
    ("GET", "/api/v1/interviews/active"): "account",
    ("GET", "/api/v1/interviews/{interview_id}"): "account",
    ("DELETE", "/api/v1/interviews/{interview_id}"): "account",
    ("POST", "/api/v1/interviews/{interview_id}/begin"): "account",
    ("POST", "/api/v1/interviews/{interview_id}/answers"): "account",
    ("POST", "/api/v1/interviews/{interview_id}/skip"): "account",
    ("POST", "/api/v1/interviews/{interview_id}/complete"): "account",
    ("POST", "/api/v1/interviews/{interview_id}/abandon"): "account",
    ("GET", "/api/v1/interviews/{interview_id}/turns/{number}/audio"): "account",
    ("GET", "/api/v1/interviews/{interview_id}/report"): "account",
    ("GET", "/api/v1/interviews/{interview_id}/report.md"): "account",
    ("GET", "/interviews/{interview_id}/report"): "account",
    ("GET", "/interviews/new"): "account",
    ("POST", "/interviews/new"): "account",
    ("POST", "/interviews/new/document"): "account",
    ("GET", "/interviews/{interview_id}"): "account",
    ("POST", "/interviews/{interview_id}"): "account",
    ("POST", "/interviews/{interview_id}/skip"): "account",
    ("POST", "/interviews/{interview_id}/complete"): "account",
    ("POST", "/interviews/{interview_id}/abandon"): "account",
    ("GET", "/api/v1/progress"): "account",
    ("GET", "/api/v1/compare"): "account",
    ("GET", "/api/v1/questions/{question_id}/attempts"): "account",
    ("GET", "/api/v1/questions"): "open",
    ("GET", "/api/v1/questions/fields"): "open",
    # CVs and job postings.
    ("GET", "/api/v1/documents"): "account",
    ("POST", "/api/v1/documents"): "account",
    ("GET", "/api/v1/documents/{document_id}"): "account",
    ("DELETE", "/api/v1/documents/{document_id}"): "account",
    # Accounts.
    ("POST", "/api/v1/register"): "open",
    ("POST", "/api/v1/login"): "open",
    ("POST", "/api/v1/logout"): "open",
    ("POST", "/api/v1/password"): "session",
    ("GET", "/api/v1/account"): "account",
    ("PATCH", "/api/v1/account"): "account",
    ("DELETE", "/api/v1/account"): "session",
    ("GET", "/api/v1/account/export"): "account",
    ("GET", "/api/v1/account/egress"): "account",
    ("GET", "/api/v1/admin/users"): "admin",
    ("DELETE", "/api/v1/admin/users/{account_id}"): "admin",
    ("GET", "/api/v1/admin/egress"): "admin",
    ("GET", "/api/v1/tokens"): "session",
    ("POST", "/api/v1/tokens"): "session",
    ("DELETE", "/api/v1/tokens/{token_id}"): "session",
    # The same as pages.
    ("GET", "/login"): "open",
    ("POST", "/login"): "open",
    ("GET", "/register"): "open",
    ("POST", "/register"): "open",
    ("POST", "/logout"): "open",
    ("GET", "/account"): "session",
    ("POST", "/account"): "session",
    ("GET", "/account/password"): "session",
    ("POST", "/account/password"): "session",
    ("GET", "/account/tokens"): "session",
    ("POST", "/account/tokens"): "session",
    ("POST", "/account/tokens/{token_id}/revoke"): "session",
    ("GET", "/account/documents"): "session",
    ("POST", "/account/documents/{document_id}/delete"): "session",
    ("GET", "/account/data"): "session",
    ("GET", "/account/export"): "session",
    ("GET", "/account/egress"): "session",
    ("GET", "/account/delete"): "session",
    ("POST", "/account/delete"): "session",
    # What was practised, and the question bank.
    ("GET", "/history"): "account",
    ("GET", "/history/progress"): "account",
    ("GET", "/history/interviews/{interview_id}/delete"): "account",
    ("POST", "/history/interviews/{interview_id}/delete"): "account",
    ("GET", "/history/answers/{answer_id}/delete"): "account",
    ("POST", "/history/answers/{answer_id}/delete"): "account",
    ("GET", "/compare"): "account",
    ("GET", "/questions"): "open",
    ("GET", "/questions/{question_id}"): "open",
    # The operator: /admin shows its login form to everybody else.
    ("GET", "/admin"): "open",
    ("POST", "/admin/login"): "open",
    ("POST", "/admin/logout"): "open",
    ("GET", "/admin/users"): "admin",
    ("GET", "/admin/users/{account_id}/delete"): "admin",
    ("POST", "/admin/users/{account_id}/delete"): "admin",
    ("GET", "/admin/interviews"): "admin",
    ("GET", "/admin/interviews/clear"): "admin",
    ("POST", "/admin/interviews/clear"): "admin",
    ("GET", "/admin/elsewhere"): "admin",
    ("GET", "/debug/memory_status"): "admin",
    ("GET", "/api/v1/admin/memory"): "admin",
    ("GET", "/api/v1/admin/events"): "admin",
    ("POST", "/debug/clear_auto_interview_sessions"): "admin",
    ("POST", "/api/v1/admin/interviews/clear"): "admin",
    ("POST", "/api/v1/admin/trim"): "admin",
    ("POST", "/api/v1/admin/sweep"): "admin",
    ("POST", "/api/v1/admin/release"): "admin",
}

MOST_WRONG_IN_ALL = 100
"""Wrong tokens from everywhere within the throttle's window after which the next wrong ones have
to wait. An admin token has at least 16 characters, so this bounds noise and work rather than
keeps a guesser out."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


async def enforce(request: Request) -> None:
    """Let a request pass to its route, or raise why not; the first dependency of every route.

    Raises CrossOrigin and CsrfWrong for what another site's page makes a browser do, and what
    the route's rule asks for; NotFound for an address that no database could hold. May raise
    SessionsDown and DatabaseBusy.
    """
    if "\0" in request.scope["path"] or "%00" in request.url.query:
        raise errors.NotFound  # PostgreSQL refuses such a text with an error
    method = "GET" if request.method == "HEAD" else request.method
    rule = RULES.get((method, request.scope["route"].path))
    if method not in _READING:
        await _require_own_page(request)
    if rule is None:
        logger("web").error("route without a rule")
        raise errors.NotFound
    if rule == "open":
        return
    if rule == "metrics":
        await _require_metrics(request)
        return
    identity = await who(request)
    if rule == "guest":
        await _require_guest(request, identity)
    elif rule == "admin":
        await require_operator(request, identity)
    elif identity.account is None:
        await _count_wrong_token(request, identity)
        raise errors.LoginRequired
    elif rule == "session" and identity.session is None:
        raise errors.SessionNeeded


async def require_operator(request: Request, identity: Identity) -> None:
    """Raise AdminOnly for anybody but the operator; AdminOff where nobody can be it."""
    if identity.operator:
        return
    if not await admin_possible(parts(request)):
        raise errors.AdminOff
    await _count_wrong_token(request, identity)
    raise errors.AdminOnly


def guests_may(settings: Settings) -> bool:
    """Return whether answers are evaluated here without an account."""
    guests = settings.intake.guests
    return guests == "on" or (guests == "auto" and settings.web.loopback)


async def admin_possible(here: Parts) -> bool:
    """Return whether anybody can be the operator here: a token is set, or an account is one."""
    return bool(here.settings.admin.admin_token) or bool(await here.accounts.admins())


async def count_wrong_token(request: Request) -> None:
    """Count a wrong token of this address. Raises TooManyTries beyond 25, or 100 from everywhere,
    in five minutes; a right one never comes here, so nobody can lock the operator out.
    """
    here = parts(request)
    await limit(here.throttle, f"token:{neighbourhood(client_address(request))}")
    await limit(here.throttle, "token", MOST_WRONG_IN_ALL)


def require_same_origin(request: Request) -> None:
    """Raise CrossOrigin when a browser says that another site's page sent this.

    Sec-Fetch-Site says it directly, but browsers send it only over https and to this machine;
    Origin is there otherwise. Programs send neither, and carry nobody's cookie.
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


async def _require_own_page(request: Request) -> None:
    if bearer(request) is not None:
        return  # no page can have a browser send that header here, and cookies do not count
    require_same_origin(request)
    # Browsers too old to say where a form comes from can still be told by what is in it.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return
    given = (await read_form(request)).get("csrf", "").encode()
    session = (await who(request)).session
    if session and not hmac.compare_digest(given, session.csrf.encode()):
        raise errors.CsrfWrong


async def _require_guest(request: Request, identity: Identity) -> None:
    if identity.account is not None or identity.operator:
        return
    if (bearer(request) or "").startswith(PREFIX):
        await count_wrong_token(request)  # revoked: its owner's answers must not become nobody's
        raise errors.LoginRequired
    here = parts(request)
    if not guests_may(here.settings):
        raise errors.GuestsNotAllowed
    address, rate = neighbourhood(client_address(request)), here.settings.intake.guest_rate
    await limit(here.throttle, f"guest:{address}", rate, errors.TooManyRequests)


async def _require_metrics(request: Request) -> None:
    admin = parts(request).settings.admin
    if not admin.metrics_token and not admin.admin_token:
        raise errors.AdminOff
    if not _reads_metrics(bearer(request), admin):
        if bearer(request) is not None:
            await count_wrong_token(request)
        raise errors.AdminOnly


def _reads_metrics(given: str | None, admin: Admin) -> bool:
    tokens = [token.encode() for token in (admin.metrics_token, admin.admin_token) if token]
    # Every token is compared, whether or not one has matched: the time tells nothing.
    matches = [hmac.compare_digest((given or "").encode(), token) for token in tokens]
    return any(matches)


async def _count_wrong_token(request: Request, identity: Identity) -> None:
    if identity.via == "nothing" and bearer(request) is not None:
        await count_wrong_token(request)
