import asyncio
import hashlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mulakat.settings import MAX_AUDIO_BYTES, MIB
from mulakat.store.spool import Spool

UPLOADS = 200
PIECE = bytes(64 * 1024)
HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="question"\r\n\r\nWhy us?\r\n'
    b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a.ogg"\r\n\r\n'
)
TAIL = b"\r\n--b--\r\n"
OGG = b"OggS\0" + bytes(len(PIECE) - 5)


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int, spool: Spool) -> None:
        self.process = process
        self.port = port
        self.spool = spool

    def memory(self, name: str) -> int:
        """Return a field of /proc/<pid>/status in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(rf"{name}:\s+(\d+) kB", status)
        assert match
        return int(match[1]) * 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0), backlog=UPLOADS) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [
                sys.executable,
                Path(__file__).with_name("intake_server.py"),
                tmp_path / "spool",
                str(listener.fileno()),
            ],
            pass_fds=[listener.fileno()],
        )
    with process:
        yield Server(process, port, Spool(tmp_path / "spool", 0))
        process.terminate()


class Upload:
    """A client that sends its recording piece by piece, as far as it is told."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sent = 0

    async def begin(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        length = len(HEAD) + self.size + len(TAIL)
        self.writer.write(
            b"POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n"
            + f"Content-Length: {length}\r\n\r\n".encode()
            + HEAD
        )

    async def send_until(self, size: int) -> None:
        while self.sent < size:
            piece = PIECE if self.sent else OGG
            self.writer.write(memoryview(piece)[: size - self.sent])
            self.sent += min(size - self.sent, len(piece))
            await self.writer.drain()

    async def end(self) -> tuple[int, dict[str, str]]:
        self.writer.write(TAIL)
        answer = await self.reader.read()
        self.writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(body)

    def leave(self) -> None:
        self.writer.transport.abort()


def expected_hash(size: int) -> str:
    digest = hashlib.sha256(OGG)
    for _ in range(size // len(PIECE) - 1):
        digest.update(PIECE)
    return digest.hexdigest()


async def one(server: Server, size: int) -> tuple[int, dict[str, str]]:
    upload = Upload(size)
    await upload.begin(server.port)
    await upload.send_until(size)
    return await upload.end()


async def settled(server: Server, descriptors: int) -> None:
    """Return when the server has let go of all else; each small upload lets it take a turn."""
    for _ in range(200):
        status, answer = await one(server, len(PIECE))
        assert status == 200
        server.spool.unlink(answer["key"])
        if server.descriptors() <= descriptors:
            break
    assert server.descriptors() == descriptors
    assert list(server.spool.audio.iterdir()) == []


async def started(server: Server) -> int:
    """Return the descriptors of a server that has done its first upload."""
    status, answer = await one(server, MIB)
    assert status == 200
    server.spool.unlink(answer["key"])
    return server.descriptors()


async def test_two_hundred_uploads_at_once_add_less_than_64_mib(server: Server) -> None:
    descriptors = await started(server)
    idle = server.memory("VmRSS")
    server.forget_peak()
    uploads = [Upload(MAX_AUDIO_BYTES) for _ in range(UPLOADS)]
    await asyncio.gather(*(upload.begin(server.port) for upload in uploads))
    # All are held open, nearly done, before any may end.
    await asyncio.gather(*(upload.send_until(MAX_AUDIO_BYTES - MIB) for upload in uploads))
    assert server.descriptors() >= descriptors + 2 * UPLOADS
    await asyncio.gather(*(upload.send_until(MAX_AUDIO_BYTES) for upload in uploads))
    answers = await asyncio.gather(*(upload.end() for upload in uploads))
    grown = server.memory("VmHWM") - idle
    print(f"{UPLOADS} uploads at once: {idle / MIB:.1f} MiB idle, {grown / MIB:.1f} MiB more")
    assert grown < 64 * MIB
    assert {status for status, _ in answers} == {200}
    assert {answer["sha256"] for _, answer in answers} == {expected_hash(MAX_AUDIO_BYTES)}
    assert len({answer["key"] for _, answer in answers}) == UPLOADS
    for _, answer in answers:
        server.spool.unlink(answer["key"])
    await settled(server, descriptors)


async def test_clients_that_leave_in_the_middle_leave_nothing_behind(server: Server) -> None:
    descriptors = await started(server)
    uploads = [Upload(4 * MIB) for _ in range(40)]
    for number, upload in enumerate(uploads):
        await upload.begin(server.port)
        await upload.send_until(number % 5 * MIB)
    for upload in uploads:
        upload.leave()
    await settled(server, descriptors)


async def test_clients_that_stall_do_not_hold_up_the_others(server: Server) -> None:
    descriptors = await started(server)
    stalled = [Upload(4 * MIB) for _ in range(40)]
    for upload in stalled:
        await upload.begin(server.port)
        await upload.send_until(MIB)
    async with asyncio.timeout(10):
        status, answer = await one(server, MAX_AUDIO_BYTES)
    assert status == 200
    server.spool.unlink(answer["key"])
    for upload in stalled:
        upload.leave()
    await settled(server, descriptors)


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
async def test_a_server_killed_during_an_upload_leaves_nothing_after_its_start(
    server: Server, quarter: int
) -> None:
    await started(server)
    upload = Upload(4 * MIB)
    await upload.begin(server.port)
    await upload.send_until(quarter * MIB)
    server.process.kill()
    server.process.wait()
    upload.leave()
    server.spool.sweep(set(), starting=True)
    assert list(server.spool.audio.iterdir()) == []
