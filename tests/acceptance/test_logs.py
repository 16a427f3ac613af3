"""Nothing of a candidate, and no secret, in anything that an operator or a stranger can read.

A server at its most talkative is sent canaries in every place there is; then all it wrote is
searched: stdout, stderr, metrics, and the bodies of its refusals.
"""

import json
import re
import signal
import socket
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

import speech
from scraping import free_port
from serving import Server, serving

ANSWER = "I was kanaryagiven the schedule kanaryaspoke and shipped in two steps, three weeks early."


@dataclass
class Told:
    """What a server wrote while it was sent canaries."""

    stdout: str = ""
    stderr: str = ""
    metrics: str = ""
    refusals: list[str] = field(default_factory=list)
    heard: str = ""
    answers: list[str] = field(default_factory=list)

    def everything(self) -> str:
        return "\n".join([self.stdout, self.stderr, self.metrics, *self.refusals])

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stderr.splitlines()]


def tagged(recording: Path, target: Path) -> Path:
    """Return a copy of a recording with canaries in its tags."""
    with av.open(str(recording)) as source, av.open(str(target), "w", format="webm") as copy:
        stream = copy.add_stream_from_template(source.streams.audio[0])
        copy.metadata["title"] = copy.metadata["artist"] = "kanaryatag"
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    return target


