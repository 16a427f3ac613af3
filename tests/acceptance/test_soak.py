"""`mulakat soak`, as an operator calls it: short runs against real servers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import speech
from serving import serving


def soak(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "mulakat", "soak", *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("MULAKAT_")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_short_run_on_its_own_server_passes_and_leaves_only_its_report(tmp_path: Path) -> None:
    recording = speech.encode(speech.said("beckett"), tmp_path / "answer.webm")
    seen = soak(
        "--scenario", "sequential", "--requests", "4", "--concurrency", "2",
        "--audio", str(recording), folder=tmp_path,
    )  # fmt: skip
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "✓ passed" in seen.stdout
    assert sorted(p.name for p in (tmp_path / "soak").iterdir()) == ["soak.html", "soak.json"]
    found = json.loads((tmp_path / "soak" / "soak.json").read_text())
    assert found["runs"][0]["statuses"] == {"200": 4}
    assert found["files_left"] == 0
    assert found["runs"][0]["peak_mib"] > 150
    assert {"web_mib", "worker_mib"} < set(found["samples"][-1])


def test_a_running_server_is_watched_through_its_memory_status(tmp_path: Path) -> None:
    token = "a-token-of-at-least-32-characters-x"
    with serving(tmp_path / "data", admin_token=token) as server:
        seen = soak(
            "--scenario", "sequential", "--requests", "3", "--url", server.url,
            "--admin-token", token, folder=tmp_path,
        )  # fmt: skip
        assert seen.returncode == 0, seen.stdout + seen.stderr
        refused = soak("--url", server.url, "--admin-token", "wrong", folder=tmp_path)
    assert json.loads((tmp_path / "soak" / "soak.json").read_text())["samples"]
    assert refused.returncode == 1
    assert "The memory status cannot be read" in refused.stderr


def test_a_server_that_loses_answers_fails_the_run(tmp_path: Path) -> None:
    with serving(tmp_path / "data", guests="off", admin_token="x" * 40) as closed:
        seen = soak(
            "--scenario", "sequential", "--requests", "3", "--url", closed.url,
            "--admin-token", "x" * 40, folder=tmp_path,
        )  # fmt: skip
    assert seen.returncode == 1
    assert "3 × speech beckett.wav: 401 guests_not_allowed was not expected" in " ".join(
        seen.stdout.split()
    )


def test_what_is_no_recording_ends_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    seen = soak("--audio", "notes.txt", folder=tmp_path)
    assert seen.returncode == 1
    assert "is no recording that Mulakat reads" in seen.stderr
    assert "Traceback" not in seen.stderr
