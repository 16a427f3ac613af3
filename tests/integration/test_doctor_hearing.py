"""`mulakat doctor` looks at the recogniser that the settings choose."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import contract_servers as acts
from mulakat.cli.doctor import Finding, _hearing, _memory, _model
from mulakat.providers import remote
from mulakat.settings import MIB, Bytes, Memory, Settings, Speech
from speech_servers import KEY, MODEL, SpeechServer, speech_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeechServer]:
    monkeypatch.setattr(remote, "BACKOFF_SECONDS", (0.0, 0.0))
    with speech_server() as running:
        yield running


def look(
    server: SpeechServer, dialect: str = "openai", name: str = MODEL, key: str = KEY
) -> Finding:
    chosen = Speech(dialect, name, server.url(dialect), key, speech_timeout=1)
    (found,) = _hearing(Settings(speech=chosen))
    return found


def test_the_model_of_this_machine_sends_nothing() -> None:
    (found,) = _hearing(Settings())
    assert (found.remedy, found.found) == (None, "on this server; no recording is sent")


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_one_that_hears_is_told_with_its_address_and_heard_nobodys_voice(
    server: SpeechServer, dialect: str
) -> None:
    found = look(server, dialect)
    assert found.remedy is None
    assert (
        found.found == f"{MODEL} at localhost:{server.server_address[1]}; recordings are sent there"
    )
    assert "audio/wav" in str(server.seen[0].body)


@pytest.mark.parametrize(
    ("act", "reason", "says"),
    [
        (acts.status(500), "unavailable", "until then the installed model hears"),
        (acts.raw(b"HTTP/1.1 200 OK\r\n\r\n<html>"), "invalid", "no such provider"),
        (acts.status(404), "not_found", "MULAKAT_SPEECH_URL"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    server: SpeechServer, act: acts.Act, reason: str, says: str
) -> None:
    server.always(act)
    found = look(server)
    assert found.found.endswith(reason)
    assert says in str(found.remedy)


def test_a_wrong_key_is_told_without_it(server: SpeechServer) -> None:
    found = look(server, key="key-wrong-canary")
    assert "MULAKAT_SPEECH_KEY" in str(found.remedy)
    assert "canary" not in str(found)


def test_no_model_on_this_machine_is_no_illness_where_another_hears(tmp_path: Path) -> None:
    speech = Speech("openai", MODEL, "http://127.0.0.1:1/v1", model_dir=tmp_path / "none")
    settings = Settings(Memory(Bytes(512 * MIB)), speech=speech)
    _, found = _memory(settings)
    assert found.remedy is None
    assert found.found.startswith("openai, falling back on nothing")
    (model,) = _model(settings)
    assert (model.found, model.remedy) == ("none installed here to fall back on", None)


def test_a_named_model_that_is_not_installed_is_told_with_its_command(tmp_path: Path) -> None:
    speech = Speech(speech_model="small", model_dir=tmp_path)
    (found,) = _model(Settings(speech=speech))
    assert found.remedy == "run: mulakat model install small"
