"""One spoken answer, as the seed's curl, a script and a browser send it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import jiwer
import pytest

import speech
from serving import Server, serving

QUESTION = "Tell me about a conflict at work"

TYPED = (
    "Last year two people in my team disagreed about the release date. I was responsible for the "
    "schedule, so I met each of them, wrote down what they needed and proposed to ship in two "
    "steps. As a result we delivered three weeks earlier and support calls fell by 40 percent."
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("one") / "data") as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client(headers={"accept-language": "en"}) as made:
        yield made


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speech.encode(speech.said("beckett"), tmp_path_factory.mktemp("speech") / "answer.webm")


def plain(text: str) -> str:
    """Words only, as word error rates are counted."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def check(result: dict[str, Any]) -> None:
    """The transcript is what was said, and every quote is in it, with its time."""
    assert result["status"] == "done"
    text = result["transcribed_text"]
    errors = jiwer.wer(plain(speech.TEXTS["beckett"]), plain(text))
    assert errors < 0.25, text
    assert {"transcriber", "evaluator", "embedder"} <= set(result["engine"])
    assert result["timings"]["total"] > 0
    assert result["delivery"]["words_per_minute"] > 0
    assert result["has_audio"] is False
    for criterion in result["criteria"]:
        assert 0 <= criterion["score"] <= 100
        assert criterion["advice"]
        for evidence in criterion["evidence"]:
            assert evidence["quote"] in text
            assert (
                0 <= evidence["start"] < evidence["end"] <= result["timings"]["audio_seconds"] + 1
            )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
def test_the_seeds_own_command_gets_an_evaluation(server: Server, answer: Path) -> None:
    command = [
        "curl", "-sS", "-X", "POST", f"{server.url}/interview_speech_evaluation",
        "-F", "audio=@answer.webm", "-F", f"question={QUESTION}",
    ]  # fmt: skip
    printed = subprocess.run(command, cwd=answer.parent, capture_output=True, check=True).stdout
    result = json.loads(printed)
    check(result)
    assert result["evaluation"]
    server.until(lambda: server.spool_files() == [])


@pytest.mark.parametrize("suffix", ["webm", "ogg", "wav", "mp4", "flac", "mp3"])
def test_each_container_that_a_browser_or_a_phone_makes_is_heard(
    client: httpx.Client, tmp_path: Path, suffix: str
) -> None:
    recording = speech.encode(speech.said("beckett"), tmp_path / f"a.{suffix}", suffix)
    made = client.post(
        "/api/v1/evaluations",
        files={"audio": ("blob", recording.read_bytes())},
        data={"question": QUESTION, "language": "en"},
    )
    assert made.status_code == 200, made.text
    check(made.json())


def test_a_typed_answer_is_scored_without_delivery(client: httpx.Client) -> None:
    result = client.post(
        "/interview_speech_evaluation",
        json={"question": QUESTION, "user_answer": TYPED, "language": "en"},
    ).json()
    assert result["scored"]
    assert result["score"] > 50
    assert result["delivery"] is None
    assert result["transcribed_text"] == TYPED
    keys = {criterion["key"] for criterion in result["criteria"]}
    assert keys == {"relevance", "coverage", "structure", "specificity", "clarity"}
    assert all(e["start"] is None for c in result["criteria"] for e in c["evidence"])


@pytest.mark.parametrize("text", ["fine", "asdf qwer zxcv hjkl uiop asdf qwer"])
def test_one_word_or_gibberish_scores_near_zero_or_not_at_all(
    client: httpx.Client, text: str
) -> None:
    result = client.post(
        "/api/v1/evaluations", json={"question": QUESTION, "user_answer": text, "language": "en"}
    ).json()
    assert result["score"] is None or result["score"] <= 5
    if result["score"] is None:
        assert result["scored"] is False
        assert result["reason"]["detail"]


def test_an_asynchronous_answer_is_polled(client: httpx.Client, server: Server) -> None:
    made = client.post(
        "/api/v1/evaluations",
        json={"question": QUESTION, "user_answer": TYPED, "language": "en"},
        headers={"prefer": "respond-async"},
    )
    assert made.status_code == 202
    assert made.json()["status"] in {"queued", "running"}
    location = made.headers["location"]
    done = server.until(lambda: (r := client.get(location)).status_code == 200 and r)
    assert done.json()["id"] == made.json()["id"]


def test_events_tell_the_stages_in_order(client: httpx.Client, tmp_path: Path) -> None:
    recording = speech.encode(speech.minutes(1.2), tmp_path / "a.ogg", "ogg")
    made = client.post(
        "/api/v1/evaluations",
        files={"audio": ("blob", recording.read_bytes())},
        data={"question": QUESTION, "language": "en"},
        headers={"prefer": "respond-async"},
    )
    events: list[tuple[str, dict[str, Any]]] = []
    with client.stream("GET", made.headers["location"] + "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                events.append((name, json.loads(line.removeprefix("data: "))))
    assert events[-1][0] == "done"
    stages = [data["stage"] for name, data in events if name == "progress"]
    order = ["queued", "decoding", "transcribing", "evaluating"]
    assert [s for s in order if s in stages] == sorted(set(stages), key=order.index)
    assert "transcribing" in stages
    shares = [d["progress"] for n, d in events if n == "progress" and d["stage"] == "transcribing"]
    known = [share for share in shares if share is not None]
    assert known == sorted(known)
    assert any(0 < share < 100 for share in known)


def test_the_same_key_gives_the_same_answer_and_another_body_a_409(client: httpx.Client) -> None:
    def send(text: str) -> httpx.Response:
        return client.post(
            "/api/v1/evaluations",
            json={"question": QUESTION, "user_answer": text, "language": "en"},
            headers={"idempotency-key": "retry-1"},
        )

    first, again, other = send(TYPED), send(TYPED), send(TYPED + " More.")
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_fifty_identical_posts_at_once_make_one_answer(
    client: httpx.Client, answer: Path, server: Server
) -> None:
    def send(_: int) -> str:
        made = client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", answer.read_bytes())},
            data={"question": QUESTION, "language": "en"},
            headers={"idempotency-key": "fifty", "prefer": "respond-async"},
        )
        assert made.status_code in {200, 202}, made.text
        identity: str = made.json()["id"]
        return identity

    with ThreadPoolExecutor(50) as pool:
        assert len(set(pool.map(send, range(50)))) == 1
    server.until(lambda: server.spool_files() == [])


def test_a_deleted_answer_is_gone(client: httpx.Client) -> None:
    made = client.post(
        "/api/v1/evaluations", json={"question": QUESTION, "user_answer": TYPED, "language": "en"}
    )
    location = f"/api/v1/evaluations/{made.json()['id']}"
    assert client.delete(location).status_code == 204
    assert client.get(location).status_code == 404
    assert client.delete(location).status_code == 404


def test_two_servers_run_side_by_side_but_not_on_one_folder(server: Server, tmp_path: Path) -> None:
    with serving(tmp_path / "data") as second:
        assert second.url != server.url
        assert httpx.get(f"{second.url}/health").json()["status"] == "healthy"
    refused = subprocess.run(
        server.process.args,
        env=server._environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "already uses" in refused.stderr
