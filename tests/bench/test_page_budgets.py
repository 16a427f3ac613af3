"""What the pages weigh in a browser, and how long the server takes for each while it transcribes.

Printed as a table; the weights and the shift are held, the times are not: they are told beside
those of the same run's /health/live, which does nothing.
"""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import httpx
from playwright.sync_api import Page, sync_playwright

import speech
from chromium import CHROMIUM, FLAGS
from looks import layout_shift
from stage import Stage, staged

KB = 1000

WEIGHTS = {"landing": 60 * KB, "room": 120 * KB}
"""The most that all a page loads may weigh, as sent, with an empty cache."""

ROUNDS = 60

SHIFT = 0.01
"""The most a page's content may move while it loads; 0.1 counts as good (web.dev/articles/cls)."""


def test_pages_keep_to_their_budgets(tmp_path: Path) -> None:
    with staged(tmp_path / "data", "tr") as stage:
        weights, shifts = _in_a_browser(stage)
        with _transcribing(stage):
            idle = _times(stage, "/health/live", inside=False)
            times = {name: _times(stage, *where) for name, where in stage.pages.items()}
    print(f"\n{'page':14} {'kB':>6} {'shift':>6} {'median ms':>10} {'p95 ms':>7} {'x live':>7}")
    for name in stage.pages:
        median, late = times[name]
        print(
            f"{name:14} {weights[name] / KB:6.1f} {shifts[name]:6.3f} {median:10.1f} {late:7.1f}"
            f" {median / idle[0]:7.1f}"
        )
    print(f"{'/health/live':14} {'':6} {'':6} {idle[0]:10.1f} {idle[1]:7.1f}")
    for name, most in WEIGHTS.items():
        assert weights[name] <= most, name
    assert max(shifts.values()) <= SHIFT


def _in_a_browser(stage: Stage) -> tuple[dict[str, int], dict[str, float]]:
    weights, shifts = {}, {}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, (path, inside) in stage.pages.items():
            context = chromium.new_context(viewport={"width": 390, "height": 844})
            if inside:
                context.add_cookies(stage.cookies)
            page = context.new_page()
            received = _count(page)
            page.goto(stage.server.url + path, wait_until="load")
            shifts[name] = layout_shift(page)
            weights[name] = sum(received)
            context.close()
        chromium.close()
    return weights, shifts


def _count(page: Page) -> list[int]:
    """Have the browser note the size of each response, headers and all."""
    received: list[int] = []
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.on("Network.loadingFinished", lambda one: received.append(int(one["encodedDataLength"])))
    return received


def _times(stage: Stage, path: str, inside: bool) -> tuple[float, float]:
    """Return median and 95th percentile of a page's time in ms."""
    cookies = {one["name"]: one["value"] for one in stage.cookies} if inside else {}
    taken = []
    with httpx.Client(base_url=stage.server.url, cookies=cookies, timeout=60) as client:
        for _ in range(ROUNDS):
            begun = perf_counter()
            client.get(path, headers={"accept": "text/html"})
            taken.append(1000 * (perf_counter() - begun))
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


@contextmanager
def _transcribing(stage: Stage) -> Iterator[None]:
    """Keep the recogniser at work for the length of a block."""
    done = Event()

    def work() -> None:
        sound = speech.recording("two_cities").read_bytes()
        with stage.server.client() as client:
            while not done.is_set():
                sent = client.post(
                    "/api/v1/evaluations",
                    data={"question": "Why?", "language": "en"},
                    files={"audio": ("answer.wav", sound)},
                )
                assert sent.is_success, sent.text

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
