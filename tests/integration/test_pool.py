"""A pool without a free connection: an answer that says so, in time, and nothing that hangs."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from mulakat import settings
from mulakat.store.engine import make_engine, reading
from mulakat.web.state import Parts
from people import settle_in
from webapp import ask, running

WAIT = 0.2
"""Seconds that a request waits for a connection here; the default is 20."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Callable[[str, Path], settings.Store]
) -> AsyncIterator[tuple[FastAPI, Parts]]:
    store = migrated(request.param, tmp_path)
    engine = make_engine(store)
    await settle_in(engine)
    await engine.dispose()
    small = replace(store, pool_size=1, max_overflow=0, pool_timeout=WAIT)
    async with running(settings.Settings(store=small)) as made:
        yield made


async def held(here: Parts, count: int, until: asyncio.Event) -> "asyncio.Task[None]":
    """Hold so many connections of the application's own pool until an event."""
    engine = here.history._engine
    there = [asyncio.Event() for _ in range(count)]

    async def hold(one: asyncio.Event) -> None:
        async with reading(engine):
            one.set()
            await until.wait()

    async def all_of_them() -> None:
        await asyncio.gather(*(hold(one) for one in there))

    task = asyncio.create_task(all_of_them())
    await asyncio.gather(*(one.wait() for one in there))
    return task


def connections(here: Parts) -> int:
    pool = here.history._engine.pool
    return int(pool.size())  # type: ignore[attr-defined]


async def test_a_request_without_a_connection_is_told_when_to_come_back(
    house: tuple[FastAPI, Parts],
) -> None:
    app, here = house
    until = asyncio.Event()
    holding = await held(here, connections(here), until)
    try:
        async with asyncio.timeout(10 * WAIT):
            status, text = await ask(app, "GET", "/api/v1/evaluations/nothing")
        assert (status, json.loads(text)["code"]) == (503, "database_unavailable")
    finally:
        until.set()
        await holding
    assert (await ask(app, "GET", "/api/v1/evaluations/nothing"))[0] == 404


async def test_fifty_at_once_are_all_answered_and_later_ones_are_served(
    house: tuple[FastAPI, Parts],
) -> None:
    app, here = house
    until = asyncio.Event()
    holding = await held(here, connections(here), until)
    try:
        async with asyncio.timeout(50 * WAIT):
            calls = (ask(app, "GET", f"/api/v1/evaluations/{n}") for n in range(50))
            answered = await asyncio.gather(*calls)
        assert {status for status, _ in answered} == {503}
    finally:
        until.set()
        await holding
    calls = (ask(app, "GET", f"/api/v1/evaluations/{n}") for n in range(20))
    assert {status for status, _ in await asyncio.gather(*calls)} == {404}


async def test_the_answer_says_when_to_come_back(house: tuple[FastAPI, Parts]) -> None:
    app, here = house
    until, sent = asyncio.Event(), []
    holding = await held(here, connections(here), until)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": "GET", "path": "/api/v1/evaluations/x", "raw_path": b"/api/v1/evaluations/x",
        "query_string": b"", "root_path": "", "client": ("203.0.113.7", 5000),
        "server": ("localhost", 80), "headers": [(b"host", b"localhost")],
    }  # fmt: skip
    try:
        await app(scope, receive, send)  # type: ignore[arg-type]
    finally:
        until.set()
        await holding
    headers = dict(sent[0]["headers"])  # type: ignore[call-overload]
    assert int(headers[b"retry-after"]) > 0
