"""A misheard word is corrected on a real server: evaluated again, and nothing lost on the way."""

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

import speech
from serving import Server, serving

QUESTION = "Tell me about a time when you improved something"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    target = tmp_path_factory.mktemp("speech") / "answer.ogg"
    return speech.encode(speech.said("two_cities"), target, "ogg").read_bytes()


def answered(client: httpx.Client, recording: bytes) -> dict[str, Any]:
    made = client.post(
        "/api/v1/evaluations",
        files={"audio": ("blob", recording)},
        data={"question": QUESTION, "language": "en"},
    )
    assert made.status_code == 200, made.text
    found: dict[str, Any] = made.json()
    return found


def read(client: httpx.Client, answer: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/evaluations/{answer}").json()
    return found


def corrected(server: Server, client: httpx.Client, answer: str) -> dict[str, Any]:
    return server.until(
        lambda: (seen := read(client, answer))["correcting"] is None and seen, seconds=120
    )


def test_a_corrected_word_is_scored_anew_and_what_it_had_cost_is_told(
    tmp_path: Path, recording: bytes
) -> None:
    with serving(tmp_path / "data") as server, server.client() as client:
        heard = answered(client, recording)
        path = f"/api/v1/evaluations/{heard['id']}/correction"
        assert heard["correcting"] is None
        said = "I reduced the build time by 40 percent, as a result we released each week"
        body = {"words": [{"index": 1, "text": said}, {"index": 2, "text": ""}]}
        headers = {"idempotency-key": "k"}
        accepted = client.post(path, json=body, headers=headers)
        assert accepted.status_code == 202, accepted.text
        assert accepted.headers["location"] == f"/api/v1/evaluations/{heard['id']}"
        assert accepted.json()["score"] == heard["score"]
        result = corrected(server, client, heard["id"])
        assert said in result["transcribed_text"]
        assert len(result["words"]) == len(heard["words"])
        assert [one[1:3] for one in result["words"]] == [one[1:3] for one in heard["words"]]
        assert (result["words"][1][0], result["words"][2][0]) == (said, "")
        assert result["delivery"] == heard["delivery"]
        assert result["strip"] == heard["strip"]
        told = result["correction"]
        assert [one["after"] for one in told["words"]] == [said, ""]
        assert told["words"][0]["before"] == heard["words"][1][0]
        assert result["score"] != heard["score"]
        assert told["cost"]["score"] == result["score"] - heard["score"]
        assert told["cost"]["criteria"].keys() == {one["key"] for one in result["criteria"]}
        assert result["engine"] == heard["engine"]
        # The same again changes nothing; another body under its key is refused.
        again = client.post(path, json=body, headers=headers)
        assert (again.status_code, again.json()["correction"]) == (202, told)
        other = {"words": [{"index": 1, "text": "else"}]}
        assert client.post(path, json=other, headers=headers).status_code == 409
        # Undone, the answer is what it was.
        words = [{"index": one["index"], "text": one["before"]} for one in told["words"]]
        assert client.post(path, json={"words": words}).status_code == 202
        undone = corrected(server, client, heard["id"])
        assert undone["correction"] is None
        assert undone["words"] == heard["words"]
        assert undone["score"] == heard["score"]
        assert server.spool_files() == []


def test_a_worker_killed_in_a_correction_loses_neither_result(
    tmp_path: Path, recording: bytes
) -> None:
    with (
        serving(tmp_path / "data", lease="2", heartbeat="0.5") as server,
        server.client() as client,
    ):
        heard = answered(client, recording)
        path = f"/api/v1/evaluations/{heard['id']}/correction"
        worker = server.worker
        assert worker
        # Stopped first, so that it has the correction in hand when it dies, or never gets it.
        worker.send_signal(signal.SIGSTOP)
        body = {"words": [{"index": 1, "text": "release"}]}
        assert client.post(path, json=body).status_code == 202
        worker.send_signal(signal.SIGCONT)
        server.until(lambda: read(client, heard["id"])["correcting"] != {"status": "queued"})
        worker.send_signal(signal.SIGKILL)
        waiting = read(client, heard["id"])
        assert waiting["transcribed_text"]
        result = corrected(server, client, heard["id"])
        assert result["correction"]["words"][0]["after"] == "release"
        assert server.worker != worker
