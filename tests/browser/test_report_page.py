"""The report of an interview as a page: what it says, how it holds together, how it prints."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from looks import assert_no_sideways_scroll
from mulakat.languages import codes, say

ANSWERS = (
    "Last year our team of five had three weeks for a release. I was responsible for the plan, so "
    "I met each colleague, cut the list from 40 to 12 items and tested every evening. As a result "
    "we delivered two days early and complaints fell by 30 percent.",
    "<b>I</b> like *working* with people & I think that communication is very important to me.",
)


@dataclass
class Reported:
    """A finished interview's report, and the login that may see it."""

    url: str
    cookie: str
    question: str


@pytest.fixture(scope="module")
def reported(address: str) -> Iterator[Reported]:
    with httpx.Client(base_url=address, timeout=60, headers={"accept-language": "en"}) as client:
        me = {"email": "reader@example.org", "password": "a report for a browser"}
        assert client.post("/api/v1/register", json=me).status_code == 201
        asked = {"interest": "general", "language": "en", "total_questions": 3}
        begun = client.post("/api/v1/interviews", json=asked).json()
        session = begun["session_id"]
        for text in ANSWERS:
            client.post(f"/api/v1/interviews/{session}/answers", json={"answer": text})
        client.post(f"/api/v1/interviews/{session}/skip")
        yield Reported(
            f"{address}/interviews/{session}/report",
            client.cookies["mulakat_session"],
            begun["question"],
        )


@pytest.fixture
def page(browser: Browser, reported: Reported) -> Iterator[Page]:
    """A page of the one whose report it is; it must not write to the console."""
    context = browser.new_context()
    context.add_cookies(
        [{"name": "mulakat_session", "value": reported.cookie, "url": reported.url}]
    )
    made, said = context.new_page(), []
    made.on("console", lambda message: said.append(message.text))
    yield made
    context.close()
    assert said == []


@pytest.mark.parametrize("language", codes())
def test_the_report_is_read_in_either_language_at_every_width(
    page: Page, reported: Reported, language: str
) -> None:
    page.goto(f"{reported.url}?lang={language}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        say(language, "report.title", field="")
    )
    expect(page.get_by_role("heading", name=reported.question)).to_be_visible()
    expect(page.get_by_text(say(language, "report.status.skipped"))).to_be_visible()
    assert page.locator("body").inner_text()[0] != ">"
    assert_no_sideways_scroll(page, f"report in {language}")


def test_what_was_said_is_text_and_a_strong_answer_unfolds_by_keyboard(
    page: Page, reported: Reported
) -> None:
    page.goto(f"{reported.url}?lang=en")
    said = page.locator(".turn blockquote", has_text="<b>I</b> like *working* with people &")
    expect(said).to_have_count(1)
    strong = page.locator("details").first
    strong.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(strong.locator("p")).to_be_visible()


def test_it_prints_without_what_only_a_screen_needs(page: Page, reported: Reported) -> None:
    page.goto(f"{reported.url}?lang=en")
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Keep as Markdown")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"


def test_who_is_not_logged_in_sees_nothing_of_it(reported: Reported) -> None:
    refused = httpx.get(reported.url)
    assert refused.status_code == 401
    assert reported.question not in refused.text
