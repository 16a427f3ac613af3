"""Correcting over HTTP: whose it is, what is refused, what reports, export and retention make of
it; the worker's part is done by hand.
"""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat.interview import corrected
from mulakat.settings import Settings
from mulakat.store.engine import writing
from mulakat.store.rights import redacted
from mulakat.store.tables import answers, interviews, turns
from mulakat.web.routes.evaluations import document
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from people import OTHER, OWNER, settle_in
from webapp import HOST, running

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HEARD: dict[str, Any] = {
    "score": 40, "scored": True, "transcribed_text": "We cut the really date", "gaps": [],
    "criteria": [{"key": "relevance", "name": "Relevance", "score": 40, "weight": 1.0,
                  "evidence": [], "advice": "A."}],
    "words": [["We", 0.0, 0.4, 0.9], ["cut", 0.5, 0.9, 0.9], ["the", 1.0, 1.2, 0.9],
              ["really", 1.3, 1.6, 0.2], ["date", 1.7, 2.0, 0.8]],
    "points": [], "improvements": [], "strengths": [], "delivery": None, "strip": None,
    "engine": {"evaluator": "rubric", "embedder": "e", "fallback": None},
}  # fmt: skip
PATH = "/api/v1/evaluations/{}/correction"
RELEASE = {"words": [{"index": 3, "text": "release"}]}


@dataclass
class Site:
    """The owner's browser and the parts behind it."""

    client: AsyncClient
    here: Parts

    def as_who(self, who: str) -> None:
        self.client.headers["cookie"] = self.client.headers[f"x-{who}"]

    async def correct(self, answer: str = "spoken", body: Any = RELEASE, **headers: str) -> Any:
        return await self.client.post(PATH.format(answer), json=body, headers=headers)

    async def work(self, score: int) -> None:
        """Do what a worker does, without the rubric."""
        claim = await self.here.corrections.claim("w")
        assert claim
        before: dict[str, Any] = claim.answer.result or {}
        corrections = corrected.merged(before, claim.words)
        shown = corrected.shown_words(corrected.heard_words(before), corrections)
        after = before | {"score": score, "words": shown}
        after["criteria"] = [before["criteria"][0] | {"score": score}]
        after["transcribed_text"] = " ".join(one[0] for one in shown if one[0])
        after["correction"] = corrected.correction(before, after, corrections)
        assert await self.here.corrections.finish(claim, after)

    async def read(self, answer: str = "spoken") -> Any:
        return (await self.client.get(f"/api/v1/evaluations/{answer}")).json()


async def fill(engine: AsyncEngine) -> None:
    await settle_in(engine)
    common = {"attempts": 1, "token": 1, "request_id": "r", "language": "en", "reader": "en",
              "additional_text": "", "body_hash": "b", "owner": OWNER, "question": "Why?",
              "created_at": NOON, "started_at": NOON}  # fmt: skip
    done = common | {"state": "done", "finished_at": NOON}
    async with writing(engine) as connection:
        await connection.execute(insert(interviews).values(
            id="i1", account_id=OWNER, state="completed", field="general", level="mid",
            language="en", total_questions=1, created_at=NOON, moved_at=NOON, finished_at=NOON,
        ))  # fmt: skip
        await connection.execute(insert(turns).values(
            id="t1", interview_id="i1", number=1, question_id="q1", category="ethics",
            level="mid", text="Why?", guide={}, reason={"code": "opening", "params": {}},
            asked_at=NOON,
        ))  # fmt: skip
        for row in (
            done | {"id": "spoken", "turn_id": "t1", "question_id": "q1", "audio_sha256": "s",
                    "result": HEARD},
            done | {"id": "typed", "typed_text": "t", "result": HEARD | {"words": []}},
            common | {"id": "waiting", "state": "queued", "audio_sha256": "s"},
        ):  # fmt: skip
            await connection.execute(insert(answers).values(row))


@pytest.fixture
async def site(store: Any, engine: AsyncEngine) -> AsyncIterator[Site]:
    await fill(engine)
    async with running(Settings(store=store)) as (app, here), AsyncClient(
        transport=ASGITransport(app), base_url=f"http://{HOST}",
        headers={"accept-language": "en"},
    ) as client:  # fmt: skip
        for who in (OWNER, OTHER):
            cookie, _ = await here.sessions.open(who, 1)
            client.headers[f"x-{who}"] = f"{COOKIE}={cookie}"
        made = Site(client, here)
        made.as_who(OWNER)
        yield made


