"""Ten thousand requests of all kinds to the web process: it holds no more than before."""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from mulakat.cli.soak_growth import theil_sen
from serving import Server, serving

REQUESTS = 10_000
ROUNDS = 20
WARM_UP_ROUNDS = 6
AT_ONCE = 8
NOISE_MIB = 2.0

POOL = min(32, (os.cpu_count() or 1) + 4)
"""Threads of asyncio's pool: it may still be filling, one by one, after the warm-up."""

HEAD = b"Host: localhost\r\nAccept-Language: en\r\n"
MULTIPART = HEAD + b"Content-Type: multipart/form-data; boundary=b\r\n"
PART = (
    b'--b\r\nContent-Disposition: form-data; name="question"\r\n\r\nWhy?\r\n'
    b'--b\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
)
JSON = HEAD + b"Content-Type: application/json\r\n"
NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds: closing sends a reset in place of an end."""


class Visitor:
    """Makes requests of every kind, each on a connection of its own."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.address = (address.hostname, address.port)
        self.kinds: tuple[Callable[[int], Awaitable[None]], ...] = (
            self.live, self.page, self.unknown_path, self.bad_json, self.no_audio,
            self.reset_before_the_answer, self.reset_in_the_body, self.slow_reader,
            self.unknown_answer, self.missing_question,
        )  # fmt: skip

    async def request(self, number: int) -> None:
        await self.kinds[number % len(self.kinds)](number)

    async def ask(self, start: str, head: bytes = HEAD, body: bytes = b"") -> int:
        """Send it whole, read the answer whole, return its status."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(message(start, head, body))
            answer = await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()
        return int(answer.split(b" ", 2)[1])

    async def live(self, _: int) -> None:
        assert await self.ask("GET /health/live") == 200

    async def page(self, _: int) -> None:
        assert await self.ask("GET /") == 200

    async def unknown_path(self, number: int) -> None:
        assert await self.ask(f"GET /no/such/path/{number}") == 404

    async def unknown_answer(self, number: int) -> None:
        assert await self.ask(f"GET /api/v1/evaluations/{number}") == 404

    async def bad_json(self, _: int) -> None:
        assert await self.ask("POST /api/v1/evaluations", JSON, b'{"question":') == 400

    async def missing_question(self, _: int) -> None:
        assert await self.ask("POST /api/v1/evaluations", JSON, b'{"user_answer": "x"}') == 422

    async def no_audio(self, _: int) -> None:
        body = PART + b"this is no recording\n" * 3000 + b"\r\n--b--\r\n"
        assert await self.ask("POST /api/v1/evaluations", MULTIPART, body) == 415

    async def reset_before_the_answer(self, _: int) -> None:
        _, writer = await asyncio.open_connection(*self.address)
        writer.write(message("GET /", HEAD, b""))
        await writer.drain()
        reset(writer)

    async def reset_in_the_body(self, _: int) -> None:
        _, writer = await asyncio.open_connection(*self.address)
        whole = message("POST /api/v1/evaluations", MULTIPART, PART + b"OggS\0" + bytes(200_000))
        writer.write(whole[:100_000])
        await writer.drain()
        reset(writer)

    async def slow_reader(self, _: int) -> None:
        """Take the page through a window of 2 KiB, a little at a time, and leave before its end."""
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        link.setblocking(False)
        loop = asyncio.get_running_loop()
        with link:
            await loop.sock_connect(link, self.address)
            await loop.sock_sendall(link, message("GET /", HEAD, b""))
            for _ in range(4):
                await loop.sock_recv(link, 256)


def message(start: str, head: bytes, body: bytes) -> bytes:
    length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n" if body else ""
    tail = length.encode() or b"Connection: close\r\n\r\n"
    return f"{start} HTTP/1.1\r\n".encode() + head + tail + body


def reset(writer: asyncio.StreamWriter) -> None:
    link = writer.get_extra_info("socket")
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    writer.transport.abort()


async def visit(url: str, numbers: range) -> None:
    """Make these requests, AT_ONCE under way."""
    visitor, left = Visitor(url), iter(numbers)

    async def one_after_the_other() -> None:
        for number in left:
            await visitor.request(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_the_other())


def held(server: Server) -> tuple[float, int, int]:
    """Return the web process's USS in MiB, its descriptors and its threads."""
    web = psutil.Process(server.process.pid)
    return web.memory_full_info().uss / 2**20, web.num_fds(), web.num_threads()


def test_ten_thousand_requests_with_resets_and_slow_readers_leave_the_web_process_flat(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data", guest_rate="1000000") as server:
        each = REQUESTS // ROUNDS
        seen = []
        for number in range(ROUNDS):
            asyncio.run(visit(server.url, range(number * each, (number + 1) * each)))
            if number == WARM_UP_ROUNDS:
                _, descriptors, threads = held(server)
            seen.append(held(server)[0])
        settled = seen[WARM_UP_ROUNDS:]
        slope = theil_sen(range(len(settled)), settled)
        growth = slope.value * (len(settled) - 1)
        print(f"\nUSS by {each} requests: {', '.join(f'{mib:.1f}' for mib in seen)} MiB")
        print(f"growth over the last {each * (len(settled) - 1)}: {growth:+.2f} MiB")
        assert growth <= NOISE_MIB or slope.low <= 0
        server.until(lambda: held(server)[1] <= descriptors + AT_ONCE)
        assert held(server)[2] <= threads + POOL
        assert server.spool_files() == []
