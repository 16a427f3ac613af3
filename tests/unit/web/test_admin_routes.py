"""The operator's interfaces, over a real governor, database and spool; the worker is a stand-in."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from mulakat.languages import codes, messages
from mulakat.memory.governor import Governor
from mulakat.memory.ladder import RUNGS, Footing
from mulakat.settings import MIB, Admin, Settings, Store, Web
from mulakat.store.answers import Answers
from mulakat.store.engine import make_engine
from mulakat.store.spool import Spool
from mulakat.store.tables import metadata
from mulakat.web import problems
from mulakat.web.admin_access import COOKIE, TRIES_BY_ADDRESS, AdminAccess
from mulakat.web.routes import admin, admin_page
from mulakat.worker import upkeep

TOKEN = "canary-of-the-operator"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
READS = ("/debug/memory_status", "/api/v1/admin/memory", "/api/v1/admin/events")
ACTIONS = (
    "/debug/clear_auto_interview_sessions", "/api/v1/admin/interviews/clear",
    "/api/v1/admin/trim", "/api/v1/admin/sweep", "/api/v1/admin/release",
)  # fmt: skip
SAME = {"Origin": "http://test"}


@dataclass
class Worker:
    """A worker side that lets its model go at once when it is not busy."""

    answers: Answers
    spool: Spool
    model: str | None = "base"
    busy: bool = False
    footing: Footing = field(default_factory=lambda: Footing(RUNGS[1], "test", 512 * MIB))
    restarts: int = 3
    asked: int = 0

    def release(self) -> None:
        self.asked += 1
        if not self.busy:
            self.model = None

    def retire(self) -> None: ...

    async def sweep(self) -> dict[str, int]:
        return await upkeep.once(self.answers, self.spool)


@dataclass
class Here:
    """What the routes use of web.state.Parts."""

    settings: Settings
    answers: Answers
    spool: Spool
    workers: Worker
    governor: Governor
    admin: AdminAccess


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    settings = Settings(
        store=Store(data_dir=tmp_path),
        admin=Admin(admin_token=TOKEN),
    )
    engine = make_engine(settings.store)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    answers = Answers(engine, settings.queue, settings.store)
    spool = Spool(tmp_path / "spool", 0)
    worker = Worker(answers, spool)
    governor = Governor(settings.memory, lambda: {"web": os.getpid()}, worker)
    yield Here(settings, answers, spool, worker, governor, AdminAccess(TOKEN))
    await engine.dispose()


@pytest.fixture
async def web(here: Here) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(admin.router)
    app.include_router(admin_page.router)
    app.state.parts = here
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


async def log_in(web: AsyncClient) -> None:
    response = await web.post("/admin/login", data={"token": TOKEN}, headers=SAME)
    assert response.status_code == 303


async def test_memory_status_says_what_holds_memory_and_disk(web: AsyncClient, here: Here) -> None:
    (here.spool.tmp / "left").write_bytes(b"x" * 1000)
    document = (await web.get("/debug/memory_status", headers=BEARER)).json()
    assert document.keys() == (await web.get(READS[1], headers=BEARER)).json().keys()
    (process,) = document["processes"]
    for size in ("rss", "vms", "uss", "pss", "percent"):
        assert document["sum"][size] == process[size] > 0
    assert document["limit"] >= document["working_set"] > 0
    assert document["state"] in {"normal", "alert", "refusing"}
    assert document["temporary_files"]["count"] == 1
    assert document["temporary_files"]["bytes"] == 1000
    assert document["queue"] == {"queued": 0, "running": 0, "oldest_seconds": 0.0}
    assert document["sessions"] == {"admin": 0, "candidates": 0}
    assert [one["generation"] for one in document["gc"]] == [0, 1, 2]
    assert document["model_loaded"] is True
    assert document["rung"].startswith("base")


async def test_memory_is_shown_when_neither_database_nor_disk_answers(
    web: AsyncClient, here: Here, tmp_path: Path
) -> None:
    gone = make_engine(Store(data_dir=tmp_path / "gone"))
    here.answers = Answers(gone, here.settings.queue, here.settings.store)
    here.spool.audio.rmdir()
    document = (await web.get("/debug/memory_status", headers=BEARER)).json()
    await gone.dispose()
    assert document["temporary_files"] is None
    assert document["queue"] is None
    assert document["working_set"] > 0


@pytest.mark.parametrize("path", READS)
async def test_nobody_else_reads(web: AsyncClient, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": f"{COOKIE}=guess"}):
        response = await web.get(path, headers=headers)
        assert response.status_code == 401
        assert response.json()["code"] == "admin_only"
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ACTIONS)
async def test_nobody_else_acts(web: AsyncClient, here: Here, path: str) -> None:
    assert (await web.post(path)).status_code == 401
    assert here.workers.asked == 0


async def test_without_a_token_everything_is_off_and_says_what_to_set(
    web: AsyncClient, here: Here
) -> None:
    here.admin = AdminAccess("")
    for response in (
        await web.get(READS[0], headers={"Authorization": "Bearer "}),
        await web.post(ACTIONS[0]),
        await web.get("/admin"),
        await web.post("/admin/login", data={"token": ""}),
    ):
        assert response.status_code == 403
        assert "MULAKAT_ADMIN_TOKEN" in response.text


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://test"},
    ],
)
async def test_a_page_of_another_site_changes_nothing_with_the_operators_cookie(
    web: AsyncClient, here: Here, foreign: dict[str, str]
) -> None:
    await log_in(web)
    for path in (*ACTIONS, "/admin/login", "/admin/logout"):
        response = await web.post(path, headers=foreign)
        assert response.status_code == 403
        assert response.json()["code"] == "cross_origin"
    assert here.workers.asked == 0
    assert (await web.post(ACTIONS[0], headers=SAME)).status_code == 200
    assert (await web.post(ACTIONS[0], headers=BEARER | foreign)).status_code == 200


async def test_the_cookie_is_strict_unreadable_and_secure_behind_tls(
    here: Here, web: AsyncClient
) -> None:
    tls = {"X-Forwarded-Proto": "https"}
    plain = await web.post("/admin/login", data={"token": TOKEN}, headers=tls)
    here.settings = replace(here.settings, web=Web(trusted_proxies="127.0.0.1"))
    behind = await web.post("/admin/login", data={"token": TOKEN}, headers=tls)
    for response in (plain, behind):
        cookie = response.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
    assert "Secure" not in plain.headers["set-cookie"]
    assert "Secure" in behind.headers["set-cookie"]


async def test_logout_ends_the_session_on_the_server(web: AsyncClient) -> None:
    await log_in(web)
    cookie = {"Cookie": f"{COOKIE}={web.cookies[COOKIE]}"}
    assert (await web.get(READS[0])).status_code == 200
    await web.post("/admin/logout", headers=SAME)
    web.cookies.clear()
    assert (await web.get(READS[0], headers=cookie)).status_code == 401


async def test_a_login_flood_gets_429_with_when_to_come_back(web: AsyncClient) -> None:
    for _ in range(TRIES_BY_ADDRESS):
        assert (await web.post("/admin/login", data={"token": "wrong"})).status_code == 401
    spoofed = {"X-Forwarded-For": "203.0.113.9"}
    refused = await web.post("/admin/login", data={"token": "wrong"}, headers=spoofed)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (await web.get(READS[0], headers=BEARER)).status_code == 200


async def test_a_login_form_of_megabytes_is_not_read(web: AsyncClient) -> None:
    response = await web.post("/admin/login", content=b"token=" + b"a" * 100_000)
    assert response.status_code == 400


async def test_the_token_and_the_session_are_in_no_event(web: AsyncClient) -> None:
    with structlog.testing.capture_logs() as events:
        await log_in(web)
        await web.post("/admin/login", data={"token": "wrong-canary"})
        for path in ACTIONS[:4]:
            await web.post(path, headers=BEARER)
    logged = json.dumps(events)
    assert {one["event"] for one in events} >= {"admin login", "admin login refused"}
    assert [one["action"] for one in events if one["event"] == "admin action"] == [
        "clear_interviews", "clear_interviews", "trim", "sweep",
    ]  # fmt: skip
    for secret in (TOKEN, "wrong-canary", web.cookies[COOKIE]):
        assert secret not in logged


async def test_trim_says_what_it_gave_back_and_asks_the_worker(
    web: AsyncClient, here: Here
) -> None:
    done = (await web.post("/api/v1/admin/trim", headers=BEARER)).json()
    assert done["before"] > 0
    assert done["after"] > 0
    assert done["objects"] >= 0
    assert here.workers.asked == 1


async def test_sweep_removes_what_nobody_owns_and_says_how_much(
    web: AsyncClient, here: Here
) -> None:
    left = here.spool.path("0" * 32)
    left.write_bytes(b"x" * 10)
    here.spool._now = lambda: datetime.now(UTC) + timedelta(hours=2)
    done = (await web.post("/api/v1/admin/sweep", headers=BEARER)).json()
    assert done == {"results": 0, "files": 1, "bytes": 10}
    assert not left.exists()


async def turn_until(look: Callable[[], object]) -> None:
    while not look():  # noqa: ASYNC110  # lets the others run, waits for no time
        await asyncio.sleep(0)


async def released(web: AsyncClient, here: Here) -> dict[str, Any]:
    asking = asyncio.create_task(web.post("/api/v1/admin/release", headers=BEARER))
    while not asking.done():
        await here.governor.tick()
        await asyncio.sleep(0)
    return dict(asking.result().json())


@pytest.mark.parametrize(
    ("model", "busy", "outcome"),
    [("base", False, "released"), ("base", True, "busy"), (None, False, "none")],
)
async def test_release_says_whether_the_model_went(
    web: AsyncClient, here: Here, model: str | None, busy: bool, outcome: str
) -> None:
    here.workers.model, here.workers.busy = model, busy
    here.governor.sample()
    done = await released(web, here)
    assert done["outcome"] == outcome
    assert done["model"] == model


async def test_the_stream_brings_samples_and_ends_with_the_session(
    web: AsyncClient, here: Here
) -> None:
    await log_in(web)
    reading = asyncio.create_task(web.get("/api/v1/admin/events"))
    await turn_until(lambda: here.governor._listeners)
    (samples,) = here.governor._listeners
    for _ in range(3):
        await here.governor.tick()
        await turn_until(samples.empty)
    here.admin.logout(web.cookies[COOKIE])
    while not reading.done():
        await here.governor.tick()
    body = reading.result().text
    kinds = [line[7:] for line in body.splitlines() if line.startswith("event: ")]
    assert kinds == ["status", "snapshot", "snapshot", "snapshot", "ended"]
    assert here.governor._listeners == set()


@pytest.mark.parametrize("language", codes())
async def test_the_page_is_the_login_form_until_one_is_logged_in(
    web: AsyncClient, language: str
) -> None:
    text = messages(language)["admin"]
    before = await web.get(f"/admin?lang={language}")
    assert text["login_lead"] in before.text
    assert text["trim"] not in before.text
    await log_in(web)
    after = await web.get(f"/admin?lang={language}")
    assert text["trim"] in after.text
    assert after.headers["referrer-policy"] == "same-origin"
    assert TOKEN not in after.text


async def test_wrong_bearers_are_counted_with_the_wrong_logins(web: AsyncClient) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    for _ in range(TRIES_BY_ADDRESS):
        assert (await web.get(READS[0], headers=wrong)).status_code == 401
    refused = await web.get(READS[0], headers=wrong)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
    assert (await web.post("/admin/login", data={"token": "wrong"})).status_code == 429
    assert (await web.get(READS[0], headers=BEARER)).status_code == 200
    await log_in(web)


async def test_a_proxys_own_login_does_not_hide_the_session(web: AsyncClient) -> None:
    await log_in(web)
    basic = {"Authorization": "Basic Zm9vOmJhcg=="}
    assert (await web.get(READS[0], headers=basic)).status_code == 200
    foreign = basic | {"Origin": "http://elsewhere.example"}
    assert (await web.post(ACTIONS[0], headers=foreign)).status_code == 403
    assert (await web.post(ACTIONS[0], headers=basic | SAME)).status_code == 200
