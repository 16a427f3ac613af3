"""The operator's page in a real Chromium, against a real server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mulakat.languages import codes, messages, say
from serving import serving

NewPage = Callable[..., Page]

TOKEN = "canary-of-the-operator"
WIDTHS = (360, 768, 1280)
ADD_SAMPLES = """count => {
    const chart = document.querySelector("memory-chart");
    const start = Date.now();
    for (let n = 0; n < count; n++) {
        const at = new Date(start + n * 1000).toISOString();
        chart.add({ at, state: "normal", limit: 5e8, working_set: 15e7 + n,
            processes: [{ role: "web", pss: 8e7 }, { role: "worker", pss: 6e7 }] });
    }
    return document.querySelector("path.working").getAttribute("d").match(/[ML]/g).length;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that has an operator."""
    with serving(tmp_path_factory.mktemp("admin") / "data", admin_token=TOKEN) as server:
        yield server.url


@pytest.fixture
def log_in(open_page: NewPage, address: str) -> NewPage:
    """Open the operator's page, by the keyboard alone."""

    def new(language: str = "en", **context: object) -> Page:
        page = open_page(language, **context)
        page.goto(f"{address}/admin?lang={language}")
        page.get_by_label(say(language, "admin.token")).focus()
        page.keyboard.type(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator('[data-part="live"]')).to_have_text(
            say(language, "admin.live.connected")
        )
        return page

    return new


@pytest.mark.parametrize("language", codes())
def test_live_memory_is_shown_against_the_limit(log_in: NewPage, language: str) -> None:
    page = log_in(language)
    live = messages(language)["admin"]["live"]
    states = [live[f"state_{state}"] for state in ("normal", "alert", "refusing")]
    assert page.locator('[data-part="state"]').inner_text() in states
    rows = page.locator('[data-part="processes"] tr')
    expect(rows).to_have_count(2)
    assert rows.locator("th").all_inner_texts() == [live["role_web"], live["role_worker"]]
    spoken = page.locator("memory-chart svg").get_attribute("aria-label") or ""
    assert spoken.startswith(live["chart"].split("{")[0])
    drawn = page.locator("path.working")
    before = drawn.get_attribute("d")
    expect(drawn).not_to_have_attribute("d", before or "")


def test_the_chart_holds_the_last_ten_minutes(log_in: NewPage) -> None:
    page = log_in()
    assert page.evaluate(ADD_SAMPLES, 1500) == 600


def test_each_action_works_by_the_keyboard_and_shows_its_result(log_in: NewPage) -> None:
    page = log_in()
    page.on("dialog", lambda dialog: dialog.accept())
    for name, start in {
        "trim": "Web process:",
        "sweep": "Deleted:",
        "release": "No model was loaded",
        "clear": "Interviews ended: 0",
    }.items():
        button = page.locator(f'[data-do="{name}"]')
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator(f'[data-result="{name}"]')).to_contain_text(start)
        expect(button).to_be_focused()


def test_clearing_interviews_asks_first(log_in: NewPage) -> None:
    page = log_in()
    asked: list[str] = []

    def refuse(dialog: object) -> None:
        asked.append(dialog.message)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", refuse)
    page.get_by_role("button", name=say("en", "admin.clear")).click()
    assert asked == [say("en", "admin.live.clear_sure")]
    expect(page.locator('[data-result="clear"]')).to_be_empty()


def test_a_wrong_token_is_told_and_the_field_has_the_focus(
    open_page: NewPage, address: str
) -> None:
    page = open_page()
    page.goto(f"{address}/admin?lang=en")
    page.get_by_label("Admin token").fill("guess")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text(say("en", "admin.token_wrong"))
    expect(page.get_by_label("Admin token")).to_be_focused()


def test_after_logout_every_tab_shows_the_login_form(log_in: NewPage, address: str) -> None:
    page = log_in()
    other = page.context.new_page()
    other.goto(f"{address}/admin?lang=en")
    expect(other.locator('[data-part="live"]')).to_have_text("Live")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Admin token")).to_be_visible()
    expect(other.get_by_label("Admin token")).to_be_visible()


def test_a_lost_connection_is_told_and_taken_up_again(log_in: NewPage) -> None:
    page = log_in()
    page.route("**/api/v1/admin/events", lambda route: route.fulfill(status=404))
    page.reload()
    trouble = page.locator('[data-part="trouble"]')
    expect(trouble).to_have_text(say("en", "admin.live.lost"))
    expect(page.locator('[data-part="processes"] tr').first).to_be_visible()
    page.unroute("**/api/v1/admin/events")
    expect(page.locator('[data-part="live"]')).to_have_text("Live", timeout=20_000)
    expect(trouble).to_be_hidden()


@pytest.mark.parametrize("language", codes())
def test_the_operators_page_never_scrolls_sideways(log_in: NewPage, language: str) -> None:
    page = log_in(language)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            over = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{over} px too wide at {width} px, {scheme}"
    clipped = page.evaluate(
        """() => [...document.querySelectorAll("memory-chart text")].filter((one) => {
            const { left, right } = one.getBoundingClientRect();
            const box = one.closest("svg").getBoundingClientRect();
            return left < box.left - 1 || right > box.right + 1;
        }).map((one) => one.textContent)"""
    )
    assert clipped == []


def test_the_operators_page_has_no_inline_code_and_room_for_a_finger(log_in: NewPage) -> None:
    page = log_in(viewport={"width": 360, "height": 740})
    inline = page.evaluate(
        """() => document.querySelectorAll(
            "[style], style, [onclick], script:not([src]):not([type='application/json'])").length"""
    )
    assert inline == 0
    small = page.evaluate(
        """() => [...document.querySelectorAll("button")]
            .filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"""
    )
    assert small == []


def test_the_token_stands_nowhere_on_disk_or_in_the_log(
    log_in: NewPage, address: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log_in()
    folder: Path = next(tmp_path_factory.getbasetemp().glob("admin*"))
    for path in folder.rglob("*"):
        if path.is_file():
            assert TOKEN.encode() not in path.read_bytes(), path


def test_a_loaded_model_is_let_go_and_the_page_says_what_that_gave(
    log_in: NewPage, address: str, recording: Path
) -> None:
    page = log_in()
    answered = page.context.request.post(
        f"{address}/interview_speech_evaluation",
        multipart={"audio": recording, "question": "Tell me about a city.", "language": "en"},
        timeout=120_000,
    )
    assert answered.ok
    model = page.locator('[data-part="facts"] dd').first
    expect(model).to_contain_text("loaded", timeout=20_000)
    expect(model).not_to_contain_text("not loaded", timeout=20_000)
    page.get_by_role("button", name=say("en", "admin.release")).click()
    expect(page.locator('[data-result="release"]')).to_contain_text("Let go of", timeout=20_000)
    expect(model).to_have_text("not loaded", timeout=20_000)
