"""When no connection is free, who asks is told so in time, and the next one is served."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import settings
from mulakat.settings import Settings
from mulakat.store import engine as engines
from mulakat.store.engine import reading, writing
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from people import OWNER, settle_in
from webapp import HOST, running

PATIENCE = 0.3
"""The pool's timeout here, in seconds; 20 where nobody sets it."""

PATH = "/auto_interview/status"


@pytest.fixture
async def served(
    store: settings.Store, engine: AsyncEngine
) -> AsyncIterator[tuple[FastAPI, Parts]]:
    """The application with a pool of one connection (SQLite: of four) and little patience."""
    await settle_in(engine)
    small = replace(store, pool_size=1, max_overflow=0, pool_timeout=PATIENCE)
    async with running(Settings(store=small)) as (app, here):
        yield app, here


@pytest.fixture
async def client(served: tuple[FastAPI, Parts]) -> AsyncIterator[AsyncClient]:
    app, here = served
    cookie, _ = await here.sessions.open(OWNER, 1)
    async with AsyncClient(
        transport=ASGITransport(app), base_url=f"http://{HOST}", cookies={COOKIE: cookie}
    ) as made:
        yield made


@pytest.fixture
async def held(served: tuple[FastAPI, Parts]) -> AsyncIterator[AsyncExitStack]:
    """Every connection of the pool in use, until the stack is closed."""
    pool = served[1].accounts._engine
    async with AsyncExitStack() as stack:
        for _ in range(1 if pool.dialect.name == "postgresql" else engines.SQLITE_POOL):
            connection = await stack.enter_async_context(reading(pool))
            await connection.execute(text("SELECT 1"))
        yield stack


def told(response: Response) -> bool:
    """Whether it is a refusal for now that says when to come back."""
    assert response.status_code == 503, response.text
    assert response.json()["code"] == "database_unavailable"
    return int(response.headers["retry-after"]) >= 1


async def test_a_request_without_a_connection_is_told_so_after_the_pools_timeout(
    client: AsyncClient, held: AsyncExitStack
) -> None:
    began = time.monotonic()
    assert told(await client.get(PATH))
    assert PATIENCE <= time.monotonic() - began < PATIENCE + 2
    assert (await client.get("/health/live")).status_code == 200  # which needs no database
    await held.aclose()
    assert (await client.get(PATH)).status_code == 200


async def test_fifty_at_once_without_a_connection_wait_beside_each_other(
    client: AsyncClient, held: AsyncExitStack
) -> None:
    began = time.monotonic()
    seen = await asyncio.gather(*(client.get(PATH) for _ in range(50)))
    assert all(map(told, seen))
    assert time.monotonic() - began < PATIENCE + 3
    await held.aclose()
    assert (await client.get(PATH)).status_code == 200


async def test_who_waits_is_served_when_a_connection_comes_back(
    client: AsyncClient, held: AsyncExitStack
) -> None:
    waiting = asyncio.create_task(client.get(PATH))
    await asyncio.wait([waiting], timeout=PATIENCE / 10)
    assert not waiting.done()
    await held.aclose()
    assert (await waiting).status_code == 200


async def test_fifty_at_once_share_the_one_connection(
    client: AsyncClient, served: tuple[FastAPI, Parts]
) -> None:
    seen = [response.status_code for response in await asyncio.gather(
        *(client.get(PATH) for _ in range(50)))]  # fmt: skip
    assert set(seen) <= {200, 503}
    assert seen.count(200) >= 1
    assert (await client.get(PATH)).status_code == 200
    async with served[1].accounts._engine.connect():
        pass  # it came back, from the upkeep of the start too


async def test_fifty_that_leave_while_they_wait_leave_the_pool_whole(
    client: AsyncClient, held: AsyncExitStack, served: tuple[FastAPI, Parts]
) -> None:
    tasks = [asyncio.create_task(client.get(PATH)) for _ in range(50)]
    await asyncio.wait(tasks, timeout=PATIENCE / 10)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await held.aclose()
    assert (await client.get(PATH)).status_code == 200
    async with served[1].accounts._engine.connect():
        pass  # it came back, from the upkeep of the start too


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_write_that_another_process_holds_up_is_told_so_and_reads_go_on(
    store: settings.Store, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle_in(engine)
    monkeypatch.setattr(
        engines, "SQLITE_PRAGMAS", ("busy_timeout = 100", *engines.SQLITE_PRAGMAS[1:])
    )
    async with running(Settings(store=store)) as (app, here):
        cookie, _ = await here.sessions.open(OWNER, 1)
        headers = {"sec-fetch-site": "same-origin"}
        async with AsyncClient(
            transport=ASGITransport(app), base_url=f"http://{HOST}", cookies={COOKIE: cookie},
            headers=headers,
        ) as client:  # fmt: skip
            async with writing(engine):
                assert told(await client.patch("/api/v1/account", json={"name": "Ayşe"}))
                assert (await client.get(PATH)).status_code == 200
            assert (await client.patch("/api/v1/account", json={"name": "Ayşe"})).is_success
