"""The operator's interfaces, over a real governor, database and spool; the worker is a stand-in."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient, Response

import few_questions
from mulakat.interview.bank import Bank
from mulakat.interview.chooser import BankChooser
from mulakat.languages import codes, messages
from mulakat.memory.governor import Governor
from mulakat.memory.ladder import RUNGS, Footing
from mulakat.settings import MIB, Admin, Settings, Store, Web
from mulakat.store.accounts import Accounts
from mulakat.store.answers import Answers
from mulakat.store.documents import Documents
from mulakat.store.engine import make_engine
from mulakat.store.interview_values import NewInterview
from mulakat.store.interviews import Interviews
from mulakat.store.spool import Spool
from mulakat.store.tables import metadata
from mulakat.store.tokens import Tokens
from mulakat.web import problems
from mulakat.web.access import MOST_WRONG_IN_ALL, enforce
from mulakat.web.passwords import Passwords, hash_now
from mulakat.web.routes import admin, admin_page
from mulakat.web.session_stores import FileSessions
from mulakat.web.sessions import COOKIE, Sessions
from mulakat.web.throttle import MOST_TRIES, MemoryThrottle
from mulakat.worker import upkeep
from people import ADMIN, EMAILS, OWNER, PASSWORD

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
    documents: Documents
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
        return await upkeep.once(self.answers, self.documents, self.spool)


@dataclass
class Here:
    """What the routes use of web.state.Parts."""

    settings: Settings
    answers: Answers
    spool: Spool
    workers: Worker
    governor: Governor
    accounts: Accounts
    tokens: Tokens
    passwords: Passwords
    sessions: Sessions
    throttle: MemoryThrottle
    interviews: Interviews


@asynccontextmanager
async def plenty() -> AsyncIterator[None]:
    yield


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
    worker = Worker(answers, Documents(engine, settings.queue, settings.store), spool)
    governor = Governor(settings.memory, lambda: {"web": os.getpid()}, worker)
    passwords = Passwords(plenty)
    yield Here(
        settings=settings,
        answers=answers,
        spool=spool,
        workers=worker,
        governor=governor,
        accounts=Accounts(engine),
        tokens=Tokens(engine),
        passwords=passwords,
        sessions=Sessions(FileSessions(tmp_path / "sessions", 500)),
        throttle=MemoryThrottle(),
        interviews=Interviews(engine, BankChooser(Bank(few_questions.write(tmp_path / "bank")))),
    )
    passwords.close()
    await engine.dispose()


@pytest.fixture
async def web(here: Here) -> AsyncIterator[AsyncClient]:
    app = FastAPI(dependencies=[Depends(enforce)])
    problems.install(app)
    app.include_router(admin.router)
    app.include_router(admin_page.router)
    app.state.parts = here
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


async def csrf(web: AsyncClient) -> str:
    """Return the secret that the page's forms carry now; none before a login."""
    found = re.search(r'name="csrf" value="([^"]+)"', (await web.get("/admin")).text)
    return found[1] if found else ""


async def log_in(web: AsyncClient, **fields: str) -> Response:
    form = {"token": TOKEN, "csrf": await csrf(web)} | fields
    response = await web.post("/admin/login", data=form, headers=SAME)
    assert response.status_code == 303
    return response


async def log_out(web: AsyncClient) -> None:
    response = await web.post("/admin/logout", data={"csrf": await csrf(web)}, headers=SAME)
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
    assert document["sessions"] == {"logins": 0, "interviews": 0}
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
    here.settings = replace(here.settings, admin=Admin())
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


async def test_a_form_without_its_sessions_secret_changes_nothing(web: AsyncClient) -> None:
    await log_in(web)
    for form in ({}, {"csrf": ""}, {"csrf": "guess"}, {"csrf": "ö"}):
        response = await web.post("/admin/logout", data=form | {"more": "x"}, headers=SAME)
        assert (response.status_code, response.json()["code"]) == (403, "form_expired")
    assert (await web.get(READS[0])).status_code == 200
    await log_out(web)
    assert (await web.get(READS[0])).status_code == 401


async def test_the_cookie_is_that_of_every_login_and_secure_behind_tls(
    here: Here, web: AsyncClient
) -> None:
    tls = {"X-Forwarded-Proto": "https"}
    plain = await web.post("/admin/login", data={"token": TOKEN}, headers=tls)
    web.cookies.clear()
    here.settings = replace(here.settings, web=Web(trusted_proxies="127.0.0.1"))
    behind = await web.post("/admin/login", data={"token": TOKEN}, headers=tls)
    for response in (plain, behind):
        cookie = response.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        for flag in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert flag in cookie
    assert "Secure" not in plain.headers["set-cookie"]
    assert "Secure" in behind.headers["set-cookie"]


async def test_logout_ends_the_session_on_the_server(web: AsyncClient) -> None:
    await log_in(web)
    cookie = {"Cookie": f"{COOKIE}={web.cookies[COOKIE]}"}
    assert (await web.get(READS[0])).status_code == 200
    await log_out(web)
    web.cookies.clear()
    assert (await web.get(READS[0], headers=cookie)).status_code == 401


