"""Small bodies, JSON and HTML forms, bounded before they are parsed."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from mulakat import errors
from mulakat.settings import KIB

MOST_BYTES = 16 * KIB
"""Of a body that says something; what carries an answer or a document has limits of its own."""

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
    last. Raises Malformed.
    """
    known: dict[str, str] | None = getattr(request.state, "form", None)
    if known is None:
        text = (await _read(request)).decode("utf-8", "replace")
        try:
            known = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            raise errors.Malformed(reason="too many fields") from None
        request.state.form = known
    return known


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise errors.Malformed(reason=f"more than {MOST_BYTES // KIB} KiB")
    return bytes(body)


def described(model: type[BaseModel]) -> dict[str, Any]:
    """Return what OpenAPI says of such a body."""
    schema = {"schema": model.model_json_schema()}
    return {"requestBody": {"required": True, "content": {"application/json": schema}}}
