"""The question bank as pages, for everybody; attempts for who has an account."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from mulakat.interview.bank import CATEGORIES
from mulakat.languages import codes, say
from mulakat.web.routes.pages import questions
from mulakat.web.state import Parts
from page_site import Reader, site
from past import NOON, answered
from people import EMAILS, OWNER

ONE = "general-first-half-year"


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[FastAPI, Parts]]:
    async with site(tmp_path) as pair:
        yield pair


@pytest.fixture
def here(made: tuple[FastAPI, Parts]) -> Parts:
    return made[1]


@pytest.fixture
async def guest(made: tuple[FastAPI, Parts]) -> AsyncIterator[Reader]:
    async with Reader(made[0], "tr") as client:
        yield client


async def listed(client: Reader, **chosen: str) -> list[str]:
    response = await client.get("/questions", params=chosen)
    assert response.status_code == 200
    return re.findall(r'<h2><a href="/questions/([\w-]+)', response.text)


async def test_questions_are_found_by_field_level_kind_and_language(
    guest: Reader, here: Parts
) -> None:
    everything = here.bank.questions("tr")
    assert await listed(guest) == [one.id for one in everything[: questions.PAGE]]
    chosen = {"field": "sales", "level": "mid", "category": "conflict"}
    fitting = [
        one.id for one in here.bank.questions("tr", "sales")
        if (one.level, one.category) == ("mid", "conflict")
    ]  # fmt: skip
    assert await listed(guest, **chosen) == fitting
    english = await guest.get("/questions", params={"language": "en", "field": "sales"})
    assert here.bank.questions("en", "sales")[0].text in english.text
    assert f"/practice?question={fitting[0]}&amp;language=en" in english.text


async def test_words_are_found_without_a_turkish_keyboard(guest: Reader, here: Parts) -> None:
    found = await listed(guest, q="ISTEDIGINIZ")
    assert found
    folded = [one.text.replace("ğ", "g").replace("İ", "I").lower() for one in
              here.bank.questions("tr") if one.id in found]  # fmt: skip
    assert all("istediginiz" in text for text in folded)
    assert await listed(guest, q="xyzzy") == []
    assert say("tr", "questions.none") in (await guest.get("/questions?q=xyzzy")).text


async def test_what_is_no_choice_chooses_nothing(guest: Reader) -> None:
    everything = await listed(guest)
    wrong = {"field": "<b>", "level": "boss", "category": "x", "language": "xx", "page": "-1"}
    assert await listed(guest, **wrong) == everything
    assert await listed(guest, page="99999") == await listed(guest, page="13")
    assert len((await guest.get("/questions", params={"q": "a" * 3000})).text) < 20_000


async def test_pages_are_turned_by_links_that_keep_what_is_chosen(guest: Reader) -> None:
    html = (await guest.get("/questions?level=mid")).text
    assert re.search(r'href="/questions\?[^"]*level=mid[^"]*page=2"', html)
    seen: set[str] = set()
    for page in range(1, 14):
        part = await listed(guest, page=str(page))
        assert not seen & set(part)
        seen |= set(part)
    assert len(seen) == 254


@pytest.mark.parametrize("language", codes())
async def test_a_question_says_why_it_is_asked_and_keeps_its_strong_answer_folded(
    guest: Reader, here: Parts, language: str
) -> None:
    question = here.bank.get(language, ONE)
    assert question
    html = (await guest.get(f"/questions/{ONE}?lang={language}")).text
    assert say(language, f"questions.why_{question.category}") in html
    assert question.key_points[0] in html.partition("<details")[2]
    assert say(language, "questions.attempts") not in html
    assert (await guest.get("/questions/none")).status_code == 404
    for category in CATEGORIES:
        assert say(language, f"questions.why_{category}")


async def test_attempts_lead_to_their_results_and_to_a_comparison_with_the_one_before(
    made: tuple[FastAPI, Parts], here: Parts
) -> None:
    async with Reader(made[0]) as client:
        await client.come_in()
        assert say("en", "questions.no_attempts") in (await client.get(f"/questions/{ONE}")).text
        found = await here.accounts.credentials(EMAILS[OWNER])
        assert found
        engine = here.accounts._engine
        for number, evaluator in enumerate(("new", "old", "new")):
            at = NOON + timedelta(days=number)
            await answered(engine, f"a{number}", owner=found[0].id, at=at, question_id=ONE,
                           evaluator=evaluator)  # fmt: skip
        html = (await client.get(f"/questions/{ONE}")).text
        links = re.findall(r"/compare\?first=(\w+)&amp;second=(\w+)", html)
        # The first with the latest, then each with the one before that was rated alike.
        assert links == [("a0", "a2"), ("a0", "a2"), ("a0", "a1")]
        listing = (await client.get("/questions?field=general&q=first+six+months")).text
        assert say("en", "questions.tries", count=3) in listing
