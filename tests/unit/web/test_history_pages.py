"""Home, history, progress and comparison, read without scripts."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from mulakat.languages import codes, say
from mulakat.store.interview_values import NewInterview
from mulakat.web.routes.pages import history
from mulakat.web.state import Parts
from page_site import Reader, site
from past import NOON, QUESTION, SAID, answered, interviewed
from people import EMAILS, OTHER, OWNER

ESCAPED = "Why &lt;b&gt;this&lt;/b&gt; work?"


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[tuple[FastAPI, Parts]]:
    async with site(tmp_path) as pair:
        yield pair


@pytest.fixture
def here(made: tuple[FastAPI, Parts]) -> Parts:
    return made[1]


@pytest.fixture
def engine(here: Parts) -> AsyncEngine:
    return here.accounts._engine


@pytest.fixture
async def web(made: tuple[FastAPI, Parts]) -> AsyncIterator[Reader]:
    """A browser whose reader is logged in."""
    async with Reader(made[0]) as client:
        await client.come_in()
        await client.get("/login")  # what is said after it is said
        yield client


@pytest.fixture
async def me(here: Parts, web: Reader) -> str:
    found = await here.accounts.credentials(EMAILS[OWNER])
    assert found
    return found[0].id


@pytest.fixture
async def other(made: tuple[FastAPI, Parts]) -> AsyncIterator[Reader]:
    async with Reader(made[0]) as client:
        await client.come_in(OTHER)
        yield client


async def page(web: Reader, path: str) -> str:
    response = await web.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.text


# --- home


async def test_a_guest_gets_the_landing_and_a_new_account_what_to_do_first(
    made: tuple[FastAPI, Parts], web: Reader
) -> None:
    async with Reader(made[0]) as guest:
        assert say("en", "home.first_heading") not in await page(guest, "/")
    html = await page(web, "/")
    assert say("en", "home.first_heading") in html
    assert 'class="main" href="/practice"' in html
    assert say("en", "home.progress") not in html


async def test_home_continues_where_the_reader_was(here: Parts, web: Reader, me: str) -> None:
    new = NewInterview(account_id=me, field="general", level="mid", language="en",
                       total_questions=5)  # fmt: skip
    begun = await here.interviews.start(new)
    html = await page(web, "/")
    assert begun.turns[0].text in html
    assert f'class="main" href="/interviews/{begun.id}"' in html
    assert say("en", "home.question_of", number=1, questions=5) in html
    assert "/interviews/new" not in html  # one thing to do is the loudest
    await here.interviews.abandon(begun.id, me)
    assert 'class="main" href="/interviews/new"' in await page(web, "/")


async def test_home_says_in_words_how_it_goes_and_tells_no_change_within_noise(
    engine: AsyncEngine, web: Reader, me: str
) -> None:
    for number in range(10):
        at = NOON + timedelta(days=number)
        await answered(engine, f"a{number}", 60 + number % 2, owner=me, at=at)
    html = await page(web, "/")
    assert say("en", "home.latest", answers=5) in html
    assert say("en", "home.no_change") in html
    for number in range(10, 15):
        at = NOON + timedelta(days=number)
        await answered(engine, f"a{number}", 95, owner=me, at=at)
    assert say("en", "home.more", points=34) in await page(web, "/")


async def test_an_answer_under_way_is_on_the_first_page(
    engine: AsyncEngine, web: Reader, me: str
) -> None:
    await answered(engine, "a1", owner=me, state="queued")
    html = await page(web, "/")
    assert 'class="main" href="/answers/a1"' in html
    assert say("en", "history.state_queued") in html


# --- history


@pytest.mark.parametrize("language", codes())
async def test_the_history_has_each_with_its_state_its_score_and_what_it_leads_to(
    engine: AsyncEngine, web: Reader, me: str, language: str
) -> None:
    await answered(engine, "a1", owner=me)
    await answered(engine, "a2", None, owner=me, at=NOON + timedelta(hours=1))
    await interviewed(engine, "i1", 40, 80, owner=me, at=NOON + timedelta(hours=2))
    html = await page(web, f"/history?lang={language}")
    for link in ("/answers/a1", "/answers/a2", "/interviews/i1/report"):
        assert f'href="{link}"' in html
    assert say(language, "history.answered", answered=2, questions=3) in html
    assert say(language, "history.not_scored") in html
    assert html.count('class="gauge"') == 3  # the line's latest mean, the answer, the interview
    assert '<time datetime="2026-07-01T14:00:00Z">' in html
    assert say(language, "history.spoken", time="1:00") in html
    assert say(language, "history.spoken", time="2:00") in html  # both of the interview's
    assert "UTC" in html
    assert "<script>alert" not in html
    assert ESCAPED in html


async def test_an_empty_history_says_what_will_be_there(web: Reader) -> None:
    assert say("en", "history.empty") in await page(web, "/history")
    assert say("en", "history.nothing_scored") in await page(web, "/history/progress")


async def test_the_history_is_paged_by_links(engine: AsyncEngine, web: Reader, me: str) -> None:
    for number in range(history.PAGE + 1):
        at = NOON + timedelta(minutes=number)
        await answered(engine, f"a{number:02}", owner=me, at=at)
    first = await page(web, "/history")
    older = first.partition('href="/history?before=')[2].partition('"')[0]
    second = await page(web, f"/history?before={older}")
    assert 'href="/answers/a00"' in second
    assert 'href="/answers/a01"' not in second
    assert 'role="img"' not in second  # lines stand on the first page only
    for wrong in ("x", "2026-07-01T12:00:00~a", "9" * 400, "2026-07-01T12:00:00+00:00~"):
        assert (await web.get("/history", params={"before": wrong})).status_code == 200


async def test_nothing_of_anothers_is_in_the_history(
    engine: AsyncEngine, other: Reader, me: str
) -> None:
    await answered(engine, "a1", owner=me)
    await interviewed(engine, "i1", 50, owner=me)
    for path in ("/", "/history", "/history/progress"):
        assert "a1" not in (await page(other, path)).partition("<main")[2]
    for path in ("/history/answers/a1/delete", "/history/interviews/i1/delete"):
        assert (await other.get(path)).status_code == 404
        assert (await other.send_form(path, page="/history")).status_code == 404
    assert (await other.get("/compare?first=a1&second=a1")).status_code == 404


async def test_a_guest_is_led_to_the_login_and_back(made: tuple[FastAPI, Parts]) -> None:
    async with Reader(made[0]) as guest:
        response = await guest.get("/history")
    assert response.status_code == 303
    assert response.headers["location"] == "/login?next=%2Fhistory"


async def test_deleting_asks_first_and_says_what_was_done(
    engine: AsyncEngine, here: Parts, web: Reader, me: str
) -> None:
    await answered(engine, "a1", owner=me)
    await interviewed(engine, "i1", 50, owner=me)
    for path, said in (
        ("/history/answers/a1/delete", "answer_deleted"),
        ("/history/interviews/i1/delete", "interview_deleted"),
    ):
        await page(web, path)
        back = await web.send_form(path)
        assert (back.status_code, back.headers["location"]) == (303, "/history")
        assert say("en", f"said.{said}") in await page(web, "/history")
    assert await here.answers.get("a1") is None
    assert await here.answers.get("i1-1") is None
    assert (await web.get("/history/answers/a1/delete")).status_code == 404


async def test_progress_shows_every_line_and_all_figures_as_a_table(
    engine: AsyncEngine, web: Reader, me: str
) -> None:
    await answered(engine, "old", 40, owner=me, evaluator="old")
    for number in range(3):
        at = NOON + timedelta(days=1 + number)
        await interviewed(engine, f"i{number}", 50 + number, owner=me, at=at)
    html = await page(web, "/history/progress")
    assert html.count('role="img"') == 1 + 2 + 1  # the whole, two criteria, one category
    assert html.count('class="break"') == 3  # the old answer has no category
    assert say("en", "history.rated_otherwise") in html
    assert html.count("<tr>") == 1 + 4


async def test_progress_tells_a_change_only_where_noise_does_not_explain_it(
    engine: AsyncEngine, web: Reader, me: str
) -> None:
    for number in range(10):
        at = NOON + timedelta(days=number)
        await answered(engine, f"a{number}", 40 if number < 5 else 42, owner=me, at=at)
    assert 'class="change' not in await page(web, "/history/progress")
    for number in range(10, 15):
        await answered(engine, f"a{number}", 90, owner=me, at=NOON + timedelta(days=number))
    html = await page(web, "/history/progress")
    assert html.count('class="change up"') == 3  # the whole and both criteria
    assert say("en", "compare.up", points=48) in html


# --- comparison


async def test_two_answers_are_compared_and_only_what_is_no_noise_is_called_a_change(
    engine: AsyncEngine, web: Reader, me: str
) -> None:
    better = {
        "points": [{"text": "How it ended", "state": "covered", "evidence": None}], "gaps": [],
        "criteria": [
            {"key": key, "score": score, "weight": 0.5, "evidence": [], "advice": "A."}
            for key, score in (("relevance", 62), ("structure", 95))
        ],
    }  # fmt: skip
    await answered(engine, "a1", 60, owner=me)
    await answered(engine, "a2", 80, owner=me, at=NOON + timedelta(days=1), found=better)
    html = await page(web, "/compare?first=a2&second=a1")  # whichever is named first
    assert say("en", "compare.up", points=20) in html
    assert say("en", "compare.up", points=35) in html
    assert html.count(say("en", "compare.same")) == 1
    assert "How it ended" in html
    assert html.count('class="strip"') == 2
    assert "<script>alert" not in html
    assert SAID.split("&")[1].strip() in html


async def test_answers_of_different_engines_are_shown_without_setting_scores_side_by_side(
    engine: AsyncEngine, web: Reader, me: str
) -> None:
    await answered(engine, "a1", 60, owner=me, evaluator="old")
    await answered(engine, "a2", 80, owner=me, at=NOON + timedelta(days=1))
    html = await page(web, "/compare?first=a1&second=a2")
    assert say("en", "compare.not_comparable") in html
    assert say("en", "compare.scores") not in html


async def test_what_cannot_be_compared_is_told(engine: AsyncEngine, web: Reader, me: str) -> None:
    await answered(engine, "a1", owner=me)
    await answered(engine, "a2", owner=me, question_id="q2")
    assert (await web.get("/compare?first=a1&second=a2")).status_code == 422
    assert (await web.get("/compare?first=a1&second=none")).status_code == 404
    assert (await web.get("/compare")).headers["location"] == "/history"


async def test_a_typed_and_an_unscored_answer_can_be_compared(
    engine: AsyncEngine, web: Reader, me: str
) -> None:
    typed = {"strip": None, "delivery": None}
    await answered(engine, "a1", 60, owner=me, found=typed, question_id=None)
    await answered(engine, "a2", None, owner=me, at=NOON + timedelta(days=1), question_id=None)
    html = await page(web, "/compare?first=a1&second=a2")
    assert say("en", "history.typed") in html
    assert "Unheard." in html
    assert QUESTION not in html
    assert ESCAPED in html
