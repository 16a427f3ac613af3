"""The README's memory table: sums of PSS of all processes, and growth over many answers."""

import os
import statistics
import time
from pathlib import Path

import speech
from serving import PeakMeter, Server, serving

EVALUATIONS = int(os.environ.get("MULAKAT_BENCH_EVALUATIONS", "100"))
SETTLED = 20
NOISE_MIB = 3.0
WINDOWS = 6


def evaluate(server: Server, recording: bytes) -> float:
    """Have one answer evaluated; return the sum of PSS after it, in MiB."""
    with server.client() as client:
        made = client.post(
            "/interview_speech_evaluation",
            files={"audio": ("answer.webm", recording)},
            data={"question": "Test question", "language": "en"},
        )
    assert made.status_code == 200, made.text
    return server.pss_mib()


def test_idle_between_windows_and_peak(tmp_path: Path) -> None:
    recording = speech.encode(speech.minutes(WINDOWS / 2), tmp_path / "a.webm").read_bytes()
    with serving(tmp_path / "data") as server:
        idle = server.pss_mib()
        with PeakMeter(server) as meter:
            began = time.monotonic()
            after = evaluate(server, recording)
            seconds = time.monotonic() - began
        # Each of the six windows ends with a low, when the encoder's moment is over and what
        # it freed has gone back. A stretch as long as two windows holds one for certain.
        between = meter.highest_low(2 * seconds / WINDOWS)
    print(f"\nidle, no model       {idle:6.1f} MiB   (stated: 130)")
    print(f"between windows      {between:6.1f} MiB   (stated: 320)")
    print(f"after the answer     {after:6.1f} MiB")
    print(f"peak, load included  {meter.peak:6.1f} MiB   (stated: 450)")
    assert idle <= 130
    assert between <= 320
    assert meter.peak <= 450


def test_a_hundred_evaluations_do_not_grow(tmp_path: Path) -> None:
    recording = speech.encode(speech.said("beckett"), tmp_path / "a.webm").read_bytes()
    with serving(tmp_path / "data") as server:
        seen = [evaluate(server, recording) for _ in range(EVALUATIONS)]
        server.until(lambda: server.spool_files() == [])
        settled = seen[SETTLED - 1 :]
        third = len(settled) // 3
        growth = statistics.median(settled[-third:]) - statistics.median(settled[:third])
        files = len(server.spool_files())
    print(f"\n{EVALUATIONS} evaluations, MiB after the")
    print(f"1st                  {seen[0]:6.1f}")
    print(f"{SETTLED}th                 {seen[SETTLED - 1]:6.1f}")
    print(f"last                 {seen[-1]:6.1f}")
    print(f"growth since {SETTLED}th    {growth:+6.2f}   (stated: at most {NOISE_MIB})")
    print(f"files in the spool   {files:6d}")
    assert growth <= NOISE_MIB
    assert files == 0
