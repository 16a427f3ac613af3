"""How the page holds together: widths, themes, languages, and its content policy."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from looks import assert_no_sideways_scroll
from mulakat.languages import codes, say

NewPage = Callable[..., Page]


@pytest.mark.parametrize("language", codes())
def test_no_view_scrolls_sideways(open_page: NewPage, recording: Path, language: str) -> None:
    page = open_page(language)
    assert_no_sideways_scroll(page, "question")
    page.get_by_role("button", name=say(language, "page.type")).click()
    assert_no_sideways_scroll(page, "typing")
    page.get_by_role("button", name=say(language, "page.record")).click()
    expect(page.locator('[data-view="recording"]')).to_be_visible()
    assert_no_sideways_scroll(page, "recording")
    page.get_by_role("button", name=say(language, "page.discard"), exact=True).click()
    page.locator("input[type=file]").set_input_files(recording)
    expect(page.locator('[data-view="result"]')).to_be_visible(timeout=90_000)
    assert_no_sideways_scroll(page, "result")


def test_a_word_without_end_is_broken_not_scrolled_to(open_page: NewPage) -> None:
    page = open_page("en")
    page.get_by_role("button", name="Type instead").click()
    page.get_by_label("Your answer", exact=True).fill(
        f"Last year I rewrote the schedule of our release because of {'lengthy' * 30} trouble, and "
        "as a result we shipped two weeks earlier with three people and without a single error."
    )
    page.get_by_role("button", name="Evaluate").click()
    expect(page.locator('[data-view="result"]')).to_be_visible(timeout=90_000)
    assert_no_sideways_scroll(page, "result")


def test_the_theme_follows_the_system(open_page: NewPage) -> None:
    page = open_page()
    papers = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        papers.append(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
    assert papers == ["rgb(250, 247, 241)", "rgb(25, 22, 19)"]


def test_notes_stand_in_the_margin_on_a_desktop_and_fold_on_a_phone(open_page: NewPage) -> None:
    page = open_page(viewport={"width": 1280, "height": 800})
    page.get_by_role("button", name="Type instead").click()
    page.get_by_label("Your answer", exact=True).fill(
        "Last year our release failed. I called the customer, wrote a plan with three steps and "
        "tested each of them. As a result we shipped two weeks later without a single error."
    )
    page.get_by_role("button", name="Evaluate").click()
    note = page.locator(".notes li").first
    expect(note).to_be_visible(timeout=90_000)
    line = page.locator(".transcript p").first.bounding_box()
    margin = note.bounding_box()
    assert line
    assert margin
    assert margin["x"] >= line["x"] + line["width"] - 1
    page.set_viewport_size({"width": 360, "height": 740})
    expect(note).to_be_hidden()
    page.locator(".notes summary").first.click()
    expect(note).to_be_visible()


@pytest.mark.parametrize("language", codes())
def test_the_page_needs_no_inline_style_or_script(open_page: NewPage, language: str) -> None:
    page = open_page(language)
    response = page.reload()
    assert response
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert page.locator("html").get_attribute("lang") == language
    inline = page.evaluate(
        """() => document.querySelectorAll(
            "[style], style, [onclick], script:not([src]):not([type='application/json'])").length"""
    )
    assert inline == 0


def test_every_control_has_a_name_and_room_for_a_finger(open_page: NewPage) -> None:
    page = open_page(viewport={"width": 360, "height": 740})
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .file, .choice label")]
            .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44)
            .map((one) => one.outerHTML)"""
    )
    assert small == []
    for control in page.locator("button:visible, a:visible").all():
        assert control.inner_text().strip()
