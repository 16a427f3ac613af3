"""What went wrong, as a page: each by a request that really goes wrong."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from mulakat import errors
from mulakat.languages import codes, messages, say
from mulakat.settings import MAX_AUDIO_BYTES, Admin, Web
from mulakat.web.sessions import COOKIE, Sessions
from mulakat.web.state import Parts
from page_site import Reader, site

TYPED = "Last year our team had three weeks for a release."


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[FastAPI, Parts]]:
    async with site(tmp_path, admin=Admin(admin_token="a token of sixteen")) as pair:
        yield pair


@pytest.fixture(params=codes())
async def web(made: tuple[FastAPI, Parts], request: Any) -> AsyncIterator[Reader]:
    async with Reader(made[0], request.param) as client:
        yield client


def is_page(web: AsyncClient, page: Response, status: int, code: str) -> None:
    """A whole page, in the reader's language, that says what to do."""
    language = web.headers["accept-language"]
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert f'<html lang="{language}">' in page.text
    assert '<link rel="stylesheet"' in page.text
    assert f"<h1>{say(language, f'error_title.{code}')}</h1>" in unescape(page.text)
    told = messages(language)["problem"]["detail"].get(code) or messages(language)["error"][code]
    for fixed in re.split(r"\{\w+\}", told):
        assert fixed in unescape(page.text)
    assert 'href="/"' in page.text


async def test_another_sites_form_is_refused_as_a_page(web: Reader) -> None:
    page = await web.post("/preferences", data={}, headers={"Origin": "https://evil.example"})
    is_page(web, page, 403, "cross_origin")


async def test_a_form_of_an_older_login_says_to_open_the_page_again_and_loses_nothing(
    web: Reader,
) -> None:
    await web.come_in()
    form = {"csrf": "of an older login", "answer": TYPED, "password": "secret words of mine"}
    came = {"Referer": "http://localhost/questions?field=sales"}
    page = await web.post("/preferences", data=form, headers=came)
    is_page(web, page, 403, "form_expired")
    assert TYPED in page.text
    assert "secret words" not in page.text
    assert "of an older login" not in page.text
    assert page.text.count('href="/questions?field=sales"') == 1


async def test_a_login_that_ended_while_one_typed_loses_nothing(web: Reader) -> None:
    came = {"Referer": "http://localhost/history?page=2"}
    page = await web.post("/account", data={"name": TYPED}, headers=came)
    is_page(web, page, 401, "login_required")
    assert TYPED in page.text
    assert 'href="/login?next=%2Fhistory%3Fpage%3D2"' in page.text


async def test_without_a_login_a_page_leads_to_it_and_back(web: Reader) -> None:
    asked = await web.get("/account/tokens?x=1")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/login?next=%2Faccount%2Ftokens%3Fx%3D1"
    pressed = await web.post("/account/password", data={}, headers={
        "Referer": "http://localhost/account/password"})  # fmt: skip
    assert pressed.headers["location"] == "/login?next=%2Faccount%2Fpassword"
    elsewhere = await web.post("/account/password", headers={"Referer": "http://evil.example/x"})
    assert elsewhere.headers["location"] == "/login"


async def test_where_nothing_is_the_page_says_so_and_knows_who_reads(web: Reader) -> None:
    await web.come_in()
    page = await web.get("/nowhere")
    is_page(web, page, 404, "not_found")
    assert 'href="/account"' in page.text


async def test_an_address_that_only_takes_forms_is_no_page(web: Reader) -> None:
    is_page(web, await web.get("/logout"), 405, "method_not_allowed")


@pytest.mark.parametrize("declared", [True, False])
async def test_what_is_too_large_is_told_as_a_page(web: Reader, declared: bool) -> None:
    size = MAX_AUDIO_BYTES + 2**20

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // 2**16 + 1):
            yield b"x" * 2**16

    kind = {"Content-Type": "application/octet-stream"}
    if declared:
        page = await web.post("/preferences", content=b"x" * size, headers=kind)
        is_page(web, page, 413, "too_large")
    else:
        page = await web.post("/interview_speech_evaluation", content=pieces(), headers=kind)
        assert page.status_code in {413, 415}  # a program's address: no page
        assert page.headers["content-type"].endswith("json")


async def test_too_many_downloads_are_told_when_to_come_back_in_words(
    web: Reader, made: tuple[FastAPI, Parts]
) -> None:
    await web.come_in()
    account = (await web.get("/api/v1/account")).json()
    for _ in range(5):
        await made[1].throttle.count(f"export:{account['id']}")
    page = await web.get("/account/export")
    is_page(web, page, 429, "export_running")
    assert int(page.headers["retry-after"]) == 300
    language = web.headers["accept-language"]
    assert say(language, "frame.wait_minutes", count=5) in page.text
    assert 'href="/account/export"' in page.text


class Down:
    """A store that does not answer."""

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: object) -> None:
            raise errors.SessionsDown(5)

        return fail


async def test_a_store_that_does_not_answer_is_told_with_a_way_to_try_again(
    web: Reader, made: tuple[FastAPI, Parts]
) -> None:
    app, here = made
    await web.come_in()
    app.state.parts = replace(here, sessions=Sessions(Down()))  # type: ignore[arg-type]
    page = await web.get("/account")
    is_page(web, page, 503, "sessions_unavailable")
    assert page.headers["retry-after"] == "5"
    assert 'href="/account"' in page.text
    assert COOKIE in web.cookies
    app.state.parts = here


async def test_a_defect_of_ours_is_a_page_with_a_reference_and_none_of_its_words(
    web: Reader, made: tuple[FastAPI, Parts]
) -> None:
    app, here = made

    class Broken:
        async def of(self, *_: object) -> None:
            raise ZeroDivisionError("canary")

    await web.come_in()
    app.state.parts = replace(here, tokens=Broken())  # type: ignore[arg-type]
    page = await web.get("/account/tokens", headers={"X-Request-ID": "r-1"})
    is_page(web, page, 500, "internal")
    assert "<code>r-1</code>" in page.text
    assert "canary" not in page.text


async def test_programs_go_on_reading_problem_documents(web: Reader) -> None:
    for path, accept in (("/nowhere", "application/json"), ("/api/v1/account", "text/html")):
        refused = await web.get(path, headers={"Accept": accept})
        assert refused.headers["content-type"] == "application/problem+json"


async def test_a_name_that_points_here_is_refused_before_any_page(tmp_path: Path) -> None:
    async with site(tmp_path, web=Web(host="127.0.0.1")) as (app, _), Reader(app) as web:
        assert (await web.get("/", headers={"Host": "evil.example"})).status_code == 403
