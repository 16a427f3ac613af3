"""What the operator reads and does: memory, trimming, sweeping, clearing, the stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from admin_site import (
    ACTIONS,
    BEARER,
    READS,
    Here,
    browser,
    log_in,
    settled,
)
from mulakat.settings import Admin, Store
from mulakat.store.answers import Answers
from mulakat.store.engine import make_engine
from mulakat.store.interview_values import NewInterview
from mulakat.web.sessions import COOKIE


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    async with settled(tmp_path) as made:
        yield made


@pytest.fixture
async def web(here: Here) -> AsyncIterator[AsyncClient]:
    async with browser(here) as client:
        yield client


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
