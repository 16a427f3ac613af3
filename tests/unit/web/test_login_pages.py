"""The pages to log in, to register and to leave, as forms without any script."""

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from mulakat.languages import codes, say
from mulakat.settings import Accounts as AccountSettings
from mulakat.store.values import NewAnswer
from mulakat.web.identity import GUEST_COOKIE
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from mulakat.web.throttle import MOST_TRIES
from page_site import Reader, site, value
from people import EMAILS, OTHER, OWNER, PASSWORD

REGISTRATION = {"email": EMAILS[OWNER], "password": PASSWORD, "name": "Ayşe"}


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[FastAPI, Parts]]:
    async with site(tmp_path) as pair:
        yield pair


@pytest.fixture
def app(made: tuple[FastAPI, Parts]) -> FastAPI:
    return made[0]


@pytest.fixture
def here(made: tuple[FastAPI, Parts]) -> Parts:
    return made[1]


@pytest.fixture
async def web(app: FastAPI) -> AsyncIterator[Reader]:
    async with Reader(app) as client:
        yield client


@pytest.mark.parametrize("language", codes())
async def test_whoever_registers_has_an_account_in_the_pages_language(
    here: Parts, app: FastAPI, language: str
) -> None:
    async with Reader(app, language) as web:
        made = await web.post("/register", data=REGISTRATION | {"next": "/history"})
        assert (made.status_code, made.headers["location"]) == (303, "/history")
        found = await here.accounts.credentials(EMAILS[OWNER])
        assert found
        assert (found[0].name, found[0].language) == ("Ayşe", language)
        first = await web.get("/")
        assert say(language, "said.registered") in first.text
        assert say(language, "said.registered") not in (await web.get("/")).text


@pytest.mark.parametrize("path", ["/login", "/register"])
async def test_who_is_logged_in_goes_on(web: Reader, path: str) -> None:
    await web.post("/register", data=REGISTRATION)
    assert (await web.get(f"{path}?next=/history")).headers["location"] == "/history"
    assert (await web.get(f"{path}?next=//elsewhere.example")).headers["location"] == "/"


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"email": "nobody"}, "email", "error.email_invalid"),
    ({"password": "short"}, "password", "error.password_too_short"),
    ({"password": "password123"}, "password", "error.password_common"),
    ({"password": f"x{EMAILS[OWNER]}"}, "password", "error.password_has_email"),
    ({"name": "x" * 101}, "name", "login.name_invalid"),
]


@pytest.mark.parametrize("language", codes())
async def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(
    here: Parts, app: FastAPI, language: str
) -> None:
    async with Reader(app, language) as web:
        for given, field, key in WRONG:
            page = await web.post("/register", data=REGISTRATION | given | {"next": "/history"})
            assert page.status_code == 422
            told = re.search(rf'<p class="problem" id="{field}-problem">(.+?)</p>', page.text)
            assert told
            assert told[1] == say(language, key, limit=10)
            assert f"<title>{say(language, 'frame.problem')} – " in page.text
            for name in ("email", "name"):
                assert value(page, name) == (REGISTRATION | given)[name]
            assert value(page, "password") == ""
            assert value(page, "next") == "/history"
    assert await here.accounts.count() == 0


async def test_an_address_that_is_taken_is_told_at_its_field(app: FastAPI, web: Reader) -> None:
    await web.post("/register", data=REGISTRATION)
    async with Reader(app) as other:
        page = await other.post("/register", data=REGISTRATION)
    assert page.status_code == 409
    assert f'id="email-problem">{say("en", "error.email_taken")}' in page.text


async def test_the_wrong_password_leaves_the_address_and_the_way_on(
    app: FastAPI, web: Reader
) -> None:
    await web.post("/register", data=REGISTRATION)
    async with Reader(app) as other:
        asked = {"email": EMAILS[OWNER], "password": "not this one", "next": "/history"}
        page = await other.post("/login", data=asked)
        assert page.status_code == 401
        assert say("en", "error.login_wrong") in page.text
        assert (value(page, "email"), value(page, "next")) == (EMAILS[OWNER], "/history")
        assert "not this one" not in page.text
        assert COOKIE not in other.cookies
        passed = await other.post("/login", data=asked | {"password": PASSWORD})
        assert (passed.status_code, passed.headers["location"]) == (303, "/history")


