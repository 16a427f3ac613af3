"""The operator's page, with its login and logout.

Access: the login form is for everybody; what is behind it, for the operator.
"""

from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from mulakat import errors
from mulakat.languages import messages
from mulakat.observe.log import logger
from mulakat.settings import KIB
from mulakat.web import problems
from mulakat.web.address import client_address
from mulakat.web.admin_access import COOKIE, is_admin, require_same_origin, set_cookie
from mulakat.web.pages import fill
from mulakat.web.routes.admin import status
from mulakat.web.state import Parts, parts

router = APIRouter(include_in_schema=False)

MOST_FORM_BYTES = 4 * KIB
"""The login form holds one token."""


@router.api_route("/admin", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """The page for the operator, the login form for anybody else; off without a token."""
    here = parts(request)
    if not here.admin.on:
        return _login_page(request, errors.AdminOff())
    if not is_admin(request):
        return _login_page(request)
    return _page(request, "admin.html", data=await _data(request, here))


@router.post("/admin/login")
async def login(request: Request) -> Response:
    """Open a session for the bearer of the token; the form again, with its reason, if not."""
    require_same_origin(request)
    address = client_address(request)
    given = await _token(request)
    try:
        session = parts(request).admin.login(given, address, request.cookies.get(COOKIE))
    except errors.MulakatError as error:
        logger("audit").warning("admin login refused", code=error.code, address=address)
        return _login_page(request, error)
    logger("audit").info("admin login", address=address)
    response = _to_page(request)
    set_cookie(request, response, session)
    return response


@router.post("/admin/logout")
async def logout(request: Request) -> Response:
    """End the session of this cookie."""
    require_same_origin(request)
    parts(request).admin.logout(request.cookies.get(COOKIE))
    response = _to_page(request)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _to_page(request: Request) -> RedirectResponse:
    return RedirectResponse(f"/admin?lang={problems.reader_language(request)}", status_code=303)


async def _token(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            raise errors.Malformed(reason="the form is too large")
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:
        raise errors.Malformed(reason="too many fields") from None
    return fields.get("token", [""])[0].strip()


def _login_page(request: Request, error: errors.MulakatError | None = None) -> Response:
    reader = problems.reader_language(request)
    problem = problems.document(error, reader) if error else None
    response = _page(request, "admin_login.html", problem=problem)
    if error:
        response.status_code = error.status
        response.headers.update(problems.headers(error))
    return response


def _page(request: Request, template: str, **values: Any) -> HTMLResponse:
    language = problems.reader_language(request)
    admin = messages(language)["admin"]
    text = admin | {"switch": messages(language)["page"]["switch"]}
    return HTMLResponse(
        fill(template, language, "/admin", page=text, **values),
        headers={
            "Content-Language": language,
            "Vary": "Accept-Language, Cookie",
            # With the site's no-referrer the forms would come with `Origin: null`, which is
            # what other sites' forms come with, too.
            "Referrer-Policy": "same-origin",
        },
    )


async def _data(request: Request, here: Parts) -> dict[str, Any]:
    language = problems.reader_language(request)
    bounds = here.settings.memory
    return {
        "language": language,
        "live": messages(language)["admin"]["live"],
        "status": await status(here),
        "alert": bounds.memory_alert,
        "refuse": bounds.memory_refuse,
    }
