"""Errors as RFC 9457 problem details, their sentence in the reader's language."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mulakat import errors
from mulakat.languages import codes, negotiate, say
from mulakat.observe.log import logger
from mulakat.web.preferences import LANGUAGE_COOKIE

TYPE = "https://mulakat.invalid/problems/"
"""Base of the `type` URIs; `.invalid` (RFC 2606) says that they are names, not pages."""

_BY_STATUS: Mapping[int, type[errors.MulakatError]] = {
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
}


def reader_language(request: Request) -> str:
    """Return the language to answer in: ?lang= when it is one of ours, else what was chosen in
    this browser, else the account's once it has been looked up, else Accept-Language.
    """
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in codes():
            return str(asked)
    identity = getattr(request.state, "identity", None)
    if identity and identity.account and identity.account.language in codes():
        return str(identity.account.language)
    return negotiate(request.headers.get("accept-language"))


def detail(error: errors.MulakatError, reader: str) -> str:
    """Return the error's sentence for a reader."""
    return say(reader, f"error.{error.code}", **error.params)


def document(error: errors.MulakatError, reader: str, **extra: object) -> dict[str, object]:
    """Return the problem details of an error; `error` repeats the sentence for older clients."""
    sentence = detail(error, reader)
    return {
        "type": TYPE + error.code,
        "title": say(reader, f"error_title.{error.code}"),
        "status": error.status,
        "detail": sentence,
        "code": error.code,
        "error": sentence,
        **error.members,
        **extra,
    }


def headers(error: errors.MulakatError) -> dict[str, str]:
    """Return what an error says in headers: when to come back, how to log in, to hang up."""
    out = {}
    if isinstance(error, errors.Unavailable):
        out["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        out["WWW-Authenticate"] = "Bearer"  # a 401 has to say how (RFC 9110 §15.5.2)
    if error.status in {408, 413}:
        # What is left of the body is not worth reading (RFC 9110 §15.5.9, §15.5.14).
        out["Connection"] = "close"
    return out


def response(
    error: errors.MulakatError,
    reader: str,
    given: Mapping[str, str] | None = None,
    **extra: object,
) -> JSONResponse:
    """Return the problem as a response, with further headers if `given`."""
    out = dict(given or {}) | headers(error)
    out["Content-Language"] = reader
    return JSONResponse(
        document(error, reader, **extra),
        status_code=error.status,
        headers=out,
        media_type="application/problem+json",
    )


AsPage = Callable[[Request, errors.MulakatError], Awaitable[Response | None]]
"""Makes a page of an error, None for who does not read pages."""


async def never(_request: Request, _error: errors.MulakatError) -> None:
    """Make no page of any error."""


async def told(
    request: Request,
    error: errors.MulakatError,
    as_page: AsPage = never,
    given: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem as a page or a document, and leave its code to the line and the count
    of this request (web/metrics.py).
    """
    request.state.error_code = error.code
    page = await as_page(request, error)
    return page or response(error, reader_language(request), given)


def _on_error(as_page: AsPage) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.MulakatError)  # noqa: S101  # by registration below
        if error.status >= 500 and error.permanent:
            logger("web").error("request failed", code=error.code)
        return await told(request, error, as_page)

    return handle


def _on_http(as_page: AsPage) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  # by registration below
        kind = _BY_STATUS.get(error.status_code)
        mine = kind() if kind else errors.Malformed(reason=str(error.detail))
        return await told(request, mine, as_page, error.headers)

    return handle


async def _on_leaving(request: Request, error: Exception) -> Response:
    """Answer a client that went away in the middle of its body: nobody reads this."""
    return Response(status_code=errors.Malformed.status)


def install(app: FastAPI, as_page: AsPage = never) -> None:
    """Make every error of the app a problem document, or a page for who reads pages."""
    app.add_exception_handler(errors.MulakatError, _on_error(as_page))
    app.add_exception_handler(HTTPException, _on_http(as_page))
    app.add_exception_handler(ClientDisconnect, _on_leaving)
