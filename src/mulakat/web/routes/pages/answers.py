"""One answer: how far it is, why it failed, or its result; deleting it, and setting right what
was misheard.

Access: whoever may read the answer (evaluations.py).
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import errors
from mulakat.interview.answered import changes, shown_result
from mulakat.interview.measures import clock, number, percent
from mulakat.interview.report_text import moment
from mulakat.languages import say
from mulakat.store.interview_values import ACTIVE
from mulakat.store.values import Answer
from mulakat.web import answering, pages, problems
from mulakat.web.bodies import read_form
from mulakat.web.identity import Identity, who
from mulakat.web.routes import corrections, evaluations
from mulakat.web.state import Parts, parts

router = APIRouter(include_in_schema=False)

_STAGES = {
    "queued": "result.stage_queued",
    "decoding": "result.stage_decoding",
    "transcribing": "result.stage_transcribing",
    "evaluating": "result.stage_evaluating",
}

MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@router.api_route("/answers/{answer_id}", methods=["GET", "HEAD"])
async def show(request: Request, answer_id: str) -> HTMLResponse:
    """The answer as it stands now; `?line=` opens a sentence to be corrected."""
    here, identity = parts(request), await who(request)
    answer = await evaluations.mine(here, identity, answer_id)
    if answer.state == "done":
        line = request.query_params.get("line", "")
        return await _result(request, answer, line=int(line) if line.isdecimal() else None)
    if answer.state == "failed":
        return await _failed(request, answer)
    return await _waiting(request, answer)


@router.post("/answers/{answer_id}/delete")
async def delete(request: Request, answer_id: str) -> Response:
    """Delete the answer, its result and its recording now."""
    account = (await who(request)).account
    await evaluations.delete(request, answer_id)
    return pages.told(request, "/history" if account else "/", "answer_deleted")


@router.post("/answers/{answer_id}/correction")
async def correct(request: Request, answer_id: str) -> Response:
    """Have the answer rated again with a sentence as it was really said."""
    here, form = parts(request), await read_form(request)
    answer = await evaluations.mine(here, await who(request), answer_id)
    typed = form.get("said", "")
    try:
        words = (answer.result or {}).get("words") or ()
        bounds = form.get("first", ""), form.get("after", "")
        if not all(one.isdecimal() for one in bounds):
            raise errors.Invalid("field_invalid", field="words")
        first, after = (int(one) for one in bounds)
        line = {at: str(words[at][0]) for at in range(first, min(after, len(words)))}
        await corrections.accept(request, answer, changes(line, typed))
    except (errors.Invalid, errors.CorrectionRunning, errors.QueueFull) as error:
        number = form.get("line", "")
        line_number = int(number) if number.isdecimal() else None
        return await _result(request, answer, line=line_number, error=error, typed=typed)
    return pages.to(f"/answers/{answer_id}")


async def _result(
    request: Request,
    answer: Answer,
    *,
    line: int | None = None,
    error: errors.MulakatError | None = None,
    typed: str | None = None,
) -> HTMLResponse:
    here, identity = parts(request), await who(request)
    reader = problems.reader_language(request)
    document = await evaluations.document(here, answer, reader)
    correcting = _correcting(document["correcting"])
    # While one is rated no other may be sent; what came too early stays in its field.
    correctable = bool(document.get("words")) and (correcting != "waiting" or error is not None)
    ways = await _ways(here, identity, answer, reader)
    return await pages.page(
        request,
        "answered.html",
        status=error.status if error else 200,
        live="result.live",
        answer=answer,
        at=answer.created_at.strftime(MOMENT),
        audio=f"/api/v1/evaluations/{answer.id}/audio" if answer.audio_key else None,
        correctable=correctable,
        correcting=correcting,
        open=line,
        typed=typed,
        correction_problem=problems.detail(error, reader) if error else None,
        again=ways.again,
        back=ways.back,
        other=ways.other,
        moment=moment,
        clock=clock,
        number=number,
        share=percent,
        **shown_result(document, reader),
    )


def _correcting(correcting: dict[str, Any] | None) -> str | None:
    """Return "waiting", or the sentence that says why a correction failed, or None."""
    if correcting is None:
        return None
    if correcting["status"] == "failed":
        return str(correcting["problem"]["detail"])
    return "waiting"


async def _failed(request: Request, answer: Answer) -> HTMLResponse:
    here, identity = parts(request), await who(request)
    reader = problems.reader_language(request)
    ways = await _ways(here, identity, answer, reader)
    return await pages.page(
        request,
        "answer.html",
        live="result.live",
        answer=answer,
        problem=problems.document(answering.failure(answer), reader),
        again=ways.again,
        back=ways.back,
    )


async def _waiting(request: Request, answer: Answer) -> HTMLResponse:
    here, reader = parts(request), problems.reader_language(request)
    progress = (await here.answers.progress([answer.id])).get(answer.id)
    if progress is None:
        raise errors.NotFound
    pending = await answering.pending(here, answer.id, progress)
    stage, place = str(pending["stage"]), pending["place"]
    seconds, done = pending["estimate_seconds"] or 0, (progress.progress or 0) / 100
    detail = ""
    if place:
        detail = say(reader, "result.stage_place", place=place, seconds=seconds)
    elif stage == "transcribing":
        detail = say(reader, "result.stage_done", percent=percent(done, reader))
    return await pages.page(
        request,
        "answer.html",
        live="result.live",
        answer=answer,
        problem=None,
        stage=say(reader, _STAGES[stage]),
        detail=detail,
        percent=_reached(stage, done),
    )


def _reached(stage: str, done: float) -> int:
    """Return how far the one bar is, in per cent: as static/waiting.js draws it."""
    return {"transcribing": round(20 + 70 * done), "evaluating": 90}.get(stage, 20)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Where to from an answer: the same question `again`, `back` to its interview (address and
    words), and `other`, another answer to the question to compare with.
    """

    again: str
    back: dict[str, str] | None = None
    other: str | None = None


async def _ways(here: Parts, identity: Identity, answer: Answer, reader: str) -> _Ways:
    account, back, follow_up = identity.account, None, None
    if account and answer.turn_id:
        found = await here.history.asked_in(account.id, answer.turn_id)
        if found:
            interview, state, follow_up = found
            going = state in ACTIVE
            address = f"/interviews/{interview}" + ("" if going else "/report")
            words = say(reader, "result.to_interview" if going else "result.to_report")
            back = {"address": address, "words": words}
    language, question = answer.language, answer.question_id
    other = None
    # A follow-up has its question's id and asks for something else.
    if question and not follow_up:
        if account:
            other = await here.history.other(account.id, question, answer.id)
        if await _in_bank(here, language, question):
            again = pages.address("/practice", question=question, language=language)
            return _Ways(again, back, other)
    return _Ways(pages.address("/practice", text=answer.question, language=language), back, other)


async def _in_bank(here: Parts, language: str, question: str) -> bool:
    """Return whether the bank still has a question; one made from a CV it never had."""
    if language not in here.bank.languages:
        return False
    await asyncio.to_thread(here.bank.questions, language)  # from disk, once
    return here.bank.get(language, question) is not None
