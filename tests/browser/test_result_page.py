"""The page of one answer in a real Chromium: played, walked by keyboard, set right."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

import speech
from looks import assert_no_barrier, assert_no_sideways_scroll, layout_shift
from mulakat.languages import codes, say
from serving import Server, serving

NewPage = Callable[..., Page]

KEPT = """async ([answer, sound]) => {
  const { keep, mark } = await import([...document.scripts].find((one) => one.src).src
    .replace(/[^/]*$/, "outbox.js"));
  const blob = new Blob([Uint8Array.from(atob(sound), (one) => one.charCodeAt(0))]);
  await keep({ key: "k", question: "q", language: "en", owner: null, blob, name: "answer.webm",
    levels: [1, 50, 90], seconds: 3 });
  await mark("k", answer);
}"""


LEFT = """() => new Promise((done) => {
  indexedDB.open("mulakat", 1).onsuccess = ({ target }) => {
    target.result.transaction("answers").objectStore("answers").count().onsuccess =
      ({ target: counted }) => done(counted.result);
  };
})"""
"""How many entries this device keeps."""


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that keeps recordings for a while."""
    with serving(tmp_path_factory.mktemp("keeping") / "data", keep_audio="3600") as server:
        yield server


def sent(server: Server, sound: Path | None = None, **fields: str) -> dict[str, Any]:
    """Have an answer evaluated; nobody's, so that every browser may look at it."""
    fields = {"question": "Which times were they, and what did you do?", "language": "en"} | fields
    with server.client(headers={"accept-language": "en"}) as client:
        if sound is None:
            reply = client.post("/api/v1/evaluations", json=fields)
        else:
            with sound.open("rb") as file:
                files = {"audio": (sound.name, file)}
                reply = client.post("/api/v1/evaluations", data=fields, files=files)
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
    return found


