"""How the page holds together: widths, themes, languages, and its content policy."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from looks import assert_no_sideways_scroll
from mulakat.languages import codes

NewPage = Callable[..., Page]


@pytest.mark.parametrize("language", codes())
def test_no_view_scrolls_sideways(open_page: NewPage, recording: Path, language: str) -> None:
    page = open_page(language)
    assert_no_sideways_scroll(page, "question")
    page.locator('[data-view="ready"] [data-do="type"]').click()
    page.locator("#typed").fill("lengthy" * 30)
    assert_no_sideways_scroll(page, "typing")
    page.locator('[data-do="untype"]').click()
    page.locator('[data-do="record"]').click()
    expect(page.locator('[data-view="recording"]')).to_be_visible()
    assert_no_sideways_scroll(page, "recording")
    page.reload()
    page.locator("input[type=file]").set_input_files(recording)
    expect(page.locator('[data-view="review"]')).to_be_visible()
    assert_no_sideways_scroll(page, "review")


def test_a_question_without_end_is_broken_not_scrolled_to(open_page: NewPage, address: str) -> None:
    page = open_page()
    page.goto(f"{address}/practice?text={'lengthy' * 30}&lang=en")
    assert_no_sideways_scroll(page, "own question")


def test_the_theme_follows_the_system(open_page: NewPage) -> None:
    page = open_page()
    papers = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        papers.append(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
    assert papers == ["rgb(250, 247, 241)", "rgb(25, 22, 19)"]


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
