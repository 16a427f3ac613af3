"""A whole interview in Chromium: set up, spoken, typed, interrupted, and ended."""

import re
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from looks import assert_no_barrier, assert_no_sideways_scroll
from mulakat.languages import say
from serving import Server

PASSWORD = "bir mülakat için uzun parola"

PATIENT = 90_000
"""ms that recognising and rating may take on a busy machine."""

SAID = {
    "en": "Last year our team of five had three weeks for a release. I was responsible for the "
    "plan, so I met each colleague, cut the list from 40 to 12 items and tested every evening. "
    "As a result we delivered two days early and complaints fell by 30 percent.",
    "tr": "Geçen yıl beş kişilik ekibimizin bir sürüm için üç haftası vardı. Plandan ben "
    "sorumluydum, her arkadaşla görüştüm, listeyi 40 maddeden 12’ye indirdim ve her akşam test "
    "ettim. Sonuçta iki gün erken teslim ettik, şikâyetler yüzde 30 azaldı.",
}

NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own that may be killed: on a port that it comes back to."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    made = Server(tmp_path_factory.mktemp("killed") / "data", port=port)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def address(server: Server) -> str:
    """The address that `open_page` opens, in place of the session's server."""
    return server.url


@pytest.fixture
def inside(open_page: NewPage, server: Server) -> NewPage:
    """Open the set-up of an interview, logged in with an account of one's own."""

    def opened(name: str, language: str = "en", **context: object) -> Page:
        page = open_page(language, **context)
        body = {"email": f"{name}@example.org", "password": PASSWORD}
        given = httpx.post(f"{server.url}/api/v1/register", json=body, timeout=60)
        given.raise_for_status()
        cookies = [{"name": k, "value": v, "url": server.url} for k, v in given.cookies.items()]
        page.context.add_cookies(cookies)
        page.goto(f"{server.url}/interviews/new?lang={language}")
        return page

    return opened


def begin(page: Page, questions: str = "3") -> None:
    page.locator("form input[name=questions]").locator(
        f"nth={['3', '5', '8', '12'].index(questions)}"
    ).check(force=True)
    page.locator("form.setup .main").click()
    place(page, 1, int(questions))


def place(page: Page, number: int, total: int) -> None:
    """Wait until this question is asked."""
    expect(page.locator(".where .figure")).to_have_text(f"{number} / {total}", timeout=PATIENT)
    expect(page.locator("h1.question")).to_be_visible(timeout=PATIENT)


def typed(page: Page, text: str) -> None:
    page.locator('[data-view="ready"] [data-do="type"]').click()
    page.locator("#typed").fill(text)
    page.locator("form.typing .main").click()


def told(page: Page) -> None:
    """Wait for what became of an answer."""
    expect(page.locator("h1.verdict")).to_be_visible(timeout=PATIENT)


def further(page: Page) -> None:
    page.locator("a[data-next]").click()


def spoken(page: Page, seconds: int) -> None:
    page.locator('[data-do="record"]').click()
    expect(page.locator('[data-part="elapsed"]')).to_have_text(
        re.compile(f"0:(0[{seconds}-9]|[1-5])"), timeout=40_000
    )
    page.locator('[data-do="stop"]').click()
    expect(page.locator('[data-do="send"]')).to_be_focused()