@pytest.mark.parametrize("language", codes())
async def test_too_many_tries_are_told_when_to_come_back(app: FastAPI, language: str) -> None:
    async with Reader(app, language) as web:
        for _ in range(MOST_TRIES):
            await web.post("/login", data={"email": EMAILS[OTHER], "password": "x"})
        page = await web.post("/login", data={"email": EMAILS[OTHER], "password": PASSWORD})
    assert page.status_code == 429
    assert int(page.headers["retry-after"]) > 200
    assert say(language, "error_title.too_many_tries") in page.text


@pytest.mark.parametrize("language", codes())
async def test_where_registration_is_off_the_page_says_whom_to_ask(
    tmp_path: Path, language: str
) -> None:
    off = AccountSettings(registration="off")
    async with site(tmp_path, accounts=off) as (app, _), Reader(app, language) as web:
        page = await web.get("/register")
        assert page.status_code == 403
        assert say(language, "error.registration_off") in page.text
        assert 'name="password"' not in page.text
        assert (await web.post("/register", data=REGISTRATION)).status_code == 403
        login = await web.get("/login")
        assert "/register" not in login.text
        assert say(language, "login.no_registration") in login.text


async def test_only_a_page_gives_a_guest_a_cookie_and_only_a_guest(web: Reader) -> None:
    await web.get("/api/v1/account")
    assert GUEST_COOKIE not in web.cookies
    cookie = (await web.get("/")).headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Max-Age=2592000"))
    assert "set-cookie" not in (await web.get("/")).headers
    await web.come_in()
    assert GUEST_COOKIE not in web.cookies
    await web.get("/")  # what is said once is said
    assert "set-cookie" not in (await web.get("/")).headers


async def test_what_a_guest_sent_moves_into_the_account_and_both_pages_say_so(
    here: Parts, web: Reader
) -> None:
    await web.get("/login")
    guest = hashlib.sha256(web.cookies[GUEST_COOKIE].encode()).hexdigest()
    assert say("en", "login.register_adopts") not in (await web.get("/register")).text
    answer = NewAnswer(
        question="Why?", language="en", reader="en", body_hash="b", typed_text="x", guest=guest
    )
    await here.answers.accept(answer, 50)
    assert say("en", "login.register_adopts") in (await web.get("/register")).text
    await web.come_in()
    assert say("en", "said.adopted") in (await web.get("/")).text


@pytest.mark.parametrize("language", codes())
async def test_the_way_out_ends_the_session_and_says_so(app: FastAPI, language: str) -> None:
    async with Reader(app, language) as web:
        await web.come_in()
        cookie = web.cookies[COOKIE]
        left = await web.send_form("/logout", "/")
        assert (left.status_code, left.headers["location"]) == (303, "/")
        assert COOKIE not in web.cookies
        assert say(language, "said.logged_out") in (await web.get("/")).text
        web.cookies.set(COOKIE, cookie)
        assert (await web.get("/api/v1/account")).status_code == 401


async def test_a_form_without_its_sessions_secret_changes_nothing(web: Reader) -> None:
    await web.post("/register", data=REGISTRATION)
    assert (await web.post("/logout", data={"csrf": "guessed"})).status_code == 403
    assert (await web.get("/api/v1/account")).status_code == 200


async def test_a_page_that_asks_for_a_login_is_where_the_login_leads(web: Reader) -> None:
    asked = await web.get("/api/v1/account", headers={"Accept": "application/json"})
    assert asked.status_code == 401
    page = await web.get("/login?next=/questions%3Ffield%3Dsales")
    assert value(page, "next") == "/questions?field=sales"
    assert say("en", "login.wanted") in page.text
    assert "/register?next=/questions%3Ffield%3Dsales" in page.text


async def test_what_was_said_is_one_of_the_catalogues_sentences(web: Reader) -> None:
    web.cookies.set("mulakat_said", "<b>anything</b>")
    page = await web.get("/login")
    assert "anything" not in page.text
    assert 'class="said"' not in page.text