async def test_a_correction_is_accepted_and_the_result_stands_until_the_new_one(site: Site) -> None:
    before = await site.read()
    assert (before["unsure"], before["correcting"]) == ([3], None)
    accepted = await site.correct()
    assert accepted.status_code == 202
    assert accepted.headers["location"] == "/api/v1/evaluations/spoken"
    assert accepted.json() == before | {"correcting": {"status": "queued"}}
    await site.work(55)
    after = await site.read()
    assert (after["score"], after["unsure"], after["correcting"]) == (55, [], None)
    assert after["correction"]["cost"] == {"score": 15, "criteria": {"relevance": 15}}


async def test_one_that_ends_between_two_reads_is_shown_with_its_result(site: Site) -> None:
    await site.correct()
    early = await site.here.answers.get("spoken")
    assert early
    await site.work(55)
    shown = await document(site.here, early, "en")
    assert (shown["score"], shown["correcting"]) == (55, None)


async def test_the_interviews_report_and_progress_use_the_corrected_score(site: Site) -> None:
    await site.correct()
    await site.work(55)
    report = (await site.client.get("/api/v1/interviews/i1/report")).json()
    assert report["questions"][0]["score"]["score"] == 55
    progress = (await site.client.get("/api/v1/progress")).json()
    scores = {one["answer_id"]: one["score"] for one in progress["overall"]["points"]}
    assert scores == {"spoken": 55, "typed": 40}


async def test_only_the_owner_corrects(site: Site) -> None:
    site.as_who(OTHER)
    assert (await site.correct()).status_code == 404
    del site.client.headers["cookie"]
    assert (await site.correct()).status_code in {401, 404}
    site.as_who(OWNER)
    foreign = await site.correct(origin="https://elsewhere.example")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_origin")
    assert (await site.read())["correcting"] is None


@pytest.mark.parametrize(
    ("answer", "body", "told"),
    [
        ("nobody", RELEASE, (404, "not_found")),
        ("typed", RELEASE, (409, "not_correctable")),
        ("waiting", RELEASE, (409, "not_correctable")),
        ("spoken", {}, (422, "field_invalid")),
        ("spoken", {"words": []}, (422, "field_invalid")),
        ("spoken", {"words": [{"index": 5, "text": "x"}]}, (422, "field_invalid")),
        ("spoken", {"words": [{"index": -1, "text": "x"}]}, (422, "field_invalid")),
        ("spoken", {"words": [{"index": 0, "text": "x" * 101}]}, (422, "field_invalid")),
        ("spoken", {"words": [{"index": 0, "text": "a b c d"}]}, (422, "correction_too_much")),
        ("spoken", {"words": [{"index": 0, "text": "x" * 90}] * 300}, (400, "malformed_request")),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    site: Site, answer: str, body: Any, told: tuple[int, str]
) -> None:
    refused = await site.correct(answer, body)
    assert (refused.status_code, refused.json()["code"]) == told
    assert (await site.read())["correcting"] is None


async def test_a_repeated_request_is_one_correction_and_the_next_waits(site: Site) -> None:
    key = {"idempotency-key": "k"}
    assert [(await site.correct(**key)).status_code for _ in range(3)] == [202, 202, 202]
    running = await site.correct(body={"words": [{"index": 0, "text": "They"}]})
    assert (running.status_code, running.json()["code"]) == (409, "correction_running")
    await site.work(55)
    assert await site.here.corrections.claim("w") is None
    replayed = await site.correct(**key)
    assert (replayed.status_code, replayed.json()["score"]) == (202, 55)
    # Without a key, what is corrected already needs no work.
    assert (await site.correct()).status_code == 200
    await site.correct(body={"words": [{"index": 0, "text": "They"}]})
    await site.work(60)
    told = (await site.read())["correction"]
    assert [one["after"] for one in told["words"]] == ["They", "release"]
    assert told["cost"]["score"] == 20


async def test_a_correction_that_failed_says_so_and_the_result_stands(site: Site) -> None:
    await site.correct()
    claim = await site.here.corrections.claim("w")
    assert claim
    assert await site.here.corrections.fail(claim, "internal", {})
    seen = await site.read()
    assert (seen["score"], seen["correcting"]["status"]) == (40, "failed")
    assert seen["correcting"]["problem"]["code"] == "internal"
    assert (await site.correct()).status_code == 202


async def test_the_export_has_the_correction_and_retention_leaves_no_word_of_it(
    site: Site,
) -> None:
    await site.correct()
    await site.work(55)
    exported = await site.client.get("/api/v1/account/export")
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        answer = json.loads(archive.read("answers/spoken.json"))
    assert answer["result"]["correction"]["words"][0]["after"] == "release"
    left = json.dumps(redacted(answer["result"]))
    assert "release" not in left
    assert "really" not in left
