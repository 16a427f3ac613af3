"""The page of one answer: on its way, failed, rated; whose it is, and its recording."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import settings
from mulakat.languages import codes, say
from mulakat.settings import Settings
from mulakat.store.engine import writing
from mulakat.store.tables import answers, interviews, turns
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from people import OTHER, OWNER, settle_in
from webapp import HOST, running

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
PAGE = {"accept": "text/html"}
QUESTION = 'What about <b>ethics</b> & "rules"?'
SOUND = b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 4

HEARD = "Last year we were late. I wrote a plant."


def result(**more: Any) -> dict[str, Any]:
    words = [[word, at / 2, (at + 1) / 2, 0.1 if word == "plant." else 0.9]
             for at, word in enumerate(HEARD.split())]  # fmt: skip
    return {
        "score": 50, "scored": True, "transcribed_text": HEARD, "words": words, "reason": None,
        "criteria": [{"key": "relevance", "name": "Relevance", "score": 50, "weight": 1.0,
                      "evidence": [{"quote": "we were late", "start": 1.0, "end": 2.5}],
                      "advice": "Say <more>."}],
        "points": [{"text": "How it ended", "state": "missing", "evidence": None}],
        "story": [{"part": "situation", "state": "found", "evidence": [
            {"quote": "Last year we were late.", "start": 0.0, "end": 2.5, "first": 0, "after": 23},
        ]}],
        "advice": [{"criterion": "relevance", "text": "Say <more>.", "quote": "we were late",
                    "start": 1.0, "gain": 7}],
        "strip": {"envelope": [10, 60, 0, 30] * 5, "step": 0.25, "seconds": 5.0},
        "delivery": {"pauses": {"longer": [[1.0, 2.2]], "longest": 1.2, "long_per_minute": 12},
                     "fillers": {"items": []}, "words_per_minute": 100,
                     "norms": {"words_per_minute": [110, 160]},
                     "level": [{"code": "quiet", "detail": "Very quiet."}]},
        "engine": {"evaluator": "rubric-3", "transcriber": "whisper"},
        "model_answer": "In my first job …", "strengths": [], "improvements": [],
        **more,
    }  # fmt: skip


DONE = {"state": "done", "finished_at": NOON, "started_at": NOON}
SPOKEN = {"audio_bytes": 9, "audio_sha256": "s", "audio_container": "webm"}


async def answer(engine: AsyncEngine, id_: str, **more: Any) -> None:
    made = {
        "id": id_, "attempts": 1, "token": 1, "request_id": "r", "language": "en", "reader": "en",
        "additional_text": "", "body_hash": "b", "owner": OWNER, "question": QUESTION,
        "question_id": "general-offer-choice", "created_at": NOON, **DONE, **more,
    }  # fmt: skip
    made |= SPOKEN if "typed_text" not in more else {}
    if made["state"] == "done":
        made.setdefault("result", result())
    async with writing(engine) as connection:
        await connection.execute(insert(answers).values(made))


@pytest.fixture
async def here(store: settings.Store, engine: AsyncEngine) -> AsyncIterator[tuple[Parts, Any]]:
    await settle_in(engine)
    async with running(Settings(store=store)) as (app, parts):
        yield parts, app


@pytest.fixture
async def web(here: tuple[Parts, Any]) -> AsyncIterator[AsyncClient]:
    """The owner's browser; another's with `as_who`."""
    parts, app = here
    async with AsyncClient(
        transport=ASGITransport(app), base_url=f"http://{HOST}",
        headers={"accept-language": "en", **PAGE},
    ) as client:  # fmt: skip
        for who in (OWNER, OTHER):
            cookie, session = await parts.sessions.open(who, 1)
            client.headers[f"x-{who}"] = f"{COOKIE}={cookie}"
            client.headers[f"x-{who}-csrf"] = session.csrf
        as_who(client, OWNER)
        yield client


def as_who(client: AsyncClient, who: str) -> None:
    client.headers["cookie"] = client.headers[f"x-{who}"]


def form(client: AsyncClient, **fields: str) -> dict[str, str]:
    return {"csrf": client.headers[f"x-{OWNER}-csrf"], **fields}


async def test_anothers_answer_is_not_found(web: AsyncClient, engine: AsyncEngine) -> None:
    await answer(engine, "a1")
    assert (await web.get("/answers/a1")).status_code == 200
    as_who(web, OTHER)
    for path in ("/answers/a1", "/api/v1/evaluations/a1/audio"):
        assert (await web.get(path)).status_code == 404
    gone = {"csrf": web.headers[f"x-{OTHER}-csrf"]}
    assert (await web.post("/answers/a1/delete", data=gone)).status_code == 404
    assert (await web.post("/answers/a1/correction", data=gone)).status_code == 404
    as_who(web, OWNER)
    assert (await web.get("/answers/a1")).status_code == 200


@pytest.mark.parametrize("language", codes())
async def test_a_result_says_all_that_it_knows(
    web: AsyncClient, engine: AsyncEngine, language: str
) -> None:
    await answer(engine, "a1")
    page = await web.get(f"/answers/a1?lang={language}")
    assert page.status_code == 200
    for text in (
        "What about &lt;b&gt;ethics&lt;/b&gt;",
        "Say &lt;more&gt;.",
        say(language, "result.situation"),
        say(language, "result.word.fair"),
        say(language, "result.below"),
        say(language, "result.unsure_hint"),
        say(language, "result.gain", gain=7),
        say(language, "level.quiet"),
        "rubric-3",
        "In my first job",
    ):
        assert text in page.text, text
    assert "<b>ethics" not in page.text


async def test_a_result_in_which_nothing_stands_is_a_page_all_the_same(
    web: AsyncClient, engine: AsyncEngine
) -> None:
    await answer(engine, "a1", result={})
    redacted: dict[str, Any] = {
        "transcribed_text": "", "words": [], "strip": None, "redacted": True, "score": 40,
        "criteria": [], "engine": {},
    }  # fmt: skip
    await answer(engine, "a2", result=redacted, redacted_at=NOON)
    assert (await web.get("/answers/a1")).status_code == 200
    assert say("en", "result.redacted") in (await web.get("/answers/a2")).text


async def test_an_answer_on_its_way_shows_its_stage_and_looks_again_without_scripts(
    web: AsyncClient, engine: AsyncEngine
) -> None:
    waiting = {"state": "queued", "finished_at": None, "started_at": None, "result": None,
               "typed_text": "t"}  # fmt: skip
    await answer(engine, "a1", **waiting)
    await answer(engine, "a2", **waiting | {"state": "running", "worker": "w", "lease_until": NOON,
                                           "stage": "transcribing", "progress": 50})  # fmt: skip
    queued, running_ = (await web.get("/answers/a1")).text, (await web.get("/answers/a2")).text
    assert say("en", "result.stage_place", place=1, seconds=0).split(",")[0] in queued
    assert 'value="55"' in running_
    assert "50% done" in running_
    assert '<noscript><meta http-equiv="refresh"' in running_


async def test_a_failed_answer_says_why_and_what_to_do(
    web: AsyncClient, engine: AsyncEngine
) -> None:
    failed: dict[str, Any] = {
        "state": "failed",
        "error_code": "no_speech",
        "error_params": {},
        "result": None,
    }
    await answer(engine, "a1", **failed)
    page = await web.get("/answers/a1")
    assert page.status_code == 200
    assert say("en", "error.no_speech") in page.text
    assert "/practice?question=general-offer-choice" in page.text


async def test_deleting_leads_to_where_answers_are_listed(
    web: AsyncClient, engine: AsyncEngine
) -> None:
    await answer(engine, "a1")
    gone = await web.post("/answers/a1/delete", data=form(web))
    assert (gone.status_code, gone.headers["location"]) == (303, "/history")
    assert (await web.get("/answers/a1")).status_code == 404


async def test_a_form_without_the_sessions_secret_changes_nothing(
    web: AsyncClient, engine: AsyncEngine
) -> None:
    await answer(engine, "a1")
    for action in ("delete", "correction"):
        assert (await web.post(f"/answers/a1/{action}", data={"csrf": "x"})).status_code == 403
    assert (await web.get("/answers/a1")).status_code == 200


async def test_a_sentence_set_right_is_queued_once_and_the_page_says_so(
    web: AsyncClient, engine: AsyncEngine, here: tuple[Parts, Any]
) -> None:
    await answer(engine, "a1")
    opened = await web.get("/answers/a1?line=2")
    assert 'name="first" value="5"' in opened.text
    assert 'name="after" value="9"' in opened.text
    said = form(web, line="2", first="5", after="9", said="I wrote a plan.")
    sent = await web.post("/answers/a1/correction", data=said)
    assert (sent.status_code, sent.headers["location"]) == (303, "/answers/a1")
    claim = await here[0].corrections.claim("w")
    assert claim
    assert claim.words == {8: "plan."}
    assert say("en", "result.correcting") in (await web.get("/answers/a1")).text
    again = await web.post("/answers/a1/correction", data=said)
    assert again.status_code == 409
    assert say("en", "error.correction_running") in again.text


async def test_a_correction_that_rewrites_the_answer_is_refused_beside_its_field(
    web: AsyncClient, engine: AsyncEngine
) -> None:
    await answer(engine, "a1")
    whole = "I was asked to lead the whole of the project and did so with great success."
    page = await web.post(
        "/answers/a1/correction", data=form(web, line="2", first="5", after="9", said=whole)
    )
    assert page.status_code == 422
    assert 'id="correct-problem"' in page.text
    assert whole in page.text
    for wrong in ({"first": "5"}, {"first": "x", "after": "9"}, {"first": "5", "after": "9" * 400}):
        answered = await web.post("/answers/a1/correction", data=form(web, said="I", **wrong))
        assert answered.status_code in {303, 422}


async def test_a_typed_answer_cannot_be_corrected(web: AsyncClient, engine: AsyncEngine) -> None:
    await answer(engine, "a1", typed_text=HEARD, result=result(words=[], strip=None))
    page = await web.get("/answers/a1?line=1")
    assert 'class="correct"' not in page.text
    assert say("en", "result.wrote") in page.text
    sent = form(web, line="1", first="0", after="3", said="No.")
    assert (await web.post("/answers/a1/correction", data=sent)).status_code == 409


async def test_a_recording_is_heard_while_it_is_kept(
    web: AsyncClient, engine: AsyncEngine, here: tuple[Parts, Any]
) -> None:
    with here[0].spool.open_new() as recording:
        recording.write(SOUND)
        key = recording.link()
    await answer(engine, "a1", audio_key=key)
    assert 'data-audio="/api/v1/evaluations/a1/audio"' in (await web.get("/answers/a1")).text
    document = (await web.get("/api/v1/evaluations/a1")).json()
    assert (document["has_audio"], document["audio_url"]) == (True, "/api/v1/evaluations/a1/audio")
    part = await web.get(document["audio_url"], headers={"range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, SOUND[4:10])
    assert part.headers["content-type"] == "audio/webm"
    here[0].spool.unlink(key)
    assert (await web.get(document["audio_url"])).status_code == 404


async def test_ways_lead_back_to_the_interview_and_to_another_attempt(
    web: AsyncClient, engine: AsyncEngine
) -> None:
    async with writing(engine) as connection:
        await connection.execute(insert(interviews).values(
            id="i1", account_id=OWNER, state="completed", field="general", level="mid",
            language="en", total_questions=3, created_at=NOON, moved_at=NOON, finished_at=NOON,
        ))  # fmt: skip
        for number, follow_up in ((1, None), (2, "no_result")):
            await connection.execute(insert(turns).values(
                id=f"t{number}", interview_id="i1", number=number,
                question_id="general-offer-choice", category="ethics", level="mid", text=QUESTION,
                guide={}, follow_up=follow_up,
                reason={"code": "opening", "params": {}}, asked_at=NOON,
            ))  # fmt: skip
    await answer(engine, "a1", turn_id="t1")
    await answer(engine, "a2", turn_id="t2")
    assert "/compare?" not in (await web.get("/answers/a1")).text
    await answer(engine, "a3")
    first, follow_up, alone = [(await web.get(f"/answers/a{number}")).text for number in (1, 2, 3)]
    assert 'href="/interviews/i1/report"' in first
    assert "/compare?first=a3&amp;second=a1" in first
    assert "/compare?" not in follow_up
    assert "/compare?first=a1&amp;second=a3" in alone
    assert "/interviews/" not in alone
    again = "/practice?question=general-offer-choice"
    assert again in first
    assert again in alone
    assert again not in follow_up
    await answer(engine, "a4", question_id="gone-from-the-bank")
    assert "/practice?text=What+about" in (await web.get("/answers/a4")).text
