"""What argon2id takes: no more than is promised for it, and nothing afterwards."""

import subprocess
import sys

from mulakat.memory.budget import COSTS
from mulakat.settings import MIB
from mulakat.web.passwords import AT_ONCE

MEASURE = """
import asyncio, threading
from contextlib import asynccontextmanager
from mulakat.web.passwords import Passwords

def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

@asynccontextmanager
async def plenty():
    yield

def watch():
    global peak
    while not done.wait(0.001):
        peak = max(peak, rss())

async def main():
    global before
    checker = Passwords(plenty)
    await checker.hash("to load what there is to load")
    before = rss()
    thread = threading.Thread(target=watch)
    thread.start()
    await asyncio.gather(*(checker.verify(None, "wrong password") for _ in range(50)))
    done.set()
    thread.join()
    checker.close()

before, peak, done = 0, 0, threading.Event()
asyncio.run(main())
print(peak - before, rss() - before)
"""


def test_fifty_at_once_take_what_two_are_promised_and_leave_nothing() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True
    ).stdout
    peak, left = map(int, printed.split())
    print(f"peak {peak / MIB:.1f} MiB, left {left / MIB:.1f} MiB")
    assert peak <= AT_ONCE * COSTS["password"]
    assert left < 2 * MIB
