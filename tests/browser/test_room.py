"""One question as a candidate meets it: by voice, file, hand and key, and when things fail."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from looks import assert_no_barrier, assert_no_sideways_scroll
from mulakat.languages import codes, say
from severed import line

NewPage = Callable[..., Page]

QUESTION = "What do you do after a failure?"

SAID = (
    "Last year our release failed. I called the customer, wrote a plan with three steps and "
    "tested each of them. As a result we shipped two weeks later without a single error."
)

PATIENT = 90_000
"""ms that recognising and rating may take on a busy machine."""


def en(key: str) -> str:
    return say("en", key)


def view(page: Page, name: str) -> None:
    """Wait until this view is the one that is shown."""
    expect(page.locator(f'answer-room [data-view="{name}"]')).to_be_visible(timeout=PATIENT)
    expect(page.locator("answer-room [data-view]:visible")).to_have_count(1)


def elapsed(page: Page, least: int) -> None:
    """Wait until the page itself says that so many seconds (under 20) are recorded."""
    later = "|".join(f"{second:02}" for second in range(least, 20))
    expect(page.locator('[data-part="elapsed"]')).to_have_text(
        re.compile(f"0:({later})"), timeout=40_000
    )


def record(page: Page, seconds: int) -> None:
    page.get_by_role("button", name=en("answering.record")).click()
    elapsed(page, seconds)
    page.get_by_role("button", name=en("answering.stop"), exact=True).click()
    view(page, "review")


def send(page: Page) -> None:
    page.locator("answer-room").get_by_role("button", name=en("answering.send")).locator(
        "visible=true"
    ).click()


def result(page: Page) -> None:
    """Wait for the page of the answer, and on it for the result."""
    page.wait_for_url(re.compile("/answers/"), timeout=PATIENT)
    expect(page.locator(".transcript")).to_be_visible(timeout=PATIENT)


def own_question(page: Page) -> None:
    page.goto(page.url.split("?")[0] + "practice?text=&language=en")
    page.get_by_label(en("practice.own_label")).fill(QUESTION)


def test_a_spoken_answer_to_ones_own_question_comes_back_as_a_transcript(
    open_page: NewPage,
) -> None:
    page = open_page()
    own_question(page)
    record(page, 11)
    expect(page.locator('[data-part="recorded"] path.bars').first).to_have_attribute(
        "d", re.compile("^M")
    )
    listen = page.locator('[data-part="listen"]')
    assert listen.evaluate("async (one) => { await one.play(); return !one.paused; }")
    send(page)
    result(page)
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    expect(page.locator(".transcript")).to_contain_text(re.compile("fail better", re.IGNORECASE))


def test_everything_can_be_done_with_the_keyboard(open_page: NewPage) -> None:
    page = open_page()

    def reach(name: str) -> None:
        for _ in range(25):
            page.keyboard.press("Tab")
            focused = page.evaluate("() => document.activeElement.textContent.trim()")
            if focused == name:
                return
        pytest.fail(f"Tab does not reach {name!r}")

    page.keyboard.press(" ")
    expect(page.get_by_role("button", name=en("answering.stop"), exact=True)).to_be_focused()
    elapsed(page, 2)
    reach(en("answering.live.pause_recording"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_have_text(en("answering.live.paused"))
    page.keyboard.press("Enter")
    elapsed(page, 5)
    page.locator("h1").focus()
    page.keyboard.press(" ")
    view(page, "review")
    expect(page.locator('[data-do="send"]')).to_be_focused()
    reach(en("answering.redo"))
    page.keyboard.press("Enter")
    view(page, "recording")
    elapsed(page, 3)
    page.keyboard.press("Enter")
    view(page, "review")
    page.keyboard.press("Enter")
    result(page)


def test_an_uploaded_recording_is_evaluated(open_page: NewPage, recording: Path) -> None:
    page = open_page()
    page.locator("input[type=file]").set_input_files(recording)
    view(page, "review")
    send(page)
    result(page)


def test_without_scripts_an_answer_can_be_typed(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{address}/?lang=en")
    expect(page.get_by_role("button", name=en("answering.record"))).to_be_hidden()
    page.get_by_role("button", name=en("answering.send")).locator("visible=true").click()
    expect(page.get_by_text(en("error.answer_missing"))).to_be_visible()
    page.get_by_label(en("answering.typed")).fill(SAID)
    page.get_by_role("button", name=en("answering.send")).locator("visible=true").click()
    result(page)
    expect(page.locator(".transcript")).to_contain_text("I called the customer")
    context.close()


@pytest.mark.parametrize("language", codes())
def test_what_is_no_recording_is_refused_in_the_readers_language(
    open_page: NewPage, tmp_path: Path, language: str
) -> None:
    text = tmp_path / "answer.webm"
    text.write_text("This is a text with the name of a recording. " * 50)
    page = open_page(language, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.locator("input[type=file]").set_input_files(text)
    page.locator('[data-do="send"]').click()
    expect(page.locator('[data-part="notice"]')).to_contain_text(say(language, "error.not_audio"))
    view(page, "review")
    assert_no_sideways_scroll(page, "refused")
    assert_no_barrier(page, "refused")


def test_an_empty_question_and_an_empty_answer_are_pointed_out_where_they_stand(
    open_page: NewPage,
) -> None:
    page = open_page()
    page.locator('[data-do="type"]:visible').click()
    send(page)
    expect(page.locator("#typed-problem")).to_have_text(en("error.answer_missing"))
    expect(page.get_by_label(en("answering.typed"))).to_be_focused()
    page.goto(page.url.split("?")[0] + "practice?text=")
    page.get_by_role("button", name=en("answering.record")).click()
    expect(page.locator("#question-problem")).to_have_text(en("error.question_missing"))
    expect(page.locator("#question")).to_be_focused()


def test_a_network_cut_in_the_middle_of_an_upload_loses_nothing(
    open_page: NewPage, address: str, recording: Path
) -> None:
    with line(address) as way:
        page = open_page()
        page.goto(f"{way.url}/?lang=en")
        page.locator("input[type=file]").set_input_files(recording)
        way.most = recording.stat().st_size // 2
        send(page)
        expect(page.locator('[data-part="stage"]')).to_have_text(
            en("answering.live.connection_title"), timeout=PATIENT
        )
        expect(page.locator('[data-part="detail"]')).to_have_text(en("answering.live.connection"))
        assert way.down.is_set()
        way.restore()
        result(page)


def test_what_was_on_its_way_when_the_tab_was_closed_is_sent_on_the_next_visit(
    open_page: NewPage, address: str
) -> None:
    page = open_page()
    record(page, 5)
    page.context.set_offline(True)
    send(page)
    expect(page.locator('[data-part="detail"]')).to_have_text(en("answering.live.connection"))
    page.close()
    page.context.set_offline(False)
    later = page.context.new_page()
    later.goto(f"{address}/practice?lang=en")
    later.get_by_role("link", name=en("answering.live.pending_result")).click(timeout=PATIENT)
    result(later)
    later.goto(f"{address}/practice")
    expect(later.get_by_role("heading", level=1)).to_be_visible()
    expect(later.get_by_text(en("answering.live.pending_title"))).to_have_count(0)


def test_a_recording_that_was_not_sent_is_offered_after_a_reload(open_page: NewPage) -> None:
    page = open_page()
    record(page, 3)
    page.reload()
    expect(page.get_by_text(en("answering.live.pending_title"))).to_be_visible()
    page.get_by_role("button", name=en("answering.live.pending_delete")).click()
    expect(page.get_by_text(en("answering.live.deleted"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text(en("answering.live.pending_title"))).to_have_count(0)


def test_a_tab_that_dies_in_the_background_leaves_what_was_said_so_far(
    open_page: NewPage, address: str
) -> None:
    page = open_page()
    page.add_init_script("""
        const request = WakeLock.prototype.request;
        WakeLock.prototype.request = function (kind) {
          window.awake = kind;
          return request.call(this, kind);
        };
        let seen = "visible";
        Object.defineProperty(document, "visibilityState", { get: () => seen });
        window.turn = (state) => {
          seen = state;
          document.dispatchEvent(new Event("visibilitychange"));
        };""")
    page.reload()
    page.get_by_role("button", name=en("answering.record")).click()
    elapsed(page, 3)
    assert page.evaluate("() => window.awake") == "screen"
    page.evaluate("() => turn('hidden')")
    page.evaluate("() => turn('visible')")
    expect(page.get_by_role("status").first).to_have_text(en("answering.live.was_hidden"))
    page.evaluate("() => turn('hidden')")
    elapsed(page, 5)
    page.close()
    later = page.context.new_page()
    later.goto(f"{address}/practice?lang=en")
    expect(later.get_by_text(en("answering.live.pending_title"))).to_be_visible()
    later.get_by_role("button", name=en("answering.live.pending_send")).click()
    later.get_by_role("link", name=en("answering.live.pending_result")).click(timeout=PATIENT)
    result(later)


def test_where_nothing_can_be_kept_that_is_said_and_leaving_asks_first(open_page: NewPage) -> None:
    page = open_page()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.add_init_script("IDBFactory.prototype.open = () => { throw new Error('refused'); };")
    page.reload()
    record(page, 2)
    expect(page.locator('[data-part="sound"]')).to_have_text(en("answering.live.not_kept"))
    page.close(run_before_unload=True)
    page.get_by_role("button", name=en("answering.redo")).click()
    view(page, "recording")
    assert asked == ["beforeunload"]


def test_a_microphone_that_goes_away_leaves_what_was_said(open_page: NewPage) -> None:
    page = open_page()
    page.add_init_script("""
        const open = MediaDevices.prototype.getUserMedia;
        MediaDevices.prototype.getUserMedia = async function (...given) {
          return (window.heard = await open.apply(this, given));
        };""")
    page.reload()
    page.get_by_role("button", name=en("answering.record")).click()
    elapsed(page, 2)
    page.evaluate("""() => {
        const [track] = window.heard.getTracks();
        track.dispatchEvent(new Event("ended"));
        track.stop();
    }""")  # what a browser does when the plug is pulled
    view(page, "review")
    expect(page.locator('[data-part="notice"]')).to_contain_text(
        en("answering.live.microphone_lost")
    )


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--use-fake-device-for-media-stream", "microphone_denied"),
        ("--use-fake-ui-for-media-stream", "microphone_absent"),
    ],
)
def test_a_microphone_that_is_refused_or_not_there_is_explained(
    open_page: NewPage, launch: Callable[..., Browser], flag: str, reason: str
) -> None:
    chromium = launch(flag)
    page = open_page(chromium=chromium)
    page.get_by_role("button", name=en("answering.record")).click()
    notice = page.locator('[data-part="notice"]')
    expect(notice).to_contain_text(en(f"answering.live.{reason}"))
    expect(notice).to_be_focused()
    view(page, "ready")
    page.context.close()
    chromium.close()


WORDS = """async ([levels, clipped]) => {
  const { Meter } = await import(document.querySelector("script[src$='room.js']").src
    .replace("room.js", "meter.js"));
  const line = () => document.createElement("p");
  const strip = { show() {} };
  const meter = new Meter({ strip, elapsed: line(), level: line(), warning: line() });
  const so_far = { levels: [], muted: false };
  const said = [];
  for (const level of levels) {
    so_far.levels.push(level);
    said.push(meter.show({ level, clipped, seconds: so_far.levels.length / 20 }, so_far));
  }
  return [...said.filter(Boolean), meter.verdict(so_far)];
}"""


def test_the_meter_says_what_sounds_wrong_and_nothing_else(open_page: NewPage) -> None:
    page = open_page()

    def words(levels: list[int], clipped: bool = False) -> list[str]:
        found: list[str] = page.evaluate(WORDS, [levels, clipped])
        return found

    live = "answering.live"
    speech = [60, 62, 55, 48, 20, 5, 0, 0] * 40
    assert words(speech) == [""]
    assert words([3] * 200) == [en(f"{live}.unheard"), en(f"{live}.length_silent")]
    quiet = [level // 2 for level in speech]
    assert words(quiet) == [en(f"{live}.quiet"), en(f"{live}.length_quiet")]
    assert words(speech, clipped=True) == [
        en(f"{live}.clipping"), en(f"{live}.length_clipping"),
    ]  # fmt: skip
