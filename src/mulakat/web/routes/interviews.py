"""Interviews: start, answer question by question, end, look back.

Access: accounts only, each to its own interviews; another's is not found. The paths under
/auto_interview are those of the first backend.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from mulakat import errors, intake
from mulakat.interview.bank import LEVELS
from mulakat.interview.interest import field_of
from mulakat.store.accounts import Account
from mulakat.store.interview_values import MOVES, Interview, NewInterview, allowed
from mulakat.store.values import Answer
from mulakat.web import answering, interview_documents, problems, schemas
from mulakat.web.bodies import FORM, described, read_form, read_json
from mulakat.web.identity import my_account
from mulakat.web.interviewing import WAITING, look, take
from mulakat.web.state import Parts, parts

router = APIRouter()

MOST_LISTED = 100
"""Interviews on one page of the list."""

DEFAULT_LEVEL = "junior"

_UNDER_WAY = frozenset({"queued", "running"})


class Start(BaseModel):
    """What may be said of an interview to come; `interest` names a field of the bank."""

    interest: str | None = Field(default=None, max_length=200)
    language: str | None = Field(default=None, max_length=16)
    level: str = DEFAULT_LEVEL
    total_questions: int = Field(default=5, ge=1, le=20)
    voice_name: str | None = Field(default=None, max_length=200)
    cv_id: str | None = Field(default=None, max_length=64)
    posting_id: str | None = Field(default=None, max_length=64)


class Which(BaseModel):
    """The question that is meant, from 1; without it, the open one."""

    question_index: int | None = Field(default=None, ge=1)


class Session(BaseModel):
    """The interview that is meant."""

    session_id: str = Field(max_length=200)


def _docs(summary: str, *refusals: int, body: type[BaseModel] | None = None) -> dict[str, Any]:
    return {
        "summary": summary,
        "response_model": None,
        "responses": {code: {"model": schemas.Problem} for code in (401, 503, *refusals)},
        **({"openapi_extra": described(body)} if body else {}),
    }


_START = _docs("Start an interview", 400, 403, 409, 415, 422, body=Start)
_ANSWER = _docs("Answer the open question", 400, 403, 404, 408, 409, 413, 415, 422, 507) | {
    "openapi_extra": {"requestBody": schemas.INTERVIEW_ANSWER_BODY}
}
_ACTIVE = _docs("The unfinished interview, if there is one")


@router.post("/api/v1/interviews", tags=["interviews"], **_START)
@router.post("/auto_interview/start", tags=["compatible"], **_START)
async def start(request: Request) -> Response:
    """Start an interview and ask its first question; 409 names one that is unfinished."""
    here, account = parts(request), await my_account(request)
    asked = await read_json(request, Start) if _has_body(request) else Start()
    reader = problems.reader_language(request)
    language = asked.language or reader
    if language not in here.bank.languages:
        known = ", ".join(here.bank.languages)
        raise errors.Invalid("language_unknown", language=language, known=known)
    if asked.level not in LEVELS:
        raise errors.Invalid("field_invalid", field="level")
    interview = await here.interviews.start(
        NewInterview(
            account_id=account.id,
            field=await asyncio.to_thread(field_of, here.bank, asked.interest),
            level=asked.level,
            language=language,
            total_questions=asked.total_questions,
            voice_name=asked.voice_name,
            cv_id=asked.cv_id,
            posting_id=asked.posting_id,
        )
    )
    return JSONResponse(
        interview_documents.started(interview, reader, here.interviewer.speaks),
        headers=_location(interview.id),
    )


@router.get("/api/v1/interviews/active", tags=["interviews"], **_ACTIVE)
@router.get("/auto_interview/status", tags=["compatible"], **_ACTIVE)
async def active(request: Request) -> Response:
    """Say whether an interview is going on, and where it stands."""
    here, account = parts(request), await my_account(request)
    found = await here.interviews.active(account.id)
    if found and found.state in WAITING:
        await here.interviews.advance(found.id)
        found = await here.interviews.active(account.id)
    return JSONResponse(interview_documents.active(found))


@router.get("/api/v1/interviews", tags=["interviews"], **_docs("Interviews, the newest first"))
async def listing(
    request: Request,
    before: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 20,
) -> Response:
    """Return a page of interviews; `next` is the `before` of the page after it, or null."""
    here, account = parts(request), await my_account(request)
    found = await here.interviews.page(account.id, before, limit + 1)
    return JSONResponse(
        {
            "interviews": [interview_documents.listed(one) for one in found[:limit]],
            "next": found[limit - 1].interview.id if len(found) > limit else None,
        }
    )


@router.get(
    "/api/v1/interviews/{interview_id}",
    tags=["interviews"],
    **_docs("How an interview stands", 404),
)
async def read(request: Request, interview_id: str) -> Response:
    """Return state, allowed moves, the open question and why it is asked, and all turns."""
    account = await my_account(request)
    return await _whole(request, await look(parts(request), interview_id, account))


@router.post(
    "/api/v1/interviews/{interview_id}/begin",
    tags=["interviews"],
    **_docs("The answer is begun", 404, 409, 422, body=Which),
)
async def begin(request: Request, interview_id: str) -> Response:
    """Say that the answer to the open question begins; keeps how long it was thought over."""
    here, account = parts(request), await my_account(request)
    number = await _which(request)
    await look(here, interview_id, account)
    return await _whole(request, await here.interviews.begin(interview_id, account.id, number))


@router.post(
    "/api/v1/interviews/{interview_id}/skip",
    tags=["interviews"],
    **_docs("Leave the open question", 404, 409, 422, body=Which),
)
async def skip(request: Request, interview_id: str) -> Response:
    """Go on to the next question without an answer to this one; the report says so."""
    here, account = parts(request), await my_account(request)
    number = await _which(request)
    await look(here, interview_id, account)
    return await _whole(request, await here.interviews.skip(interview_id, account.id, number))


@router.post("/api/v1/interviews/{interview_id}/answers", tags=["interviews"], **_ANSWER)
async def answer(request: Request, interview_id: str) -> Response:
    """Take the answer to the open question; reply with the next one, or with the end."""
    return await _answer(request, interview_id)


@router.post("/auto_interview/submit_answer", tags=["compatible"], **_ANSWER)
async def submit_answer(request: Request) -> Response:
    """Take the answer to the open question of the interview `session_id`."""
    return await _answer(request, None)


@router.post(
    "/api/v1/interviews/{interview_id}/complete",
    tags=["interviews"],
    **_docs("End an interview", 404, 409),
)
async def complete(request: Request, interview_id: str) -> Response:
    """End an interview with what was answered; an answer in evaluation is waited for."""
    account = await my_account(request)
    return await _complete(request, interview_id, account)


@router.post(
    "/auto_interview/complete",
    tags=["compatible"],
    **_docs("End an interview", 400, 404, 409, 415, 422, body=Session),
)
async def complete_named(request: Request) -> Response:
    """End the interview `session_id`, sent as JSON or as a form."""
    here, account = parts(request), await my_account(request)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/"):
        fields = await intake.fields(request.stream(), content_type, here.spool, here.disk)
    elif content_type.startswith(FORM):
        fields = await read_form(request)
    else:
        fields = (await read_json(request, Session)).model_dump()
    if not fields.get("session_id"):
        raise errors.Invalid("field_invalid", field="session_id")
    return await _complete(request, fields["session_id"], account)


@router.post(
    "/api/v1/interviews/{interview_id}/abandon",
    tags=["interviews"],
    **_docs("Give an interview up", 404, 409),
)
async def abandon(request: Request, interview_id: str) -> Response:
    """End an interview without a report; what was answered stays."""
    here, account = parts(request), await my_account(request)
    return await _whole(request, await here.interviews.abandon(interview_id, account.id))


@router.delete(
    "/api/v1/interviews/{interview_id}",
    tags=["interviews"],
    status_code=204,
    **_docs("Delete an interview", 404),
)
async def delete(request: Request, interview_id: str) -> Response:
    """Delete an interview with its answers, results and recordings, now."""
    here, account = parts(request), await my_account(request)
    for key in await here.interviews.delete(interview_id, account.id):
        await asyncio.to_thread(here.spool.unlink, key)
    await here.interviewer.forget(account.id)
    here.watch.nudge()
    return Response(status_code=204)


async def _answer(request: Request, interview_id: str | None) -> Response:
    here, account = parts(request), await my_account(request)
    if interview_id is not None and answering.idempotency_key(request) is None:
        _refuse_early(await look(here, interview_id, account))
    reader = problems.reader_language(request)
    async with answering.received(request, here, language=reader, asked=True) as submission:
        session = interview_id or submission.session_id
        if session is None or submission.session_id not in {None, session}:
            raise errors.Invalid("field_invalid", field="session_id")
        interview = await look(here, session, account)
        accepted = await take(request, here, account, interview, submission)
    here.workers.wake()
    if not answering.wants_async(request):
        await answering.finished_or_left(request, here, accepted.answer.id)
    return await _outcome(here, account, interview.id, accepted.answer, reader)


def _refuse_early(interview: Interview) -> None:
    """Spare the upload of an answer that nobody waits for. With an Idempotency-Key it may be
    the repetition of one that was accepted, which only its body tells.
    """
    if interview.state not in MOVES["submit"]:
        raise errors.IllegalMove(interview.state, allowed(interview.state))


async def _outcome(
    here: Parts, account: Account, interview_id: str, accepted: Answer, reader: str
) -> Response:
    given = await here.answers.get(accepted.id)  # first: the interview may only be further
    interview = await look(here, interview_id, account)
    turn = next((one for one in interview.turns if one.id == accepted.turn_id), None)
    if given is None or turn is None:
        raise errors.NotFound
    location = _location(interview_id)
    if given.state == "failed":
        return problems.response(
            answering.failure(given), reader, location, id=given.id, session_id=interview_id
        )
    if given.state == "done":
        document = interview_documents.submitted(
            interview, turn, given, reader, here.interviewer.speaks
        )
        return JSONResponse(document, headers=location)
    progress = await _progress(here, given.id)
    document = {"session_id": interview_id, "answer_id": given.id, **(progress or {})}
    return JSONResponse(document, status_code=202, headers={**location, "Retry-After": "1"})


async def _complete(request: Request, interview_id: str, account: Account) -> Response:
    here = parts(request)
    interview = await look(here, interview_id, account)
    last = interview.open
    if last and last.answer_id and last.answer_state in _UNDER_WAY:
        await answering.finished_or_left(request, here, last.answer_id)
        seen = (await here.answers.progress([last.answer_id])).get(last.answer_id)
        if seen and seen.state in _UNDER_WAY:
            raise errors.NotReady  # the server stops, or the client is gone
    done = await here.interviews.complete(interview_id, account.id)
    reader = problems.reader_language(request)
    return JSONResponse(interview_documents.completed(done, reader))


async def _whole(request: Request, interview: Interview) -> Response:
    here, reader = parts(request), problems.reader_language(request)
    last = interview.open
    progress = None
    if last and last.answer_id and last.answer_state in _UNDER_WAY:
        progress = await _progress(here, last.answer_id)
    return JSONResponse(
        interview_documents.whole(interview, progress, reader, here.interviewer.speaks)
    )


async def _progress(here: Parts, answer_id: str) -> dict[str, object] | None:
    seen = (await here.answers.progress([answer_id])).get(answer_id)
    if seen is None or seen.state not in _UNDER_WAY:
        return None
    return await answering.pending(here, answer_id, seen)


def _has_body(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def _which(request: Request) -> int | None:
    return (await read_json(request, Which)).question_index if _has_body(request) else None


def _location(interview_id: str) -> dict[str, str]:
    return {"Location": f"/api/v1/interviews/{interview_id}"}
