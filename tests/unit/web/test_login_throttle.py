"""Guessing waits, recovers, and locks nobody out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from account_site import Here, browser, code, login, register, serve, settled
from mulakat.settings import Web
from mulakat.web.throttle import MOST_TRIES, WINDOW_SECONDS
from people import OTHER, PASSWORD


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with settled(tmp_path) as parts:
        yield parts


@pytest.fixture
def app(here: Here) -> FastAPI:
    return serve(here)


@pytest.fixture
async def web(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with browser(app) as client:
        yield client


async def test_wrong_logins_wait_after_25_and_it_recovers(here: Here, web: AsyncClient) -> None:
    await register(web)
    for _ in range(MOST_TRIES):
        assert (await login(web, password="wrong password")).status_code == 401
    refused = await login(web)
    assert code(refused) == (429, "too_many_tries")
    assert 0 < int(refused.headers["retry-after"]) <= WINDOW_SECONDS + 1
    here.clock.move(seconds=int(refused.headers["retry-after"]))
    assert (await login(web)).status_code == 200


async def test_right_logins_are_not_counted(web: AsyncClient) -> None:
    await register(web)
    for _ in range(MOST_TRIES + 5):
        assert (await login(web)).status_code == 200


async def test_guesses_from_many_addresses_wait_and_the_owner_at_his_own_gets_in(
    app: FastAPI, web: AsyncClient
) -> None:
    await register(web)
    for number in range(MOST_TRIES):
        async with browser(app, f"198.51.100.{number}") as guesser:
            assert (await login(guesser, password="wrong password")).status_code == 401
    async with browser(app, "198.51.100.0") as guesser:
        assert code(await login(guesser, password="wrong password")) == (429, "too_many_tries")
        assert (await login(guesser, OTHER, "wrong password")).status_code == 401
    assert (await login(web)).status_code == 200


async def test_an_address_beyond_the_accounts_limit_has_one_guess(
    app: FastAPI, web: AsyncClient
) -> None:
    await register(web)
    for number in range(MOST_TRIES):
        async with browser(app, f"198.51.100.{number}") as guesser:
            await login(guesser, password="wrong password")
    async with browser(app, "198.51.100.200") as guesser:
        assert (await login(guesser, password="wrong password")).status_code == 401
        assert (await login(guesser)).status_code == 429


async def test_a_spoofed_address_does_not_help(here: Here, app: FastAPI) -> None:
    here.settings = replace(here.settings, web=Web())
    for number in range(MOST_TRIES):
        async with browser(app, f"198.51.100.{number}") as guesser:
            assert (await login(guesser, password="wrong password")).status_code == 401
    async with browser(app, "198.51.100.99") as guesser:
        assert (await login(guesser, OTHER)).status_code == 429


async def test_at_once_no_more_are_tried_than_in_a_row(web: AsyncClient) -> None:
    answers = await asyncio.gather(*(login(web, password="wrong one") for _ in range(40)))
    found = [one.status_code for one in answers]
    assert (found.count(401), found.count(429)) == (MOST_TRIES, 40 - MOST_TRIES)


async def test_new_accounts_are_throttled_by_address(here: Here, app: FastAPI) -> None:
    async def one(number: int) -> Response:
        async with browser(app) as client:
            body = {"email": f"n{number}@example.org", "password": PASSWORD}
            return await client.post("/api/v1/register", json=body)

    made = [(await one(number)).status_code for number in range(MOST_TRIES + 1)]
    assert made == [201] * MOST_TRIES + [429]
    here.clock.move(seconds=WINDOW_SECONDS + 1)
    assert (await one(99)).status_code == 201
