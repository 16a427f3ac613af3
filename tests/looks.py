"""What every page has to keep to, looked at in a browser."""

from playwright.sync_api import Page

WIDTHS = (360, 768, 1280)


def assert_no_sideways_scroll(page: Page, where: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            over = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{where}: {over} px too wide at {width} px, {scheme}"
