"""The account's pages: how one is addressed, the password, API tokens.

Access: who is logged in; an API token opens none of them. What belongs to the account stands in
account_data.py.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mulakat import errors
from mulakat.languages import codes
from mulakat.web import entry, figures, pages, preferences, problems
from mulakat.web.bodies import read_form
from mulakat.web.forms import form_page
from mulakat.web.identity import my_account
from mulakat.web.passwords import SHORTEST
from mulakat.web.routes.tokens import make_token, revoke_token
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

PASSWORD_FIELDS = {
    "password_wrong": "password",
    "password_too_short": "new_password",
    "password_too_long": "new_password",
    "password_common": "new_password",
    "password_has_email": "new_password",
}


@router.api_route("/account", methods=["GET", "HEAD"])
async def overview(request: Request) -> Response:
    """How one is addressed, and the ways to all else."""
    return await _overview(request)


@router.post("/account")
async def change(request: Request) -> Response:
    """Keep the name and the language."""
    account, form = await my_account(request), await read_form(request)
    name, language = form.get("name", ""), form.get("language")
    known = language if language in codes() else None
    try:
        plain = entry.plain_name(name)
        await parts(request).accounts.change(account.id, name=plain, language=known)
    except errors.MulakatError as error:
        return await _overview(request, error, name)
    response = pages.told(request, "/account", "account_saved")
    preferences.keep(request, response, language=known)
    return response


async def _overview(
    request: Request, error: errors.MulakatError | None = None, name: str | None = None
) -> Response:
    here, account = parts(request), await my_account(request)
    return await form_page(
        request,
        "account.html",
        error,
        {"field_invalid": "name"},
        {"field_invalid": "login.name_invalid"},
        name=account.name if name is None else name,
        longest_name=entry.LONGEST_NAME,
        tokens=len(await here.tokens.of(account.id)),
        documents=len(await here.documents.of(account.id)),
        live="account.live",
    )


@router.api_route("/account/password", methods=["GET", "HEAD"])
async def password_form(request: Request) -> Response:
    """The form to change the password."""
    return await _password_page(request)


@router.post("/account/password")
async def change_password(request: Request) -> Response:
    """Change it; this browser stays logged in, all others and all API tokens do not."""
    account, form = await my_account(request), await read_form(request)
    present, new = form.get("password", ""), form.get("new_password", "")
    try:
        changed = await entry.change_password(request, account, present, new)
        opened = await entry.open_session(request, changed, "password changed")
    except errors.MulakatError as error:
        return await _password_page(request, error)
    response = pages.told(request, "/account", "password_changed")
    entry.hand_over(request, response, opened)
    return response


async def _password_page(request: Request, error: errors.MulakatError | None = None) -> Response:
    return await form_page(
        request, "account_password.html", error, PASSWORD_FIELDS, shortest=SHORTEST
    )


@router.api_route("/account/tokens", methods=["GET", "HEAD"])
async def tokens(request: Request) -> Response:
    """The API tokens, without themselves, and the form to make one."""
    return await _tokens_page(request)


@router.post("/account/tokens")
async def create_token(request: Request) -> Response:
    """Make one; it is on this page and on no other."""
    name = (await read_form(request)).get("name", "")
    try:
        token, _ = await make_token(request, name)
    except errors.MulakatError as error:
        return await _tokens_page(request, error, name=name)
    return await _tokens_page(request, token=token)


@router.post("/account/tokens/{token_id}/revoke")
async def revoke(request: Request, token_id: str) -> Response:
    """End one at once."""
    await revoke_token(request, token_id)
    return pages.told(request, "/account/tokens", "token_revoked")


async def _tokens_page(
    request: Request,
    error: errors.MulakatError | None = None,
    *,
    name: str = "",
    token: str | None = None,
) -> Response:
    here, reader = parts(request), problems.reader_language(request)
    found = await here.tokens.of((await my_account(request)).id)
    return await form_page(
        request,
        "account_tokens.html",
        error,
        {"field_invalid": "name"},
        {"field_invalid": "account.token_name_invalid"},
        name=name,
        longest_name=entry.LONGEST_NAME,
        token=token,
        tokens=[
            {
                "id": one.id,
                "name": one.name,
                "hint": one.hint,
                "made": figures.day(one.created_at, reader),
                "used": figures.day(one.used_at, reader) if one.used_at else None,
            }
            for one in found
        ],
    )
