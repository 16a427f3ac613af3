"""The account's pages, read without scripts."""

import io
import re
import zipfile
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI

import documents
from mulakat.languages import codes, say
from mulakat.settings import Language, Store
from mulakat.store.egress import PAGE
from mulakat.store.sent import Sent
from mulakat.store.tokens import MOST_TOKENS
from mulakat.store.values import NewAnswer
from mulakat.web import figures
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from page_site import Reader, site, value
from people import EMAILS, OTHER, OWNER, PASSWORD

LATER = "bambaşka uzun bir parola"

SENT = Sent(
    purpose="evaluate", provider="openai", model="judge-1", host="models.example",
    bytes_sent=2048, bytes_received=12_000, outcome="ok",
)  # fmt: skip


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
    """A browser whose reader is logged in."""
    async with Reader(app, "tr") as client:
        await client.come_in()
        await client.get("/login")  # what is said after it is said
        yield client


async def me(here: Parts) -> str:
    found = await here.accounts.credentials(EMAILS[OWNER])
    assert found
    return found[0].id


def tells(web: Reader, text: str, key: str, **params: object) -> bool:
    return say(web.language, key, **params) in unescape(text)


PAGES = {
    "": "heading",
    "/password": "password_heading",
    "/tokens": "tokens_heading",
    "/documents": "documents_heading",
    "/data": "data_heading",
    "/egress": "egress_heading",
    "/delete": "leave_heading_page",
}


@pytest.mark.parametrize("language", codes())
async def test_every_page_of_the_account_is_in_its_readers_language(
    web: Reader, language: str
) -> None:
    for path, key in PAGES.items():
        page = await web.get(f"/account{path}?lang={language}")
        assert page.status_code == 200
        assert f"<h1>{say(language, f'account.{key}')}</h1>" in page.text
        assert ' href="/account" aria-current=' in page.text
        assert page.headers["cache-control"] == "no-store"


async def test_the_name_and_the_language_are_kept_and_that_is_said(
    here: Parts, web: Reader
) -> None:
    page = await web.get("/account")
    assert EMAILS[OWNER] in page.text
    saved = await web.send_form("/account", name=" Ayşe  Yılmaz ", language="en")
    assert (saved.status_code, saved.headers["location"]) == (303, "/account")
    after = await web.get("/account")
    assert '<html lang="en">' in after.text
    assert say("en", "said.account_saved") in after.text
    assert value(after, "name") == "Ayşe Yılmaz"
    account = await here.accounts.get(await me(here))
    assert account
    assert account.language == "en"


async def test_a_name_that_is_too_long_is_told_at_its_field_and_kept_there(web: Reader) -> None:
    page = await web.send_form("/account", name="x" * 101, language="xx")
    assert page.status_code == 422
    assert tells(web, page.text, "login.name_invalid")
    assert 'id="name-problem"' in page.text
    assert value(page, "name") == "x" * 101


async def test_a_new_password_leaves_this_browser_in_and_no_other(
    app: FastAPI, here: Parts, web: Reader
) -> None:
    await here.tokens.create(await me(here), "laptop")
    async with Reader(app) as other:
        assert (await other.post("/login", data={
            "email": EMAILS[OWNER], "password": PASSWORD})).status_code == 303  # fmt: skip
        changed = await web.send_form("/account/password", password=PASSWORD, new_password=LATER)
        assert changed.headers["location"] == "/account"
        after = await web.get("/account")
        assert after.status_code == 200
        assert tells(web, after.text, "said.password_changed")
        assert (await other.get("/account")).headers["location"] == "/login?next=%2Faccount"
        refused = await other.post("/login", data={"email": EMAILS[OWNER], "password": PASSWORD})
        assert refused.status_code == 401
    assert await here.tokens.of(await me(here)) == []


