"""Processes that die at the worst moment: nothing accepted is lost, nothing is left behind."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import speech
from mulakat.settings import load
from mulakat.store.answers import Answers
from mulakat.store.engine import make_engine
from mulakat.store.values import Claim
from serving import Server, serving

QUESTION = "Tell me about a conflict at work"


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    target = tmp_path_factory.mktemp("speech") / "minute.ogg"
    return speech.encode(speech.minutes(1.1), target, "ogg").read_bytes()


def submit(server: Server, recording: bytes, **headers: str) -> str:
    with server.client() as client:
        made = client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", recording)},
            data={"question": QUESTION, "language": "en"},
            headers={"prefer": "respond-async", **headers},
        )
    assert made.status_code == 202, made.text
    location: str = made.headers["location"]
    return location


def look(server: Server, location: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(server.url + location).json()
    return found


def at_stage(server: Server, location: str, stage: str) -> None:
    server.until(lambda: look(server, location).get("stage") == stage)


def done(server: Server, location: str) -> dict[str, Any]:
    return server.until(
        lambda: (seen := look(server, location))["status"] not in {"queued", "running"} and seen,
        seconds=120,
    )


@pytest.mark.parametrize("stage", ["decoding", "transcribing", "evaluating"])
def test_a_worker_killed_in_any_stage_is_replaced_and_the_answer_done_once(
    tmp_path: Path, minute: bytes, stage: str
) -> None:
    with serving(tmp_path / "data") as server:
        location = submit(server, minute)
        at_stage(server, location, stage)
        worker = server.worker
        assert worker
        worker.send_signal(signal.SIGKILL)
        assert done(server, location)["status"] == "done"
        assert server.worker
        assert server.worker.pid != worker.pid
        server.until(lambda: server.spool_files() == [])


def test_an_answer_that_kills_its_worker_three_times_fails_and_the_queue_moves_on(
    tmp_path: Path, minute: bytes
) -> None:
    with serving(tmp_path / "data") as server:
        poison = submit(server, minute)
        for _ in range(3):
            at_stage(server, poison, "transcribing")
            worker = server.worker
            assert worker
            worker.send_signal(signal.SIGSEGV)
            server.until(lambda dead=worker: not dead.is_running())
            server.until(lambda: look(server, poison).get("stage") != "transcribing")
        failed = done(server, poison)
        assert failed["code"] == "worker_died"
        assert failed["status"] == 500
        next_one = submit(server, speech.recording("beckett").read_bytes())
        assert done(server, next_one)["status"] == "done"
        server.until(lambda: server.spool_files() == [], seconds=90)


def test_a_frozen_worker_whose_answer_another_claimed_writes_nothing_when_it_wakes(
    tmp_path: Path, minute: bytes
) -> None:
    with serving(tmp_path / "data", lease="8", heartbeat="0.5") as server:
        location = submit(server, minute)
        at_stage(server, location, "transcribing")
        frozen = server.worker
        assert frozen
        frozen.send_signal(signal.SIGSTOP)
        claim = server.until(lambda: asyncio.run(claimed_by_another(server)))
        frozen.send_signal(signal.SIGCONT)
        server.until(lambda: "lease had gone to another worker" in server.log.read_text())
        assert look(server, location)["status"] == "running"
        assert asyncio.run(finished_by_another(server, claim))
        assert look(server, location)["transcribed_text"] == "written by the other worker"


def other_worker(server: Server) -> tuple[AsyncEngine, Answers]:
    settings = load({"MULAKAT_DATA_DIR": str(server.data), "MULAKAT_LEASE": "8"})
    engine = make_engine(settings.store)
    return engine, Answers(engine, settings.queue, settings.store)


async def claimed_by_another(server: Server) -> Claim | None:
    engine, answers = other_worker(server)
    try:
        return await answers.claim("another machine's worker")
    finally:
        await engine.dispose()


async def finished_by_another(server: Server, claim: Claim) -> bool:
    engine, answers = other_worker(server)
    try:
        return await answers.finish(claim, {"transcribed_text": "written by the other worker"})
    finally:
        await engine.dispose()


def test_an_answer_past_its_deadline_is_stopped_by_the_parent(
    tmp_path: Path, minute: bytes
) -> None:
    with serving(tmp_path / "data", deadline="1") as server:
        failed = done(server, submit(server, minute))
        assert (failed["status"], failed["code"]) == (422, "deadline_exceeded")


def test_sigterm_lets_a_short_answer_finish_or_gives_it_back(tmp_path: Path, minute: bytes) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        location = submit(server, minute)
        at_stage(server, location, "transcribing")
        assert server.stop() == 0
    with serving(data) as again:
        result = done(again, location)
        assert result["status"] == "done"
        assert again.spool_files() == []


def test_a_killed_server_takes_its_worker_with_it_and_loses_nothing(
    tmp_path: Path, minute: bytes
) -> None:
    server = Server(tmp_path / "data", lease="2")
    try:
        location = submit(server, minute, **{"idempotency-key": "k"})
        at_stage(server, location, "transcribing")
        worker = server.worker
        assert worker
        server.kill()
        worker.wait(10)
        server.start()
        assert submit(server, minute, **{"idempotency-key": "k"}) == location
        assert done(server, location)["status"] == "done"
        server.until(lambda: server.spool_files() == [])
    finally:
        server.stop()


@pytest.mark.parametrize("quarter", [1, 2, 3, 4])
def test_a_server_killed_during_an_upload_has_no_row_and_no_file_after_its_start(
    tmp_path: Path, minute: bytes, quarter: int
) -> None:
    server = Server(tmp_path / "data")
    try:
        head = (
            b'--b\r\nContent-Disposition: form-data; name="question"\r\n\r\nWhy?\r\n'
            b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
        )
        body = head + minute
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(
                b"POST /api/v1/evaluations HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                b"multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n" % (len(body) + 100)
            )
            connection.sendall(body[: len(body) * quarter // 4])
            server.kill()
        server.start()
        assert server.spool_files() == []
    finally:
        server.stop()