def test_a_turkish_interview_on_a_dark_phone_by_voice_and_in_writing_to_its_report(
    inside: NewPage,
) -> None:
    page = inside("deniz", "tr", viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.locator(".add summary").click()
    page.locator("#text").fill("Deniz Yılmaz. Yazılım geliştirici: Python ve PostgreSQL.")
    page.locator('[data-do="add"]').click()
    expect(page.locator("#cv")).to_be_focused(timeout=PATIENT)
    expect(page.locator("#cv")).not_to_have_value("")
    assert_no_barrier(page, "set-up")
    begin(page)
    assert_no_barrier(page, "asking")
    spoken(page, 3)
    assert_no_barrier(page, "review")
    page.locator('[data-do="send"]').click()
    told(page)  # English speech, heard as Turkish: scored, or asked once more
    assert_no_barrier(page, "told")
    again = page.locator('a[data-next="same"]').count() == 1
    expect(page.locator('[data-do="stay"]')).to_be_visible(visible=not again)
    further(page)
    expect(page.locator("h1.question")).to_be_visible()
    if page.locator(".where .figure").inner_text() == "1 / 3":
        typed(page, SAID["tr"])
        told(page)
        further(page)
    place(page, 2, 3)
    typed(page, SAID["tr"])
    told(page)
    expect(page.locator(".band")).to_be_visible()
    page.locator('[data-do="stay"]').click()
    expect(page.locator('[data-part="countdown"]')).to_have_text("")
    page.reload()
    told(page)
    expect(page.locator('[data-do="stay"]')).to_be_hidden()  # nor is one hurried from now on
    further(page)
    place(page, 3, 3)
    page.locator(".skip-question button").click()
    expect(page.get_by_role("heading", name=say("tr", "room.ended_completed"))).to_be_visible()
    page.get_by_role("link", name=say("tr", "room.report")).click()
    expect(page.locator("body.report")).to_be_visible()


def test_a_server_that_is_killed_between_two_questions_is_waited_for(
    inside: NewPage, server: Server
) -> None:
    page = inside("kuzey")
    begin(page)
    server.kill()
    typed(page, SAID["en"])
    expect(page.locator('[data-part="stage"]')).to_have_text(
        say("en", "answering.live.connection_title")
    )
    expect(page.locator('[data-part="detail"]')).to_have_text(
        say("en", "answering.live.connection_typed")
    )
    server.start()
    told(page)
    server.kill()
    expect(page.get_by_text(say("en", "room.offline"))).to_be_visible(timeout=PATIENT)
    server.start()
    place(page, 2, 3)  # by itself, as the line was before
    page.reload()
    place(page, 2, 3)


def test_a_recording_outlives_a_login_that_ended_and_a_reload_of_its_question(
    inside: NewPage,
) -> None:
    page = inside("asya")
    begin(page)
    page.evaluate("() => document.querySelector('h1').focus()")
    page.keyboard.press(" ")
    expect(page.locator('[data-do="stop"]')).to_be_focused()
    expect(page.locator('[data-part="elapsed"]')).to_have_text(re.compile("0:0[3-9]"))
    page.keyboard.press("Enter")
    expect(page.locator('[data-do="send"]')).to_be_focused()
    login = page.context.cookies()
    page.context.clear_cookies()
    page.keyboard.press("Enter")
    back = page.locator('[data-part="login"]')
    expect(back).to_have_attribute("href", re.compile(r"^/login\?next=%2Finterviews%2F"))
    expect(page.locator('[data-part="notice"]')).to_be_focused()
    page.context.add_cookies(login)
    page.reload()
    expect(page.locator('[data-part="notice"]')).to_contain_text(say("en", "answering.live.found"))
    assert_no_sideways_scroll(page, "found")
    page.set_viewport_size({"width": 640, "height": 512})  # 1280 at 200 %
    page.locator('[data-do="send"]').focus()
    page.keyboard.press("Enter")
    told(page)


def test_a_question_is_read_aloud_by_a_voice_of_its_language_until_the_answer_begins(
    inside: NewPage,
) -> None:
    page = inside("poyraz")
    page.add_init_script("""
        window.said = [];
        window.SpeechSynthesisUtterance = function (text) { this.text = text; };
        Object.defineProperty(window, "speechSynthesis", { value: {
          getVoices: () => [
            { lang: "tr-TR" }, { lang: "en-GB" }, { lang: "en_US", localService: true }],
          speak: ({ text, voice, rate }) => said.push([text, voice.lang, rate]),
          cancel: () => said.push("silence"),
        }});""")
    begin(page)
    question = page.locator("h1.question").inner_text()
    page.wait_for_function("() => said.length >= 2")
    assert page.evaluate("() => said.splice(0)") == ["silence", [question, "en_US", 1]]
    page.get_by_role("button", name=say("en", "room.slower")).click()
    assert page.evaluate("() => said.splice(0)") == ["silence", [question, "en_US", 0.75]]
    page.locator('[data-do="record"]').click()
    expect(page.locator('[data-do="stop"]')).to_be_focused()
    assert page.evaluate("() => said") == ["silence"]


def test_without_scripts_an_interview_goes_from_set_up_to_its_end(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    body = {"email": "eylul@example.org", "password": PASSWORD}
    given = httpx.post(f"{server.url}/api/v1/register", json=body, timeout=60)
    context.add_cookies(
        [{"name": k, "value": v, "url": server.url} for k, v in given.cookies.items()]
    )
    page = context.new_page()
    page.goto(f"{server.url}/interviews/new?lang=en")
    page.locator(".add summary").click()
    page.locator("input[name=questions]").nth(0).check(force=True)
    page.get_by_role("button", name=say("en", "setup.send")).click()
    expect(page.locator("#document-problem")).to_have_text(say("en", "error.document_missing"))
    page.locator("#text").fill("Eylul. Nurse for ten years.")
    page.get_by_role("button", name=say("en", "setup.send")).click()
    expect(page.locator("#cv")).not_to_have_value("")
    expect(page.locator("input[name=questions]").nth(0)).to_be_checked()
    page.locator("form.setup .main").click()
    place(page, 1, 3)
    page.locator("form.typing .main").click()
    expect(page.locator("#typed-problem")).to_have_text(say("en", "error.answer_missing"))
    page.locator("#typed").fill(SAID["en"])
    page.locator("form.typing .main").click()
    told(page)  # the page looks again by itself
    further(page)
    place(page, 2, 3)
    page.locator(".leave summary").click()
    page.get_by_role("button", name=say("en", "room.complete")).click()
    expect(page.locator("body.report")).to_be_visible()
    context.close()


def test_an_answer_taken_back_is_gone_from_server_and_device(
    inside: NewPage, server: Server
) -> None:
    page = inside("defne")
    begin(page)
    worker = server.worker
    assert worker
    worker.suspend()  # else it may be evaluated before there is a button to press
    try:
        typed(page, SAID["en"])
        back = page.get_by_role("button", name=say("en", "room.takeback"))
        expect(back).to_be_visible(timeout=PATIENT)
        answer = page.locator("interview-room").get_attribute("data-answer")
        kept = """async (answer) => (await (await import(
            document.querySelector("link[href$='outbox.js']").href)).ofAnswer(answer))?.text"""
        assert page.evaluate(kept, answer) == SAID["en"]
        back.click()
        place(page, 1, 3)
    finally:
        worker.resume()
    assert page.evaluate(kept, answer) is None
    assert page.request.get(f"{server.url}/api/v1/evaluations/{answer}").status == 404


def test_who_has_an_unfinished_interview_goes_on_with_it_or_gives_it_up(inside: NewPage) -> None:
    page = inside("mira")
    begin(page, "5")
    page.goto(page.url.split("/interviews")[0] + "/interviews/new")
    page.get_by_role("link", name=say("en", "setup.continue")).click()
    place(page, 1, 5)
    page.go_back()
    page.get_by_role("button", name=say("en", "setup.give_up")).click()
    expect(page.locator("form.setup")).to_be_visible()
