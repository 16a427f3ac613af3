"""The account's data: CVs and job postings, taking everything along, what was sent elsewhere,
and leaving.

Access: who is logged in; an API token opens none of these pages.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mulakat import errors
from mulakat.interview.report_text import moment
from mulakat.store.documents import Document
from mulakat.store.egress import PAGE
from mulakat.web import figures, pages, problems
from mulakat.web.bodies import read_form
from mulakat.web.forms import form_page
from mulakat.web.identity import my_account
from mulakat.web.login import prove
from mulakat.web.routes import data
from mulakat.web.routes.documents import delete_document
from mulakat.web.sessions import drop_cookie
from mulakat.web.state import Parts, parts

router = APIRouter(include_in_schema=False)


@router.api_route("/account/documents", methods=["GET", "HEAD"])
async def documents(request: Request) -> Response:
    """The CVs and job postings that are kept."""
    here, reader = parts(request), problems.reader_language(request)
    found = await here.documents.of((await my_account(request)).id)
    return await pages.page(
        request,
        "account_documents.html",
        documents=[_shown(one, reader) for one in found],
        keep_days=here.settings.store.keep_documents,
    )


@router.post("/account/documents/{document_id}/delete")
async def remove(request: Request, document_id: str) -> Response:
    """Delete one, with its text and its file."""
    account = await my_account(request)
    await delete_document(parts(request), account.id, document_id)
    return pages.told(request, "/account/documents", "document_deleted")


@router.api_route("/account/data", methods=["GET", "HEAD"])
async def overview(request: Request) -> Response:
    """What is kept and for how long, and the ways to take it, to look where it went, to leave."""
    here = parts(request)
    store = here.settings.store
    return await pages.page(
        request,
        "account_data.html",
        hosts=_hosts(here),
        keep_audio_minutes=-(-int(store.keep_audio) // 60),
        keep_transcripts=store.keep_transcripts,
        keep_documents=store.keep_documents,
    )


@router.get("/account/export")
async def export(request: Request) -> Response:
    """Everything as a ZIP; what stands in the way of it, as a page."""
    return await data.take_along(request)


@router.api_route("/account/egress", methods=["GET", "HEAD"])
async def egress(request: Request) -> Response:
    """The ledger of what was sent elsewhere, the newest first, PAGE lines at a time."""
    here, reader = parts(request), problems.reader_language(request)
    account, before = await my_account(request), request.query_params.get("before")
    lines = await here.ledger.of(account.id, before)
    for line in lines:
        line["sent"] = figures.size(line["bytes_sent"], reader)
        line["received"] = figures.size(line["bytes_received"], reader)
    return await pages.page(
        request,
        "account_egress.html",
        lines=lines,
        hosts=_hosts(here),
        later=before is not None,
        earlier=lines[-1]["id"] if len(lines) == PAGE else None,
        moment=moment,
    )


@router.api_route("/account/delete", methods=["GET", "HEAD"])
async def leaving(request: Request) -> Response:
    """What would go, and the form that asks for the password."""
    return await _leaving_page(request)


@router.post("/account/delete")
async def leave(request: Request) -> Response:
    """Delete the account and all that belongs to it; the first page says so."""
    here, account = parts(request), await my_account(request)
    try:
        given = (await read_form(request)).get("password", "")
        if await prove(request, account.email, given) is None:
            raise errors.PasswordWrong
        await data.delete_account(here, account.id)
    except errors.MulakatError as error:
        return await _leaving_page(request, error)
    response = pages.told(request, "/", "account_deleted")
    drop_cookie(response)
    return response


async def _leaving_page(request: Request, error: errors.MulakatError | None = None) -> Response:
    account = await my_account(request)
    return await form_page(
        request,
        "account_delete.html",
        error,
        {"password_wrong": "password"},
        owned=await parts(request).rights.owned(account.id),
    )


def _hosts(here: Parts) -> dict[str, str]:
    """Return the other machines that something is sent to, by what for."""
    chosen = here.settings
    asked = {
        "transcribe": chosen.speech.host,
        "evaluate": chosen.language.host,
        "speak": chosen.voice.host,
    }
    return {purpose: host for purpose, host in asked.items() if host}


def _shown(document: Document, reader: str) -> dict[str, object]:
    error = (
        errors.from_code(document.error_code or "internal", document.error_params)
        if document.state == "failed"
        else None
    )
    return {
        "id": document.id,
        "purpose": document.purpose,
        "media": document.media,
        "size": figures.size(document.file_bytes, reader),
        "made": figures.day(document.created_at, reader),
        "used": figures.day(document.used_at, reader),
        "state": document.state,
        "problem": problems.detail(error, reader) if error else None,
    }
