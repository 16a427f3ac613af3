"""Reports, progress and comparisons as they are served: both databases, made rows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import settings
from mulakat.settings import Settings
from mulakat.store.engine import writing
from mulakat.store.tables import answers, interviews, turns
from mulakat.web.sessions import COOKIE
from people import OTHER, OWNER, settle_in
from webapp import HOST, running

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SAID = '<script>alert("x")</script> & *Ağrı* café 日本'


def result(score: int, engine: str = "rubric") -> dict[str, Any]:
    return {
        "score": score, "scored": True, "transcribed_text": SAID, "gaps": ["no_number"],
        "criteria": [{"key": "relevance", "name": "Relevance", "score": score, "weight": 1.0,
                      "evidence": [{"quote": SAID, "start": None, "end": None}], "advice": "A."}],
        "points": [{"text": "How it ended", "state": "missing", "evidence": None}],
        "improvements": [], "strengths": [], "delivery": None, "strip": None,
        "engine": {"evaluator": engine, "embedder": "e"},
    }  # fmt: skip


async def fill(engine: AsyncEngine) -> None:
    """An interview with one answer, two more attempts at its question, one at another."""
    await settle_in(engine)
    done = {"state": "done", "attempts": 1, "token": 1, "request_id": "r", "language": "en",
            "reader": "en", "additional_text": "", "typed_text": "t", "body_hash": "b",
            "owner": OWNER, "question": "What about ethics?"}  # fmt: skip
    async with writing(engine) as connection:
        await connection.execute(insert(interviews).values(
            id="i1", account_id=OWNER, state="completed", field="general", level="mid",
            language="en", total_questions=3, created_at=NOON, moved_at=NOON, finished_at=NOON,
        ))  # fmt: skip
        for number, follow_up in ((1, None), (2, "no_result")):
            await connection.execute(insert(turns).values(
                id=f"t{number}", interview_id="i1", number=number, question_id="q1",
                category="ethics", level="mid", text="What about <b>ethics</b>?", guide={},
                reason={"code": "opening", "params": {}}, asked_at=NOON, follow_up=follow_up,
            ))  # fmt: skip
        for number, (turn, question, score) in enumerate(
            (("t1", "q1", 40), ("t2", "q1", 50), (None, "q1", 80), (None, "q2", 70)), 1
        ):
            at = NOON + timedelta(days=number)
            await connection.execute(insert(answers).values(
                id=f"a{number}", turn_id=turn, question_id=question, result=result(score),
                created_at=at, started_at=at, finished_at=at, **done,
            ))  # fmt: skip


@pytest.fixture
async def web(store: settings.Store, engine: AsyncEngine) -> AsyncIterator[AsyncClient]:
    """The owner's browser; another's with `as_who`."""
    await fill(engine)
    async with running(Settings(store=store)) as (app, here), AsyncClient(
        transport=ASGITransport(app), base_url=f"http://{HOST}",
        headers={"accept-language": "en"},
    ) as client:  # fmt: skip
        for who in (OWNER, OTHER):
            cookie, _ = await here.sessions.open(who, 1)
            client.headers[f"x-{who}"] = f"{COOKIE}={cookie}"
        as_who(client, OWNER)
        yield client


def as_who(client: AsyncClient, who: str) -> None:
    client.headers["cookie"] = client.headers[f"x-{who}"]


PLACES = (
    "/api/v1/interviews/i1/report",
    "/api/v1/interviews/i1/report.md",
    "/interviews/i1/report",
    "/api/v1/compare?first=a1&second=a3",
)


@pytest.mark.parametrize("path", PLACES)
async def test_anothers_report_is_not_found(web: AsyncClient, path: str) -> None:
    assert (await web.get(path)).status_code == 200
    as_who(web, OTHER)
    assert (await web.get(path)).status_code == 404
    web.headers["cookie"] = ""
    assert (await web.get(path)).status_code == 401


async def test_a_report_is_json_or_a_markdown_file(web: AsyncClient) -> None:
    shown = await web.get(PLACES[0])
    assert shown.json()["questions"][0]["transcript"] == SAID
    assert "Accept" in shown.headers["vary"]
    asked = await web.get(PLACES[0], headers={"accept": "text/markdown"})
    file = await web.get(PLACES[1])
    assert asked.text == file.text
    for one in (asked, file):
        assert one.headers["content-type"] == "text/markdown; charset=utf-8"
        assert one.headers["content-disposition"] == 'attachment; filename="mulakat-2026-07-01.md"'
    assert "日本" in file.text
    assert "<script>" not in file.text.replace("\\<script", "")


async def test_what_was_said_does_not_become_a_part_of_the_page(web: AsyncClient) -> None:
    page = await web.get(PLACES[2])
    assert "<script>" not in page.text
    assert "<b>ethics" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "Ağrı" in page.text
    assert "1 July 2026, 12:00 UTC" in page.text


async def test_the_page_speaks_the_readers_language(web: AsyncClient) -> None:
    page = await web.get(PLACES[2], params={"lang": "tr"})
    assert '<html lang="tr">' in page.text
    assert "1 Temmuz 2026, 12:00 (UTC)" in page.text


async def test_progress_and_attempts_are_ones_own(web: AsyncClient) -> None:
    found = (await web.get("/api/v1/progress")).json()
    assert found["answers"] == 4
    assert [one["score"] for one in found["overall"]["points"]] == [40, 50, 80, 70]
    tries = (await web.get("/api/v1/questions/q1/attempts")).json()["attempts"]
    assert [one["answer_id"] for one in tries] == ["a1", "a3"]
    as_who(web, OTHER)
    assert (await web.get("/api/v1/progress")).json()["answers"] == 0
    assert (await web.get("/api/v1/questions/q1/attempts")).json()["attempts"] == []


async def test_two_attempts_are_compared_and_other_questions_are_not(web: AsyncClient) -> None:
    found = (await web.get("/api/v1/compare?first=a1&second=a3")).json()
    assert found["score"] == {"before": 40, "after": 80, "difference": 40, "within_noise": False}
    for second in ("a2", "a4"):  # the follow-up asks for something else
        refused = await web.get(f"/api/v1/compare?first=a1&second={second}")
        assert (refused.status_code, refused.json()["code"]) == (422, "answers_differ")
    assert (await web.get("/api/v1/compare?first=a1&second=none")).status_code == 404
    missing = await web.get("/api/v1/compare?first=a1")
    assert missing.status_code == 422
