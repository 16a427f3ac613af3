"""SIGTERM: who waits is answered, streams end, and all is over before a container is killed."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

import speech
from serving import Server, serving

FORM = {"question": "Tell me about a conflict at work", "language": "en"}
CONTAINER_SECONDS = 10


def ask(server: Server, recording: bytes, **headers: str) -> httpx.Response:
    with server.client() as client:
        return client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", recording)},
            data=FORM,
            headers=headers,
        )


def streamed(server: Server, location: str) -> str:
    with server.client() as client, client.stream("GET", f"{location}/events") as response:
        return "".join(response.iter_text())


def test_who_waits_gets_the_results_address_and_streams_end(tmp_path: Path) -> None:
    long = speech.encode(speech.minutes(3), tmp_path / "long.ogg", "ogg").read_bytes()
    with serving(tmp_path / "data") as server, ThreadPoolExecutor(2) as pool:
        first = ask(server, long, prefer="respond-async").headers["location"]
        waiting = pool.submit(ask, server, long)
        stream = pool.submit(streamed, server, first)

        def both_wait() -> bool:
            depth = [line for line in (tmp_path / "data" / "spool").rglob("*") if line.is_file()]
            return len(depth) == 2 and httpx.get(server.url + first).json()["status"] == "running"

        server.until(both_wait)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        answered = waiting.result(timeout=5)
        assert time.monotonic() - began < 2
        assert answered.status_code == 202, answered.text
        assert answered.headers["location"].startswith("/api/v1/evaluations/")
        assert "event: progress" in stream.result(timeout=5)
        assert server.stop() == 0
        assert time.monotonic() - began < CONTAINER_SECONDS
        assert "running task" not in server.log.read_text()
        server.start()  # and nothing was lost by it
        status = httpx.get(server.url + answered.headers["location"]).json()["status"]
        assert status in {"queued", "running", "done"}


def test_with_nothing_to_do_it_stops_at_once(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 3