@pytest.mark.parametrize(
    ("given", "field", "code", "status"),
    [
        ({"password": "not it", "new_password": LATER}, "password", "password_wrong", 403),
        ({"password": PASSWORD, "new_password": "x"}, "new_password", "password_too_short", 422),
    ],
)
async def test_a_password_that_is_not_taken_is_told_at_its_field(
    web: Reader, given: dict[str, str], field: str, code: str, status: int
) -> None:
    page = await web.send_form("/account/password", **given)
    assert page.status_code == status
    told = re.search(rf'id="{field}-problem">(.+?)</p>', page.text)
    assert told
    assert unescape(told[1]) == say(web.language, f"error.{code}", limit=10)
    assert not any(f'value="{text}"' in page.text for text in given.values())


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(
    app: FastAPI, web: Reader
) -> None:
    assert tells(web, (await web.get("/account/tokens")).text, "account.tokens_none")
    page = await web.send_form("/account/tokens", name="laptop")
    token = re.search(r"mlk_[\w-]+", page.text)
    assert token
    assert page.headers["cache-control"] == "no-store"
    again = await web.get("/account/tokens")
    assert token[0] not in again.text
    assert "laptop" in again.text
    assert token[0][-4:] in again.text
    async with Reader(app) as script:
        script.headers["Authorization"] = f"Bearer {token[0]}"
        assert (await script.get("/api/v1/account")).status_code == 200
        assert (await script.get("/account")).status_code == 303  # a token is no login
        path = re.search(r'action="(/account/tokens/[^"]+/revoke)"', again.text)
        assert path
        gone = await web.send_form(path[1], "/account/tokens")
        assert gone.headers["location"] == "/account/tokens"
        assert (await script.get("/api/v1/account")).status_code == 401
    assert tells(web, (await web.get("/account/tokens")).text, "said.token_revoked")
    assert (await web.send_form(path[1], "/account/tokens")).status_code == 404


async def test_a_token_without_a_name_or_beyond_the_most_is_not_made(
    here: Parts, web: Reader
) -> None:
    page = await web.send_form("/account/tokens", name="  ")
    assert page.status_code == 422
    assert tells(web, page.text, "account.token_name_invalid")
    for number in range(MOST_TOKENS):
        await here.tokens.create(await me(here), f"t{number}")
    page = await web.send_form("/account/tokens", name="one more")
    assert page.status_code == 409
    assert tells(web, page.text, "error.too_many_tokens", limit=MOST_TOKENS)
    assert value(page, "name") == "one more"


async def document(web: Reader) -> str:
    sent = await web.post(
        "/api/v1/documents", data={"purpose": "cv"}, files={"file": ("cv.pdf", documents.pdf())}
    )
    assert sent.status_code == 202
    return str(sent.json()["id"])


async def test_documents_are_listed_and_deleted(here: Parts, web: Reader) -> None:
    page = await web.get("/account/documents")
    assert tells(web, page.text, "account.documents_none")
    assert tells(web, page.text, "account.documents_lead", days=30)
    which = await document(web)
    page = await web.get("/account/documents")
    assert tells(web, page.text, "account.document_cv")
    assert figures.size(len(documents.pdf()), web.language) in page.text
    assert tells(web, page.text, "account.document_reading")
    path = f"/account/documents/{which}/delete"
    assert (await web.send_form(path, "/account/documents")).status_code == 303
    assert tells(web, (await web.get("/account/documents")).text, "said.document_deleted")
    assert await here.documents.of(await me(here)) == []
    assert (await web.send_form(path, "/account/documents")).status_code == 404


async def test_another_candidates_documents_and_tokens_are_not_found(
    app: FastAPI, here: Parts, web: Reader
) -> None:
    which = await document(web)
    _, token = await here.tokens.create(await me(here), "laptop")
    async with Reader(app) as other:
        await other.come_in(OTHER)
        for path in (f"/account/documents/{which}/delete", f"/account/tokens/{token.id}/revoke"):
            assert (await other.send_form(path, "/account/tokens")).status_code == 404
    assert len(await here.documents.of(await me(here))) == 1
    assert len(await here.tokens.of(await me(here))) == 1


