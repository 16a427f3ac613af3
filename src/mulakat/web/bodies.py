"""Small bodies, JSON and HTML forms, bounded before they are parsed."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from mulakat import errors
from mulakat.settings import KIB, MAX_QUESTION_CHARACTERS, MAX_TEXT_CHARACTERS
from mulakat.web.state import parts

MOST_BYTES = 16 * KIB
"""Of a body that says something; what carries an answer or a document has limits of its own."""

MOST_FORM_BYTES = 9 * (MAX_TEXT_CHARACTERS + MAX_QUESTION_CHARACTERS) + MOST_BYTES
"""Of a form in which an answer is typed: a character of three bytes comes as nine."""

FORM = "application/x-www-form-urlencoded"

_MOST_FIELDS = 32

Model = TypeVar("Model", bound=BaseModel)


async def read_json(request: Request, model: type[Model]) -> Model:
    """Return the body as a model. Raises UnsupportedBody, Malformed, and Invalid
    (field_invalid) with the first field that is wrong.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise errors.UnsupportedBody
    body = await _read(request)
    if rb"\u0000" in body:
        raise errors.Malformed(reason="a NUL, which PostgreSQL has no text with")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        # Without the input: it may be a password, and errors are logged.
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if not first["loc"]:
            raise errors.Malformed(reason="no JSON object") from None
        raise errors.Invalid("field_invalid", field=str(first["loc"][0])) from None


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of an HTML form, read once a request; of a name that comes twice, the
    last. Raises Malformed, and MemoryLow for a long one.
    """
    known: dict[str, str] | None = getattr(request.state, "form", None)
    if known is None:
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) <= MOST_BYTES:
            known = _fields(await _read(request))
        else:
            room = min(int(length), MOST_FORM_BYTES)
            # As a typed answer in JSON; see memory.budget.COSTS.
            async with parts(request).governor.reserve("typed", 11 * room):
                known = _fields(await _read(request, MOST_FORM_BYTES))
        request.state.form = known
    return known


def _fields(body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace")
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise errors.Malformed(reason="too many fields") from None
    return {name: given.replace("\0", "") for name, given in fields}  # see read_json


async def _read(request: Request, most: int = MOST_BYTES) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise errors.Malformed(reason=f"more than {most // KIB} KiB")
    return bytes(body)


def described(model: type[BaseModel]) -> dict[str, Any]:
    """Return what OpenAPI says of such a body."""
    schema = {"schema": model.model_json_schema()}
    return {"requestBody": {"required": True, "content": {"application/json": schema}}}