async def test_a_login_flood_gets_429_with_when_to_come_back(web: AsyncClient) -> None:
    for _ in range(MOST_TRIES):
        assert (await web.post("/admin/login", data={"token": "wrong"})).status_code == 401
    spoofed = {"X-Forwarded-For": "203.0.113.9"}
    refused = await web.post("/admin/login", data={"token": "wrong"}, headers=spoofed)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (await web.get(READS[0], headers=BEARER)).status_code == 200


async def test_clearing_ends_every_interview_and_says_how_many(
    web: AsyncClient, here: Here
) -> None:
    account = await here.accounts.create("a@example.org", "", "!")
    interview = await here.interviews.start(
        NewInterview(
            account_id=account.id, field="software", level="mid", language="en", total_questions=3
        )
    )
    document = (await web.get(READS[0], headers=BEARER)).json()
    assert document["sessions"]["interviews"] == 1
    for path, count in ((ACTIONS[0], 1), (ACTIONS[1], 0)):
        cleared = (await web.post(path, headers=BEARER)).json()
        assert cleared == {"message": "cleared", "cleared_count": count}
    found = await here.interviews.get(interview.id, account.id)
    assert found
    assert found.state == "cleared"


async def test_a_login_form_of_megabytes_is_not_read(web: AsyncClient) -> None:
    response = await web.post("/admin/login", content=b"token=" + b"a" * 100_000)
    assert response.status_code == 400


async def test_the_token_and_the_session_are_in_no_event(web: AsyncClient) -> None:
    with structlog.testing.capture_logs() as events:
        await log_in(web)
        secret = await csrf(web)
        await web.post("/admin/login", data={"token": "wrong-canary", "csrf": secret})
        for path in ACTIONS[:4]:
            await web.post(path, headers=BEARER)
    logged = json.dumps(events)
    assert {one["event"] for one in events} >= {"admin login", "admin login refused"}
    assert [one["action"] for one in events if one["event"] == "admin action"] == [
        "clear_interviews", "clear_interviews", "trim", "sweep",
    ]  # fmt: skip
    for canary in (TOKEN, "wrong-canary", secret, web.cookies[COOKIE]):
        assert canary not in logged


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
    assert done == {"results": 0, "documents": 0, "files": 1, "bytes": 10}
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
    session = await here.sessions.get(web.cookies[COOKIE])
    assert session
    await here.sessions.end(session)
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
    for _ in range(MOST_TRIES):
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


async def test_wrong_tokens_from_many_addresses_have_to_wait_and_the_right_one_does_not(
    web: AsyncClient, here: Here
) -> None:
    here.settings = replace(here.settings, web=Web(trusted_proxies="127.0.0.1"))
    for number in range(MOST_WRONG_IN_ALL):
        came = {"X-Forwarded-For": f"10.0.1.{number}", "Authorization": "Bearer wrong"}
        assert (await web.get(READS[0], headers=came)).status_code == 401
    other = {"X-Forwarded-For": "10.0.2.1"}
    refused = await web.post("/admin/login", data={"token": "wrong"}, headers=other)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
    assert (await web.get(READS[0], headers=BEARER | other)).status_code == 200
    await log_in(web)


async def test_an_admins_account_opens_the_page_by_its_password(
    web: AsyncClient, here: Here
) -> None:
    here.settings = replace(here.settings, admin=Admin())
    hashed = hash_now(PASSWORD)
    await here.accounts.create(EMAILS[ADMIN], "", hashed, role="admin")
    await here.accounts.create(EMAILS[OWNER], "", hashed)
    text, wrong = messages("en")["admin"], messages("en")["error"]["login_wrong"]
    for email, password, sentence in (
        (EMAILS[ADMIN], "wrong", wrong),
        ("nonsense", PASSWORD, wrong),
        (EMAILS[OWNER], PASSWORD, text["not_admin"]),
        ("", PASSWORD, text["token_wrong"]),
    ):
        form = {"email": email, "token": password}
        refused = await web.post("/admin/login?lang=en", data=form, headers=SAME)
        assert (refused.status_code, COOKIE in refused.cookies) == (401, False)
        assert sentence in unescape(refused.text)
        assert f'value="{email}"' in refused.text
        assert PASSWORD not in unescape(refused.text)
    await log_in(web, email=EMAILS[ADMIN], token=PASSWORD)
    assert (await web.get(READS[0])).status_code == 200
    assert text["trim"] in (await web.get("/admin?lang=en")).text


async def test_a_candidates_login_opens_nothing_of_it(web: AsyncClient, here: Here) -> None:
    account = await here.accounts.create(EMAILS[OWNER], "", "!")
    cookie, _ = await here.sessions.open(account.id, account.epoch)
    web.cookies.set(COOKIE, cookie)
    assert (await web.get(READS[0])).status_code == 401
    assert messages("tr")["admin"]["login_lead"] in (await web.get("/admin?lang=tr")).text


async def test_an_admins_api_token_reads_and_acts(web: AsyncClient, here: Here) -> None:
    account = await here.accounts.create(EMAILS[ADMIN], "", "!", role="admin")
    token, _ = await here.tokens.create(account.id, "script")
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await web.get(READS[0], headers=bearer)).status_code == 200
    assert (await web.post(ACTIONS[0], headers=bearer)).status_code == 200
    await here.accounts.set_role(account.id, "candidate")
    assert (await web.get(READS[0], headers=bearer)).status_code == 401