class Candidate:
    """Sends canaries wherever something can be sent."""

    def __init__(self, server: Server, told: Told) -> None:
        self.told = told
        self.numbers = count()
        self.client = server.client(
            headers={
                "Cookie": "mulakat_session=kanaryacookie; mulakat_guest=kanaryacookie",
                "Authorization": "Bearer kanaryabearer",
                "Referer": "https://kanaryareferer.example/kanaryareferer",
                "User-Agent": "kanaryaagent",
                "X-Forwarded-For": "kanaryaforwarded",
                "Accept-Language": "en, kanaryalanguage",
            }
        )

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send it with a canary as its query; note what is refused."""
        made = self.client.request(method, path, params={"name": "kanaryaquery"}, **options)
        if made.status_code >= 400:
            self.told.refusals.append(f"{made.headers} {made.text}")
        return made

    def speak(self, content: bytes, **fields: str) -> httpx.Response:
        """Send a recording under a file name with a canary."""
        made = self.send(
            "POST",
            "/interview_speech_evaluation",
            files={"audio": ("kanaryafile.webm", content, "audio/webm")},
            data={
                "question": "Tell me about kanaryaquestion",
                "additional_text": "kanaryanotes",
                "voice_name": "kanaryavoice",
                "language": "en",
                **fields,
            },
            headers={"Idempotency-Key": f"kanaryakey-{next(self.numbers)}"},
        )
        if made.status_code == 200:
            self.told.answers.append(made.json()["id"])
        return made


def misbehave(candidate: Candidate, server: Server) -> None:
    """Send what cannot be accepted, each with canaries."""
    for path in ("/kanaryapath", "/static/kanaryapath/x.js", "/api/v1/evaluations/kanaryapath"):
        assert candidate.send("GET", path).status_code == 404
    for method, path in (("PUT", "/health"), ("KANARYAMETHOD", "/"), ("GET", "/metrics")):
        assert candidate.send(method, path).status_code >= 400
    for content, content_type in (
        (b'{"question": "kanaryabroken', "application/json"),
        (
            b'{"question": "kanaryabroken", "user_answer": "\\ud800 kanaryabroken"}',
            "application/json",
        ),
        (b'{"question": "kanaryabroken", "user_answer": ["kanaryabroken"]}', "application/json"),
        (b"--x\r\nkanaryabroken\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"kanaryabroken", "multipart/form-data; boundary=kanaryaboundary"),
        (b"kanaryabroken", "kanarya/type"),
    ):
        assert candidate.send(
            "POST", "/api/v1/evaluations", content=content, headers={"Content-Type": content_type}
        ).status_code in range(400, 500)
    assert candidate.speak(b"kanaryanoaudio" * 100).status_code == 415
    candidate.speak(b"\x1aE\xdf\xa3" + b"kanaryawebm" * 500)
    candidate.speak(b"OggS" + b"kanaryaogg" * 500)
    candidate.speak(b"RIFF\xff\xff\xff\x7fWAVEfmt " + b"kanaryawav" * 500)
    # It leaves in the middle of its words.
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as leaving:
        leaving.sendall(
            b"POST /api/v1/evaluations?kanaryaquery HTTP/1.1\r\n"
            b"Host: localhost\r\nContent-Length: 900\r\n"
            b'Content-Type: application/json\r\n\r\n{"question": "kanaryaleft'
        )
    with socket.create_connection((host, int(port))) as garbage:
        garbage.sendall(b"kanaryagarbage\r\n\r\n")
        garbage.recv(100)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder, port, told = tmp_path_factory.mktemp("logs"), free_port(), Told()
    recording = speech.encode(speech.said("two_cities"), folder / "plain.webm")
    content = tagged(recording, folder / "tagged.webm").read_bytes()
    with serving(
        folder / "data",
        log_level="debug",
        admin_token="kanaryaadmin-0123456789",
        metrics_token="kanaryametrics-0123456789",
        metrics_port=str(port),
    ) as server:
        candidate = Candidate(server, told)
        with candidate.client:
            spoken = candidate.speak(content)
            assert spoken.status_code == 200, spoken.text
            told.heard = spoken.json()["transcribed_text"]
            typed = candidate.send(
                "POST",
                "/api/v1/evaluations",
                json={"question": "Kanaryaquestion?", "user_answer": ANSWER, "language": "en"},
            )
            told.answers.append(typed.json()["id"])
            misbehave(candidate, server)
            # A worker that is killed with a candidate's words in its hands.
            candidate.client.headers["Prefer"] = "respond-async"
            pending = candidate.speak(content + b" ", question="Another kanaryaquestion")
            location = pending.headers["location"]
            told.answers.append(pending.json()["id"])
            server.until(lambda: candidate.send("GET", location).json().get("status") == "running")
            worker = server.worker
            assert worker
            worker.kill()
            server.until(lambda: candidate.send("GET", location).status_code == 200)
            candidate.send("DELETE", location)
        told.metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        server.process.send_signal(signal.SIGTERM)
        told.stdout = server._pipe.read()
        server.stop()
        told.stderr = server.log.read_text()
    return told


def test_no_canary_is_anywhere(told: Told) -> None:
    found = re.findall(r".{0,80}kanarya\w*.{0,80}", told.everything(), re.IGNORECASE)
    assert not found, found[:5]


def test_no_word_that_was_spoken_is_anywhere(told: Told) -> None:
    # Those of its words that nobody but Dickens uses.
    rare = {"wisdom", "foolishness", "incredulity", "darkness", "despair", "heaven", "noisiest"}
    heard = rare & set(re.findall(r"[a-z]+", told.heard.lower()))
    assert len(heard) >= 4, told.heard
    assert not [word for word in heard if word in told.everything().lower()]


def test_no_whole_id_of_an_answer_is_logged(told: Told) -> None:
    assert told.answers
    for answer in told.answers:
        assert answer not in told.stderr
        assert answer not in told.metrics


def test_every_line_is_one_event_in_ecs_names(told: Told) -> None:
    for line in told.lines():
        assert {"@timestamp", "log.level", "message", "ecs.version", "log.logger"} <= set(line)
        assert line["service.name"] == "mulakat"


def test_a_request_and_its_job_share_one_trace(told: Told) -> None:
    lines = told.lines()
    requests = [line for line in lines if line.get("event.action") == "request"]
    ids = [line["trace.id"] for line in requests]
    assert len(ids) == len(set(ids)), "one line a request"
    jobs = [line for line in lines if line.get("event.action") == "answer-done"]
    assert len(jobs) >= 3
    for job in jobs:
        assert job["trace.id"] in ids
        assert len(job["labels.answer_id"]) == 18
        assert job["event.outcome"] == "success"
        assert job["mulakat.stages"]["total"] > 0
        assert job["mulakat.attempt"] >= 1
        assert job["event.duration"] > 0
    assert any(job.get("mulakat.real_time_factor") for job in jobs)


def test_what_happened_besides_requests_are_events_of_their_own(told: Told) -> None:
    actions = {line.get("event.action") for line in told.lines()}
    assert {"serving", "recording-deleted", "worker-died", "answer-retried"} <= actions
    deleted = [x for x in told.lines() if x.get("event.action") == "recording-deleted"]
    assert {line["event.reason"] for line in deleted} >= {"done"}
