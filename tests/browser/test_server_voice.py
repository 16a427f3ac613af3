"""The interviewer's voice in a real Chromium: the server's sound, and what stands in for it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

import contract_servers as acts
import few_questions
import voice_servers
from contract_servers import KEY
from mulakat.languages import say
from people import EMAILS, OWNER, PASSWORD
from serving import Server, serving
from voice_servers import VoiceServer

NewPage = Callable[..., Page]

PLAYED = """() => new Promise((resolve) => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
        this.addEventListener("ended", () => resolve(this.duration), { once: true });
        return play.call(this);
    };
    document.querySelector("[data-rate='1']").click();
})"""
"""Taps on the button, and waits until what it plays has ended."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[VoiceServer]:
    with voice_servers.voice_server() as running:
        yield running


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory, elsewhere: VoiceServer) -> Iterator[Server]:
    """A server whose questions are read by a provider."""
    folder = tmp_path_factory.mktemp("reading")
    settings = {
        "voice_engine": "openai", "voice_url": elsewhere.url("openai"), "voice_key": KEY,
        "voice_model": voice_servers.MODEL,
        "questions_dir": str(few_questions.write(folder / "bank")),
    }  # fmt: skip
    with serving(folder / "data", **settings) as running:
        yield running


@pytest.fixture(scope="module")
def address(reading: Server) -> str:
    return reading.url


def room(page: Page, address: str, voice: str) -> None:
    """Enter the room of a new interview that wishes for a voice."""
    who = {"email": EMAILS[OWNER], "password": PASSWORD}
    origin = {"Origin": address}
    if page.request.post(f"{address}/api/v1/register", data=who, headers=origin).status == 409:
        assert page.request.post(f"{address}/api/v1/login", data=who, headers=origin).ok
    active = page.request.get(f"{address}/api/v1/interviews/active").json()["session_id"]
    if active:
        page.request.delete(f"{address}/api/v1/interviews/{active}", headers=origin)
    wish = {"interest": "software", "language": "en", "total_questions": 3, "voice_name": voice}
    begun = page.request.post(f"{address}/api/v1/interviews", data=wish, headers=origin).json()
    page.goto(f"{address}/interviews/{begun['session_id']}")


def test_the_servers_sound_is_played_to_its_end(open_page: NewPage, address: str) -> None:
    page = open_page()
    room(page, address, "nova")
    assert page.evaluate(PLAYED) == pytest.approx(1.0, abs=0.05)


def test_when_the_server_cannot_say_it_the_browser_does_or_says_that_it_cannot(
    open_page: NewPage, address: str, elsewhere: VoiceServer
) -> None:
    elsewhere.always(acts.status(400, "not this text"))
    page = open_page()
    room(page, address, "Puck")
    page.get_by_role("button", name=say("en", "room.listen")).click()
    # This Chromium has no voices of its own.
    expect(page.locator("spoken-question")).to_have_text(say("en", "answering.live.no_voice"))
