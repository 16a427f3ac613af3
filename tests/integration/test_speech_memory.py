"""What hearing elsewhere costs the process that sends: the largest recording, and many."""

import json
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import pytest

import contract_servers as acts
import speech_servers
from mulakat.settings import MAX_AUDIO_BYTES
from speech_servers import KEY, MODEL, heard, speech_server

CALLS = 500
WARM = 50
NOISE_MIB = 0.5
"""As for language models (test_language_memory.py), and measured: +0.1."""

LARGEST_MIB = 1.0
"""What a recording of the largest size may add to the highest point; measured: 0.1 in a form, 0.3
in base64."""

PROGRAM = f"""
import json, os, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from clocks import HandTimes
from ledgers import MemoryLines
from mulakat.memory.release import collect
from mulakat.observe.log import configure
from mulakat.providers.protocols import Unheard
from mulakat.providers.remote import Times
from mulakat.providers.transcribe import Elsewhere, connect
from mulakat.providers.values import Sound
from mulakat.settings import Speech

configure("error")
times = HandTimes()
clocks = Times(times.monotonic, times.sleep, lambda: 1.0)
url, dialect = sys.argv[1:3]
chosen = connect(Speech(dialect, {MODEL!r}, url, {KEY!r}, speech_timeout=60), clocks)
sound = Sound(10.0, 8.0, 0.5, 9.0, (), (), 0.1)
reasons = set()

def hear(path, count):
    for _ in range(count):
        try:
            made = Elsewhere(chosen, 60, MemoryLines(), clocks)
            made.transcribe_file(Path(path), "wav", "en", sound)
        except Unheard as unheard:
            reasons.add(unheard.reason)
        times.sleep(60)

def anonymous():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:")) / 1024

def highest():
    # Not getrusage's: that one remembers the process before exec. Writing 5 to clear_refs
    # lowers it to what is held now (proc(5)).
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024

def look():
    collect()
    return anonymous(), len(os.listdir("/proc/self/fd")), threading.active_count()
"""

LARGE = (
    "hear(sys.argv[4], 3); collect(); Path('/proc/self/clear_refs').write_text('5')\n"
    "a = highest(); hear(sys.argv[5], 2)\n"
    "print(json.dumps([highest() - a, sorted(reasons)]))"
)
MANY = f"hear(sys.argv[4], {WARM}); a = look(); hear(sys.argv[4], {CALLS})\n" + (
    "print(json.dumps([a, look(), sorted(reasons)]))"
)


def run(body: str, url: str, dialect: str, *files: Path) -> list[object]:
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + body, url, dialect, tests, *map(str, files)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_the_largest_recording_is_sent_without_a_copy_of_it(tmp_path: Path, dialect: str) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x" * 200_000)
    large.write_bytes(b"x" * MAX_AUDIO_BYTES)
    with speech_server() as server:
        grown, reasons = run(LARGE, server.url(dialect), dialect, small, large)
    print(f"{dialect}: {MAX_AUDIO_BYTES} bytes sent, {grown:+.2f} MiB at the highest point")
    assert isinstance(grown, float)
    assert grown < LARGEST_MIB
    assert reasons == []


@pytest.mark.parametrize("dialect", ["openai", "gemini"])
def test_five_hundred_recordings_good_and_bad_leave_nothing_behind(
    tmp_path: Path, dialect: str
) -> None:
    small = tmp_path / "small"
    small.write_bytes(b"x" * 100_000)
    bad = (acts.half, acts.reset, acts.status(401), acts.endless, speech_servers.said("no"))
    mixed = [act for one in bad for act in (heard, heard, one)]
    with speech_server() as server:
        server.then(*islice(cycle(mixed), 3 * (CALLS + WARM)))
        found = run(MANY, server.url(dialect), dialect, small)
    (before, *held), (after, *held_after), reasons = found  # type: ignore[misc]
    print(f"{dialect}: {before:.1f} MiB, after {CALLS} recordings more {after - before:+.2f}")
    assert after - before < NOISE_MIB
    assert held_after == held
    assert {"refused", "too_large"} <= set(reasons)
