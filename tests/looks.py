"""What every page has to keep to, looked at in a browser."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
"""Where tools/ensure-axe puts it."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

WIDTHS = (360, 768, 1280)

SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
})"""


def layout_shift(page: Page) -> float:
    """Return how far the page's content has moved by itself since it was opened."""
    found: float = page.evaluate(SHIFT)
    return found


def assert_no_sideways_scroll(page: Page, where: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            over = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{where}: {over} px too wide at {width} px, {scheme}"


def assert_no_barrier(page: Page, where: str) -> None:
    """Have axe-core look at the page as it stands; skip where it is not installed."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed (tools/ensure-axe)")
    page.evaluate(AXE.read_text())  # by the debugger: the page's own policy allows no such script
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    wrong = [
        f"{one['id']}: {node['target']}: {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    assert not wrong, f"{where}:\n" + "\n".join(wrong)
