"""What was practised, the newest first, how it went over time, and leave to delete it.

Access: the account whose it is; another's is not found.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import errors
from mulakat.interview.bank import Bank
from mulakat.interview.measures import clock
from mulakat.interview.noise import interval
from mulakat.interview.progress import MOMENT, stamp
from mulakat.interview.progress import progress as over_time
from mulakat.interview.report import field_name
from mulakat.interview.report_text import moment
from mulakat.interview.scores import shown
from mulakat.interview.trend import by_category, by_criterion, overall
from mulakat.languages import say
from mulakat.store.history import Told
from mulakat.store.timeline import Entry, Place
from mulakat.web import pages, problems
from mulakat.web.charts import chart, strip
from mulakat.web.figures import day
from mulakat.web.identity import my_account
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

PAGE = 10
"""Entries on a page: each is drawn from its answers."""

CHARTED = 40
"""Answers that the line above the list shows."""

MOST_CHARTED = 80
"""Answers that the page of lines is drawn from."""

MOST_SMALL = 40
"""Answers of a line by criterion or category; with more, dots would touch."""


@router.get("/history")
async def history(request: Request, before: str = "") -> HTMLResponse:
    """The list, a page at a time; above the first page, the line of all scores."""
    here, account = parts(request), await my_account(request)
    reader, after = problems.reader_language(request), _place(before)
    found = await here.timeline.page(account.id, after, PAGE + 1)
    line = None
    if after is None and found:
        told = await here.history.latest(account.id, CHARTED, criteria=False)
        line = chart(overall(told, reader), reader)
    return await pages.page(
        request,
        "history.html",
        moment=moment,
        entries=[shown_entry(one, here.bank, reader) for one in found[:PAGE]],
        older=_written(found[PAGE - 1].place) if len(found) > PAGE else None,
        first=after is None,
        line=line,
    )


@router.get("/history/progress")
async def progress(request: Request) -> HTMLResponse:
    """Scores over time: the whole, by criterion, and by category of question."""
    account, reader = await my_account(request), problems.reader_language(request)
    told = await parts(request).history.latest(account.id, MOST_CHARTED)
    few = told[-MOST_SMALL:]
    return await pages.page(
        request,
        "progress.html",
        moment=moment,
        whole=chart(overall(told, reader), reader),
        criteria=[chart(one, reader) for one in by_criterion(few, reader)],
        categories=[chart(one, reader) for one in by_category(few, reader)],
        rows=_rows(few, reader),
        changes=_changes(few, reader),
    )


def _changes(told: Sequence[Told], reader: str) -> dict[str, int]:
    """Return by a line's name how many points its latest answers lie above the ones before them,
    where that is more than noise.
    """
    found = over_time(told, reader)
    lines = [found["overall"], *found["criteria"], *found["categories"]]
    return {line.get("name", ""): line["change"] for line in lines if line["change"] is not None}


def _rows(told: Sequence[Told], reader: str) -> list[dict[str, Any]]:
    """Return scored answers as rows of a table, the newest first."""
    scored = [one for one in told if (one.result or {}).get("score") is not None]
    return [
        {
            "id": one.id,
            "at": one.created_at.strftime(MOMENT),
            "day": day(one.created_at, reader),
            "kind": say(reader, f"interview.category.{one.category}") if one.category else None,
            "score": (one.result or {})["score"],
            "criteria": {
                found["key"]: found["score"] for found in (one.result or {}).get("criteria") or ()
            },
            "now": stamp(one) == stamp(scored[-1]),
        }
        for one in reversed(scored)
    ]


@router.get("/history/interviews/{interview_id}/delete")
async def ask_interview(request: Request, interview_id: str) -> HTMLResponse:
    """Whether an interview is to be deleted, with all its answers."""
    account = await my_account(request)
    found = await parts(request).interviews.get(interview_id, account.id)
    if found is None:
        raise errors.NotFound
    reader = problems.reader_language(request)
    return await pages.page(
        request,
        "delete_entry.html",
        moment=moment,
        at=found.created_at.strftime(MOMENT),
        title=field_name(parts(request).bank, found.field, reader),
        answers=found.answered,
        kind="interview",
    )


@router.post("/history/interviews/{interview_id}/delete")
async def delete_interview(request: Request, interview_id: str) -> Response:
    """Delete an interview with all its answers and their recordings, now."""
    here, account = parts(request), await my_account(request)
    for key in await here.interviews.delete(interview_id, account.id):
        await asyncio.to_thread(here.spool.unlink, key)
    here.watch.nudge()
    return pages.told(request, "/history", "interview_deleted")


@router.get("/history/answers/{answer_id}/delete")
async def ask_answer(request: Request, answer_id: str) -> HTMLResponse:
    """Whether an answer is to be deleted."""
    account = await my_account(request)
    found = await parts(request).answers.get(answer_id)
    if found is None or found.owner != account.id:
        raise errors.NotFound
    return await pages.page(
        request,
        "delete_entry.html",
        moment=moment,
        at=found.created_at.strftime(MOMENT),
        title=found.question,
        answers=1,
        kind="answer",
    )


@router.post("/history/answers/{answer_id}/delete")
async def delete_answer(request: Request, answer_id: str) -> Response:
    """Delete an answer, its result and its recording, now."""
    here, account = parts(request), await my_account(request)
    found = await here.answers.get(answer_id)
    if found is None or found.owner != account.id:
        raise errors.NotFound
    gone = await here.answers.delete(answer_id)
    if gone and gone.audio_key:
        await asyncio.to_thread(here.spool.unlink, gone.audio_key)
    here.watch.nudge()
    return pages.told(request, "/history", "answer_deleted")


def shown_entry(entry: Entry, bank: Bank, reader: str) -> dict[str, Any]:
    """Return an entry as templates show it: its name, its mean score with its interval, how long
    was spoken, and the small strip of its answers.
    """
    said = [one for one in entry.said if not one.skipped]
    spoken = sum(float(one.strip["seconds"]) for one in said if one.strip)
    name = field_name(bank, entry.title, reader) if entry.kind == "interview" else entry.title
    return {
        "kind": entry.kind,
        "id": entry.id,
        "at": entry.at.strftime(MOMENT),
        "name": name,
        "state": entry.state,
        "language": entry.language,
        "questions": entry.questions,
        "question_id": entry.question_id,
        "answered": sum(one.state == "done" for one in entry.said),
        "spoken": clock(spoken) if spoken else None,
        "score": shown(interval([one.score for one in said if one.score is not None]), reader),
        "strip": strip([one.strip for one in said]) if said else None,
    }


def _written(place: Place) -> str:
    return f"{place.at.isoformat()}~{place.id}"


def _place(text: str) -> Place | None:
    """Return the place that an address names; None, which is the first page, for any other."""
    at, _, entry = text.partition("~")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return Place(found, entry[:64]) if found.tzinfo == UTC else None
