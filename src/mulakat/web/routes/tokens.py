"""API tokens of one's account: make, list, revoke; all by a login, never by a token."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from mulakat import errors
from mulakat.observe.log import logger
from mulakat.store.tokens import ApiToken
from mulakat.web import schemas
from mulakat.web.bodies import described, read_json
from mulakat.web.entry import LONGEST_NAME, plain_name
from mulakat.web.identity import my_account
from mulakat.web.state import parts

router = APIRouter(tags=["accounts"])


class NewToken(BaseModel):
    """What to call a token, so that its owner knows later what it is for."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=LONGEST_NAME)


class TokenDocument(BaseModel):
    """A token: `hint` is its end, `used_at` is true to the day."""

    id: str
    name: str
    hint: str
    created_at: str
    used_at: str | None


class MadeToken(TokenDocument):
    """A token just made; `token` is shown this once."""

    token: str


class TokenList(BaseModel):
    """All tokens of an account, the oldest first."""

    tokens: list[TokenDocument]


def _docs(summary: str, status: int, model: type[BaseModel] | None, *refusals: int) -> Any:
    return {
        "summary": summary,
        "status_code": status,
        "response_model": None,
        "responses": {
            **({status: {"model": model}} if model else {}),
            **{code: {"model": schemas.Problem} for code in (401, 403, *refusals, 503)},
        },
    }


@router.get("/api/v1/tokens", **_docs("Your API tokens", 200, TokenList))
async def read(request: Request) -> Response:
    """List the tokens, without themselves."""
    account = await my_account(request)
    found = await parts(request).tokens.of(account.id)
    return JSONResponse({"tokens": [_document(one) for one in found]})


@router.post(
    "/api/v1/tokens",
    openapi_extra=described(NewToken),
    **_docs("Make an API token", 201, MadeToken, 400, 409, 415, 422),
)
async def create(request: Request) -> Response:
    """Make a token, which is shown in this answer and never again."""
    token, made = await make_token(request, (await read_json(request, NewToken)).name)
    return JSONResponse(_document(made) | {"token": token}, status_code=201)


@router.delete("/api/v1/tokens/{token_id}", **_docs("Revoke an API token", 204, None, 404))
async def revoke(request: Request, token_id: str) -> Response:
    """End a token at once."""
    await revoke_token(request, token_id)
    return Response(status_code=204)


async def make_token(request: Request, name: str) -> tuple[str, ApiToken]:
    """Make a token of who is logged in; returns it, which nobody can show again, and its entry.

    Raises Invalid (field_invalid), TooManyTokens, LoginRequired, DatabaseBusy.
    """
    account, name = await my_account(request), plain_name(name)
    if not name:
        raise errors.Invalid("field_invalid", field="name")
    token, made = await parts(request).tokens.create(account.id, name)
    logger("audit").info("token made", account=account.id, token=made.id)
    return token, made


async def revoke_token(request: Request, token_id: str) -> None:
    """End a token of who is logged in. Raises NotFound, LoginRequired, DatabaseBusy."""
    account = await my_account(request)
    await parts(request).tokens.revoke(account.id, token_id)
    logger("audit").info("token revoked", account=account.id, token=token_id)


def _document(token: ApiToken) -> dict[str, Any]:
    return TokenDocument(
        id=token.id,
        name=token.name,
        hint=token.hint,
        created_at=token.created_at.isoformat(),
        used_at=token.used_at.date().isoformat() if token.used_at else None,
    ).model_dump()
