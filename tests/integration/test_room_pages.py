"""The pages around an interview and one question, as a browser without scripts uses them."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat import settings
from mulakat.interview.noise import interval
from mulakat.languages import codes, say
from mulakat.settings import Settings
from mulakat.store.engine import writing
from mulakat.store.tables import answers
from mulakat.web.sessions import COOKIE
from mulakat.web.state import Parts
from people import OTHER, OWNER, settle_in
from webapp import HOST, running

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SAID = "Last year I wrote a plan & we were early."


def en(key: str, **params: object) -> str:
    return say("en", key, **params)


@pytest.fixture
async def site(store: settings.Store, engine: AsyncEngine) -> AsyncIterator[tuple[Any, Parts]]:
    await settle_in(engine)
    async with running(Settings(store=store)) as made:
        yield made


class Reader:
    """A candidate's browser that keeps its cookies and sends its session's secret."""

    def __init__(self, client: AsyncClient, csrf: str) -> None:
        self.client = client
        self.csrf = csrf

    async def page(self, path: str, status: int = 200) -> str:
        response = await self.client.get(path)
        assert response.status_code == status, response.text
        return response.text

    async def post(self, path: str, **fields: str) -> Response:
        return await self.client.post(path, data={"csrf": self.csrf, **fields})

    async def begun(self, **fields: str) -> str:
        """Begin an interview and return its address."""
        response = await self.post("/interviews/new", language="en", questions="3", **fields)
        assert response.status_code == 303, response.text
        return response.headers["location"]


async def reader_of(site: tuple[Any, Parts], who: str | None) -> Reader:
    app, here = site
    client = AsyncClient(
        transport=ASGITransport(app),
        base_url=f"http://{HOST}",
        headers={"Accept": "text/html", "Accept-Language": "en"},
    )
    if who is None:
        return Reader(client, "")
    cookie, session = await here.sessions.open(who, 1)
    client.cookies.set(COOKIE, cookie)
    return Reader(client, session.csrf)


@pytest.fixture
async def owner(site: tuple[Any, Parts]) -> AsyncIterator[Reader]:
    made = await reader_of(site, OWNER)
    async with made.client:
        yield made


async def ended(engine: AsyncEngine, **values: Any) -> None:
    """Have every answer come to an end."""
    async with writing(engine) as connection:
        await connection.execute(
            update(answers).values({"state": "done", "finished_at": NOON, **values})
        )


@pytest.mark.parametrize("language", codes())
async def test_the_set_up_offers_fields_with_their_counts(owner: Reader, language: str) -> None:
    html = await owner.page(f"/interviews/new?lang={language}")
    counted = re.findall(r"\(([0-9]+) (?:soru|questions)\)", html)
    assert len(counted) > 10
    assert all(int(count) > 5 for count in counted)
    assert say(language, "setup.estimate", minutes=15) in html


async def test_what_was_chosen_stays_when_something_is_wrong(owner: Reader) -> None:
    response = await owner.post("/interviews/new", field="software", level="chief", questions="8")
    assert response.status_code == 422
    assert en("error.field_invalid", field="level") in response.text
    assert re.search(r'value="software" selected', response.text)
    assert re.search(r'name="questions" value="8" checked', response.text)


async def test_the_voice_is_remembered_by_the_browser(owner: Reader) -> None:
    place = await owner.begun()
    assert "data-auto" not in await owner.page(place)
    await owner.post(f"{place}/abandon")
    place = await owner.begun(voice="on")
    assert "data-auto" in await owner.page(place)


async def test_an_unfinished_interview_comes_before_a_new_one(owner: Reader) -> None:
    place = await owner.begun()
    assert place in await owner.page("/interviews/new")
    response = await owner.post("/interviews/new", language="en")
    assert response.status_code == 409
    assert place in response.text
    again = await owner.post(f"{place}/abandon", next="/interviews/new")
    assert again.headers["location"] == "/interviews/new"
    assert place not in await owner.page("/interviews/new")


async def test_a_typed_answer_is_waited_for_and_told_before_the_next_question(
    owner: Reader, engine: AsyncEngine
) -> None:
    place = await owner.begun()
    sent = await owner.post(place, answer=SAID, question_index="1")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{place}?after=1")
    waiting = await owner.page(f"{place}?after=1")
    assert '<meta http-equiv="refresh"' in waiting
    assert en("room.waiting") in waiting
    assert en("room.waiting") in await owner.page(place)
    await ended(engine, result={"score": 62, "scored": True})
    told = await owner.page(f"{place}?after=1")
    assert 'href="/answers/' in told
    (_, low, high) = interval([62]) or (0, 0, 0)
    assert f"({low:.0f}–{high:.0f})" in told
    assert en("room.next") in told
    asked = await owner.page(place)
    assert en("room.title", number=2, total=3) in asked
    assert en("room.title", number=1, total=3) in await owner.page(f"{place}?after=1")


async def test_the_last_answer_leads_to_the_report(owner: Reader, engine: AsyncEngine) -> None:
    place = await owner.begun()
    for number in "12":
        await owner.post(f"{place}/skip", question_index=number)
    await owner.post(place, answer=SAID, question_index="3")
    await ended(engine, result={"score": 62, "scored": True})
    assert f'href="{place}/report"' in await owner.page(f"{place}?after=3")
    assert en("room.ended_completed") in await owner.page(place)


async def test_what_was_not_understood_is_said_and_asked_once_more(
    owner: Reader, engine: AsyncEngine
) -> None:
    place = await owner.begun()
    await owner.post(place, answer=SAID)
    reason = {"code": "too_little_speech", "detail": "Too little was heard."}
    await ended(engine, result={"score": None, "scored": False, "reason": reason, "delivery": {}})
    told = await owner.page(f"{place}?after=1")
    assert reason["detail"] in told
    assert en("room.again") in told
    assert en("room.same") in told
    assert en("room.title", number=1, total=3) in await owner.page(place)


async def test_why_an_answer_failed_is_said(owner: Reader, engine: AsyncEngine) -> None:
    place = await owner.begun()
    await owner.post(place, answer=SAID)
    await ended(engine, state="failed", error_code="no_speech")
    assert en("error.no_speech") in await owner.page(f"{place}?after=1")


async def test_an_empty_answer_is_refused_where_it_stands(owner: Reader) -> None:
    place = await owner.begun()
    response = await owner.post(place, answer="  ", question_index="1")
    assert response.status_code == 422
    assert en("error.answer_missing") in response.text
    assert en("room.title", number=1, total=3) in response.text


async def test_what_is_sent_twice_counts_once(owner: Reader, engine: AsyncEngine) -> None:
    place = await owner.begun()
    for where in (f"{place}?after=1", place):
        sent = await owner.post(place, answer=SAID, question_index="1")
        assert sent.headers["location"] == where
    async with engine.connect() as connection:
        assert len((await connection.scalars(select(answers.c.id))).all()) == 1


async def test_a_skip_that_is_sent_twice_skips_one_question(owner: Reader) -> None:
    place = await owner.begun()
    for _ in range(2):
        assert (await owner.post(f"{place}/skip", question_index="1")).status_code == 303
    assert en("room.title", number=2, total=3) in await owner.page(place)


async def test_an_interview_can_be_given_up_and_says_so(owner: Reader) -> None:
    place = await owner.begun()
    await owner.post(f"{place}/abandon")
    assert (await owner.post(f"{place}/complete")).headers["location"] == place
    assert en("room.ended_abandoned") in await owner.page(place)


async def test_anothers_interview_is_not_found(site: tuple[Any, Parts], owner: Reader) -> None:
    place = await owner.begun()
    other = await reader_of(site, OTHER)
    async with other.client:
        assert en("error_title.not_found") in await other.page(place, 404)
        for move in ("", "/skip", "/complete", "/abandon"):
            assert (await other.post(place + move, answer=SAID)).status_code == 404
    nobody = await reader_of(site, None)
    async with nobody.client:
        response = await nobody.client.get(place)
        assert response.headers["location"] == f"/login?next={place.replace('/', '%2F')}"


async def test_a_document_is_added_without_losing_what_was_chosen(owner: Reader) -> None:
    chosen = {"csrf": owner.csrf, "field": "software", "questions": "8", "purpose": "posting"}
    sent = await owner.client.post(
        "/interviews/new/document", data=chosen, files={"file": ("job.txt", b"A nurse wanted.")}
    )
    assert sent.status_code == 303
    html = await owner.page(sent.headers["location"])
    assert re.search(r'value="software" selected', html)
    assert re.search(r'value="[\w-]+" selected>1? ?\d', html)
    assert en("setup.document_reading") in html
    refused = await owner.client.post(
        "/interviews/new/document", data=chosen, files={"file": ("job.png", b"\x89PNG\0\0")}
    )
    assert refused.status_code == 415
    assert en("error.not_document") in refused.text
    assert re.search(r'value="software" selected', refused.text)


async def test_one_question_is_the_banks_or_ones_own(
    site: tuple[Any, Parts], engine: AsyncEngine
) -> None:
    guest = await reader_of(site, None)
    async with guest.client:
        known = site[1].bank.questions("tr", "software")[0]
        html = await guest.page(f"/practice?question={known.id}&language=tr")
        assert known.text in html
        assert say("en", "practice.in_this") in html
        await guest.page("/practice?question=nothing-like-it", 404)
        fields = {"question_id": known.id, "language": "tr", "answer": SAID}
        sent = await guest.post("/practice", **fields)
        assert sent.headers["location"].startswith("/answers/")
        own = "Why <us> & not them?"
        assert "Why &lt;us&gt; &amp; not" in await guest.page(
            f"/practice?text={'Why <us> %26 not'}"
        )
        await guest.post("/practice", question=own, language="en", answer=SAID)
        refused = await guest.post("/practice", question=own, language="en")
        assert refused.status_code == 422
        assert "Why &lt;us&gt; &amp; not them?" in refused.text
        missing = await guest.post("/practice", question=" ", language="en", answer=SAID)
        assert en("error.question_missing") in missing.text
        assert "wrote a plan &amp; we" in missing.text
    async with engine.connect() as connection:
        columns = select(answers.c.question, answers.c.question_id, answers.c.guide)
        found = (await connection.execute(columns.order_by(answers.c.id))).all()
    assert [tuple(one) for one in found] == [(known.text, known.id, known.guide), (own, None, None)]