@pytest.fixture(scope="module")
def spoken(keeping: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Twenty seconds of speech, as a browser would have sent them."""
    path = tmp_path_factory.mktemp("spoken") / "answer.webm"
    said = speech.said("two_cities")[: 20 * speech.RATE]
    return sent(keeping, speech.encode(said, path, "webm"))


def at(page: Page) -> float:
    found: float = page.evaluate("() => document.querySelector('answer-player audio').currentTime")
    return found


def test_a_sentence_is_played_from_where_it_begins(
    open_page: NewPage, keeping: Server, spoken: dict[str, Any]
) -> None:
    page = open_page()
    page.goto(f"{keeping.url}/answers/{spoken['id']}?lang=en")
    second = page.locator(".transcript > li").nth(1)
    start = float(second.get_attribute("data-start") or 0)
    assert start > 0
    second.get_by_role("button", name=re.compile("Play from")).click()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(second).to_have_class("now")
    page.wait_for_function(
        "from => document.querySelector('answer-player audio').currentTime > from + 0.3", arg=start
    )
    assert float(page.locator("[data-part=done]").get_attribute("width") or 0) > 0
    page.get_by_role("button", name="Pause", exact=True).click()
    box = page.locator(".drawing").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 20)
    page.wait_for_function(
        "from => document.querySelector('answer-player audio').currentTime > from",
        arg=0.7 * spoken["strip"]["seconds"],
    )


def test_the_strip_is_walked_by_keyboard_sentence_by_sentence(
    open_page: NewPage, keeping: Server, spoken: dict[str, Any]
) -> None:
    page = open_page()
    page.goto(f"{keeping.url}/answers/{spoken['id']}?lang=en")
    strip = page.get_by_role("slider")
    expect(strip).to_have_accessible_name(re.compile("Your answer, 0:(19|20) long"))
    starts = [
        float(line.get_attribute("data-start") or 0)
        for line in page.locator(".transcript > li").all()
    ]
    for _ in range(12):
        page.keyboard.press("Tab")
        if strip.evaluate("one => one === document.activeElement"):
            break
    expect(strip).to_be_focused()
    page.keyboard.press("ArrowRight")
    assert at(page) == pytest.approx(starts[0], abs=0.05)
    page.keyboard.press("ArrowRight")
    assert at(page) == pytest.approx(starts[1], abs=0.05)
    page.keyboard.press("End")
    assert at(page) == pytest.approx(starts[-1], abs=0.05)
    page.keyboard.press("ArrowLeft")
    assert at(page) == pytest.approx(starts[-2], abs=0.05)
    page.keyboard.press("Home")
    assert at(page) == 0
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert layout_shift(page) < 0.01


def test_what_the_server_has_deleted_is_played_from_this_device(
    open_page: NewPage, address: str, recording: Path
) -> None:
    page = open_page()
    with httpx.Client(base_url=address, timeout=120) as client, recording.open("rb") as file:
        reply = client.post(
            "/api/v1/evaluations", data={"question": "Why?", "language": "en"},
            files={"audio": (recording.name, file)},
        )  # fmt: skip
    answer = reply.json()["id"]
    page.goto(f"{address}/answers/{answer}?lang=en")
    expect(page.get_by_text(say("en", "result.no_audio"))).to_be_visible()
    sound = base64.b64encode(recording.read_bytes()).decode()
    page.evaluate(KEPT, [answer, sound])
    page.reload()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.querySelector('answer-player audio').currentTime > 0.2")
    expect(page.get_by_text(say("en", "result.no_audio"))).to_be_hidden()
    assert layout_shift(page) < 0.01
    page.locator("summary", has_text=say("en", "result.delete")).click()
    page.get_by_role("button", name=say("en", "result.delete_sure")).click()
    expect(page.get_by_text(say("en", "said.answer_deleted"))).to_be_visible()
    assert page.evaluate(LEFT) == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_sentence_set_right_is_rated_again_and_the_cost_told(
    open_page: NewPage, keeping: Server, spoken: dict[str, Any], scripts: bool
) -> None:
    page = open_page(java_script_enabled=scripts)
    page.goto(f"{keeping.url}/answers/{spoken['id']}?lang=en&line=1#correct")
    field = page.get_by_label(say("en", "result.correct_label"))
    words = field.input_value().split()
    told = "In May 2021 I cut 40 costs" if scripts else "In June 2022 we cut 30 costs"
    field.fill(" ".join([*told.split(), *words[6:]]))
    page.get_by_role("button", name=say("en", "result.correct_send")).click()
    cost = page.locator(".cost")
    expect(cost).to_contain_text(say("en", "result.cost_heading"), timeout=60_000)
    with keeping.client() as client:
        now = client.get(f"/api/v1/evaluations/{spoken['id']}").json()
    assert now["correction"]["cost"]["score"] == now["score"] - spoken["score"]
    assert str(now["score"]) in cost.inner_text()
    expect(page.locator(".corrected").first).to_be_visible()


@pytest.mark.parametrize("language", codes())
def test_a_result_fits_every_width_and_has_no_barrier(
    open_page: NewPage, keeping: Server, spoken: dict[str, Any], language: str
) -> None:
    page = open_page(language)
    page.goto(f"{keeping.url}/answers/{spoken['id']}?lang={language}&line=1")
    assert_no_sideways_scroll(page, "spoken")
    assert_no_barrier(page, "spoken")
    long = sent(keeping, user_answer=f"Last year {'lengthy' * 30} I {'wrote' * 30} it.")
    page.goto(f"{keeping.url}/answers/{long['id']}?lang={language}")
    expect(page.locator(".not-scored, .overall").first).to_be_visible()
    assert_no_sideways_scroll(page, "a word without end")


def test_notes_stand_in_the_margin_on_a_desktop_and_under_the_sentence_on_a_phone(
    open_page: NewPage, keeping: Server
) -> None:
    answer = sent(
        keeping,
        question="Tell me about a failure.",
        user_answer="Last year our release failed. I called the customer, wrote a plan with three "
        "steps and tested each of them. As a result we shipped two weeks later without an error.",
    )
    page = open_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{keeping.url}/answers/{answer['id']}?lang=en")
    line = page.locator("li:has(.notes) .sentence").first
    note = page.locator(".notes").first
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        sentence, beside = line.bounding_box(), note.bounding_box()
        assert sentence
        assert beside
        if width == 1280:
            assert beside["x"] >= sentence["x"] + sentence["width"] - 1
        else:
            assert beside["y"] >= sentence["y"] + sentence["height"] - 1


def test_what_was_too_short_is_not_scored_and_says_what_to_do(
    open_page: NewPage, keeping: Server
) -> None:
    answer = sent(keeping, user_answer="I do not know.")
    page = open_page()
    page.goto(f"{keeping.url}/answers/{answer['id']}?lang=en")
    expect(page.locator(".not-scored")).to_contain_text(say("en", "gate.too_little_speech"))
    expect(page.locator(".bar")).to_have_count(0)
    page.locator("summary", has_text=say("en", "result.delete")).click()
    page.get_by_role("button", name=say("en", "result.delete_sure")).click()
    expect(page.get_by_text(say("en", "said.answer_deleted"))).to_be_visible()
    assert page.request.get(f"{keeping.url}/api/v1/evaluations/{answer['id']}").status == 404


def test_an_answer_on_its_way_or_failed_has_no_barrier_and_ends_by_itself(
    open_page: NewPage, keeping: Server, tmp_path: Path
) -> None:
    silent = tmp_path / "answer.wav"
    speech.encode(speech.said("beckett") * 0, silent, "wav")
    with keeping.client(headers={"prefer": "respond-async"}) as client, silent.open("rb") as file:
        reply = client.post(
            "/api/v1/evaluations", data={"question": "Why?", "language": "en"},
            files={"audio": (silent.name, file)},
        )  # fmt: skip
    page = open_page(viewport={"width": 390, "height": 844})
    page.goto(f"{keeping.url}/answers/{reply.json()['id']}?lang=en")
    assert_no_barrier(page, "on its way")
    expect(page.get_by_text(say("en", "error.no_speech"))).to_be_visible(timeout=60_000)
    assert_no_barrier(page, "failed")
    page.get_by_role("link", name=say("en", "result.again")).click()
    expect(page).to_have_url(re.compile("/practice"))
    expect(page.get_by_text("Why?").or_(page.locator("textarea")).first).to_be_visible()
