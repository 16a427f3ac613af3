"""The promise of 512 MB, in its first form: sums of PSS over all processes.

The same measurements over longer runs are in tests/bench/test_memory_numbers.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

import speech
from serving import PeakMeter, Server, serving

IDLE_MIB = 130
BETWEEN_WINDOWS_MIB = 320
PEAK_MIB = 450


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", idle_ttl="3", memory_limit="512MiB") as running:
        yield running


def test_one_answer_stays_within_its_memory_and_gives_it_back(
    server: Server, tmp_path: Path
) -> None:
    recording = speech.encode(speech.minutes(1.6), tmp_path / "a.ogg", "ogg").read_bytes()
    assert server.pss_mib() <= IDLE_MIB
    with server.client() as client, PeakMeter(server) as meter:
        made = client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", recording)},
            data={"question": "What were those times like?", "language": "en"},
        )
        assert made.status_code == 200, made.text
        after = server.pss_mib()
    assert meter.peak <= PEAK_MIB
    assert after <= BETWEEN_WINDOWS_MIB
    busy = server.worker
    assert busy
    # Idle long enough, the worker is replaced: the old one gone before the new.
    server.until(lambda: not busy.is_running())
    server.until(lambda: server.worker)
    server.until(lambda: server.pss_mib() <= IDLE_MIB)
    assert server.spool_files() == []


def test_a_worker_that_may_not_have_the_memory_fails_that_answer_and_the_server_lives(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data", worker_memory="128MiB") as small, small.client() as client:
        refused = client.post(
            "/api/v1/evaluations",
            files={"audio": ("blob", speech.recording("beckett").read_bytes())},
            data={"question": "What did you try?", "language": "en"},
        )
        assert refused.json()["code"] in {"out_of_memory", "worker_died"}, refused.text
        assert client.get("/health/live").status_code == 200
        small.until(lambda: small.spool_files() == [], seconds=90)
