"""Accounts: register, log in and out, change the password, say how to be addressed.

Register tells that an address has an account, which without sending e-mail it cannot help; it
is throttled by address. Login tells nothing, in words or in time. Who may call what stands in
web/access.py.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from mulakat import errors
from mulakat.languages import codes
from mulakat.observe.log import logger
from mulakat.store.accounts import Account
from mulakat.web import schemas
from mulakat.web.address import client_address, neighbourhood
from mulakat.web.bodies import described, read_json
from mulakat.web.identity import forget_guest, my_account, who
from mulakat.web.login import prove
from mulakat.web.passwords import LONGEST, check_rules, normal_email
from mulakat.web.sessions import COOKIE, Session, drop_cookie, set_cookie
from mulakat.web.state import parts
from mulakat.web.throttle import limit

router = APIRouter(tags=["accounts"])

LONGEST_NAME = 100

_MOST = 4 * LONGEST
"""Characters of a password that are looked at at all, so that its own error can be told."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(_Body):
    """A login."""

    email: str = Field(max_length=_MOST)
    password: str = Field(max_length=_MOST)


class Registration(Credentials):
    """A new account."""

    name: str = Field("", max_length=LONGEST_NAME)


class PasswordChange(_Body):
    """The present password and the one to come."""

    password: str = Field(max_length=_MOST)
    new_password: str = Field(max_length=_MOST)


class AccountChange(_Body):
    """What is given is replaced."""

    name: str | None = Field(None, max_length=LONGEST_NAME)
    language: str | None = Field(None, max_length=16)


class AccountDocument(BaseModel):
    """An account as its owner sees it; `csrf` belongs into the forms of this session."""

    id: str
    email: str
    name: str
    role: str
    language: str | None
    created_at: str
    csrf: str | None


def _docs(summary: str, body: type[BaseModel] | None, *refusals: int) -> dict[str, Any]:
    return {
        "summary": summary,
        "response_model": None,
        "responses": {code: {"model": schemas.Problem} for code in refusals},
        **({"openapi_extra": described(body)} if body else {}),
    }


@router.post(
    "/api/v1/register",
    status_code=201,
    **_docs("Make an account and log in", Registration, 400, 403, 409, 415, 422, 429, 503),
)
async def register(request: Request) -> Response:
    """Make a candidate's account; the browser's answers as a guest become its own."""
    here = parts(request)
    if here.settings.accounts.registration == "off":
        raise errors.RegistrationOff
    asked = await read_json(request, Registration)
    email, name = normal_email(asked.email), _name(asked.name)
    check_rules(asked.password, email)
    await here.sessions.check()  # else there would be an account, and an error
    await limit(here.throttle, f"register:{neighbourhood(client_address(request))}")
    account = await here.accounts.create(email, name, await here.passwords.hash(asked.password))
    return await _logged_in(request, account, "registered", status=201)


@router.post("/api/v1/login", **_docs("Log in", Credentials, 400, 401, 403, 415, 422, 429, 503))
async def login(request: Request) -> Response:
    """Open a session, under a new id; the browser's answers as a guest become the account's."""
    asked = await read_json(request, Credentials)
    await parts(request).sessions.check()
    try:
        account = await prove(request, normal_email(asked.email), asked.password)
    except errors.Invalid:
        account = None  # no account has such an address
    if account is None:
        logger("audit").warning("login refused", address=client_address(request))
        raise errors.LoginWrong
    return await _logged_in(request, account, "login")


@router.post("/api/v1/logout", status_code=204, **_docs("Log out", None, 403, 503))
async def logout(request: Request) -> Response:
    """End the session of this browser."""
    identity = await who(request)
    if identity.session:
        await parts(request).sessions.end(identity.session)
    response = Response(status_code=204)
    drop_cookie(response)
    return response


@router.post(
    "/api/v1/password",
    **_docs("Change the password", PasswordChange, 400, 401, 403, 415, 422, 429, 503),
)
async def change_password(request: Request) -> Response:
    """Change the password; every other session of the account ends, this one gets a new id."""
    here = parts(request)
    account = await my_account(request)
    asked = await read_json(request, PasswordChange)
    check_rules(asked.new_password, account.email)
    await here.sessions.check()  # else the password would be changed, and an error told
    if await prove(request, account.email, asked.password) is None:
        raise errors.PasswordWrong
    hashed = await here.passwords.hash(asked.new_password)
    changed = await here.accounts.set_password(account.id, hashed)
    # Void by their epoch already; what is left is to keep none.
    await here.sessions.end_all(account.id)
    return await _logged_in(request, changed, "password changed")


@router.get("/api/v1/account", **_docs("Your account", None, 401, 503))
async def read(request: Request) -> Response:
    """Return the account."""
    account = await my_account(request)
    return JSONResponse(_document(account, (await who(request)).session))


@router.patch(
    "/api/v1/account",
    **_docs("Change how you are addressed", AccountChange, 400, 401, 403, 415, 422, 503),
)
async def change(request: Request) -> Response:
    """Change the name or the language of what is said to its owner."""
    account = await my_account(request)
    asked = await read_json(request, AccountChange)
    if asked.language is not None and asked.language not in codes():
        raise errors.Invalid("language_unknown", language=asked.language, known=", ".join(codes()))
    name = None if asked.name is None else _name(asked.name)
    changed = await parts(request).accounts.change(account.id, name=name, language=asked.language)
    return JSONResponse(_document(changed, (await who(request)).session))


async def _logged_in(request: Request, account: Account, event: str, status: int = 200) -> Response:
    here = parts(request)
    identity = await who(request)
    cookie, session = await here.sessions.open(
        account.id, account.epoch, request.cookies.get(COOKIE)
    )
    adopted = await here.accounts.adopt(identity.guest, account.id) if identity.guest else 0
    logger("audit").info(
        event, account=account.id, address=client_address(request), adopted=adopted
    )
    response = JSONResponse(_document(account, session), status_code=status)
    set_cookie(request, response, cookie)
    forget_guest(request, response)
    return response


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name.isprintable():
        raise errors.Invalid("field_invalid", field="name")
    return name


def _document(account: Account, session: Session | None) -> dict[str, Any]:
    return AccountDocument(
        id=account.id,
        email=account.email,
        name=account.name,
        role=account.role,
        language=account.language,
        created_at=account.created_at.isoformat(),
        csrf=session.csrf if session else None,
    ).model_dump()
