"""Every page of a site that has been lived in: no barrier, no shift, nothing from outside."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

from looks import assert_no_barrier, assert_no_sideways_scroll, layout_shift
from mulakat.languages import codes
from stage import Stage, staged

LEAST_SHIFT = 0.01
"""Cumulative layout shift that nobody sees; "good" ends at 0.1 (web.dev/articles/cls)."""


@pytest.fixture(scope="module", params=codes())
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage") / "data", request.param) as made:
        yield made


def opened(browser: Browser, stage: Stage, inside: bool, **context: object) -> Page:
    made = browser.new_context(**context)
    if inside:
        made.add_cookies(stage.cookies)
    return made.new_page()


def test_no_page_has_a_barrier_or_scrolls_sideways_or_shifts_or_calls_elsewhere(
    browser: Browser, stage: Stage
) -> None:
    wrong: list[str] = []

    def look(request: Request) -> None:
        here = urlsplit(request.url).scheme in {"data", "blob"}
        if not here and not request.url.startswith(stage.server.url):
            wrong.append(request.url)

    for name, (path, inside) in stage.pages.items():
        page = opened(browser, stage, inside, viewport={"width": 390, "height": 844})
        page.on("request", look)
        page.on("pageerror", lambda error, name=name: wrong.append(f"{name}: {error}"))
        response = page.goto(stage.server.url + path, wait_until="load")
        if response is None or response.status != (404 if name == "nowhere" else 200):
            wrong.append(f"{name}: {response and response.status}")
        shift = layout_shift(page)
        if shift > LEAST_SHIFT:
            wrong.append(f"{name} shifts by {shift:.3f}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            try:
                assert_no_barrier(page, f"{name}, {scheme}")
            except AssertionError as error:
                wrong.append(str(error))
        try:
            assert_no_sideways_scroll(page, name)
        except AssertionError as error:
            wrong.append(str(error))
        page.context.close()
    assert not wrong, "\n".join(wrong)
