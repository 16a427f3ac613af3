"""Asking a provider elsewhere: every way to fail, on a real socket."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
import trustme

import contract_servers as acts
from clocks import HandClock, HandTimes
from contract_servers import KEY, MODEL, Server, language_server
from ledgers import MemoryLines
from mulakat.providers import exchange as exchanging
from mulakat.providers.breaker import FAILURES, REST_SECONDS
from mulakat.providers.exchange import Address, Limits, Request, Response
from mulakat.providers.remote import (
    RETRY_AFTER_MOST,
    TRIES,
    Errand,
    Failed,
    Remote,
    Service,
    Times,
)

LIMITS = Limits(connect=5, read=0.2, most_bytes=100_000)
ASKED = {
    "model": MODEL,
    "messages": [{"role": "user", "content": "çok gizli"}],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "reply", "strict": True, "schema": {"type": "string"}},
    },
}


@pytest.fixture
def server() -> Iterator[Server]:
    with language_server() as running:
        yield running


class Asker:
    """Asks a server with a clock moved by hand; keeps the ledger."""

    def __init__(self, url: str, key: str = KEY, **lines: bool) -> None:
        self.times = HandTimes()
        self.lines = MemoryLines(**lines)
        address = Address.of(url)
        service = Service("openai", MODEL, address, {"Authorization": f"Bearer {key}"}, LIMITS)
        clocks = Times(self.times.monotonic, self.times.sleep, lambda: 1.0, HandClock())
        self.remote = Remote(service, clocks)

    def ask(self, seconds: float = 60, path: str = "/chat/completions") -> Any:
        def read(response: Response) -> Any:
            return json.loads(response.body)["choices"][0]["message"]["content"]

        errand = Errand("evaluate", self.times.seconds + seconds, self.lines)
        body = json.dumps(ASKED).encode()
        return self.remote.ask(lambda _: Request(path, body), read, errand)

    def fails(self, **more: Any) -> Failed:
        with pytest.raises(Failed) as caught:
            self.ask(**more)
        return caught.value


@pytest.fixture
def asker(server: Server) -> Asker:
    return Asker(server.url("openai"))


def test_a_good_answer_is_read_and_stands_in_the_ledger_with_its_bytes(
    server: Server, asker: Asker
) -> None:
    assert asker.ask() == '"said"'
    (begun,), (ended,) = asker.lines.begun, asker.lines.ended
    assert (begun.outcome, begun.bytes_sent) == ("unfinished", len(json.dumps(ASKED)))
    assert (ended.purpose, ended.provider, ended.model) == ("evaluate", "openai", MODEL)
    assert ended.host == f"localhost:{server.server_address[1]}"
    assert ended.outcome == "ok"
    head = ended.bytes_sent - begun.bytes_sent
    assert 150 < head < 400
    assert 300 < ended.bytes_received < 1000
    assert server.seen[0].body == ASKED


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (acts.half, "broken"),
        (acts.half_chunk, "broken"),
        (acts.reset, "broken"),
        (acts.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "broken"),
        (acts.raw(b""), "broken"),
        (acts.boast, "broken"),
        (acts.silent, "timeout"),
        (acts.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{]}"), "invalid"),
        (acts.raw(b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 90_000), "invalid"),
        (acts.raw(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe\xff"), "invalid"),
        (acts.status(500), "unavailable"),
        (acts.status(503), "unavailable"),
        (acts.status(408), "unavailable"),
        (acts.status(429), "throttled"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_given_up(
    server: Server, asker: Asker, act: acts.Act, reason: str
) -> None:
    server.always(act)
    assert asker.fails().reason == reason
    assert len(server.seen) == TRIES
    assert asker.times.slept == [0.5, 1.0]
    assert asker.lines.outcomes == [reason] * TRIES


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (acts.endless, "too_large"),
        (acts.status(400), "rejected"),
        (acts.status(401), "refused"),
        (acts.status(403), "refused"),
        (acts.status(404), "not_found"),
        (acts.status(422), "rejected"),
        (acts.status(302, Location="http://elsewhere.example/"), "rejected"),
    ],
)
def test_what_stays_as_it_is_is_not_tried_again(
    server: Server, asker: Asker, act: acts.Act, reason: str
) -> None:
    server.always(act)
    assert asker.fails().reason == reason
    assert len(server.seen) == 1
    assert asker.times.slept == []


def test_a_passing_illness_does_not_show(server: Server, asker: Asker) -> None:
    server.then(acts.status(503), acts.half)
    assert asker.ask() == '"said"'
    assert asker.lines.outcomes == ["unavailable", "broken", "ok"]


def test_an_endless_body_is_cut_at_the_limit(server: Server, asker: Asker) -> None:
    server.then(acts.endless)
    asker.fails()
    assert asker.lines.ended[0].bytes_received <= LIMITS.most_bytes + exchanging.PIECE


def test_a_head_that_drips_ends_with_the_time_for_all(server: Server, asker: Asker) -> None:
    server.always(acts.dripping_head)
    asker.times.each = 1.0  # each look at the clock, a second
    assert asker.fails(seconds=30).reason == "timeout"
    assert len(server.seen) == 1


def test_nobody_is_waited_for_beyond_the_time_for_all(server: Server, asker: Asker) -> None:
    server.always(acts.status(503))
    assert asker.fails(seconds=1.4).reason == "unavailable"
    assert asker.times.slept == [0.5]


def test_retry_after_is_honoured_in_seconds_and_as_a_date(server: Server, asker: Asker) -> None:
    moment = format_datetime(datetime(2026, 7, 1, 9, 0, 11, tzinfo=UTC), usegmt=True)
    server.then(acts.status(429, Retry_After="7"), acts.status(503, Retry_After=moment))
    assert asker.ask() == '"said"'
    assert asker.times.slept == [7.0, 11.0]


@pytest.mark.parametrize("said", ["soon", "-5", "Mon, 99 Foo 2026", "٣"])
def test_a_retry_after_that_says_nothing_is_as_none(
    server: Server, asker: Asker, said: str
) -> None:
    server.then(acts.raw(f"HTTP/1.1 429 X\r\nRetry-After: {said}\r\n\r\n".encode()))
    assert asker.ask() == '"said"'
    assert asker.times.slept == [0.5]


@pytest.mark.parametrize("said", [f"{RETRY_AFTER_MOST + 1:.0f}", "9" * 400])
def test_too_long_a_wait_is_not_waited(server: Server, asker: Asker, said: str) -> None:
    server.then(acts.status(429, Retry_After=said))
    assert asker.fails().reason == "throttled"
    assert asker.times.slept == []


def test_a_provider_that_keeps_failing_is_left_alone_and_tried_once_after_a_rest(
    server: Server, asker: Asker
) -> None:
    server.always(acts.status(500))
    while asker.fails().reason != "resting":
        pass
    assert len(server.seen) == FAILURES
    assert asker.fails().reason == "resting"
    assert len(server.seen) == FAILURES
    asker.times.sleep(REST_SECONDS)
    assert asker.fails().reason == "unavailable"
    assert len(server.seen) == FAILURES + 1
    asker.times.sleep(REST_SECONDS)
    server.always(acts.good())
    assert asker.ask() == asker.ask() == '"said"'


def test_a_request_that_is_wrong_says_nothing_of_the_providers_health(
    server: Server, asker: Asker
) -> None:
    server.always(acts.status(400))
    for _ in range(FAILURES + 1):
        assert asker.fails().reason == "rejected"


def test_what_cannot_be_noted_is_not_sent(server: Server) -> None:
    asker = Asker(server.url("openai"), begins=False)
    assert asker.fails().reason == "ledger"
    assert server.seen == []


def test_a_line_that_cannot_be_ended_stays_unfinished_and_the_answer_counts(
    server: Server,
) -> None:
    asker = Asker(server.url("openai"), ends=False)
    assert asker.ask() == '"said"'
    assert [sent.outcome for sent in asker.lines.begun] == ["unfinished"]


def test_an_address_where_nobody_is_is_said_to_be_so() -> None:
    with socket.socket() as taken:  # bound, not listening
        taken.bind(("127.0.0.1", 0))
        asker = Asker(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        assert asker.fails().reason == "unreachable"
    for name in ("nobody.invalid", "a..b", "x" * 300):
        assert Asker(f"http://{name}/v1").fails().reason == "unreachable"


def test_one_who_takes_nothing_is_not_written_to_for_ever() -> None:
    class Zeros:
        """Much, made while it is sent."""

        def __len__(self) -> int:
            return 2**40

        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield bytes(2**20)

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        asker = Asker(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1")
        errand = Errand("transcribe", asker.times.seconds + 60, asker.lines)
        with pytest.raises(Failed, match="timeout"):
            asker.remote.ask(lambda _: Request("/", Zeros()), lambda _: None, errand)
    assert asker.lines.begun[0].bytes_sent == 2**40
    assert asker.lines.ended[0].bytes_sent < 2**30


def test_a_refusal_before_the_body_was_read_is_heard() -> None:
    with socket.create_server(("127.0.0.1", 0)) as strict:
        asker = Asker(f"http://127.0.0.1:{strict.getsockname()[1]}/v1")
        strict.settimeout(5)
        errand = Errand("transcribe", asker.times.seconds + 60, asker.lines)

        class Large:
            """Answered after its first piece."""

            def __len__(self) -> int:
                return 2**30

            def __iter__(self) -> Iterator[bytes]:
                yield b"first"
                connection, _ = strict.accept()
                with connection:
                    while b"first" not in connection.recv(65536):
                        pass
                    connection.sendall(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
                while True:
                    yield bytes(2**16)

        with pytest.raises(Failed, match="rejected"):
            asker.remote.ask(lambda _: Request("/", Large()), lambda _: None, errand)


def test_tls_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with language_server(context) as server:
        stranger = Asker(server.url("openai"))
        assert stranger.fails().reason == "certificate"
        assert server.seen == []
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        monkeypatch.setattr(exchanging, "_trust", lambda: trusting)
        friend = Asker(server.url("openai"))
        assert friend.ask() == '"said"'
        assert friend.lines.ended[0].host.startswith("localhost:")
        server.always(acts.silent)
        assert friend.fails().reason == "timeout"
        misnamed = Asker(server.url("openai").replace("localhost", "127.0.0.1"))
        assert misnamed.fails().reason == "certificate"


@pytest.mark.parametrize(
    ("url", "shown", "path"),
    [
        ("https://api.example.org/v1/", "api.example.org", "/v1"),
        ("http://api.example.org:8080", "api.example.org:8080", ""),
        ("http://[::1]:11434/v1", "[::1]:11434", "/v1"),
        ("http://[::1]/v1", "[::1]", "/v1"),
    ],
)
def test_an_address_is_read_from_its_url(url: str, shown: str, path: str) -> None:
    address = Address.of(url)
    assert (str(address), address.path) == (shown, path)
