"""The interview room as a candidate meets it: speaking, uploading, typing, by hand and by key."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, Route, expect

from mulakat.languages import codes, messages, say

NewPage = Callable[..., Page]

QUESTION = "What do you do after a failure?"


def view(page: Page, name: str) -> None:
    """Wait until this view is the one that is shown."""
    expect(page.locator(f'[data-view="{name}"]')).to_be_visible(timeout=90_000)
    expect(page.locator("[data-view]:visible")).to_have_count(1)


def elapsed(page: Page, least: int) -> None:
    """Wait until the page itself says that so many seconds (under 20) are recorded."""
    later = "|".join(f"{second:02}" for second in range(least, 20))
    expect(page.locator('[data-part="elapsed"]')).to_have_text(
        re.compile(f"0:({later})"), timeout=40_000
    )


def upload(page: Page, recording: Path) -> None:
    page.locator("input[type=file]").set_input_files(recording)


def test_a_spoken_answer_comes_back_as_a_transcript(open_page: NewPage) -> None:
    page = open_page()
    page.get_by_label("The question").fill(QUESTION)
    page.get_by_role("button", name="Record your answer").click()
    elapsed(page, 11)
    page.get_by_role("button", name="Stop and evaluate").click()
    view(page, "result")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    transcript = page.locator('[data-part="transcript"]')
    expect(transcript).to_contain_text(re.compile("fail better", re.IGNORECASE))
    expect(page.locator('[data-part="said"] path.bars').first).to_have_attribute(
        "d", re.compile("^M")
    )
    expect(page.locator('[data-part="measures"]')).to_contain_text("words/min")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def test_an_uploaded_recording_is_evaluated(open_page: NewPage, recording: Path) -> None:
    page = open_page()
    upload(page, recording)
    view(page, "result")
    expect(page.locator('[data-part="transcript"]')).to_contain_text(
        re.compile("fail better", re.IGNORECASE)
    )


def test_everything_can_be_done_with_the_keyboard(open_page: NewPage) -> None:
    page = open_page()

    def reach(name: str) -> None:
        for _ in range(25):
            page.keyboard.press("Tab")
            focused = page.evaluate("() => document.activeElement.textContent.trim()")
            if focused == name:
                return
        pytest.fail(f"Tab does not reach {name!r}")

    reach("Record your answer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop and evaluate")).to_be_focused()
    elapsed(page, 5)
    page.keyboard.press("Enter")
    view(page, "result")
    expect(page.locator("#result-heading")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator('[data-part="said"]')).to_be_focused()
    page.keyboard.press("ArrowRight")
    reach("Answer again")
    page.keyboard.press("Enter")
    view(page, "ask")
    expect(page.get_by_role("button", name="Record your answer")).to_be_focused()
    reach("Type instead")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your answer", exact=True)).to_be_focused()


def test_a_typed_answer_is_evaluated_and_can_be_deleted(open_page: NewPage, address: str) -> None:
    page = open_page()
    page.get_by_role("button", name="Type instead").click()
    page.get_by_label("Your answer", exact=True).fill(
        "Last year our release failed. I called the customer, wrote a plan with three steps and "
        "tested each of them. As a result we shipped two weeks later without a single error."
    )
    with page.expect_response(re.compile(r"/api/v1/evaluations$")) as accepted:
        page.get_by_role("button", name="Evaluate").click()
    identity = accepted.value.json()["id"]
    view(page, "result")
    expect(page.get_by_role("heading", name="What you wrote")).to_be_visible()
    expect(page.locator('[data-part="criteria"] > li')).not_to_have_count(0)
    page.get_by_role("button", name="Delete my answer").click()
    view(page, "ask")
    expect(page.get_by_role("status")).to_have_text("Your answer was deleted.")
    assert page.request.get(f"{address}/api/v1/evaluations/{identity}").status == 404


@pytest.mark.parametrize("language", codes())
def test_what_is_no_recording_is_refused_in_the_readers_language(
    open_page: NewPage, tmp_path: Path, language: str
) -> None:
    text = tmp_path / "answer.webm"
    text.write_text("This is a text with the name of a recording. " * 50)
    page = open_page(language)
    upload(page, text)
    view(page, "trouble")
    expect(page.get_by_role("alert")).to_contain_text(say(language, "error.not_audio"))
    page.get_by_role("button", name=say(language, "page.back")).click()
    view(page, "ask")


@pytest.mark.parametrize("language", codes())
def test_an_empty_question_is_pointed_out_where_it_stands(
    open_page: NewPage, language: str
) -> None:
    page = open_page(language)
    page.locator("#question").fill("  ")
    page.get_by_role("button", name=say(language, "page.record")).click()
    expect(page.locator("#question-problem")).to_have_text(say(language, "error.question_missing"))
    expect(page.locator("#question")).to_be_focused()


def test_questions_follow_the_language_of_the_answer_but_own_words_stay(open_page: NewPage) -> None:
    page = open_page("tr")
    question = page.locator("#question")
    turkish, english = (messages(code)["page"]["questions"] for code in ("tr", "en"))
    expect(question).to_have_value(turkish[0])
    page.get_by_role("button", name=say("tr", "page.another_question")).click()
    expect(question).to_have_value(turkish[1])
    page.get_by_label("English").check()
    expect(question).to_have_value(english[1])
    question.fill(QUESTION)
    page.get_by_label("Türkçe").check()
    expect(question).to_have_value(QUESTION)


def test_a_recording_survives_a_lost_connection_and_is_sent_when_it_is_back(
    open_page: NewPage,
) -> None:
    page = open_page()
    page.get_by_role("button", name="Record your answer").click()
    elapsed(page, 5)
    page.context.set_offline(True)
    page.get_by_role("button", name="Stop and evaluate").click()
    view(page, "trouble")
    expect(page.get_by_role("alert")).to_contain_text(say("en", "page.live.connection"))
    expect(page.get_by_role("link", name="Save the recording")).to_be_visible()
    page.context.set_offline(False)
    view(page, "result")


def test_a_database_that_is_busy_for_a_moment_does_not_lose_an_accepted_answer(
    open_page: NewPage,
) -> None:
    page = open_page()
    refused: list[str] = []
    keys: list[str | None] = []

    def busy(route: Route) -> None:
        if len(refused) == 4:
            return route.continue_()
        refused.append(route.request.url)
        return route.fulfill(status=503, json={"code": "database_unavailable", "status": 503})

    def sent(request: Request) -> None:
        if request.method == "POST":
            keys.append(request.header_value("Idempotency-Key"))

    page.route(re.compile("/api/v1/evaluations/"), busy)
    page.on("request", sent)
    page.get_by_role("button", name="Type instead").click()
    page.get_by_label("Your answer", exact=True).fill("I called the customer and wrote a plan.")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.locator('[data-part="stage"]')).to_have_text(say("en", "page.live.reconnecting"))
    view(page, "result")
    assert len(keys) == 1


def test_leaving_with_an_unsent_recording_asks_first(open_page: NewPage) -> None:
    page = open_page()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("button", name="Record your answer").click()
    elapsed(page, 1)
    page.close(run_before_unload=True)
    elapsed(page, 3)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Discard", exact=True).click()
    view(page, "ask")


def test_a_reload_takes_the_result_up_again(open_page: NewPage, recording: Path) -> None:
    page = open_page()
    page.get_by_label("The question").fill(QUESTION)
    upload(page, recording)
    view(page, "working")
    expect(page.locator('[data-part="stage"]')).not_to_contain_text("Sending")  # it is accepted
    page.reload()
    view(page, "result")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()


def test_a_refused_microphone_is_explained(
    open_page: NewPage, launch: Callable[..., Browser]
) -> None:
    chromium = launch("--use-fake-device-for-media-stream")
    page = open_page(chromium=chromium)
    page.get_by_role("button", name="Record your answer").click()
    expect(page.get_by_text(say("en", "page.live.microphone_denied"), exact=True)).to_be_visible()
    view(page, "ask")
    page.context.close()
    chromium.close()
