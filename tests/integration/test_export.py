"""The export as it is sent: whole, bounded in memory, and never in two at once."""

import io
import json
import time
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock, settings
from mulakat.store import engine as engines
from mulakat.store.egress import Ledger
from mulakat.store.engine import writing
from mulakat.store.sent import Sent
from mulakat.store.tables import answers
from mulakat.web import export
from mulakat.web.routes.data import LONGEST_EXPORT, MOST_EXPORTS
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from people import OWNER, settle_in
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
    ledger = Ledger(engine)
    for _ in range(2):
        await ledger.begin(
            Sent(purpose="evaluate", provider="p", model="m", host="h", bytes_sent=1,
                 bytes_received=1, outcome="ok"), OWNER, spoken["id"],
        )  # fmt: skip
    whole = b"".join([piece async for piece in export.export(here, account, "tr")])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert archive.read(f"answers/{spoken['id']}.webm") == b"sound" * 50_000
        assert "Mulakat’taki verileriniz" in archive.read("README.txt").decode()
        assert json.loads(archive.read("tokens.json")) == []
        assert [one["provider"] for one in json.loads(archive.read("egress.json"))] == ["p", "p"]
        assert json.loads(archive.read(f"answers/{spoken['id']}.json"))["question"] == "Why?"
        told = json.loads(archive.read("account.json"))
        assert told["email"] == "owner@example.org"
        assert "password_hash" not in told
    assert {"account.json", "tokens.json", "egress.json", f"answers/{spoken['id']}.json"} <= names


async def test_a_reader_who_leaves_in_the_middle_of_a_recording_leaves_nothing_open(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    _, here, engine = house
    with here.spool.open_new() as made:
        made.write(b"sound" * 100_000)
        key = made.link()
    spoken = {
        "id": clock.new_id(), "owner": OWNER, "question": "Why?", "language": "en",
        "reader": "en", "additional_text": "", "audio_key": key, "audio_bytes": 500_000,
        "audio_sha256": "s", "audio_container": "webm", "body_hash": "b",
    }  # fmt: skip
    async with writing(engine) as connection:
        await connection.execute(insert(answers).values(spoken | DONE))
    account = await here.accounts.get(OWNER)
    assert account is not None
    pieces = export.export(here, account, "en")
    await anext(pieces)
    assert key in str(open_files())
    await pieces.aclose()
    assert key not in str(open_files())
    here.spool.settle(key)


def open_files() -> list[Path]:
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(one.readlink())
    return found


async def test_a_reader_who_is_too_slow_is_cut_off(
    house: tuple[FastAPI, Parts, AsyncEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, here, engine = house
    await fill(engine, 200)
    cookie, _ = await here.sessions.open(OWNER, 1)
    monkeypatch.setattr("mulakat.web.routes.data.LONGEST_EXPORT", 0.0)
    status, text = await ask(app, "GET", "/api/v1/account/export", {"cookie": f"{COOKIE}={cookie}"})
    assert status == 200
    assert "PK\x05\x06" not in text, "the list of files, which ends it"
    assert here.exporting == {}


async def test_two_exports_of_all_and_five_of_an_account_in_five_minutes(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    app, here, _ = house
    cookie, _ = await here.sessions.open(OWNER, 1)
    headers = {"cookie": f"{COOKIE}={cookie}"}
    here.exporting.update(one=time.monotonic(), two=time.monotonic())
    assert (await ask(app, "GET", "/api/v1/account/export", headers))[0] == 429
    here.exporting["two"] -= LONGEST_EXPORT  # given up without a word
    for _ in range(MOST_EXPORTS):
        assert (await ask(app, "GET", "/api/v1/account/export", headers))[0] == 200
    assert (await ask(app, "GET", "/api/v1/account/export", headers))[0] == 429
    assert set(here.exporting) == {"one"}


async def test_one_export_at_a_time_and_the_next_after_it(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    app, here, _ = house
    cookie, _ = await here.sessions.open(OWNER, 1)
    headers = {"cookie": f"{COOKIE}={cookie}"}
    here.exporting[OWNER] = time.monotonic()
    status, text = await ask(app, "GET", "/api/v1/account/export", headers)
    assert (status, json.loads(text)["code"]) == (429, "export_running")
    here.exporting.clear()
    assert (await ask(app, "GET", "/api/v1/account/export", headers))[0] == 200
    assert here.exporting == {}