async def test_everything_is_taken_along_in_the_readers_language(web: Reader) -> None:
    page = await web.get("/account/data")
    assert tells(web, page.text, "account.kept_words", days=365)
    assert tells(web, page.text, "account.went_nowhere")
    assert 'href="/account/export"' in page.text
    archive = await web.get("/account/export")
    assert archive.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(archive.content)) as found:
        assert found.read("README.txt").decode() == say(web.language, "export.readme")


async def test_the_page_of_ones_data_says_what_this_server_is_set_to(tmp_path: Path) -> None:
    kept = Store(data_dir=tmp_path, keep_transcripts=0, keep_documents=0, keep_audio=90.0)
    model = Language(language_model="openai", language_model_name="judge-1")
    async with site(tmp_path, store=kept, language=model) as (app, _), Reader(app) as web:
        await web.come_in()
        text = (await web.get("/account/data")).text
        for key, params in {
            "kept_audio_minutes": {"minutes": 2},
            "kept_words_for_ever": {},
            "kept_documents_for_ever": {},
            "went_evaluate": {"host": "api.openai.com"},
        }.items():
            assert tells(web, text, f"account.{key}", **params)
        assert not tells(web, text, "account.went_nowhere")


async def test_the_ledger_says_that_nothing_left_or_what_when_and_how_much(
    here: Parts, web: Reader
) -> None:
    assert tells(web, (await web.get("/account/egress")).text, "account.egress_none")
    for number in range(PAGE + 1):
        line = await here.ledger.begin(SENT, await me(here), None)
        assert line, number
    page = await web.get("/account/egress")
    assert page.text.count("models.example") == PAGE
    assert tells(web, page.text, "account.egress_purpose_evaluate")
    sizes = {
        "sent": figures.size(2048, web.language),
        "received": figures.size(12_000, web.language),
    }
    assert tells(web, page.text, "account.egress_bytes", **sizes)
    older = re.search(r'href="(/account/egress\?before=[^"]+)"', page.text)
    assert older
    last = await web.get(older[1])
    assert last.text.count("models.example") == 1
    assert tells(web, last.text, "account.egress_newest")


async def test_deleting_says_what_goes_asks_for_the_password_and_leaves_nothing(
    here: Parts, web: Reader
) -> None:
    owner = await me(here)
    await here.tokens.create(owner, "laptop")
    answer = NewAnswer(question="Why?", language="en", reader="en", body_hash="b",
                       typed_text="x", owner=owner)  # fmt: skip
    await here.answers.accept(answer, 50)
    page = await web.get("/account/delete")
    assert tells(web, page.text, "account.leave_answers", count=1)
    assert tells(web, page.text, "account.leave_tokens", count=1)
    wrong = await web.send_form("/account/delete", password="not it")
    assert wrong.status_code == 403
    assert tells(web, wrong.text, "error.password_wrong")
    assert await here.accounts.get(owner)

    gone = await web.send_form("/account/delete", password=PASSWORD)
    assert (gone.status_code, gone.headers["location"]) == (303, "/")
    assert COOKIE not in web.cookies
    first = await web.get("/")
    assert tells(web, first.text, "said.account_deleted")
    assert "/forget.js" in first.text
    assert await here.accounts.get(owner) is None
    assert (await here.rights.owned(owner)) == dict.fromkeys(
        ("answers", "interviews", "questions_asked", "documents", "api_tokens", "ledger_lines"), 0
    )


async def test_the_only_admin_stays_and_is_told_why(here: Parts, web: Reader) -> None:
    await here.accounts.set_role(await me(here), "admin")
    page = await web.send_form("/account/delete", password=PASSWORD)
    assert page.status_code == 409
    assert tells(web, page.text, "error.last_admin")
    assert await here.accounts.get(await me(here))


@pytest.mark.parametrize(
    ("octets", "turkish", "english"),
    [
        (900, "900 bayt", "900 bytes"),
        (20_480, "20 KB", "20 KB"),
        (1_363_149, "1,3 MB", "1.3 MB"),
    ],
)
def test_sizes_are_written_as_the_reader_does(octets: int, turkish: str, english: str) -> None:
    assert (figures.size(octets, "tr"), figures.size(octets, "en")) == (turkish, english)
