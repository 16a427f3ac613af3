"""Accounts over HTTP: real database, real files, a clock moved by hand."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from httpx import AsyncClient

from account_site import ACCOUNT, LATER, Here, browser, code, login, register, serve, settled
from mulakat import errors
from mulakat.settings import Accounts as AccountSettings
from mulakat.web.sessions import COOKIE, Sessions
from people import EMAILS, OTHER, OWNER, PASSWORD


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with settled(tmp_path) as parts:
        yield parts


@pytest.fixture
def app(here: Here) -> FastAPI:
    return serve(here)


@pytest.fixture
async def web(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with browser(app) as client:
        yield client


async def test_whoever_registers_is_logged_in(web: AsyncClient) -> None:
    made = await register(web, name="  Ayşe \t Yılmaz ")
    assert made.status_code == 201
    assert (made.json()["email"], made.json()["name"]) == (EMAILS[OWNER], "Ayşe Yılmaz")
    assert made.json()["role"] == "candidate"
    assert (await web.get(ACCOUNT)).json() == made.json()
    assert len(made.json()["csrf"]) == 32


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"email": "nobody", "password": PASSWORD}, (422, "email_invalid")),
        ({"email": EMAILS[OWNER], "password": "short"}, (422, "password_too_short")),
        ({"email": EMAILS[OWNER], "password": "x" * 5000}, (422, "field_invalid")),
        ({"email": EMAILS[OWNER]}, (422, "field_invalid")),
        ({"email": EMAILS[OWNER], "password": 12345678901}, (422, "field_invalid")),
        ({"email": EMAILS[OWNER], "password": PASSWORD, "role": "admin"}, (422, "field_invalid")),
        ({"email": EMAILS[OWNER], "password": PASSWORD, "name": "x" * 101}, (422, "field_invalid")),
        ({"email": EMAILS[OWNER], "password": "a\0b"}, (400, "malformed_request")),
        ([], (400, "malformed_request")),
        ("x" * 20_000, (400, "malformed_request")),
    ],
)
async def test_what_is_no_registration_makes_no_account(
    here: Here, web: AsyncClient, body: Any, expected: tuple[int, str]
) -> None:
    assert code(await web.post("/api/v1/register", json=body)) == expected
    assert await here.accounts.count() == 0


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"email": "\\ud800"}'])
async def test_a_body_that_is_no_json_is_told(web: AsyncClient, content: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    response = await web.post("/api/v1/login", content=content, headers=kind)
    assert response.status_code in {400, 422}
    assert code(await web.post("/api/v1/login", content=b"a=b"))[0] == 415


async def test_an_address_registers_once(web: AsyncClient, app: FastAPI) -> None:
    await register(web)
    async with browser(app) as other:
        body = {"email": EMAILS[OWNER].upper(), "password": LATER}
        assert code(await other.post("/api/v1/register", json=body)) == (409, "email_taken")


async def test_registration_may_be_off(here: Here, web: AsyncClient) -> None:
    off = AccountSettings(registration="off")
    here.settings = replace(here.settings, accounts=off)
    assert code(await register(web)) == (403, "registration_off")


async def test_login_tells_not_whether_there_is_such_an_account(web: AsyncClient) -> None:
    await register(web)
    known = await login(web, OWNER, "wrong password")
    unknown = await login(web, OTHER, "wrong password")
    nonsense = await web.post("/api/v1/login", json={"email": "x", "password": "y"})
    assert code(known) == code(unknown) == code(nonsense) == (401, "login_wrong")
    assert known.json() == unknown.json() == nonsense.json()
    assert known.headers["www-authenticate"] == "Bearer"


async def test_an_address_is_the_same_in_capitals_and_with_spaces(web: AsyncClient) -> None:
    await register(web)
    body = {"email": f" {EMAILS[OWNER].upper()}\n", "password": PASSWORD}
    assert (await web.post("/api/v1/login", json=body)).status_code == 200


async def test_login_changes_the_id_and_ends_the_one_before(app: FastAPI, web: AsyncClient) -> None:
    await register(web)
    before = web.cookies[COOKIE]
    await login(web)
    assert web.cookies[COOKIE] != before
    async with browser(app) as planted:
        planted.cookies.set(COOKIE, before)
        assert code(await planted.get(ACCOUNT)) == (401, "login_required")
        planted.cookies.set(COOKIE, "p" * 43)
        set_cookie = (await login(planted)).headers["set-cookie"]
        assert "p" * 43 not in set_cookie


async def test_logout_ends_the_session_on_the_server(app: FastAPI, web: AsyncClient) -> None:
    await register(web)
    cookie = web.cookies[COOKIE]
    assert (await web.post("/api/v1/logout")).status_code == 204
    assert COOKIE not in web.cookies
    web.cookies.set(COOKIE, cookie)
    assert (await web.get(ACCOUNT)).status_code == 401
    assert (await web.post("/api/v1/logout")).status_code == 204


async def test_a_password_change_ends_every_other_session(
    here: Here, app: FastAPI, web: AsyncClient
) -> None:
    await register(web)
    async with browser(app) as other:
        await login(other)
        old = web.cookies[COOKIE]
        body = {"password": PASSWORD, "new_password": LATER}
        changed = await web.post("/api/v1/password", json=body)
        assert changed.status_code == 200
        assert (await other.get(ACCOUNT)).status_code == 401
        assert web.cookies[COOKIE] != old
        assert (await web.get(ACCOUNT)).json() == changed.json()
        assert await here.sessions.count() == 1
        assert (await login(other)).status_code == 401
        assert (await login(other, password=LATER)).status_code == 200


async def test_a_session_of_an_older_epoch_is_void_although_it_is_kept(
    here: Here, web: AsyncClient
) -> None:
    made = (await register(web)).json()
    await here.accounts.set_password(made["id"], "$from the command line")
    assert (await web.get(ACCOUNT)).status_code == 401
    assert await here.sessions.count() == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"password": "wrong password", "new_password": LATER}, (403, "password_wrong")),
        ({"password": PASSWORD, "new_password": "short"}, (422, "password_too_short")),
        ({"password": PASSWORD, "new_password": EMAILS[OWNER]}, (422, "password_has_email")),
        ({"new_password": LATER}, (422, "field_invalid")),
    ],
)
async def test_a_password_that_is_not_changed_leaves_everything(
    web: AsyncClient, body: dict[str, str], expected: tuple[int, str]
) -> None:
    await register(web)
    assert code(await web.post("/api/v1/password", json=body)) == expected
    assert (await web.get(ACCOUNT)).status_code == 200
    assert (await login(web)).status_code == 200


async def test_nobody_has_no_account(web: AsyncClient) -> None:
    for attempt in (
        web.get(ACCOUNT),
        web.patch(ACCOUNT, json={"name": "x"}),
        web.post("/api/v1/password", json={"password": PASSWORD, "new_password": LATER}),
    ):
        assert code(await attempt) == (401, "login_required")


async def test_the_accounts_language_is_spoken_unless_another_is_asked_for(
    web: AsyncClient,
) -> None:
    await register(web)
    assert (await web.patch(ACCOUNT, json={"language": "tr"})).json()["language"] == "tr"
    spoken = await web.patch(ACCOUNT, json={"language": "xx"})
    assert code(spoken) == (422, "language_unknown")
    assert spoken.headers["content-language"] == "tr"
    asked = await web.patch(f"{ACCOUNT}?lang=en", json={"language": "xx"})
    assert asked.headers["content-language"] == "en"
    assert (await web.patch(ACCOUNT, json={"name": ""})).json()["name"] == ""


# --- cookies


async def test_the_cookie_is_lax_unreadable_and_secure_behind_tls(web: AsyncClient) -> None:
    await register(web)
    plain = (await login(web)).headers["set-cookie"]
    web.headers["X-Forwarded-Proto"] = "https"
    behind = (await login(web)).headers["set-cookie"]
    for cookie in (plain, behind):
        assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Max-Age=86400"))
    assert "Secure" not in plain
    assert "Secure" in behind


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/login", {"email": EMAILS[OWNER], "password": PASSWORD}),
        ("POST", "/api/v1/register", {"email": EMAILS[OTHER], "password": PASSWORD}),
        ("POST", "/api/v1/password", {"password": PASSWORD, "new_password": LATER}),
        ("POST", "/api/v1/logout", {}),
        ("PATCH", ACCOUNT, {"name": "x"}),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Origin": "https://evil.example"}, {"Origin": "null"}],
)  # fmt: skip
async def test_another_sites_page_does_nothing(
    web: AsyncClient, method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    await register(web)
    before = web.cookies[COOKIE]
    response = await web.request(method, path, json=body, headers=headers)
    assert code(response) == (403, "cross_origin")
    assert "set-cookie" not in response.headers
    assert web.cookies[COOKIE] == before
    assert (await web.get(ACCOUNT)).json()["name"] == ""


# --- when the store of sessions is down


class Down:
    """A store that does not answer."""

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: object) -> None:
            raise errors.SessionsDown(5)

        return fail


async def test_without_the_store_of_sessions_login_says_so_and_guests_go_on(
    here: Here, web: AsyncClient
) -> None:
    await register(web)
    sessions, here.sessions = here.sessions, Sessions(Down())  # type: ignore[arg-type]
    down = (503, "sessions_unavailable")
    assert code(await login(web)) == down
    assert code(await register(web, OTHER)) == down
    assert code(await web.get(ACCOUNT)) == down
    body = {"password": PASSWORD, "new_password": LATER}
    assert code(await web.post("/api/v1/password", json=body)) == down
    assert (await web.get("/")).status_code == 200
    assert await here.accounts.count() == 1
    here.sessions = sessions
    assert (await web.get(ACCOUNT)).status_code == 200
    assert (await login(web)).status_code == 200


async def test_passwords_and_cookies_are_in_no_event(web: AsyncClient) -> None:
    with structlog.testing.capture_logs() as events:
        await register(web)
        await login(web, password="canary of a wrong one")
        await login(web)
        body = {"password": PASSWORD, "new_password": LATER, "x": "canary"}
        await web.post("/api/v1/password", json=body)
        await web.post("/api/v1/password", json=body | {"new_password": 5})
    logged = json.dumps(events)
    assert {one["event"] for one in events} >= {"registered", "login", "login refused"}
    for secret in (PASSWORD, LATER, "canary", web.cookies[COOKIE], EMAILS[OWNER]):
        assert secret not in logged
