"""The promise of 512 MB, kept in a real memory group without swap."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from rich.console import Console

import speech
from cgroups import MIB, Group, memory_group
from mulakat.cli.soak import Options, drive
from mulakat.cli.soak_load import read
from mulakat.cli.soak_server import OwnProbe
from serving import Server

LIMIT = 512 * MIB

EVALUATIONS = int(os.environ.get("MULAKAT_BENCH_EVALUATIONS", "30"))
"""In a row; MULAKAT_BENCH_EVALUATIONS=100 for the whole proof."""

REFUSING = 0.9
"""Of the limit; below it nothing may be refused."""

QUESTION = "Tell me about a conflict at work"


@contextmanager
def grouped(data: Path, group: Group, **settings: str) -> Iterator[Server]:
    """Run a server whose every process is in the group from its first instruction on."""

    class Inside(Server):
        before = group.entering

    server = Inside(data, **settings)
    try:
        assert server.process.pid in group.pids()
        yield server
    finally:
        server.stop()


@pytest.fixture
def group() -> Iterator[Group]:
    with memory_group(LIMIT) as made:
        yield made


def post(server: Server, recording: bytes) -> httpx.Response:
    with server.client() as client:
        return client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", recording)},
            data={"question": QUESTION, "language": "en"},
        )


def test_answers_in_a_row_then_twenty_of_16_mib_at_once_then_bad_ones_fit_into_512_mb(
    group: Group, tmp_path: Path
) -> None:
    recordings = [
        read(speech.encode(speech.said("beckett"), tmp_path / name, name.rpartition(".")[2]))
        for name in ("answer.webm", "answer.wav")
    ]
    options = Options("all", EVALUATIONS, 1, (), "en", None, "", tmp_path)
    with grouped(tmp_path / "data", group, guest_rate="1000000") as server:
        probe = OwnProbe(server.process.pid, server.data)
        report = drive(options, recordings, server.url, probe, Console(quiet=True))
        assert httpx.get(f"{server.url}/health").json()["status"] == "healthy"
    refused = [code for run in report.runs for told in run.told for code in told.refusals]
    rounds = [run.growth for run in report.runs if run.growth]
    print(
        f"\n{EVALUATIONS} answers in a row, {len(report.runs[-2].told)} of 16 MiB at once, "
        f"{len(report.runs[-1].told)} mixed, limit {LIMIT // MIB} MiB:\n"
        f"working set at most  {group.peak / MIB:6.1f} MiB\n"
        f"PSS at most          {max(s.total for s in report.samples) / MIB:6.1f} MiB\n"
        f"kernel's maximum     {group.max_usage() / MIB:6.1f} MiB, page cache included\n"
        f"growth by rounds     {', '.join(f'{one.mib:+.2f} MiB' for one in rounds)}\n"
        f"refused              {len(refused)}\n"
        f"OOM kills            {group.oom_kills()}\n"
        f"files left           {report.files_left}"
    )
    assert report.faults == []  # each accepted answer is there, each bad one was told apart
    assert report.verdict == "flat"
    assert report.files_left == 0
    assert group.oom_kills() == 0
    assert group.peak < LIMIT
    if refused:
        assert group.peak >= REFUSING * LIMIT, f"refused what would have fitted: {refused}"


ALLOCATES = """
import sys

if "worker-process" in sys.orig_argv:
    def allocate(event, arguments):
        if event == "open" and "/spool/audio/" in str(arguments[0]):
            bytearray({size})
    sys.addaudithook(allocate)
"""
"""A module that Python imports at its start: opening a recording then needs 400 MB more.
So a real allocation fails in the real worker, without a hook for tests in the product."""


def test_an_answer_that_needs_400_mb_more_fails_with_its_reason_and_the_next_is_done(
    group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(ALLOCATES.format(size=400 * MIB))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with grouped(tmp_path / "data", group, guest_rate="1000000") as server:
        web = server.process.pid
        failed = post(server, speech.recording("beckett").read_bytes())
        assert (failed.status_code, failed.json()["code"]) == (503, "out_of_memory")
        with server.client() as client:
            typed = {"question": QUESTION, "user_answer": "I led a team of five.", "language": "en"}
            assert client.post("/api/v1/evaluations", json=typed).status_code == 200
            assert client.get("/health").json()["status"] == "healthy"
        assert server.process.pid == web
        server.until(lambda: server.spool_files() == [])
    assert group.oom_kills() == 0


@pytest.mark.parametrize("death", [signal.SIGSEGV, signal.SIGKILL])
def test_a_worker_that_crashes_is_replaced_within_the_group_and_its_answer_done(
    group: Group, tmp_path: Path, death: signal.Signals
) -> None:
    recording = speech.encode(speech.minutes(0.7), tmp_path / "a.ogg", "ogg").read_bytes()
    with grouped(tmp_path / "data", group) as server, server.client() as client:
        made = client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", recording)},
            data={"question": QUESTION, "language": "en"},
            headers={"prefer": "respond-async"},
        )
        location = made.headers["location"]
        server.until(lambda: client.get(location).json().get("stage") == "transcribing")
        worker = server.worker
        assert worker
        worker.send_signal(death)
        server.until(
            lambda: client.get("/health/live").status_code == 200 and not worker.is_running()
        )
        done = server.until(lambda: (r := client.get(location)).status_code != 202 and r, 120)
        assert done.json()["status"] == "done"
        server.until(lambda: server.spool_files() == [])
        assert len(group.pids()) == 2
    assert group.oom_kills() == 0
    assert group.peak < LIMIT
