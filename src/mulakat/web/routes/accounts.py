"""Accounts: register, log in and out, change the password, say how to be addressed.

Who may call what stands in web/access.py.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from mulakat import errors
from mulakat.languages import codes
from mulakat.store.accounts import Account
from mulakat.web import entry, schemas
from mulakat.web.bodies import described, read_json
from mulakat.web.entry import LONGEST_NAME
from mulakat.web.identity import my_account, who
from mulakat.web.passwords import LONGEST
from mulakat.web.sessions import Session
from mulakat.web.state import parts

router = APIRouter(tags=["accounts"])

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
    asked = await read_json(request, Registration)
    account = await entry.register(request, asked.email, asked.password, asked.name)
    return await _logged_in(request, account, "registered", status=201)


@router.post("/api/v1/login", **_docs("Log in", Credentials, 400, 401, 403, 415, 422, 429, 503))
async def login(request: Request) -> Response:
    """Open a session, under a new id; the browser's answers as a guest become the account's."""
    asked = await read_json(request, Credentials)
    account = await entry.log_in(request, asked.email, asked.password)
    return await _logged_in(request, account, "login")


@router.post("/api/v1/logout", status_code=204, **_docs("Log out", None, 403, 503))
async def logout(request: Request) -> Response:
    """End the session of this browser."""
    response = Response(status_code=204)
    await entry.end_session(request, response)
    return response


@router.post(
    "/api/v1/password",
    **_docs("Change the password", PasswordChange, 400, 401, 403, 415, 422, 429, 503),
)
async def change_password(request: Request) -> Response:
    """Change the password; every other session of the account ends, this one gets a new id."""
    account = await my_account(request)
    asked = await read_json(request, PasswordChange)
    changed = await entry.change_password(request, account, asked.password, asked.new_password)
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
    name = None if asked.name is None else entry.plain_name(asked.name)
    changed = await parts(request).accounts.change(account.id, name=name, language=asked.language)
    return JSONResponse(_document(changed, (await who(request)).session))


async def _logged_in(request: Request, account: Account, event: str, status: int = 200) -> Response:
    opened = await entry.open_session(request, account, event)
    response = JSONResponse(_document(account, opened.session), status_code=status)
    entry.hand_over(request, response, opened)
    return response


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
