"""The page and its files, without a browser."""

import re
import tomllib
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from mulakat import languages
from mulakat.languages import codes, messages
from mulakat.settings import Language, Store
from mulakat.web import pages, problems

STATIC = Path(pages.__file__).parent / "static"


@pytest.fixture
def files() -> AsyncClient:
    app = FastAPI()
    problems.install(app)
    pages.install(app)
    return AsyncClient(transport=ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize("language", codes())
def test_the_page_is_rendered_in_its_language(language: str) -> None:
    html = pages.render(language, Store())
    assert f'<html lang="{language}">' in html
    assert messages(language)["page"]["record"] in html


def test_the_page_says_when_recordings_are_kept_for_a_while() -> None:
    page = messages("en")["page"]
    assert page["voice_gone"] in pages.render("en", Store())
    kept = pages.render("en", Store(keep_audio=90.0))
    assert page["voice_gone"] not in kept
    assert page["voice_gone_later"].format(minutes=2) in kept


@pytest.mark.parametrize("language", codes())
def test_the_page_says_where_what_was_said_is_sent(language: str) -> None:
    page = messages(language)["page"]
    chosen = {"language_model": "openai", "language_model_name": "judge"}
    for given, host in (
        ({}, None),
        (chosen, "api.openai.com"),
        (chosen | {"language_url": "http://ollama:11434/v1"}, "ollama"),
        (chosen | {"language_url": "http://[::1]:11434/v1"}, None),
    ):
        settings = Language(**given)
        assert settings.host == host
        html = pages.render(language, Store(), settings.host)
        assert (page["voice_where"] in html) == (host is None)
        assert host is None or page["voice_where_elsewhere"].format(host=host) in html


async def test_files_may_be_kept_for_ever_under_their_version(files: AsyncClient) -> None:
    html = pages.render("tr", Store())
    linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
    assert len(linked) >= 4
    for address in linked:
        response = await files.get(address)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpages.py", "room.html"])
async def test_other_names_are_not_found(files: AsyncClient, name: str) -> None:
    assert (await files.get(f"/static/{pages.static_version()}/{name}")).status_code == 404


async def test_an_old_version_is_gone_rather_than_stale(files: AsyncClient) -> None:
    assert (await files.get("/static/000000000000/room.js")).status_code == 404


def test_scripts_import_only_files_that_are_there() -> None:
    for script in STATIC.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', script.read_text()):
            assert (STATIC / name).exists(), f"{script.name} imports {name}"


def test_every_sentence_a_script_says_is_in_the_catalogue_and_none_is_left_over() -> None:
    scripts = [one for one in STATIC.glob("*.js") if not one.name.startswith("admin")]
    source = "".join(script.read_text() for script in scripts)
    source += (STATIC.parent / "templates" / "result.html").read_text()
    source += (STATIC.parent / "templates" / "room.html").read_text()
    live = messages("en")["page"]["live"]
    for key in re.findall(r'say\("(\w+)"', source):
        assert key in live
    computed = re.compile(r"word_|stage_|.*_unit$|microphone_|recorder_")
    for key in live:
        stem = key.removesuffix("_title")
        assert computed.match(key) or f'"{stem}"' in source or f"live.{key}" in source, key


def test_both_catalogues_have_the_same_page() -> None:
    def shape(table: object) -> object:
        if isinstance(table, dict):
            return {key: shape(value) for key, value in table.items()}
        if isinstance(table, list):
            return len(table)
        return sorted(re.findall(r"\{\w+\}", str(table)))

    folder = Path(languages.__file__).parent
    shapes = []
    for code in codes():
        with (folder / code / "messages.toml").open("rb") as file:
            shapes.append(shape(tomllib.load(file)["page"]))
    assert all(one == shapes[0] for one in shapes)
