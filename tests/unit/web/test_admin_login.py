"""Who is the operator: the token, the page's login, an admin's account; and who is not."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import structlog
from httpx import AsyncClient

from admin_site import (
    ACTIONS,
    BEARER,
    READS,
    SAME,
    TOKEN,
    Here,
    browser,
    csrf,
    log_in,
    log_out,
    settled,
)
from mulakat.languages import codes, messages
from mulakat.settings import Admin, Web
from mulakat.web.access import MOST_WRONG_IN_ALL
from mulakat.web.passwords import hash_now
from mulakat.web.sessions import COOKIE
from mulakat.web.throttle import MOST_TRIES
from people import ADMIN, EMAILS, OWNER, PASSWORD


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with settled(tmp_path) as made:
        yield made


@pytest.fixture
async def web(here: Here) -> AsyncIterator[AsyncClient]:
    async with browser(here) as client:
        yield client


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://test"},
    ],
)
async def test_a_page_of_another_site_changes_nothing_with_the_operators_cookie(
    web: AsyncClient, here: Here, foreign: dict[str, str]
) -> None:
    await log_in(web)
    for path in (*ACTIONS, "/admin/login", "/admin/logout"):
        response = await web.post(path, headers=foreign)
        assert response.status_code == 403
        assert response.json()["code"] == "cross_origin"
    assert here.workers.asked == 0
    assert (await web.post(ACTIONS[0], headers=SAME)).status_code == 200
    assert (await web.post(ACTIONS[0], headers=BEARER | foreign)).status_code == 200


async def test_a_form_without_its_sessions_secret_changes_nothing(web: AsyncClient) -> None:
    await log_in(web)
    for form in ({}, {"csrf": ""}, {"csrf": "guess"}, {"csrf": "ö"}):
        response = await web.post("/admin/logout", data=form | {"more": "x"}, headers=SAME)
        assert (response.status_code, response.json()["code"]) == (403, "form_expired")
    assert (await web.get(READS[0])).status_code == 200
    await log_out(web)
    assert (await web.get(READS[0])).status_code == 401


async def test_the_cookie_is_that_of_every_login_and_secure_behind_tls(
    here: Here, web: AsyncClient
) -> None:
    tls = {"X-Forwarded-Proto": "https"}
    plain = await web.post("/admin/login", data={"token": TOKEN}, headers=tls)
    web.cookies.clear()
    here.settings = replace(here.settings, web=Web(trusted_proxies="127.0.0.1"))
    behind = await web.post("/admin/login", data={"token": TOKEN}, headers=tls)
    for response in (plain, behind):
        cookie = response.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        for flag in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert flag in cookie
    assert "Secure" not in plain.headers["set-cookie"]
    assert "Secure" in behind.headers["set-cookie"]


async def test_logout_ends_the_session_on_the_server(web: AsyncClient) -> None:
    await log_in(web)
    cookie = {"Cookie": f"{COOKIE}={web.cookies[COOKIE]}"}
    assert (await web.get(READS[0])).status_code == 200
    await log_out(web)
    web.cookies.clear()
    assert (await web.get(READS[0], headers=cookie)).status_code == 401


async def test_a_login_flood_gets_429_with_when_to_come_back(web: AsyncClient) -> None:
    for _ in range(MOST_TRIES):
        assert (await web.post("/admin/login", data={"token": "wrong"})).status_code == 401
    spoofed = {"X-Forwarded-For": "203.0.113.9"}
    refused = await web.post("/admin/login", data={"token": "wrong"}, headers=spoofed)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (await web.get(READS[0], headers=BEARER)).status_code == 200


async def test_a_login_form_of_megabytes_is_not_read(web: AsyncClient) -> None:
    response = await web.post("/admin/login", content=b"token=" + b"a" * 1_000_000)
    assert response.status_code == 400


async def test_the_token_and_the_session_are_in_no_event(web: AsyncClient) -> None:
    with structlog.testing.capture_logs() as events:
        await log_in(web)
        secret = await csrf(web)
        await web.post("/admin/login", data={"token": "wrong-canary", "csrf": secret})
        for path in ACTIONS[:4]:
            await web.post(path, headers=BEARER)
    logged = json.dumps(events)
    assert {one["event"] for one in events} >= {"admin login", "admin login refused"}
    assert [one["action"] for one in events if one["event"] == "admin action"] == [
        "clear_interviews", "clear_interviews", "trim", "sweep",
    ]  # fmt: skip
    for canary in (TOKEN, "wrong-canary", secret, web.cookies[COOKIE]):
        assert canary not in logged


@pytest.mark.parametrize("language", codes())
async def test_the_page_is_the_login_form_until_one_is_logged_in(
    web: AsyncClient, language: str
) -> None:
    text = messages(language)["admin"]
    before = await web.get(f"/admin?lang={language}")
    assert text["login_lead"] in before.text
    assert text["trim"] not in before.text
    await log_in(web)
    after = await web.get(f"/admin?lang={language}")
    assert text["trim"] in after.text
    assert after.headers["referrer-policy"] == "same-origin"
    assert TOKEN not in after.text


async def test_wrong_bearers_are_counted_with_the_wrong_logins(web: AsyncClient) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    for _ in range(MOST_TRIES):
        assert (await web.get(READS[0], headers=wrong)).status_code == 401
    refused = await web.get(READS[0], headers=wrong)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
    assert (await web.post("/admin/login", data={"token": "wrong"})).status_code == 429
    assert (await web.get(READS[0], headers=BEARER)).status_code == 200
    await log_in(web)


async def test_a_proxys_own_login_does_not_hide_the_session(web: AsyncClient) -> None:
    await log_in(web)
    basic = {"Authorization": "Basic Zm9vOmJhcg=="}
    assert (await web.get(READS[0], headers=basic)).status_code == 200
    foreign = basic | {"Origin": "http://elsewhere.example"}
    assert (await web.post(ACTIONS[0], headers=foreign)).status_code == 403
    assert (await web.post(ACTIONS[0], headers=basic | SAME)).status_code == 200


async def test_wrong_tokens_from_many_addresses_have_to_wait_and_the_right_one_does_not(
    web: AsyncClient, here: Here
) -> None:
    here.settings = replace(here.settings, web=Web(trusted_proxies="127.0.0.1"))
    for number in range(MOST_WRONG_IN_ALL):
        came = {"X-Forwarded-For": f"10.0.1.{number}", "Authorization": "Bearer wrong"}
        assert (await web.get(READS[0], headers=came)).status_code == 401
    other = {"X-Forwarded-For": "10.0.2.1"}
    refused = await web.post("/admin/login", data={"token": "wrong"}, headers=other)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
    assert (await web.get(READS[0], headers=BEARER | other)).status_code == 200
    await log_in(web)


async def test_an_admins_account_opens_the_page_by_its_password(
    web: AsyncClient, here: Here
) -> None:
    here.settings = replace(here.settings, admin=Admin())
    hashed = hash_now(PASSWORD)
    await here.accounts.create(EMAILS[ADMIN], "", hashed, role="admin")
    await here.accounts.create(EMAILS[OWNER], "", hashed)
    text, wrong = messages("en")["admin"], messages("en")["error"]["login_wrong"]
    for email, password, sentence in (
        (EMAILS[ADMIN], "wrong", wrong),
        ("nonsense", PASSWORD, wrong),
        (EMAILS[OWNER], PASSWORD, text["not_admin"]),
        ("", PASSWORD, text["token_wrong"]),
    ):
        form = {"email": email, "token": password}
        refused = await web.post("/admin/login?lang=en", data=form, headers=SAME)
        assert (refused.status_code, COOKIE in refused.cookies) == (401, False)
        assert sentence in unescape(refused.text)
        assert f'value="{email}"' in refused.text
        assert PASSWORD not in unescape(refused.text)
    await log_in(web, email=EMAILS[ADMIN], token=PASSWORD)
    assert (await web.get(READS[0])).status_code == 200
    assert text["trim"] in (await web.get("/admin?lang=en")).text


async def test_a_candidates_login_opens_nothing_of_it(web: AsyncClient, here: Here) -> None:
    account = await here.accounts.create(EMAILS[OWNER], "", "!")
    cookie, _ = await here.sessions.open(account.id, account.epoch)
    web.cookies.set(COOKIE, cookie)
    assert (await web.get(READS[0])).status_code == 401
    assert messages("tr")["admin"]["login_lead"] in (await web.get("/admin?lang=tr")).text


async def test_an_admins_api_token_reads_and_acts(web: AsyncClient, here: Here) -> None:
    account = await here.accounts.create(EMAILS[ADMIN], "", "!", role="admin")
    token, _ = await here.tokens.create(account.id, "script")
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await web.get(READS[0], headers=bearer)).status_code == 200
    assert (await web.post(ACTIONS[0], headers=bearer)).status_code == 200
    await here.accounts.set_role(account.id, "candidate")
    assert (await web.get(READS[0], headers=bearer)).status_code == 401
