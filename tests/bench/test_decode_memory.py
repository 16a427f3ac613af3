"""Decoding's peak memory and speed, one minute against ten."""

import subprocess
import sys

import speech

CODE = """
import sys, time
from pathlib import Path
from mulakat.pipeline.decode import windows
before = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
began = time.perf_counter()
for window in windows(Path(sys.argv[1]), sys.argv[2]):
    pass
spent = time.perf_counter() - began
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]), before, spent)
"""


def test_a_longer_recording_needs_time_but_no_memory(tmp_path):
    print("\n| container | minutes | peak MiB | over imports MiB | seconds | times real time |")
    print("|---|---|---|---|---|---|")
    for container in ("webm", "mp4", "mp3", "flac", "wav"):
        peaks = []
        for minutes in (1, 10):
            path = speech.encode(speech.minutes(minutes), tmp_path / "a", container)
            done = subprocess.run(
                [sys.executable, "-c", CODE, str(path), container],
                capture_output=True,
                text=True,
                check=True,
            )
            peak, before, spent = (float(part) for part in done.stdout.split())
            peaks.append(peak / 1024)
            print(
                f"| {container} | {minutes} | {peak / 1024:.1f} | {(peak - before) / 1024:.1f} "
                f"| {spent:.2f} | {minutes * 60 / spent:.0f} |"
            )
        assert peaks[1] <= peaks[0] + 8
