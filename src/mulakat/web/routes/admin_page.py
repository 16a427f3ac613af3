"""The operator's page, with its login and logout.

Access: the login form is for everybody; what is behind it, for the operator, who comes with the
admin token or with an account that is an admin's.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import errors
from mulakat.languages import messages
from mulakat.observe.log import logger
from mulakat.web import pages, problems
from mulakat.web.access import admin_possible, count_wrong_token
from mulakat.web.address import client_address
from mulakat.web.bodies import read_form
from mulakat.web.identity import is_admin_token, who
from mulakat.web.login import prove
from mulakat.web.passwords import normal_email
from mulakat.web.routes.admin import status
from mulakat.web.sessions import COOKIE, OPERATOR, drop_cookie, operator_epoch, set_cookie
from mulakat.web.state import Parts, parts

router = APIRouter(include_in_schema=False)


@router.api_route("/admin", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """The page for the operator, the login form for anybody else; off where nobody can be it."""
    here = parts(request)
    identity = await who(request)
    if identity.operator:
        return await _page(request, "admin.html", live="admin.live", data=await _data(here))
    if not await admin_possible(here):
        return await _login_page(request, errors.AdminOff())
    return await _login_page(request)


@router.post("/admin/login")
async def login(request: Request) -> Response:
    """Open a session; the form again, with its reason, if not."""
    here, address = parts(request), client_address(request)
    form = await read_form(request)
    email, given = form.get("email", "").strip(), form.get("token", "").strip()
    try:
        if not await admin_possible(here):
            raise errors.AdminOff
        if email:
            account_id, epoch = await _admins_account(request, email, form.get("token", ""))
        else:
            account_id, epoch = await _with_token(request, given)
        cookie, _ = await here.sessions.open(account_id, epoch, request.cookies.get(COOKIE))
    except errors.MulakatError as error:
        logger("audit").warning("admin login refused", code=error.code, address=address)
        return await _login_page(request, error, email)
    logger("audit").info("admin login", account=account_id or None, address=address)
    response = pages.to("/admin")
    set_cookie(request, response, cookie)
    return response


@router.post("/admin/logout")
async def logout(request: Request) -> Response:
    """End the session of this cookie."""
    identity = await who(request)
    if identity.session:
        await parts(request).sessions.end(identity.session)
    response = pages.to("/admin")
    drop_cookie(response)
    return response


async def _with_token(request: Request, given: str) -> tuple[str, int]:
    """Return whom a session of the token's bearer is of; the right one always passes."""
    admin = parts(request).settings.admin
    if not is_admin_token(admin, given):
        await count_wrong_token(request)
        raise errors.AdminOnly
    return OPERATOR, operator_epoch(admin.admin_token)


async def _admins_account(request: Request, email: str, password: str) -> tuple[str, int]:
    try:
        account = await prove(request, normal_email(email), password)
    except errors.Invalid:
        account = None  # no account has such an address
    if account is None:
        raise errors.LoginWrong
    if account.role != "admin":
        raise errors.AdminOnly
    return account.id, account.epoch


async def _login_page(
    request: Request, error: errors.MulakatError | None = None, email: str = ""
) -> Response:
    reader = problems.reader_language(request)
    problem = problems.document(error, reader) if error else None
    response = await _page(request, "admin_login.html", problem=problem, email=email)
    if error:
        response.status_code = error.status
        response.headers.update(problems.headers(error))
    return response


async def _page(request: Request, template: str, **values: Any) -> HTMLResponse:
    text = messages(problems.reader_language(request))["admin"]
    return await pages.page(request, template, page=text, **values)


async def _data(here: Parts) -> dict[str, Any]:
    bounds = here.settings.memory
    return {
        "status": await status(here),
        "alert": bounds.memory_alert,
        "refuse": bounds.memory_refuse,
    }
