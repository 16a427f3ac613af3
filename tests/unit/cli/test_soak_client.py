"""A patient client against a real, small server of the standard library."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mulakat.cli.soak_client import MOST_REFUSALS, Ask, Client, spoken, typed

Reply = tuple[int, dict[str, str], dict[str, object]]

ASK = Ask("an answer", b"{}", "application/json")


@contextmanager
def server(*replies: Reply) -> Iterator[tuple[str, list[tuple[str, bytes, dict[str, str]]]]]:
    """Answer with the replies in turn, the last for ever; collect what was sent."""
    seen: list[tuple[str, bytes, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            seen.append((self.path, self.rfile.read(length), dict(self.headers.items())))
            status, headers, document = replies[min(len(seen), len(replies)) - 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        do_GET = do_POST = answer  # noqa: N815  # named by http.server

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}", seen
        finally:
            running.shutdown()
            thread.join()


def test_a_refused_request_comes_again_when_it_was_told_to() -> None:
    waited: list[float] = []
    full: Reply = (503, {"Retry-After": "7"}, {"code": "memory_low"})
    with server(full, full, (200, {}, {})) as (url, _):
        told = Client(url, waited.append).send(ASK)
    assert (told.status, told.refusals, waited) == (200, ["memory_low"] * 2, [7.0, 7.0])
    assert told.well


def test_a_refusal_that_does_not_say_when_is_a_fault() -> None:
    with server((503, {}, {"code": "queue_full"})) as (url, seen):
        told = Client(url).send(ASK)
    assert (told.status, told.unsaid, len(seen)) == (503, 1, 1)
    assert not told.well


def test_a_server_that_only_refuses_is_given_up() -> None:
    with server((429, {"Retry-After": "1"}, {})) as (url, seen):
        told = Client(url, lambda _: None).send(ASK)
    assert (told.status, len(seen)) == (429, MOST_REFUSALS)


def test_an_expected_refusal_for_good_is_well() -> None:
    bad = spoken("no audio", b"text", "Why?", "en", 415)
    with server((415, {}, {"code": "not_audio"})) as (url, _):
        assert Client(url).send(bad).well


def test_a_server_that_is_gone_is_status_0() -> None:
    with server((200, {}, {})) as (url, _):
        pass
    told = Client(url).send(ASK)
    assert (told.status, told.code) == (0, "ConnectionRefusedError")


def test_a_recording_is_sent_as_the_seeds_curl_sends_it() -> None:
    with server((200, {}, {})) as (url, seen):
        Client(url).send(spoken("one", b"OggS\x00", "Neden bu iş?", "tr"))
    path, body, headers = seen[0]
    assert path == "/interview_speech_evaluation"
    form = message_from_bytes(f"Content-Type: {headers['Content-Type']}\n\n".encode() + body)
    fields = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in form.walk()
        if not part.is_multipart()
    }
    assert fields == {
        "question": "Neden bu iş?".encode(), "language": b"tr", "audio": b"OggS\x00"
    }  # fmt: skip


def test_a_typed_answer_is_json() -> None:
    assert json.loads(typed("t", {"question": "Neden?"}).body) == {"question": "Neden?"}


def test_the_token_goes_with_a_look_at_the_memory() -> None:
    with server((200, {}, {"state": "normal"})) as (url, seen):
        assert Client(url).get("/debug/memory_status", "secret") == {"state": "normal"}
    assert seen[0][2]["Authorization"] == "Bearer secret"


def test_a_look_that_is_refused_says_why() -> None:
    with (
        server((401, {}, {"detail": "Only the operator may see this."})) as (url, _),
        pytest.raises(OSError, match="answered 401: Only the operator"),
    ):
        Client(url).get("/debug/memory_status")
