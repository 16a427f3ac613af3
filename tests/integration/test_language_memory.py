"""A process that asks a language model five hundred times holds no more than after the first."""

import json
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import contract_servers as acts
from contract_servers import KEY, MODEL, language_server

CALLS = 500
WARM = 50
NOISE_MIB = 0.5
"""Measured: +0.3 once, +0.1 from there to the 2,000th call. Anonymous pages only: those of files
count by how many other processes map them."""

PROGRAM = f"""
import gc, json, os, sys, threading
from contextlib import contextmanager
sys.path.insert(0, sys.argv[2])
import encoder
from clocks import HandTimes
from ledgers import MemoryLines
from mulakat.memory.release import collect
from mulakat.providers.language import connect
from mulakat.providers.language.held import Bounds, Held
from mulakat.providers.remote import Times
from mulakat.settings import Language
from mulakat.observe.log import configure
configure("error")

item = encoder.answers()["en"][0]
material = encoder.typed(item["question"], item["middling"])
base = encoder.rubric().evaluate(material)

class Fixed:
    def evaluate(self, _):
        return base

@contextmanager
def rubric():
    yield Fixed()

times = HandTimes()
clocks = Times(times.monotonic, times.sleep, lambda: 1.0)
model = connect(Language("openai", {MODEL!r}, sys.argv[1], {KEY!r}, language_timeout=2), clocks)
reasons = set()
def calls(count):
    for _ in range(count):
        held = Held(rubric, model, Bounds(), MemoryLines(), times.monotonic)
        reasons.add(held.evaluate(material).fallback)
        times.sleep(60)

def anonymous():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon:")) / 1024

def look():
    collect()
    return anonymous(), len(os.listdir("/proc/self/fd")), threading.active_count()

calls({WARM})
before = look()
calls({CALLS})
print(json.dumps([before, look(), sorted(map(str, reasons))]))
"""


def test_five_hundred_calls_good_and_bad_leave_nothing_behind() -> None:
    mishaps = (acts.half, acts.reset, acts.status(401), acts.endless, acts.text("no"))
    mixed = [act for bad in mishaps for act in (acts.good(), acts.good(), bad)]
    with language_server() as server:
        server.then(*islice(cycle(mixed), 3 * (CALLS + WARM)))
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url("openai"), str(Path(__file__).parents[1])],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (before, files, threads), (after, files_after, threads_after), reasons = json.loads(done.stdout)
    print(f"{before:.1f} MiB, after {CALLS} calls more {after:+.1f} MiB: {after - before:+.2f}")
    assert after - before < NOISE_MIB
    assert (files_after, threads_after) == (files, threads)
    assert {"None", "refused", "too_large"} <= set(reasons)
