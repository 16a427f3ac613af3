"""Reports of interviews, progress over weeks, and attempts at one question.

Access: the account whose they are; another's is not found.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from mulakat import errors
from mulakat.interview import strip
from mulakat.interview.measures import clock, number
from mulakat.interview.progress import asked_for, attempt, compare, progress
from mulakat.interview.report import report
from mulakat.interview.report_text import figure, markdown, moment, usual
from mulakat.languages import say
from mulakat.store.history import Told
from mulakat.web import pages, problems, schemas
from mulakat.web.identity import my_account
from mulakat.web.state import parts

router = APIRouter(
    tags=["reports"],
    responses={code: {"model": schemas.Problem} for code in (401, 404)},
)

PATH = "/api/v1/interviews/{interview_id}/report"

MARKDOWN = "text/markdown; charset=utf-8"


async def _report(request: Request, interview_id: str) -> dict[str, Any]:
    return (await _found(request, interview_id))[0]


async def _found(request: Request, interview_id: str) -> tuple[dict[str, Any], Mapping[str, Told]]:
    """Return the report and the answers it is made from, by their turns' ids."""
    here, account = parts(request), await my_account(request)
    await here.interviews.advance(interview_id)
    found = await here.history.interview(interview_id, account.id)
    if found is None:
        raise errors.NotFound
    asked = await here.history.asked(account.id)
    reader = problems.reader_language(request)
    # In a thread: it may be the first to read the bank in this language.
    return await asyncio.to_thread(report, *found, here.bank, reader, asked), found[1]


@router.get(PATH, summary="The report of an interview", response_model=None)
async def as_json(request: Request, interview_id: str) -> Response:
    """Return the report as JSON, or as Markdown with `Accept: text/markdown`."""
    document = await _report(request, interview_id)
    if "text/markdown" in request.headers.get("accept", ""):
        return _file(request, document)
    return JSONResponse(document, headers={"Vary": "Accept, Accept-Language"})


@router.get(PATH + ".md", summary="The report as Markdown, to keep", response_model=None)
async def as_markdown(request: Request, interview_id: str) -> Response:
    """Return the report as a file."""
    return _file(request, await _report(request, interview_id))


def _file(request: Request, document: dict[str, Any]) -> Response:
    day = document["start_time"][:10]
    return PlainTextResponse(
        markdown(document, problems.reader_language(request)),
        media_type=MARKDOWN,
        headers={
            "Content-Disposition": f'attachment; filename="mulakat-{day}.md"',
            "Vary": "Accept, Accept-Language",
        },
    )


@router.get("/interviews/{interview_id}/report", include_in_schema=False)
async def as_page(request: Request, interview_id: str) -> HTMLResponse:
    """The report as a page that prints on A4."""
    document, told = await _found(request, interview_id)
    reader = problems.reader_language(request)
    return await pages.page(
        request,
        "report.html",
        report=document,
        level=say(reader, f"interview.level.{document['level']}"),
        drawings={one.id: strip.drawing(one.result or {}) for one in told.values()},
        moment=moment,
        clock=clock,
        number=number,
        figure=figure,
        usual=usual,
        markdown=f"{PATH.format(interview_id=interview_id)}.md",
        json=PATH.format(interview_id=interview_id),
    )


@router.get("/api/v1/progress", summary="Progress over time", response_model=None)
async def over_time(request: Request) -> JSONResponse:
    """Return the scores over time, overall, by criterion and by category.

    A change is told only where it is larger than the noise of telling an answer again.
    """
    account = await my_account(request)
    told = await parts(request).history.latest(account.id)
    return JSONResponse(progress(told, problems.reader_language(request)))


@router.get(
    "/api/v1/questions/{question_id}/attempts", summary="Attempts at a question",
    response_model=None,
)  # fmt: skip
async def attempts(request: Request, question_id: str) -> JSONResponse:
    """Return the account's attempts at a question, the oldest first."""
    account = await my_account(request)
    told = await parts(request).history.attempts(account.id, question_id)
    return JSONResponse({"question_id": question_id, "attempts": [attempt(one) for one in told]})


@router.get("/api/v1/compare", summary="Two attempts side by side", response_model=None)
async def side_by_side(request: Request, first: str, second: str) -> JSONResponse:
    """Return what differs between two answers to the same question.

    Raises NotFound, and Invalid(answers_differ) for answers to different questions.
    """
    here, account = parts(request), await my_account(request)
    one = await here.history.answer(account.id, first)
    two = await here.history.answer(account.id, second)
    if one is None or two is None:
        raise errors.NotFound
    if asked_for(one) != asked_for(two):
        raise errors.Invalid("answers_differ")
    return JSONResponse(compare(one, two, problems.reader_language(request)))
