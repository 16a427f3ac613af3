"""The pages' frame and files, without a browser."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import AsyncClient

import account_site
from mulakat.languages import codes, messages, say
from mulakat.memory.ladder import Footing
from mulakat.settings import Intake, Language, Speech, Store
from mulakat.web import pages
from mulakat.web.static_files import (
    FOLDER,
    MEDIA_TYPES,
    STYLES,
    modules,
    static_files,
    static_version,
)

OTHER = {"en": "tr", "tr": "en"}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[account_site.Here]:
    async with account_site.settled(tmp_path) as made:
        yield made


@pytest.fixture
def client(here: account_site.Here) -> AsyncClient:
    made = account_site.browser(account_site.serve(here))
    made.headers["Accept"] = "text/html"
    return made


async def home(client: AsyncClient, query: str = "") -> str:
    response = await client.get(f"/{query}")
    assert response.status_code == 200
    return response.text


@pytest.mark.parametrize("language", codes())
async def test_the_page_is_rendered_in_its_language(client: AsyncClient, language: str) -> None:
    html = await home(client, f"?lang={language}")
    assert f'<html lang="{language}">' in html
    assert messages(language)["answering"]["record"] in html


async def test_the_page_says_when_recordings_are_kept_for_a_while(
    here: account_site.Here, client: AsyncClient
) -> None:
    page = messages("en")["practice"]
    assert page["voice_gone"] in await home(client)
    here.settings = replace(here.settings, store=Store(keep_audio=90.0))
    kept = await home(client)
    assert page["voice_gone"] not in kept
    assert page["voice_gone_later"].format(minutes=2) in kept


@pytest.mark.parametrize("language", codes())
async def test_the_page_says_where_what_was_said_is_sent(
    here: account_site.Here, client: AsyncClient, language: str
) -> None:
    says = messages(language)["practice"]
    chosen = {"language_model": "openai", "language_model_name": "judge"}
    for given, host in (
        ({}, None),
        (chosen, "api.openai.com"),
        (chosen | {"language_url": "http://ollama:11434/v1"}, "ollama"),
        (chosen | {"language_url": "http://[::1]:11434/v1"}, None),
    ):
        settings = Language(**given)
        assert settings.host == host
        here.settings = replace(here.settings, language=settings)
        html = await home(client, f"?lang={language}")
        assert says["voice_heard"] in html
        assert (says["voice_nobody"] in html) == (host is None)
        assert host is None or says["voice_text_elsewhere"].format(host=host) in html


@pytest.mark.parametrize("language", codes())
async def test_the_page_says_where_the_recording_is_sent(
    here: account_site.Here, client: AsyncClient, language: str
) -> None:
    says = messages(language)["practice"]
    chosen = Speech("openai", speech_url="http://speaches:8000/v1")
    here.settings = replace(here.settings, speech=chosen)
    html = await home(client, f"?lang={language}")
    assert says["voice_heard_elsewhere"].format(host="speaches") in html
    assert says["voice_nobody"] not in html
    near = replace(chosen, speech_url="http://127.0.0.1:8000/v1")
    here.settings = replace(here.settings, speech=near)
    assert says["voice_nobody"] in await home(client, f"?lang={language}")


async def test_where_guests_may_not_answer_they_are_told_before_they_speak(
    here: account_site.Here, client: AsyncClient
) -> None:
    says = messages("en")
    assert says["practice"]["closed"] not in await home(client)
    here.settings = replace(here.settings, intake=Intake(guests="off"))
    html = await home(client)
    assert says["practice"]["closed"] in html
    assert says["answering"]["record"] not in html
    await account_site.register(client)
    html = (await client.get("/practice")).text
    assert says["practice"]["closed"] not in html
    assert says["answering"]["record"] in html


@pytest.mark.parametrize("language", codes())
async def test_where_nothing_can_hear_only_typing_is_offered(
    here: account_site.Here, client: AsyncClient, language: str
) -> None:
    says = messages(language)["answering"]
    assert says["typed_only"] not in await home(client, f"?lang={language}")
    here.workers.footing = Footing(None, "too little memory", 0)
    html = await home(client, f"?lang={language}")
    assert says["typed_only"] in html
    assert says["record"] not in html
    assert says["upload"] not in html


async def test_files_may_be_kept_for_ever_under_their_version(client: AsyncClient) -> None:
    linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', await home(client))
    assert len(linked) >= 3
    for address in linked:
        response = await client.get(address)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]


async def test_files_are_packed_for_who_can_unpack_them(client: AsyncClient) -> None:
    address = f"/static/{static_version()}/{STYLES}"
    packed = await client.get(address, headers={"Accept-Encoding": "gzip, br"})
    plain = await client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content == static_files()[STYLES]
    assert "content-encoding" not in plain.headers
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpages.py", "room.html", "base.css"])
async def test_other_names_are_not_found(client: AsyncClient, name: str) -> None:
    assert (await client.get(f"/static/{static_version()}/{name}")).status_code == 404


async def test_an_old_version_is_gone_rather_than_stale(client: AsyncClient) -> None:
    assert (await client.get("/static/000000000000/room.js")).status_code == 404


def test_the_one_style_sheet_has_every_style_and_begins_with_the_tokens() -> None:
    sheet = static_files()[STYLES].decode()
    for path in (FOLDER / "styles").glob("*.css"):
        assert path.read_text() in sheet
    assert sheet.startswith((FOLDER / "styles" / "base.css").read_text())


def test_scripts_import_only_files_that_are_there() -> None:
    for script in FOLDER.glob("*.js"):
        for name in re.findall(r'(?:from|import) "\./([^"]+)"', script.read_text()):
            assert (FOLDER / name).exists(), f"{script.name} imports {name}"


def test_all_that_a_script_imports_is_known_beforehand() -> None:
    known = set(modules("room.js"))
    assert {"room.js", "capture.js", "meter.js", "say.js"} <= known
    for name in known:
        for other in re.findall(r'"\./([^"]+)"', (FOLDER / name).read_text()):
            assert other in known, f"{name} imports {other}"


def test_no_page_has_a_script_or_a_style_within_itself() -> None:
    for template in (FOLDER.parent / "templates").glob("*.html"):
        html = template.read_text()
        for opening in re.findall(r"<script\b[^>]*>", html):
            assert "src=" in opening or 'type="application/json"' in opening, template.name
        assert not re.search(r"<style\b|\sstyle=|\son\w+=", html), template.name
        assert not re.search(r'(?:src|href)="(?:https?:)?//', html), template.name


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_chosen_theme_is_on_every_page(client: AsyncClient, theme: str) -> None:
    back = await client.post("/preferences", data={"theme": theme, "next": "/?x=1"})
    assert (back.status_code, back.headers["location"]) == (303, "/?x=1")
    assert f'data-theme="{theme}"' in await home(client)
    await client.post("/preferences", data={"theme": "auto", "next": "/"})
    assert "data-theme" not in await home(client)


@pytest.mark.parametrize("language", codes())
async def test_a_chosen_language_stays_in_this_browser(client: AsyncClient, language: str) -> None:
    await home(client, f"?lang={language}")
    assert f'<html lang="{language}">' in await home(client)
    await client.post("/preferences", data={"language": OTHER[language], "next": "/"})
    assert f'<html lang="{OTHER[language]}">' in await home(client)


async def test_what_is_not_ours_to_choose_is_not_kept(client: AsyncClient) -> None:
    back = await client.post("/preferences", data={"theme": "neon", "language": "xx"})
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert "set-cookie" not in back.headers


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "", "/\r\nX: y"],
)
def test_no_form_sends_the_reader_to_another_site(address: str) -> None:
    assert pages.inside(address) == "/"


@pytest.mark.parametrize("language", codes())
async def test_a_page_that_is_not_there_says_so_as_a_page(
    client: AsyncClient, language: str
) -> None:
    response = await client.get(f"/nowhere?lang={language}")
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert say(language, "error_title.not_found") in response.text
    assert (await client.get("/api/nowhere")).headers["content-type"].endswith("problem+json")


def test_every_file_is_of_a_kind_that_browsers_know() -> None:
    assert {Path(name).suffix for name in static_files()} <= set(MEDIA_TYPES)
