"""Looking back in a real Chromium: by keyboard, in one's own time, and without scripts."""

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mulakat.languages import say
from mulakat.settings import Store
from mulakat.store.accounts import Accounts
from mulakat.store.engine import make_engine
from past import NOON, answered, interviewed
from people import EMAILS, OWNER, PASSWORD
from serving import Server, serving

NewPage = Callable[..., Page]

QUESTION = "general-first-half-year"


@dataclass
class Past:
    """A site whose owner has practised for some weeks."""

    server: Server
    cookie: str

    def open(self, page: Page, path: str) -> Page:
        page.context.add_cookies(
            [{"name": "mulakat_session", "value": self.cookie, "url": self.server.url}]
        )
        page.goto(f"{self.server.url}{path}")
        return page


async def _fill(data: Path) -> None:
    engine = make_engine(Store(data_dir=data))
    found = await Accounts(engine).credentials(EMAILS[OWNER])
    assert found
    me = found[0].id
    for number in range(4):
        at = NOON + timedelta(days=3 * number)
        await interviewed(engine, f"i{number}", 40 + number, 50 + 5 * number, owner=me, at=at)
    for number in range(9):
        at = NOON + timedelta(days=number, hours=1)
        await answered(engine, f"a{number}", 50 + 4 * number, owner=me, at=at, question_id=QUESTION)
    await engine.dispose()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    data = tmp_path_factory.mktemp("past") / "data"
    with serving(data) as server, server.client() as client:
        given = {"email": EMAILS[OWNER], "password": PASSWORD}
        client.post("/api/v1/register", json=given).raise_for_status()
        with ThreadPoolExecutor(1) as thread:  # Playwright's own loop runs in this one
            thread.submit(lambda: asyncio.run(_fill(data))).result()
        yield Past(server, client.cookies["mulakat_session"])


@pytest.fixture
def address(past: Past) -> str:
    """The server that `open_page` opens first."""
    return past.server.url


def reach(page: Page, selector: str) -> None:
    """Go on by the tab key until the element has the focus."""
    for _ in range(80):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by keyboard")


def press(page: Page, selector: str, leads_to: str) -> None:
    reach(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(leads_to))


KEEP = """async ([address, answers]) => {
    const { keep } = await import(address);
    for (const answer of answers) await keep({ key: answer, answer, blob: new Blob(["x"]) });
}"""

ALONE = """async ([address, answer]) => {
    const held = await (await import(address)).sent();
    return held.length === 1 && held[0].answer === answer;
}"""


def test_by_keyboard_one_looks_back_compares_and_deletes(open_page: NewPage, past: Past) -> None:
    page = past.open(open_page("en"), "/history")
    press(page, 'a[href="/history/progress"]', "/history/progress$")
    reach(page, ".figures summary")
    page.keyboard.press("Enter")
    expect(page.locator(".figures table")).to_be_visible()
    press(page, '.back a[href="/history"]', "/history$")
    press(page, 'a[href^="/history?before="]', "before=")
    press(page, '.turning a[href="/history"]', "/history$")
    newest = page.locator(".entries a[href='/interviews/i3/report']")
    expect(newest).to_be_visible()
    press(page, 'a[href="/history/interviews/i3/delete"]', "/i3/delete$")
    press(page, 'a.second[href="/history"]', "/history$")  # keeps it
    press(page, 'a[href="/history/interviews/i3/delete"]', "/i3/delete$")
    outbox = page.locator("script[src$='times.js']").get_attribute("src") or ""
    outbox = outbox.replace("times.js", "outbox.js")
    page.evaluate(KEEP, [outbox, ["i3-1", "a8"]])
    press(page, "button.loss", "/history$")
    expect(page.get_by_role("status")).to_have_text(say("en", "said.interview_deleted"))
    expect(newest).to_have_count(0)
    # What was said stays on the device no longer than on the server; all else does.
    page.wait_for_function(ALONE, arg=[outbox, "a8"])
    page.goto(f"{past.server.url}/questions/{QUESTION}")
    press(page, 'a[href="/compare?first=a7&second=a8"]', "/compare")
    expect(page.locator("svg.strip")).to_have_count(2)


def test_times_are_the_readers_own_and_utc_without_scripts(open_page: NewPage, past: Past) -> None:
    zone = {"timezone_id": "Europe/Istanbul", "locale": "tr-TR"}
    time = ".entries time[datetime='2026-07-09T13:00:00Z']"
    own = past.open(open_page("tr", **zone), "/history")
    expect(own.locator(time).first).to_have_text("9 Temmuz 2026 16:00")
    plain = past.open(open_page("tr", java_script_enabled=False, **zone), "/history")
    expect(plain.locator(time).first).to_have_text("9 Temmuz 2026, 13:00 (UTC)")


def test_the_bank_is_searched_without_scripts(open_page: NewPage, past: Past) -> None:
    page = past.open(open_page("tr", java_script_enabled=False), "/questions")
    page.get_by_label(say("tr", "questions.search")).fill("ilk alti ay")
    page.get_by_label(say("tr", "questions.field")).select_option("general")
    page.keyboard.press("Tab")
    page.get_by_role("button", name=say("tr", "questions.show"), exact=True).press("Enter")
    expect(page.locator(".bank > li")).to_have_count(1)
    expect(page.locator(f'a[href^="/practice?question={QUESTION}"]')).to_be_visible()
    expect(page.locator(".bank .small")).to_contain_text(say("tr", "questions.tries", count=9))


UNSENT = """async ([address, owner]) => {
    const { keep } = await import(address);
    await keep({ key: "k1", question: "Why?", language: "en", owner, blob: new Blob(["x"]),
                 seconds: 42, ready: false });
}"""


def test_home_offers_what_an_earlier_visit_left_unsent(open_page: NewPage, past: Past) -> None:
    page = past.open(open_page("en"), "/")
    script = page.locator("script[src$='pending.js']").get_attribute("src") or ""
    page.evaluate(UNSENT, [script.replace("pending.js", "outbox.js"), None])
    page.reload()
    expect(page.locator("pending-answers li")).to_have_count(1)
    page.get_by_role("button", name=say("en", "answering.live.pending_delete")).click()
    expect(page.locator("pending-answers [role=status]")).to_have_text(
        say("en", "answering.live.deleted")
    )
