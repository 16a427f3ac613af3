"""An account that is deleted: by whom, what is left of it, and what happens in the middle."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import clock, errors, settings
from mulakat.store import engine as engines
from mulakat.store.engine import writing
from mulakat.store.tables import answers, documents
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from mulakat.worker import upkeep
from people import OWNER, PASSWORD, settle_in
from walking import ADMIN_TOKEN, DONE
from webapp import ask, running

TRACES = (b"owner@example.org", b"Zerrin", b"canaryword", b"papercanary", b"soundcanary")


@pytest.fixture
async def house(
    tmp_path: Path, migrated: Callable[[str, Path], settings.Store]
) -> AsyncIterator[tuple[FastAPI, Parts, AsyncEngine]]:
    store = migrated("sqlite", tmp_path)
    engine = engines.make_engine(store)
    await settle_in(engine)
    admin = settings.Admin(admin_token=ADMIN_TOKEN)
    async with running(settings.Settings(store=store, admin=admin)) as (app, here):
        yield app, here, engine
    await engine.dispose()


async def live(here: Parts, engine: AsyncEngine) -> None:
    """Give the owner a name, answers, a recording that is still kept, and a CV."""
    await here.accounts.change(OWNER, name="Zerrin")
    with here.spool.open_new() as made:
        made.write(b"soundcanary" * 1000)
        key = made.link()
    answer = {
        "owner": OWNER, "question": "Why?", "language": "en", "reader": "en",
        "additional_text": "", "body_hash": "b",
    } | DONE  # fmt: skip
    said = {"typed_text": "canaryword " * 300, "result": {"transcribed_text": "canaryword " * 300}}
    spoken = {"audio_key": key, "audio_bytes": 1, "audio_sha256": "s", "audio_container": "webm"}
    async with writing(engine) as connection:
        await connection.execute(
            insert(answers), [{"id": clock.new_id()} | answer | said for _ in range(50)]
        )
        await connection.execute(insert(answers).values(id=clock.new_id(), **answer, **spoken))
        await connection.execute(
            insert(documents).values(
                DONE
                | {"id": clock.new_id(), "account_id": OWNER, "purpose": "cv", "media": "text"}
                | {"language": "en", "file_bytes": 1, "file_sha256": "s", "used_at": clock.now()}
                | {"result": {"text": "papercanary " * 300, "profile": {}}}
            )
        )
    here.spool.settle(key)


def traces(folder: Path) -> set[bytes]:
    """Return which of TRACES is anywhere in the files of a folder."""
    held = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return {trace for trace in TRACES if any(trace in file for file in held)}


async def test_an_account_is_deleted_with_its_password_only(
    house: tuple[FastAPI, Parts, AsyncEngine], tmp_path: Path
) -> None:
    app, here, engine = house
    await live(here, engine)
    await here.accounts.set_password(OWNER, await here.passwords.hash(PASSWORD))
    cookie, _ = await here.sessions.open(OWNER, 2)
    headers = {"cookie": f"{COOKIE}={cookie}", "content-type": "application/json"}
    wrong = json.dumps({"password": "another one than mine"}).encode()
    status, text = await ask(app, "DELETE", "/api/v1/account", headers, wrong)
    assert (status, json.loads(text)["code"]) == (401, "login_wrong")
    assert traces(tmp_path) == set(TRACES)
    right = json.dumps({"password": PASSWORD}).encode()
    status, text = await ask(app, "DELETE", "/api/v1/account", headers, right)
    receipt = json.loads(text)
    assert status == 200
    assert {name: receipt[name] for name in ("answers", "documents", "files", "sessions")} == {
        "answers": 51, "documents": 1, "files": 1, "sessions": 1,
    }  # fmt: skip
    assert not any(trace.decode() in text for trace in TRACES)
    assert traces(tmp_path) == set()
    assert OWNER.encode() not in b"".join(
        path.read_bytes() for path in (tmp_path / "sessions").rglob("*") if path.is_file()
    )
    assert (await ask(app, "GET", "/api/v1/account", headers))[0] == 401


async def test_the_operator_deletes_an_account_whose_sessions_cannot_be_reached(
    house: tuple[FastAPI, Parts, AsyncEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, here, engine = house
    await live(here, engine)

    async def down(account_id: str) -> int:
        raise errors.SessionsDown

    monkeypatch.setattr(here.sessions, "end_all", down)
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    path = f"/api/v1/admin/users/{OWNER}"
    status, text = await ask(app, "DELETE", path, headers)
    assert (status, json.loads(text)["sessions"]) == (200, 0)
    assert traces(tmp_path) == set()
    assert (await ask(app, "DELETE", path, headers))[0] == 404


async def test_the_operator_sees_who_has_an_account_and_how_much_of_what_but_no_contents(
    house: tuple[FastAPI, Parts, AsyncEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, here, engine = house
    await live(here, engine)
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    _, text = await ask(app, "GET", "/api/v1/admin/users", headers)
    assert "canary" not in text
    assert "Zerrin" not in text
    (owner,) = [one for one in json.loads(text)["users"] if one["id"] == OWNER]
    assert owner == {
        "id": OWNER, "email": "owner@example.org", "role": "candidate",
        "created_at": owner["created_at"], "interviews": 0, "answers": 51, "documents": 1,
    }  # fmt: skip
    monkeypatch.setattr("mulakat.store.accounts.PAGE", 2)
    first = await here.accounts.page()
    second = await here.accounts.page(first[-1]["id"])
    assert len(first + second) == 3
    assert first[0]["id"] > first[1]["id"] > second[0]["id"]


async def test_files_whose_rows_went_when_the_server_died_go_with_the_next_sweep(
    house: tuple[FastAPI, Parts, AsyncEngine], tmp_path: Path
) -> None:
    _, here, engine = house
    await live(here, engine)
    await here.rights.delete_account(OWNER)
    assert traces(tmp_path) == {b"soundcanary"}
    assert (await upkeep.once(here.answers, here.documents, here.spool, starting=True))["files"]
    assert traces(tmp_path) == set()


async def test_a_server_that_stops_while_the_log_is_emptied_stops(
    house: tuple[FastAPI, Parts, AsyncEngine],
) -> None:
    _, here, engine = house
    await live(here, engine)
    for steps in range(20):
        task = asyncio.create_task(here.rights.forget())
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
    await here.rights.forget()


async def test_who_reads_for_long_delays_nobody_and_the_log_is_emptied_after(
    house: tuple[FastAPI, Parts, AsyncEngine], tmp_path: Path
) -> None:
    _, here, engine = house
    await live(here, engine)
    reader = sqlite3.connect(tmp_path / "mulakat.sqlite3", isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM accounts").fetchall()  # as a backup does
        began = asyncio.get_running_loop().time()
        await asyncio.gather(here.rights.delete_account(OWNER), here.answers.expire())
        assert asyncio.get_running_loop().time() - began < engines.BUSY_SECONDS
        assert b"canaryword" in traces(tmp_path)
    finally:
        reader.close()
    await here.rights.forget()
    assert traces(tmp_path) == {b"soundcanary"}, "its file is the caller's"
