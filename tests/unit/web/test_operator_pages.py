"""The operator's pages beside the one of memory, read without scripts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from mulakat import clock
from mulakat.languages import codes, say
from mulakat.settings import Admin
from mulakat.store.sent import Sent
from mulakat.web.state import Parts
from page_site import Reader, site
from past import answered, interviewed
from people import ADMIN, EMAILS, OTHER, OWNER

TOKEN = "the-operators-token"
PAGES = ("/admin/users", "/admin/interviews", "/admin/interviews/clear", "/admin/elsewhere")


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[FastAPI, Parts]]:
    async with site(tmp_path, admin=Admin(admin_token=TOKEN)) as pair:
        yield pair


@pytest.fixture
def here(made: tuple[FastAPI, Parts]) -> Parts:
    return made[1]


@pytest.fixture
async def operator(made: tuple[FastAPI, Parts]) -> AsyncIterator[Reader]:
    async with Reader(made[0]) as client:
        assert (await client.post("/admin/login", data={"token": TOKEN})).status_code == 303
        yield client


@pytest.fixture
async def me(made: tuple[FastAPI, Parts], here: Parts) -> str:
    async with Reader(made[0]) as client:
        await client.come_in()
    found = await here.accounts.credentials(EMAILS[OWNER])
    assert found
    return found[0].id


@pytest.mark.parametrize("language", codes())
async def test_the_pages_show_figures_and_nothing_that_was_said(
    here: Parts, operator: Reader, me: str, language: str
) -> None:
    engine = here.accounts._engine
    await interviewed(engine, "i1", 61, owner=me, at=clock.now())
    await interviewed(engine, "i2", owner=me, at=clock.now(), state="asking")
    await answered(engine, "a1", owner=me, at=clock.now(), state="failed")
    sent = Sent(purpose="evaluate", provider="openai", model="judge-1", host="models.example",
                bytes_sent=20_480, bytes_received=1, outcome="ok")  # fmt: skip
    await here.ledger.end(await here.ledger.begin(sent, me, "a1"), sent)
    shown = {path: (await operator.get(f"{path}?lang={language}")).text for path in PAGES}
    for path, html in shown.items():
        assert f'<html lang="{language}">' in html
        for said in ("Ağrı", "work?", "models.example", "61"):
            assert said not in html.partition("<main")[2], path
    assert EMAILS[OWNER] in shown["/admin/users"]
    assert say(language, "error_title.audio_broken") in shown["/admin/interviews"]
    assert say(language, "operator.clear") in shown["/admin/interviews"]
    assert "judge-1" in shown["/admin/elsewhere"]
    assert say(language, "account.kib", value=20) in shown["/admin/elsewhere"]


async def test_an_account_is_deleted_after_a_second_look(
    here: Parts, operator: Reader, me: str
) -> None:
    await answered(here.accounts._engine, "a1", owner=me)
    path = f"/admin/users/{me}/delete"
    assert EMAILS[OWNER] in (await operator.get(path)).text
    assert (await operator.send_form(path)).headers["location"] == "/admin/users"
    html = (await operator.get("/admin/users")).text
    assert say("en", "said.user_deleted") in html
    assert say("en", "operator.no_users") in html
    assert await here.answers.get("a1") is None
    assert (await operator.get(path)).status_code == 404


async def test_the_last_admin_stays_and_the_page_says_why(here: Parts, operator: Reader) -> None:
    admin = await here.accounts.create(EMAILS[ADMIN], "", "!", "admin")
    refused = await operator.send_form(f"/admin/users/{admin.id}/delete")
    assert refused.status_code == 409
    assert say("en", "error_title.last_admin") in refused.text
    assert await here.accounts.get(admin.id)


async def test_interviews_are_ended_after_a_second_look(
    here: Parts, operator: Reader, me: str
) -> None:
    await interviewed(here.accounts._engine, "i1", 50, owner=me, state="asking")
    asked = (await operator.get("/admin/interviews/clear")).text
    assert say("en", "operator.clear_means", count=1) in asked
    assert await here.interviews.running() == 1
    done = await operator.send_form("/admin/interviews/clear")
    assert done.headers["location"] == "/admin/interviews"
    assert await here.interviews.running() == 0
    assert await here.answers.get("i1-1")


async def test_nobody_else_sees_them(made: tuple[FastAPI, Parts], me: str) -> None:
    async with Reader(made[0]) as client:
        await client.come_in(OTHER)
        for path in (*PAGES, f"/admin/users/{me}/delete"):
            refused = await client.get(path)
            assert refused.status_code == 401
            assert 'href="/admin"' in refused.text
            assert EMAILS[OWNER] not in refused.text
