"""`mulakat doctor` looks at the voice that the settings choose: it has a word said."""

from collections.abc import Iterator

import pytest

import contract_servers as acts
import voice_servers
from contract_servers import KEY
from mulakat.cli.doctor import Finding, _voice
from mulakat.providers import remote
from mulakat.settings import Settings, Voice
from voice_servers import MODEL, VoiceServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[VoiceServer]:
    monkeypatch.setattr(remote, "BACKOFF_SECONDS", (0.0, 0.0))
    with voice_servers.voice_server() as running:
        yield running


def look(voice: Voice) -> Finding:
    (found,) = _voice(Settings(voice=voice))
    return found


def there(
    server: VoiceServer, dialect: str = "openai", *, model: str = MODEL, name: str = "",
    key: str = KEY,
) -> Voice:  # fmt: skip
    return Voice(dialect, model, name, server.url(dialect), key, voice_timeout=1)


def test_the_browsers_own_voice_is_no_illness() -> None:
    assert look(Voice()) == Finding("voice", "the browser's own; nothing is sent")


def test_espeak_needs_its_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(Voice("espeak")) == Finding("voice", "espeak-ng, on this server")
    monkeypatch.setattr("mulakat.cli.doctor.ESPEAK", "no_such_wheel_here")
    assert look(Voice("espeak")).remedy == "run: make voice"


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_a_voice_elsewhere_that_reads_is_told_with_its_address(
    server: VoiceServer, dialect: str
) -> None:
    found = look(there(server, dialect))
    assert found.remedy is None
    assert f" of {MODEL} at localhost:" in found.found
    assert [KEY in str(seen.body) for seen in server.seen] == [False]


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_what_is_set_wrong_is_told_with_the_setting(server: VoiceServer, dialect: str) -> None:
    assert "MULAKAT_VOICE_NAME" in str(look(there(server, dialect, name="Nobody")).remedy)
    assert "MULAKAT_VOICE_KEY" in str(look(there(server, dialect, key="wrong")).remedy)
    assert "MULAKAT_VOICE_MODEL" in str(look(there(server, dialect, model="none")).remedy)
    server.always(voice_servers.page)
    assert "MULAKAT_VOICE_URL" in str(look(there(server, dialect)).remedy)


def test_a_server_that_is_ill_is_told_and_browsers_read(server: VoiceServer) -> None:
    server.always(acts.status(503))
    found = look(there(server))
    assert found.found.endswith(": unavailable")
    assert "browsers read" in str(found.remedy)
