"""The report in a real Chromium, of an interview lived on a real server."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from playwright.sync_api import Page, expect

import speech
from looks import assert_no_barrier
from mulakat.languages import codes, say
from serving import serving

NewPage = Callable[..., Page]

PASSWORD = "bir mülakat için uzun parola"

SAID = {
    "en": "Last year our team of five had three weeks for a release. I was responsible for the "
    "plan, so I met each colleague, cut the list from 40 to 12 items and tested every evening. "
    "As a result we delivered two days early and complaints fell by 30 percent.",
    "tr": "Geçen yıl beş kişilik ekibimizin bir sürüm için üç haftası vardı. Plandan ben "
    "sorumluydum, her arkadaşla görüştüm, listeyi 40 maddeden 12’ye indirdim ve her akşam test "
    "ettim. Sonuçta iki gün erken teslim ettik, şikâyetler yüzde 30 azaldı.",
}
THIN = {
    "en": "I think teams should talk to each other and listen, it is important to be calm.",
    "tr": "Bence ekipler birbiriyle konuşmalı ve dinlemeli, sakin olmak çok önemli bir şey.",
}


def lived(client: httpx.Client, language: str, sound: Path) -> str:
    """Live an interview of five questions: spoken, thin, skipped, and two in full."""
    email = f"{language}@example.org"
    client.post("/api/v1/register", json={"email": email, "password": PASSWORD}).raise_for_status()
    begun = client.post(
        "/api/v1/interviews",
        json={"interest": "software", "language": language, "total_questions": 5},
    ).json()
    path = f"/api/v1/interviews/{begun['session_id']}"

    def answer(text: str) -> None:
        client.post(f"{path}/answers", json={"answer": text}).raise_for_status()

    with sound.open("rb") as file:
        spoken = client.post(f"{path}/answers", files={"audio": (sound.name, file)})
    if spoken.status_code != 200 or spoken.json()["again"]:  # English speech, heard as Turkish
        answer(SAID[language])
    answer(THIN[language])
    client.post(f"{path}/skip", json={}).raise_for_status()
    answer(SAID[language])
    answer(SAID[language])
    found: dict[str, Any] = client.get(path).json()
    assert found["state"] == "completed", found
    return str(begun["session_id"])


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[str, str]]]:
    """By language: the report's address and its owner's cookie."""
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    with serving(folder / "data") as server:
        for language in codes():
            with server.client(headers={"accept-language": language}) as client:
                session = lived(client, language, speech.recording("two_cities"))
                cookie = client.cookies["mulakat_session"]
            found[language] = (f"{server.url}/interviews/{session}/report", cookie)
        yield found


@pytest.fixture
def open_report(open_page: NewPage, reports: dict[str, tuple[str, str]]) -> Callable[..., Page]:
    def new(language: str, **context: object) -> Page:
        page = open_page(language, **context)
        address, cookie = reports[language]
        server = address.partition("/interviews/")[0]
        page.context.add_cookies([{"name": "mulakat_session", "value": cookie, "url": server}])
        response = page.goto(f"{address}?lang={language}")
        assert response
        assert response.status == 200
        return page

    return new


@pytest.mark.parametrize("language", codes())
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_a_report_does_not_scroll_sideways(
    open_report: Callable[..., Page], language: str, width: int
) -> None:
    page = open_report(language, viewport={"width": width, "height": 800})
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("language", codes())
def test_a_report_needs_no_script_and_no_inline_style(
    open_report: Callable[..., Page], language: str
) -> None:
    page = open_report(language, java_script_enabled=False)
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator(".turn").count() == 5
    assert page.locator("script:not([src]), style, [style], [onclick]").count() == 0
    assert page.locator(".verdict.unscored").first.is_visible()
    assert page.locator(".scores .band").count() >= 6


@pytest.mark.parametrize("language", codes())
def test_a_report_prints_whole_on_a4(open_report: Callable[..., Page], language: str) -> None:
    page = open_report(language)
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    width, height = (round(float(side)) for side in printed.pages[0].mediabox[2:])
    assert (width, height) in {(595, 842), (596, 842), (594, 842), (595, 841)}
    assert 3 <= len(printed.pages) <= 6
    sheets = [sheet.extract_text().strip() for sheet in printed.pages]
    text = "".join("".join(sheet.split()) for sheet in sheets)
    for key in ("criteria", "practise", "model_answer", "status.skipped"):
        assert "".join(say(language, f"report.{key}").split()) in text
    for key in ("as_markdown", "look"):
        assert "".join(say(language, f"report.{key}").split()) not in text
    # No heading is left alone at the foot of a sheet.
    headings = {
        say(language, f"report.{key}")
        for key in ("criteria", "strongest", "weakest", "practise", "delivery", "questions",
                    "model_answer")
    }  # fmt: skip
    assert not headings & {sheet.splitlines()[-1].strip() for sheet in sheets}


@pytest.mark.parametrize("language", codes())
def test_a_report_leads_to_each_answer_and_to_questions_to_practise(
    open_report: Callable[..., Page], language: str
) -> None:
    page = open_report(language)
    assert_no_barrier(page, "report")
    page.get_by_role("link", name=say(language, "report.look")).first.click()
    expect(page.locator(".transcript")).to_be_visible()
    page.get_by_role("link", name=say(language, "result.to_report")).click()
    page.locator(".practise a").first.click()
    expect(page.locator(".question").first).to_be_visible()
