"""Alerts, sent to a real HTTP server that may be ill."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from structlog.testing import capture_logs

from mulakat.memory.webhook import PAUSES, TRIES, WAITING, Webhook


class Receiver(HTTPServer):
    """Answers with the next of `statuses`, then 204; keeps what it was sent."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.came = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?key=secret"

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self.came.acquire(timeout=10)


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.gate.wait(10)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"] == "application/json"
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.bodies.append(json.loads(body))
        self.server.paths.append(self.path)
        self.server.came.release()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.gate.set()
        server.shutdown()
        thread.join()


def test_an_event_arrives_as_json(receiver: Receiver) -> None:
    Webhook(receiver.url).send({"state": "alert", "was": "normal"})
    receiver.wait(1)
    assert receiver.bodies == [{"state": "alert", "was": "normal"}]
    assert receiver.paths == ["/hook?key=secret"]


def test_a_receiver_that_is_ill_is_tried_again_after_growing_pauses(receiver: Receiver) -> None:
    receiver.statuses = [500, 429]
    pauses: list[float] = []
    Webhook(receiver.url, pauses.append).send({"n": 1})
    receiver.wait(3)
    assert len(receiver.bodies) == 3
    assert pauses == list(PAUSES[:2])


@pytest.mark.parametrize(("statuses", "tries"), [([503] * 9, TRIES), ([404], 1), ([302], 1)])
def test_it_gives_up_in_the_end_and_says_so_without_the_address(
    receiver: Receiver, statuses: list[int], tries: int
) -> None:
    receiver.statuses = list(statuses)
    hook = Webhook(receiver.url, lambda _: None)
    with capture_logs() as events:
        hook.send({"n": 1})
        receiver.wait(tries)
        receiver.statuses.clear()
        hook.send({"n": 2})  # delivered next, so the first has been given up by then
        receiver.wait(1)
    assert [body["n"] for body in receiver.bodies] == [1] * tries + [2]
    assert [event["event"] for event in events] == ["alert not delivered"]
    assert "secret" not in str(events)


def test_an_address_where_nobody_listens_costs_the_sender_nothing() -> None:
    server = Receiver()
    url = server.url
    server.server_close()
    done = threading.Event()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == TRIES - 1:
            done.set()

    Webhook(url, pause).send({"n": 1})
    assert done.wait(10)


def test_events_that_cannot_be_delivered_do_not_pile_up(receiver: Receiver) -> None:
    receiver.gate.clear()
    hook = Webhook(receiver.url)
    for number in range(100):
        hook.send({"n": number})
    receiver.gate.set()
    receiver.wait(WAITING)
    assert len(receiver.bodies) <= WAITING + 1
    assert receiver.bodies[-1] == {"n": 99} or receiver.came.acquire(timeout=10)
    assert receiver.bodies[-1] == {"n": 99}
