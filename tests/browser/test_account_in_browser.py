"""Registering, the account and leaving in a real Chromium: by keyboard, and without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from looks import assert_no_barrier, assert_no_sideways_scroll
from mulakat.languages import codes, say

NewPage = Callable[..., Page]

PASSWORD = "yaz akşamında uzun bir yürüyüş"

KEPT = """async () => {
    const { keep } = await import(document.querySelector('script[src*="unsent_note"]')
        .src.replace("unsent_note", "outbox"));
    return keep({ key: "k1", question: "Why?", language: "en", blob: new Blob(["x"]) });
}"""
"""Keeps a recording on the device as the interview room does."""

HELD = """() => new Promise((resolve) => {
    const opening = indexedDB.open("mulakat", 1);
    opening.onsuccess = () => {
        const asked = opening.result.transaction("answers").objectStore("answers").count();
        asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
    };
})"""


def focused(page: Page) -> Any:
    return page.evaluate("() => document.activeElement.id || document.activeElement.textContent")


def reach(page: Page, name: str) -> None:
    """Go on by the tab key until what has this name or id has the focus."""
    for _ in range(40):
        if str(focused(page)).strip() == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by keyboard")


def test_by_keyboard_one_registers_makes_a_token_and_leaves_nothing_on_the_device(
    open_page: NewPage, address: str
) -> None:
    page = open_page("en", permissions=["clipboard-read", "clipboard-write"])
    reach(page, "Log in")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/login")
    reach(page, "Make one")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/register")
    reach(page, "email")
    page.keyboard.type("keyboard@example.org")
    reach(page, "password")
    page.keyboard.type("too short")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # shows it
    expect(page.get_by_role("button", name="Hide: Password")).to_be_focused()
    assert page.locator("#password").get_attribute("type") == "text"
    reach(page, "password")
    page.keyboard.type("er than it was")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    expect(page.get_by_role("status").filter(has_text=say("en", "said.registered"))).to_be_visible()

    page.goto(f"{address}/account/tokens")
    reach(page, "name")
    page.keyboard.type("laptop")
    page.keyboard.press("Enter")
    token = page.locator("copy-text code").inner_text()
    reach(page, "Copy")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == token
    assert_no_barrier(page, "a token just made")

    page.goto(f"{address}/account")
    assert page.evaluate(KEPT)
    page.reload()
    expect(page.get_by_text(say("en", "account.live.unsent"))).to_be_visible()
    assert page.evaluate(HELD) == 1
    reach(page, "Log out")
    page.keyboard.press("Enter")
    expect(page.get_by_text(say("en", "said.logged_out"))).to_be_visible()
    page.wait_for_function(f"async () => await ({HELD})() === 0")


@pytest.mark.parametrize("language", codes())
def test_without_scripts_an_account_is_made_used_and_deleted(
    open_page: NewPage, address: str, language: str
) -> None:
    def told(key: str, **params: object) -> str:
        return say(language, key, **params)

    page = open_page(language, java_script_enabled=False)
    page.goto(f"{address}/account/password")
    expect(page.get_by_text(told("login.wanted"))).to_be_visible()
    page.get_by_role("link", name=told("login.to_register")).click()
    page.get_by_label(told("login.email")).fill(f"{language}-plain@example.org")
    page.get_by_label(told("login.password")).fill(PASSWORD)
    page.get_by_role("button", name=told("login.register_submit")).click()
    page.wait_for_url(f"{address}/account/password")
    page.get_by_label(told("account.present")).fill(PASSWORD)
    page.get_by_label(told("account.new")).fill(PASSWORD + " daha")
    page.get_by_role("button", name=told("account.change")).click()
    expect(page.get_by_text(told("said.password_changed"))).to_be_visible()
    page.goto(f"{address}/account/delete")
    page.get_by_label(told("account.leave_password")).fill(PASSWORD)
    page.get_by_role("button", name=told("account.leave_submit")).click()
    expect(page.get_by_text(told("error.password_wrong"))).to_be_visible()
    expect(page.locator("#password")).to_be_focused()
    page.get_by_label(told("account.leave_password")).fill(PASSWORD + " daha")
    page.get_by_role("button", name=told("account.leave_submit")).click()
    page.wait_for_url(f"{address}/")
    expect(page.get_by_text(told("said.account_deleted"))).to_be_visible()
    page.goto(f"{address}/account")
    page.wait_for_url(f"{address}/login?next=%2Faccount")


@pytest.mark.parametrize("language", codes())
def test_a_refused_form_and_long_names_fit_a_phone(
    open_page: NewPage, address: str, language: str
) -> None:
    page = open_page(language, viewport={"width": 360, "height": 740})
    page.goto(f"{address}/register")
    page.locator("#email").fill(f"{language}-fits@example.org")
    page.locator("#password").fill("x" * 10)
    page.locator("main .main").click()
    assert_no_barrier(page, "register, refused")
    assert_no_sideways_scroll(page, "register, refused")
    page.locator("#password").fill(PASSWORD)
    page.locator("main .main").click()
    page.wait_for_url(f"{address}/")
    for path in ("/account", "/account/tokens"):
        page.goto(f"{address}{path}")
        if path == "/account/tokens":
            page.locator("#name").fill("w" * 100)
            page.locator("main form .main").click()
        assert_no_sideways_scroll(page, path)
        page.set_viewport_size({"width": 360, "height": 740})
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, nav a, .ways a, a.second, a.plain")]
                .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.9)
                .map((one) => one.outerHTML)"""
        )
        assert small == []
