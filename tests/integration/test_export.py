"""The export as it is sent: whole, bounded in memory, and never in two at once."""

import asyncio
import io
import json
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock, settings
from mulakat.store import engine as engines
from mulakat.store.engine import writing
from mulakat.store.tables import answers
from mulakat.web import export
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from people import OWNER, PASSWORD, settle_in
from walking import DONE
from webapp import ask, running

MANY = 1500
RESULT = {"transcribed_text": "canary " * 400, "words": [["canary", 0.0, 0.4, 0.9]] * 300,
          "score": 61, "criteria": []}  # fmt: skip


@pytest.fixture
async def house(
    tmp_path: Path, migrated: Callable[[str, Path], settings.Store]
) -> AsyncIterator[tuple[FastAPI, Parts, AsyncEngine]]:
    store = migrated("sqlite", tmp_path)
    engine = engines.make_engine(store)
    await settle_in(engine)
    async with running(settings.Settings(store=store)) as (app, here):
        yield app, here, engine
    await engine.dispose()


async def fill(engine: AsyncEngine, count: int) -> None:
    rows = [
        {"id": clock.new_id(), "owner": OWNER, "question": "Why?", "language": "en",
         "reader": "en", "additional_text": "", "typed_text": "Because.", "body_hash": "b"}
        | DONE | {"result": RESULT}
        for _ in range(count)
    ]  # fmt: skip
    async with writing(engine) as connection:
        await connection.execute(insert(answers), rows)


async def test_many_answers_are_sent_in_little_memory(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    _, here, engine = house
    await fill(engine, MANY)
    account = await here.accounts.get(OWNER)
    assert account is not None
    sent, largest = 0, 0
    tracemalloc.start()
    async for piece in export.export(here, account, "en"):
        sent += len(piece)
        largest = max(largest, len(piece))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent > 500_000
    assert largest < 2**20, "the last piece is the list of its files"
    assert peak < 8 * 2**20, "of 20 MB of results and more"


async def test_a_recording_that_is_still_kept_lies_beside_its_answer(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    _, here, engine = house
    with here.spool.open_new() as made:
        made.write(b"sound" * 50_000)
        key = made.link()
    spoken = {
        "id": clock.new_id(), "owner": OWNER, "question": "Why?", "language": "en",
        "reader": "en", "additional_text": "", "audio_key": key, "audio_bytes": 250_000,
        "audio_sha256": "s", "audio_container": "webm", "body_hash": "b",
    }  # fmt: skip
    async with writing(engine) as connection:
        await connection.execute(insert(answers).values(spoken | DONE))
    here.spool.settle(key)
    account = await here.accounts.get(OWNER)
    assert account is not None
    whole = b"".join([piece async for piece in export.export(here, account, "tr")])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert archive.read(f"answers/{spoken['id']}.webm") == b"sound" * 50_000
        assert "Mulakat’taki verileriniz" in archive.read("README.txt").decode()
        told = json.loads(archive.read("account.json"))
        assert told["email"] == "owner@example.org"
        assert "password_hash" not in told
    assert {"account.json", "tokens.json", "egress.json", f"answers/{spoken['id']}.json"} <= names


async def test_one_export_at_a_time_and_the_next_after_it(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    app, here, _ = house
    cookie, _ = await here.sessions.open(OWNER, 1)
    headers = {"cookie": f"{COOKIE}={cookie}"}
    here.exporting[OWNER] = asyncio.get_running_loop().time()
    status, text = await ask(app, "GET", "/api/v1/account/export", headers)
    assert (status, json.loads(text)["code"]) == (429, "export_running")
    here.exporting.clear()
    assert (await ask(app, "GET", "/api/v1/account/export", headers))[0] == 200
    assert here.exporting == {}


async def test_an_account_is_deleted_with_its_password_only(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    app, here, engine = house
    await fill(engine, 3)
    await here.accounts.set_password(OWNER, await here.passwords.hash(PASSWORD))
    cookie, _ = await here.sessions.open(OWNER, 2)
    headers = {"cookie": f"{COOKIE}={cookie}", "content-type": "application/json"}
    wrong = json.dumps({"password": "another one than mine"}).encode()
    status, text = await ask(app, "DELETE", "/api/v1/account", headers, wrong)
    assert (status, json.loads(text)["code"]) == (401, "login_wrong")
    right = json.dumps({"password": PASSWORD}).encode()
    status, text = await ask(app, "DELETE", "/api/v1/account", headers, right)
    receipt = json.loads(text)
    assert status == 200
    assert (receipt["answers"], receipt["sessions"]) == (3, 1)
    assert "owner" not in text
    assert (await ask(app, "GET", "/api/v1/account", headers))[0] == 401


async def test_what_is_deleted_is_not_left_in_any_file(
    house: tuple[FastAPI, Parts, AsyncEngine], tmp_path: Path
) -> None:
    _, here, engine = house
    await fill(engine, 50)

    def traces() -> list[str]:
        return [p.name for p in tmp_path.rglob("*") if p.is_file() and b"canary" in p.read_bytes()]

    assert traces()
    await here.rights.delete_account(OWNER)
    assert traces() == []
