"""Backups of a server that takes and evaluates answers; each is whole, and goes on elsewhere."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

import speech
from mulakat.store.restore import restore
from serving import Server, serving

QUESTION = "Tell me about a conflict at work"
BACKUPS = 6


def mulakat(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mulakat", *arguments],
        env={"MULAKAT_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def submit(client: httpx.Client, recording: bytes | None) -> str:
    """Have an answer accepted; without a recording it is a typed one."""
    about = {"question": QUESTION, "language": "en"}
    body: dict[str, Any] = {"json": about | {"user_answer": "We disagreed, we measured."}}
    if recording:
        body = {"data": about, "files": {"audio": ("blob", recording)}}
    made = client.post("/api/v1/evaluations", headers={"prefer": "respond-async"}, **body)
    assert made.status_code == 202, made.text
    location: str = made.headers["location"]
    return location


def states(server: Server, locations: list[str]) -> list[str]:
    with server.client() as client:
        return [client.get(location).json().get("status", "gone") for location in locations]


def test_answers_go_on_while_backups_are_made_and_in_what_is_restored(tmp_path: Path) -> None:
    recording = speech.encode(speech.said("beckett"), tmp_path / "a.webm").read_bytes()
    sent: list[str] = []
    over = threading.Event()

    def send(server: Server) -> None:
        with server.client() as client:
            while not over.is_set():
                waiting = sum(
                    state in {"queued", "running"} for state in states(server, sent[-12:])
                )
                if waiting < 6:
                    sent.append(submit(client, recording if len(sent) % 2 else None))

    kept: list[tuple[Path, list[str]]] = []
    with serving(tmp_path / "data", log_level="error") as server:
        with ThreadPoolExecutor() as pool:
            sender = pool.submit(send, server)
            for number in range(BACKUPS):
                enough = 1 + 3 * number
                before = server.until(lambda n=enough: (sender.done() or len(sent) > n) and [*sent])
                file = tmp_path / f"{number}.tar"
                seen = mulakat(server.data, "backup", str(file))
                assert (seen.returncode, seen.stderr) == (0, "")
                kept.append((file, before))
            over.set()
            sender.result()
        refused = mulakat(server.data, "restore", "--force", str(kept[0][0]))
        assert refused.returncode == 1
        assert "Stop it" in refused.stderr
        server.until(lambda: "queued" not in states(server, sent), seconds=120)

    files = 0
    for file, _ in kept:
        files += restore(tmp_path / file.stem, file, force=False).files
    assert files > 0  # some answers waited with their recordings
    file, before = kept[-1]
    with serving(tmp_path / file.stem, log_level="error") as server:
        server.until(lambda: set(states(server, before)) == {"done"}, seconds=120)
        server.until(lambda: server.spool_files() == [])
