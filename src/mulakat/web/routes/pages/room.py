"""The room of an interview: its question, the wait for what became of the answer, its end.

What is shown follows from the interview's row alone, so a reload, another device and a restart
of the server go on where it stands. `?after=3` tells how question 3 went before the next is asked.

Access: the account whose interview it is.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import errors
from mulakat.intake import form as incoming
from mulakat.interview.noise import interval
from mulakat.interview.report import field_name
from mulakat.interview.scores import shown
from mulakat.interview.sentences import why
from mulakat.languages import codes
from mulakat.settings import MAX_AUDIO_BYTES, MAX_AUDIO_SECONDS, MAX_TEXT_CHARACTERS
from mulakat.store.interview_values import ACTIVE, Interview, Turn
from mulakat.web import interviewing, pages, preferences, problems
from mulakat.web.bodies import read_form
from mulakat.web.identity import my_account
from mulakat.web.routes.pages.practice import local_problems
from mulakat.web.state import Parts, parts

router = APIRouter(include_in_schema=False)

ADDRESS = "/interviews/{interview_id}"

MOST_THINKING = 600
"""Seconds. Who comes back later than that was not thinking all the time: it begins anew."""

_UNDER_WAY = frozenset({"queued", "running"})


@router.get(ADDRESS)
async def room(
    request: Request, interview_id: str, after: Annotated[int | None, Query(ge=1, le=99)] = None
) -> HTMLResponse:
    """Where the interview stands."""
    account = await my_account(request)
    interview = await interviewing.look(parts(request), interview_id, account)
    return await _page(request, interview, after)


@router.post(ADDRESS)
async def answer(request: Request, interview_id: str) -> Response:
    """Take a typed answer to the open question."""
    here, account = parts(request), await my_account(request)
    interview = await interviewing.look(here, interview_id, account)
    fields = {
        key: value
        for key, value in (await read_form(request)).items()
        if key in {"answer", "question_index"}
    }
    async with here.governor.reserve("typed"):
        try:
            submission = incoming.submission(
                fields, None, languages=codes(), default_language=interview.language, asked=True
            )
        except errors.Invalid as error:
            return await _page(request, interview, None, error, fields.get("answer", ""))
        try:
            await interviewing.take(request, here, account, interview, submission)
        except errors.IllegalMove:  # sent twice, or another tab was first
            return pages.to(ADDRESS.format(interview_id=interview_id))
    here.workers.wake()
    return _to(interview, submission.question_index)


@router.post(ADDRESS + "/skip")
async def skip(request: Request, interview_id: str) -> Response:
    """Leave the question and ask the next."""
    here, account = parts(request), await my_account(request)
    number = (await read_form(request)).get("question_index", "")
    await interviewing.look(here, interview_id, account)
    asked = int(number[:3]) if number.isascii() and number.isdecimal() else None
    with suppress(errors.IllegalMove):  # it is further already, which the room shows
        await here.interviews.skip(interview_id, account.id, asked)
    return pages.to(ADDRESS.format(interview_id=interview_id))


@router.post(ADDRESS + "/complete")
async def complete(request: Request, interview_id: str) -> Response:
    """End the interview with what was answered, and go to its report."""
    here, account = parts(request), await my_account(request)
    await interviewing.look(here, interview_id, account)
    try:
        await here.interviews.complete(interview_id, account.id)
    except errors.IllegalMove:  # an answer is being evaluated; the room says so
        return pages.to(ADDRESS.format(interview_id=interview_id))
    return pages.to(await _on(request) or ADDRESS.format(interview_id=interview_id) + "/report")


@router.post(ADDRESS + "/abandon")
async def abandon(request: Request, interview_id: str) -> Response:
    """Give the interview up."""
    here, account = parts(request), await my_account(request)
    await interviewing.look(here, interview_id, account)
    with suppress(errors.IllegalMove):  # it has ended already
        await here.interviews.abandon(interview_id, account.id)
    return pages.to(await _on(request) or ADDRESS.format(interview_id=interview_id))


async def _on(request: Request) -> str | None:
    given = (await read_form(request)).get("next")
    return pages.inside(given) if given else None


def _to(interview: Interview, number: int | None) -> Response:
    after = number or len(interview.turns)
    return pages.to(f"{ADDRESS.format(interview_id=interview.id)}?after={after}")


async def _page(
    request: Request,
    interview: Interview,
    after: int | None,
    error: errors.MulakatError | None = None,
    typed: str = "",
) -> HTMLResponse:
    here, reader = parts(request), problems.reader_language(request)
    await asyncio.to_thread(here.bank.questions, interview.language)
    turn = interview.open
    told = next((one for one in interview.turns if one.number == after and one.answer_id), None)
    waiting = turn is not None and turn.answer_id and turn.answer_state in _UNDER_WAY
    view = "ended"
    if waiting and (told is None or told is turn):
        view, told = "waiting", None
    elif told is not None and not error:
        view = "told"
    elif turn is not None:
        view = "asking"
    return await pages.page(
        request,
        "interview.html",
        status=error.status if error else 200,
        live="answering.live",
        data={
            "problems": local_problems(reader),
            "limits": {"bytes": MAX_AUDIO_BYTES, "seconds": MAX_AUDIO_SECONDS},
            "owner": interview.account_id,
        },
        view=view,
        interview=interview,
        field=field_name(here.bank, interview.field, reader),
        turn=told or turn,
        number=(told or turn or interview.turns[-1]).number if interview.turns else 0,
        reason=why(reader, turn.reason) if turn else None,
        audio=f"/api/v1/interviews/{interview.id}/turns/{turn.number}/audio"
        if turn and here.interviewer.speaks
        else None,
        voice=preferences.voice(request),
        thought=_thought(turn),
        told=await _told(here, interview, told, reader) if told and view == "told" else None,
        text_limit=MAX_TEXT_CHARACTERS,
        hears=here.workers.footing.hears,
        problem=problems.detail(error, reader) if error else None,
        typed=typed,
        report=f"{ADDRESS.format(interview_id=interview.id)}/report",
    )


async def _told(here: Parts, interview: Interview, turn: Turn, reader: str) -> dict[str, Any]:
    """Return how a turn's answer went, in a line: its score, or why it has none."""
    again = interview.open is turn and interview.state in {"asking", "answering"}
    told: dict[str, Any] = {
        "answer_id": turn.answer_id,
        "score": shown(interval([turn.score]), reader) if turn.score is not None else None,
        "reason": None,
        "again": again,
        "last": interview.state not in ACTIVE,
    }
    found = await here.answers.get(turn.answer_id) if turn.answer_id else None
    if found and found.state == "failed":
        told["reason"] = problems.detail(
            errors.from_code(found.error_code or "internal", found.error_params), reader
        )
    elif found and turn.score is None:
        told["reason"] = ((found.result or {}).get("reason") or {}).get("detail")
    return told


def _thought(turn: Turn | None) -> int:
    """Return how long the open question has been thought over, in whole seconds."""
    if turn is None or turn.begun_at:
        return 0
    seconds = (datetime.now(UTC) - turn.asked_at).total_seconds()
    return round(seconds) if 0 <= seconds <= MOST_THINKING else 0
