"""Every route, called by everybody: what comes back is what web/access.py's table says.

A route that comes anew is walked without a change here, see tests/walking.py.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import settings
from mulakat.settings import Settings
from mulakat.web.access import RULES, Access
from mulakat.web.sessions import COOKIE
from people import ADMIN, OTHER, OWNER, settle_in
from walking import (
    ADMIN_TOKEN,
    GUEST,
    METRICS_TOKEN,
    OBJECTS,
    OPERATOR,
    PEOPLE,
    SCRAPER,
    SCRIPT,
    UNSAFE,
    Walk,
)
from webapp import HOST, ask, running

MAY: dict[Access, set[str]] = {
    "open": set(PEOPLE),
    "guest": set(PEOPLE),
    "account": {OWNER, OTHER, ADMIN, SCRIPT},
    "session": {OWNER, OTHER, ADMIN},
    "admin": {ADMIN, OPERATOR},
    "metrics": {OPERATOR, SCRAPER},
}

REFUSED: dict[Access, tuple[int, str]] = {
    "account": (401, "login_required"),
    "session": (401, "login_required"),
    "admin": (401, "admin_only"),
    "metrics": (401, "admin_only"),
}

NOT_SAID = {
    "/api/v1/interviews/{interview_id}/turns/{number}/audio",
    "/api/v1/evaluations/{answer_id}/audio",
}
"""Not found where the browser's voice is used, as here, and of a typed answer. Who may hear it
otherwise: tests/acceptance/test_voice_of_the_server.py, test_answer_pages.py."""

SAYS_ITSELF = {
    ("POST", "/admin/login"): {401},
    ("POST", "/login"): {401},
    ("POST", "/account/delete"): {403},
}
"""Forms that everybody whom the table lets in may send, and that say by themselves when the
password in them is wrong."""


@pytest.fixture
def configured(store: settings.Store) -> Settings:
    return Settings(
        store=store,
        admin=settings.Admin(admin_token=ADMIN_TOKEN, metrics_token=METRICS_TOKEN),
    )


@pytest.fixture
async def walk(configured: Settings, engine: AsyncEngine) -> AsyncIterator[Walk]:
    await settle_in(engine)
    async with running(configured) as (app, here):
        made = Walk(app, here, engine)
        made.script, _ = await here.tokens.create(OWNER, "script")
        yield made


def refusal(rule: Access, who: str) -> tuple[int, str]:
    if rule == "session" and who == SCRIPT:
        return 403, "session_needed"
    return REFUSED[rule]


async def test_everybody_gets_what_the_table_says(walk: Walk) -> None:
    wrong = []
    for method, template in walk.routes:
        rule = RULES[method, template]
        objects = set(re.findall(r"{(\w+)}", template)) & OBJECTS.keys()
        walk.forget_tries()  # a token of one's own is a wrong one elsewhere
        for who in PEOPLE:
            status, code = await walk.call(who, method, template)
            seen = f"{method} {template} by {who}: {status} {code}"
            if who not in MAY[rule]:
                right = (status, code) == refusal(rule, who)
            elif objects and rule != "admin" and who not in {OWNER, SCRIPT}:
                right = (status, code) == (404, "not_found")
            elif objects and method in {"GET", "DELETE"}:
                right = 200 <= status < 300 or (status == 404 and template in NOT_SAID)
            else:
                allowed = SAYS_ITSELF.get((method, template), set())
                right = status < 500 and status not in {401, 403, 404} - allowed
            if not right:
                wrong.append(seen)
    assert not wrong, "\n".join(wrong)


async def test_every_route_has_a_rule(walk: Walk) -> None:
    assert set(walk.routes) == set(RULES)


async def test_what_openapi_names_are_routes_with_rules(walk: Walk) -> None:
    named = {
        (method.upper(), path)
        for path, methods in walk.app.openapi()["paths"].items()
        for method in methods
    }
    assert named
    assert named <= set(RULES)


async def test_another_sites_page_changes_nothing_with_a_visitors_cookies(walk: Walk) -> None:
    foreign = (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": f"http://{HOST}"},
    )
    wrong = []
    for method, template in walk.routes:
        for more in foreign if method in UNSAFE else ():
            for who in (GUEST, ADMIN):
                seen = await walk.call(who, method, template, **more)
                if seen != (403, "cross_origin"):
                    wrong.append(f"{method} {template} by {who}: {seen}")
        if method in UNSAFE:
            seen = await walk.call(SCRIPT, method, template, sec_fetch_site="cross-site")
            if seen[1] == "cross_origin":
                wrong.append(f"{method} {template}: a token needs no page of ours")
    assert not wrong, "\n".join(wrong)


async def test_a_form_needs_its_sessions_secret_everywhere(walk: Walk) -> None:
    form = "application/x-www-form-urlencoded"
    for method, template in walk.routes:
        if method in UNSAFE:
            seen = await walk.call(ADMIN, method, template, content_type=form)
            assert seen == (403, "form_expired"), (method, template)


async def test_a_form_with_its_sessions_secret_breaks_no_route(walk: Walk) -> None:
    for method, template in walk.routes:
        if method in UNSAFE:
            cookie, session = await walk.here.sessions.open(OWNER, 1)
            headers = {
                "cookie": f"{COOKIE}={cookie}",
                "content-type": "application/x-www-form-urlencoded",
            }
            body = f"csrf={session.csrf}".encode()
            status, text = await ask(walk.app, method, await walk.path(template), headers, body)
            assert status < 500, (method, template)
            assert "form_expired" not in text


async def test_a_route_that_is_not_in_the_table_is_refused(walk: Walk) -> None:
    walk.app.get("/forgotten")(lambda: {"secret": 1})
    with structlog.testing.capture_logs() as events:
        for who in PEOPLE:
            assert await walk.call(who, "GET", "/forgotten") == (404, "not_found")
    assert sum(one["event"] == "route without a rule" for one in events) == len(PEOPLE)


GUEST_ROUTES = [key for key, rule in RULES.items() if rule == "guest"]


@pytest.mark.parametrize("configured_guests", ["off"])
async def test_where_guests_are_off_only_they_are_refused(
    configured: Settings, engine: AsyncEngine, configured_guests: str
) -> None:
    await settle_in(engine)
    off = replace(configured, intake=replace(configured.intake, guests=configured_guests))
    async with running(off) as (app, here):
        walk = Walk(app, here, engine, (await here.tokens.create(OWNER, "script"))[0])
        for method, template in GUEST_ROUTES:
            for who in PEOPLE:
                status, code = await walk.call(who, method, template)
                if who in {GUEST, SCRAPER}:
                    assert (status, code) == (401, "guests_not_allowed")
                else:
                    # Nothing was sent; where an answer is named, it is the owner's.
                    mine = "{" not in template or who in {OWNER, SCRIPT}
                    assert status == (422 if mine else 404), (who, code)


async def test_guests_of_one_address_are_limited_whatever_they_claim(
    configured: Settings, engine: AsyncEngine
) -> None:
    await settle_in(engine)
    few = replace(configured, intake=replace(configured.intake, guest_rate=3))
    async with running(few) as (app, here):
        walk = Walk(app, here, engine)
        seen = [
            await walk.call(
                GUEST, *GUEST_ROUTES[number % 2], x_forwarded_for=f"198.51.100.{number}"
            )
            for number in range(5)
        ]
        assert [status for status, _ in seen] == [422, 422, 422, 429, 429]
        assert seen[-1][1] == "too_many_requests"
        assert (await walk.call(OWNER, *GUEST_ROUTES[0]))[0] == 422
        assert (await walk.call(OPERATOR, *GUEST_ROUTES[0]))[0] == 422


async def test_a_revoked_token_is_no_guest(walk: Walk) -> None:
    (token,) = await walk.here.tokens.of(OWNER)
    await walk.here.tokens.revoke(OWNER, token.id)
    for method, template in (*GUEST_ROUTES, ("GET", "/api/v1/account")):
        assert await walk.call(SCRIPT, method, template) == (401, "login_required")


async def test_wrong_tokens_are_counted_and_right_ones_pass(walk: Walk) -> None:
    async def guess() -> int:
        wrong = {"authorization": "Bearer mlk_guess"}
        return (await walk.call(GUEST, "GET", "/api/v1/account", **wrong))[0]

    seen = [await guess() for _ in range(26)]
    assert seen == [401] * 25 + [429]
    for path, who in (("/api/v1/account", SCRIPT), ("/debug/memory_status", OPERATOR)):
        assert (await walk.call(who, "GET", path))[0] == 200
    assert (await walk.call(SCRAPER, "GET", "/metrics"))[0] == 200
    wrong = {"authorization": "Bearer guess"}
    assert (await walk.call(GUEST, "GET", "/metrics", **wrong))[0] == 429


async def test_a_password_change_ends_tokens_and_sessions(walk: Walk) -> None:
    headers = await walk.headers(OWNER)
    await walk.here.accounts.set_password(OWNER, "!")
    for one in (headers, await walk.headers(SCRIPT)):
        status, _ = await ask(walk.app, "GET", "/api/v1/account", one)
        assert status == 401


async def test_fifty_requests_at_once_make_no_more_tokens_than_are_allowed(walk: Walk) -> None:
    headers = {"content-type": "application/json"} | await walk.headers(OWNER)
    body = json.dumps({"name": "many"}).encode()
    made = await asyncio.gather(
        *(ask(walk.app, "POST", "/api/v1/tokens", headers, body) for _ in range(50))
    )
    codes = [json.loads(text)["code"] for status, text in made if status == 409]
    assert sum(status == 201 for status, _ in made) == 19  # and the script's
    assert codes == ["too_many_tokens"] * 31
