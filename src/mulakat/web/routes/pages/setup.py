"""The set-up of an interview: field, level, language, length, documents, the interviewer's voice.

Access: accounts.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import errors
from mulakat.interview.bank import LEVELS
from mulakat.interview.chooser import GENERAL
from mulakat.interview.report import field_name
from mulakat.languages import say
from mulakat.settings import MAX_DOCUMENT_BYTES, MIB
from mulakat.store.accounts import Account
from mulakat.store.interview_values import Interview, NewInterview
from mulakat.web import interviewing, pages, preferences, problems
from mulakat.web.bodies import read_form
from mulakat.web.identity import my_account, who
from mulakat.web.routes.documents import take
from mulakat.web.state import Parts, parts

router = APIRouter(include_in_schema=False)

MOST_QUESTIONS = 20

USUAL_QUESTIONS = 5

MINUTES_EACH = 3
"""A question takes about so long: half a minute to think, two to answer, and the evaluation."""

_KINDS = {"pdf": "setup.media_pdf", "docx": "setup.media_docx", "text": "setup.media_text"}

_CHOICES = ("field", "level", "language", "questions", "cv", "posting")
"""The form's fields that a way back here carries in its query."""


@router.get("/interviews/new")
async def setup(request: Request) -> HTMLResponse:
    """The form, or the unfinished interview, which comes first."""
    return await _page(request, await my_account(request), request.query_params)


@router.post("/interviews/new")
async def start(request: Request) -> Response:
    """Start the interview and go to its room."""
    here, account = parts(request), await my_account(request)
    form = await read_form(request)
    voice = form.get("voice") == "on"
    try:
        interview = await here.interviews.start(await _new(here, request, account, form))
    except (errors.Invalid, errors.InterviewActive) as error:
        return await _page(request, account, form, error)
    response = pages.to(f"/interviews/{interview.id}")
    preferences.keep_voice(request, response, voice)
    return response


@router.post("/interviews/new/document")
async def add(request: Request) -> Response:
    """Take a document of the form and return to it, everything else as it was chosen."""
    account = await my_account(request)
    also: dict[str, str] = {}
    try:
        document = await take(request, account, also=dict.fromkeys(_CHOICES, 64), kept=also)
    except (errors.Refused, errors.DiskFull, errors.MemoryLow) as error:
        return await _page(request, account, also, error, about="document")
    chosen = {key: also.get(key, "") for key in _CHOICES} | {document.purpose: document.id}
    return pages.to(pages.address("/interviews/new", **chosen))


async def _new(
    here: Parts, request: Request, account: Account, form: Mapping[str, str]
) -> NewInterview:
    """Return what the form asks for. Raises Invalid with the field that is wrong."""
    language = form.get("language") or problems.reader_language(request)
    if language not in here.bank.languages:
        raise errors.Invalid("field_invalid", field="language")
    await asyncio.to_thread(here.bank.questions, language)
    field = form.get("field") or GENERAL
    if field not in {one.key for one in here.bank.fields(language)}:
        raise errors.Invalid("field_invalid", field="field")
    level = form.get("level") or LEVELS[1]
    if level not in LEVELS:
        raise errors.Invalid("field_invalid", field="level")
    number = form.get("questions") or str(USUAL_QUESTIONS)
    if not (number.isascii() and number.isdecimal() and 1 <= int(number[:3]) <= MOST_QUESTIONS):
        raise errors.Invalid("field_invalid", field="questions")
    return NewInterview(
        account_id=account.id,
        field=field,
        level=level,
        language=language,
        total_questions=int(number),
        cv_id=form.get("cv") or None,
        posting_id=form.get("posting") or None,
    )


async def _page(
    request: Request,
    account: Account,
    chosen: Mapping[str, str],
    error: errors.MulakatError | None = None,
    about: str | None = None,
) -> HTMLResponse:
    here = parts(request)
    await who(request)
    reader = problems.reader_language(request)
    language = chosen.get("language") or reader
    if language not in here.bank.languages:
        language = here.bank.languages[0]
    await asyncio.to_thread(here.bank.questions, language)
    named = (
        {one.key: one.name for one in here.bank.fields(reader)}
        if reader in (here.bank.languages)
        else {}
    )
    fields = [
        (one.key, named.get(one.key, one.name), len(here.bank.questions(language, one.key)))
        for one in here.bank.fields(language)
    ]
    documents = await here.documents.of(account.id)
    active = await here.interviews.active(account.id)
    if active:
        active = await interviewing.look(here, active.id, account)
    return await pages.page(
        request,
        "setup.html",
        status=error.status if error else 200,
        live="setup.live",
        data={"minutes": MINUTES_EACH, "limits": {"bytes": MAX_DOCUMENT_BYTES}},
        problem=problems.detail(error, reader) if error else None,
        wrong=about or (error.params.get("field") if error else None),
        active=_active(here, active, reader) if active and active.open else None,
        fields=fields,
        spoken=here.bank.languages,
        levels=LEVELS,
        chosen={
            "field": chosen.get("field") or GENERAL,
            "level": chosen.get("level") or LEVELS[1],
            "language": language,
            "questions": chosen.get("questions") or str(USUAL_QUESTIONS),
            "cv": chosen.get("cv"),
            "posting": chosen.get("posting"),
            "purpose": chosen.get("purpose") or "cv",
            "text": chosen.get("text") or "",
        },
        documents=[_document(one, reader) for one in documents],
        most=MOST_QUESTIONS,
        minutes_each=MINUTES_EACH,
        voice=preferences.voice(request),
        speaks=here.interviewer.speaks,
        voice_host=here.settings.voice.host,
        limit_mib=MAX_DOCUMENT_BYTES // MIB,
    )


def _active(here: Parts, interview: Interview, reader: str) -> dict[str, Any]:
    return {
        "id": interview.id,
        "field": field_name(here.bank, interview.field, reader),
        "number": len(interview.turns),
        "total": interview.total_questions,
    }


def _document(one: Any, reader: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "purpose": one.purpose,
        "state": one.state,
        "added": say(
            reader,
            "setup.document_of",
            day=one.created_at.day,
            month=say(reader, f"report.month.{one.created_at.month}"),
            kind=say(reader, _KINDS[one.media]),
        ),
    }
