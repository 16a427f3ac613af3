"""A server whose recordings a provider elsewhere hears, as its candidates meet it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import contract_servers as acts
import speech
from serving import PeakMeter, serving
from speech_servers import KEY, MODEL, TEXT, WORDS, SpeechServer, speech_server

QUESTION = "Tell me about a project that you led"


@pytest.fixture
def provider() -> Iterator[SpeechServer]:
    with speech_server() as running:
        yield running


def chosen(provider: SpeechServer, dialect: str) -> dict[str, str]:
    return {
        "speech_engine": dialect,
        "speech_model": MODEL,
        "speech_url": provider.url(dialect),
        "speech_key": KEY,
    }


def send(client: httpx.Client, recording: Path) -> dict[str, Any]:
    made = client.post(
        "/api/v1/evaluations",
        files={"audio": ("blob", recording.read_bytes())},
        data={"question": QUESTION, "language": "en"},
    )
    assert made.status_code == 200, made.text
    result: dict[str, Any] = made.json()
    return result


def test_an_answer_is_heard_elsewhere_and_here_while_the_provider_is_dead(
    tmp_path: Path, provider: SpeechServer
) -> None:
    recording = speech.encode(speech.said("beckett"), tmp_path / "a.webm")
    with (
        serving(tmp_path / "data", **chosen(provider, "openai")) as server,
        server.client() as client,
    ):
        heard = send(client, recording)
        assert heard["transcribed_text"] == TEXT
        assert heard["engine"]["transcriber"] == f"{MODEL} (openai)"
        assert heard["engine"]["transcriber_fallback"] is None
        assert [tuple(word[:3]) for word in heard["words"]] == WORDS
        assert heard["scored"]
        assert heard["delivery"]["words_per_minute"] > 0

        provider.always(acts.status(403))
        told = send(client, recording)
        assert "fail better" in told["transcribed_text"].lower()
        assert told["engine"]["transcriber"].startswith("whisper-base-int8")
        assert told["engine"]["transcriber_fallback"] == "refused"
        assert client.get("/health/ready").status_code == 200
        server.until(lambda: server.spool_files() == [])
        log = server.log.read_text()
    assert "a provider did not hear the recording" in log
    assert KEY not in log
    assert TEXT not in log


def test_the_command_line_has_a_recording_heard_the_same_way(
    tmp_path: Path, provider: SpeechServer
) -> None:
    recording = speech.encode(speech.said("beckett"), tmp_path / "a.flac", "flac")
    settings = {f"MULAKAT_{k.upper()}": v for k, v in chosen(provider, "gemini").items()}
    done = subprocess.run(
        [sys.executable, "-m", "mulakat", "evaluate", str(recording), "--question", QUESTION,
         "--language", "en", "--json"],
        env=os.environ | settings, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert json.loads(done.stdout)["transcribed_text"] == TEXT
    assert KEY not in done.stdout + done.stderr


def test_a_host_too_small_for_any_model_takes_recordings_all_the_same(
    tmp_path: Path, provider: SpeechServer
) -> None:
    recording = speech.encode(speech.minutes(2), tmp_path / "long.webm")
    settings = chosen(provider, "gemini") | {
        "memory_limit": "240MiB",
        "model_dir": str(tmp_path / "none"),
        "log_level": "info",
    }
    with serving(tmp_path / "data", **settings) as server, server.client() as client:
        with PeakMeter(server) as meter:
            assert send(client, recording)["transcribed_text"] == TEXT
        log = server.log.read_text()
    print(f"peak {meter.peak:.0f} MiB; a recording of nine minutes took 170")
    assert meter.peak < 240
    assert "falling back on nothing" in log
    assert '"strikes"' not in log
