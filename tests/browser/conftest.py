"""A real server and a real Chromium whose microphone hears a real recording."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

import speech
from chromium import CHROMIUM, FLAGS
from serving import serving

if CHROMIUM is None:
    pytest.skip("Chromium is not installed (tools/ensure-browser)", allow_module_level=True)

MICROPHONE_RATE = 48_000  # Hz; Chromium plays other rates at the wrong speed
EXPECTED = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: the server responded with a status of 503",
    "Failed to load resource: net::ERR_INTERNET_DISCONNECTED",
    "Failed to load resource: net::ERR_CONNECTION_",
    "Failed to load resource: net::ERR_EMPTY_RESPONSE",
    "Failed to load resource: net::ERR_SOCKET_NOT_CONNECTED",
)
"""Console lines that Chromium writes for answers which tests ask for."""

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def recording() -> Path:
    """Ten seconds of human speech, as a file to upload."""
    return speech.recording("beckett")


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for Chromium's fake microphone."""
    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    return speech.encode(speech.said("beckett"), path, "wav", rate=MICROPHONE_RATE)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with its worker, as `mulakat serve` starts them."""
    with serving(tmp_path_factory.mktemp("server") / "data") as server:
        yield server.url


# Of a module, not of the session: while Playwright's own event loop runs, no other may.
@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Browser]]:
    """Start Chromium with further flags."""
    with sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *flags]
        )


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser], microphone: Path) -> Iterator[Browser]:
    """Chromium with a microphone that hears the recording once, and leave to use it."""
    started = launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
    )
    yield started
    started.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[NewPage]:
    """Open the page; at the end no script may have failed and no policy been violated."""
    wrong: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            wrong.append(message.text)

    def new(language: str = "en", *, chromium: Browser = browser, **context: object) -> Page:
        contexts.append(chromium.new_context(**context))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{address}/?lang={language}")
        return page

    yield new
    for context in contexts:
        context.close()
    assert wrong == []
