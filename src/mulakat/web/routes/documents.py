"""CVs and job postings: sent in, read by the worker, shown, deleted.

Access: their account's owner; another's is not found.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from mulakat import errors
from mulakat.intake import document as incoming
from mulakat.settings import KIB
from mulakat.store.accounts import Account
from mulakat.store.documents import Document, NewDocument
from mulakat.web import problems, schemas
from mulakat.web.identity import my_account
from mulakat.web.interview_documents import moment
from mulakat.web.state import Parts, parts

router = APIRouter(tags=["documents"])

PATH = "/api/v1/documents"

_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": schemas.Problem} for code in (400, 401, 409, 413, 415, 422, 503, 507)
}


@router.post(
    PATH,
    summary="Send a CV or a job posting",
    status_code=202,
    response_model=None,
    responses=_REFUSALS,
    openapi_extra={"requestBody": schemas.DOCUMENT_BODY},
)
async def send(request: Request) -> Response:
    """Take a document; 202 with its address, where its text and what was found in it will be.

    The same file again gives the document that is there already.
    """
    return _shown(request, await take(request, await my_account(request)))


async def take(
    request: Request,
    account: Account,
    *,
    also: Mapping[str, int] | None = None,
    kept: dict[str, str] | None = None,
) -> Document:
    """Accept the document of a request's body, for the worker to read.

    Further fields of the body named in `also`, with the characters each may have, are put into
    `kept`, as far as they had come when something was refused. Raises what `incoming.receive`
    and `Documents.accept` raise, and MemoryLow.
    """
    here = parts(request)
    multipart = request.headers.get("content-type", "").startswith("multipart/")
    length = request.headers.get("content-length", "")
    size = 16 * KIB + 11 * int(length) if length.isdecimal() and not multipart else None
    async with (
        here.governor.reserve("upload" if multipart else "typed", size),
        incoming.receive(
            request.stream(),
            request.headers.get("content-type", ""),
            spool=here.spool,
            disk=here.disk,
            admit=here.governor.admit_audio,
            also=also,
            kept=kept,
        ) as received,
    ):
        key = await received.store()
        assert key is not None  # noqa: S101  # a received document always has its file
        document = await _accept(
            here,
            NewDocument(
                account_id=account.id,
                purpose=received.purpose,
                media=received.media,
                language=problems.reader_language(request),
                file_key=key,
                file_bytes=received.bytes,
                file_sha256=received.sha256,
                request_id=request.state.request_id,
            ),
        )
    here.workers.wake()
    return document


async def _accept(here: Parts, new: NewDocument) -> Document:
    """Make the row; a file that certainly got none, or that exists already, is deleted."""
    unwanted = False
    try:
        document, unwanted = await here.documents.accept(new)
    except errors.Refused:
        unwanted = True
        raise
    finally:
        if unwanted:
            here.spool.unlink(new.file_key, "discarded")
        else:
            here.spool.settle(new.file_key)
    return document


@router.get(PATH, summary="Your documents", response_model=None)
async def listed(request: Request) -> JSONResponse:
    """Return the account's documents, the newest first, without their text."""
    account = await my_account(request)
    found = await parts(request).documents.of(account.id)
    return JSONResponse({"documents": [_head(one) for one in found]})


@router.get(
    PATH + "/{document_id}",
    summary="A document: what was found in it",
    response_model=None,
    responses={404: {"model": schemas.Problem}, 422: {"model": schemas.Problem}},
)
async def read(request: Request, document_id: str) -> Response:
    """Return its text and profile; 202 while it is not read; the problem when it failed."""
    account = await my_account(request)
    document = await parts(request).documents.get(account.id, document_id)
    if document is None:
        raise errors.NotFound
    return _shown(request, document)


@router.delete(
    PATH + "/{document_id}", summary="Delete a document", status_code=204, response_model=None
)
async def delete(request: Request, document_id: str) -> Response:
    """Delete the row, its text and its file now; interviews that asked from it stay."""
    account = await my_account(request)
    await delete_document(parts(request), account.id, document_id)
    return Response(status_code=204)


async def delete_document(here: Parts, account_id: str, document_id: str) -> None:
    """Delete a document of an account, with its file. Raises NotFound, DatabaseBusy."""
    document = await here.documents.delete(account_id, document_id)
    if document is None:
        raise errors.NotFound
    if document.file_key:
        await asyncio.to_thread(here.spool.unlink, document.file_key)


def _shown(request: Request, document: Document) -> Response:
    location = {"Location": f"{PATH}/{document.id}"}
    if document.state == "failed":
        error = errors.from_code(document.error_code or "internal", document.error_params)
        return problems.response(error, problems.reader_language(request), location, id=document.id)
    if document.state == "done":
        return JSONResponse({**_head(document), **(document.result or {})}, headers=location)
    return JSONResponse(_head(document), status_code=202, headers={**location, "Retry-After": "1"})


def _head(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "status": document.state,
        "purpose": document.purpose,
        "media": document.media,
        "bytes": document.file_bytes,
        "created_at": moment(document.created_at),
        "error_code": document.error_code,
    }
