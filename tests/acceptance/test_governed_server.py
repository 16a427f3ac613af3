"""The governor in a running server: refusing, typed answers, giving back, replacing."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

import speech
from serving import Server, serving

TOKEN = "an admin token of the tests, long enough"
QUESTION = "What did you try, and what came of it?"


def status(server: Server) -> dict[str, Any]:
    with server.client(headers={"authorization": f"Bearer {TOKEN}"}) as client:
        seen: dict[str, Any] = client.get("/debug/memory_status").json()
    return seen


def say(server: Server) -> Any:
    with server.client(headers={"accept-language": "en"}) as client:
        return client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", speech.recording("beckett").read_bytes())},
            data={"question": QUESTION, "language": "en"},
        )


def write(server: Server) -> Any:
    answer = {"question": QUESTION, "language": "en", "user_answer": "I tried twice, and failed."}
    with server.client() as client:
        return client.post("/api/v1/evaluations", json=answer)


def events(server: Server, name: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in server.log.read_text().splitlines())
    return [line for line in lines if line["message"] == name]


def test_while_memory_is_short_recordings_wait_and_typed_answers_go_on(tmp_path: Path) -> None:
    limits = {"memory_limit": "512MiB", "memory_alert": "0.05", "memory_refuse": "0.10"}
    with serving(tmp_path / "data", admin_token=TOKEN, **limits) as server:
        refused = say(server)
        assert refused.status_code == 503
        assert refused.json()["code"] == "memory_low"
        assert 1 < int(refused.headers["retry-after"]) <= 60
        assert "Try again in" in refused.json()["detail"]
        assert write(server).status_code == 200
        assert status(server)["state"] == "refusing"
        assert server.spool_files() == []
        assert len(events(server, "memory state changed")) == 1


def test_below_the_least_limit_answers_are_typed_and_the_reason_is_stated(tmp_path: Path) -> None:
    with serving(tmp_path / "data", admin_token=TOKEN, memory_limit="250MiB") as server:
        refused = say(server)
        assert (refused.status_code, refused.json()["code"]) == (503, "typed_only")
        assert "retry-after" not in refused.headers
        assert write(server).status_code == 200
        assert status(server)["rung"].startswith("typed only: 250 MiB hold no speech model")


def test_an_idle_model_is_let_go_when_it_is_asked_for(tmp_path: Path) -> None:
    with serving(tmp_path / "data", admin_token=TOKEN, memory_limit="512MiB") as server:
        assert say(server).status_code == 200
        loaded = server.until(lambda: (seen := status(server))["model_loaded"] and seen)
        assert loaded["rung"] == "base: installed, and 512 MiB hold it"
        with server.client(headers={"authorization": f"Bearer {TOKEN}"}) as client:
            client.post("/api/v1/admin/release")
        released = server.until(lambda: (seen := status(server))["restarts"] and seen)
        assert not released["model_loaded"]
        server.until(lambda: status(server)["sum"]["pss"] < loaded["sum"]["pss"] - 50 * 2**20)
        assert say(server).status_code == 200


def test_a_worker_out_of_memory_fails_its_answer_and_is_replaced(tmp_path: Path) -> None:
    with serving(
        tmp_path / "data", admin_token=TOKEN, worker_memory="160MiB", log_level="info"
    ) as server:
        before = server.worker
        failed = say(server)
        assert failed.json()["code"] in {"out_of_memory", "worker_died"}
        server.until(lambda: status(server)["restarts"])
        assert before
        assert server.until(lambda: server.worker).pid != before.pid
        assert write(server).status_code == 200


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSEGV])
def test_every_sudden_end_is_counted_and_the_web_process_never_notices(
    tmp_path: Path, signum: signal.Signals
) -> None:
    with serving(tmp_path / "data", admin_token=TOKEN, log_level="info") as server:
        worker = server.worker
        assert worker
        worker.send_signal(signum)
        assert server.until(lambda: status(server)["restarts"]) == 1
        assert write(server).status_code == 200
        [died] = events(server, "worker died")
        assert died["event.reason"] == "died"
        assert died["labels.exit"] == signum.name
