"""The HTTP protocol with real sockets: heads without end, connections without number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from mulakat.web.protocol import BoundedH11Protocol

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


class Hurried(BoundedH11Protocol):
    most_connections = 5
    head_seconds = 0.2


async def application(scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})  # type: ignore[operator]  # fmt: skip
    await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    config = uvicorn.Config(application, http=Hurried, ws="none", lifespan="off", log_config=None)
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Hurried(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await server.wait_closed()


async def test_a_head_without_end_is_told_408_and_closed() -> None:
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST[:-2])
        assert (await reader.read()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_silence_is_closed_too() -> None:
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert b"408" in await reader.read()
        writer.close()


async def test_a_kept_connection_may_ask_again_in_time() -> None:
    async with listening() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(REQUEST)
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET / HTTP/1.1\r\n")
        assert b"408" in await reader.read()
        writer.close()


async def test_one_connection_too_many_is_ended_and_the_others_are_served() -> None:
    async with listening() as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            refused = await reader.read() == b""
        except ConnectionResetError:
            refused = True
        assert refused
        writer.close()
        held[0][1].write(REQUEST)
        assert (await held[0][0].readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        for _, one in held:
            one.close()
