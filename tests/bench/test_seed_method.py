"""The method that the first backend died of beside ours, on the same job."""

import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
IN_A_ROW = 200
AT_ONCE = 20
LARGE = 16 * MIB
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="question"\r\n\r\nWhy us?\r\n'
    b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a.ogg"\r\n\r\n'
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one method needed; MiB above its idle state, milliseconds."""

    growth: float
    peak: float
    files: int
    first: float
    last: float


@contextmanager
def running(method: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run the method's server; give its port and process id."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("seed_server.py"), method, folder,
             str(listener.fileno())],
            pass_fds=[listener.fileno()],
        )  # fmt: skip
    with process:
        yield port, process.pid
        process.terminate()


def memory(pid: int, name: str) -> float:
    """Return a field of /proc/<pid>/status in MiB."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def send(port: int, size: int) -> float:
    """Upload a recording; return the seconds until the answer."""
    body = b"".join((HEAD, b"OggS\0", bytes(size - 5), b"\r\n--b--\r\n"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    connection.request("POST", "/", body, {"Content-Type": "multipart/form-data; boundary=b"})
    answer = connection.getresponse()
    content = answer.read()
    took = time.perf_counter() - began
    connection.close()
    assert answer.status == 200
    assert f'"bytes":{size}'.encode() in content
    return took


def measure(method: str, folder: Path) -> Figures:
    with running(method, folder) as (port, pid):
        for _ in range(5):
            send(port, MIB)
        idle = memory(pid, "VmRSS")
        seconds = [send(port, MIB) for _ in range(IN_A_ROW)]
        growth = memory(pid, "VmRSS") - idle
        before = memory(pid, "VmRSS")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # forget the peak (proc(5))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(send, [port] * AT_ONCE, [LARGE] * AT_ONCE))
        peak = memory(pid, "VmHWM") - before
        files = sum(len(names) for _, _, names in os.walk(folder))
    fifth = IN_A_ROW // 5
    return Figures(
        growth,
        peak,
        files,
        1000 * statistics.median(seconds[:fifth]),
        1000 * statistics.median(seconds[-fifth:]),
    )


def test_the_seeds_method_beside_ours(tmp_path: Path) -> None:
    seed, without, ours = (
        measure(method, tmp_path / method) for method in ("seed", "seed-without-gc", "ours")
    )
    rows = (
        (f"growth over {IN_A_ROW} of 1 MiB, MiB", seed.growth, without.growth, ours.growth),
        (f"{AT_ONCE} of 16 MiB at once add, MiB", seed.peak, without.peak, ours.peak),
        ("files left", seed.files, without.files, ours.files),
        ("p50 of the first fifth, ms", seed.first, without.first, ours.first),
        ("p50 of the last fifth, ms", seed.last, without.last, ours.last),
    )
    print(f"\n{'':<32} {'seed':>8} {'no gc':>8} {'ours':>8} {'seed/ours':>10}")
    for name, theirs, no_gc, mine in rows:
        ratio = f"{theirs / mine:10.1f}" if mine > 1 else f"{'–':>10}"
        print(f"{name:<32} {theirs:8.1f} {no_gc:8.1f} {mine:8.1f} {ratio}")
    print(f"gc.collect() for each request adds {seed.last - without.last:.1f} ms to it")
    assert ours.files == 0
    assert seed.files == 5 + IN_A_ROW + AT_ONCE
    assert ours.peak < seed.peak / 4
    assert ours.growth < seed.growth / 4
    assert ours.last < seed.last
