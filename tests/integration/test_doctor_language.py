"""`mulakat doctor` looks at the language model that the settings choose."""

from collections.abc import Iterator

import pytest

import contract_servers as acts
from contract_servers import KEY, MODEL, OTHER_MODEL, Server, language_server
from mulakat.cli.doctor import Finding, _language
from mulakat.providers import remote
from mulakat.settings import Language, Settings


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(remote, "BACKOFF_SECONDS", (0.0, 0.0))
    with language_server() as running:
        yield running


def look(server: Server, dialect: str = "openai", name: str = MODEL, key: str = KEY) -> Finding:
    url = server.url(dialect)
    chosen = Language(dialect, name, url, key, language_timeout=1)
    (found,) = _language(Settings(language=chosen))
    return found


def test_no_model_is_no_illness() -> None:
    (found,) = _language(Settings())
    assert (found.name, found.remedy) == ("language", None)
    assert "nothing is sent" in found.found


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_a_model_that_is_there_is_told_with_its_address(server: Server, dialect: str) -> None:
    found = look(server, dialect)
    assert found.remedy is None
    assert found.found.startswith(f"{MODEL} at localhost:")


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_a_model_that_is_not_there_is_told_with_those_that_are(
    server: Server, dialect: str
) -> None:
    found = look(server, dialect, name="judge-none")
    assert found.remedy == (
        f"set MULAKAT_LANGUAGE_MODEL_NAME to one that it has: {MODEL}, {OTHER_MODEL}"
    )


def test_a_tag_that_may_be_left_out_is_not_missed(server: Server) -> None:
    body = b'{"data": [{"id": "small:latest"}, {"id": "\\u001b[2J"}]}'
    reply = acts.raw(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    server.then(reply, reply)
    assert look(server, name="small").remedy is None
    remedy = look(server, name="large").remedy
    assert remedy
    assert remedy.endswith(": small:latest")


@pytest.mark.parametrize(
    ("act", "reason", "says"),
    [
        (acts.status(404), "not_found", "/v1"),
        (acts.status(500), "unavailable", "until then the rubric stands"),
        (acts.raw(b"HTTP/1.1 200 OK\r\n\r\n<html>"), "invalid", "no such provider"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    server: Server, act: acts.Act, reason: str, says: str
) -> None:
    server.always(act)
    found = look(server)
    assert found.found.endswith(reason)
    assert says in str(found.remedy)


def test_a_wrong_key_is_told_without_it(server: Server) -> None:
    found = look(server, key="key-wrong-canary")
    assert "MULAKAT_LANGUAGE_KEY" in str(found.remedy)
    assert "canary" not in str(found)


def test_a_server_that_is_not_there_is_told(server: Server) -> None:
    chosen = Language("openai", MODEL, "http://nobody.invalid/v1", KEY)
    (found,) = _language(Settings(language=chosen))
    assert found.found.endswith("unreachable")
    assert "the server there runs" in str(found.remedy)
