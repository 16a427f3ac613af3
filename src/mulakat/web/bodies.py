"""Small JSON bodies, bounded before they are parsed."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from mulakat import errors
from mulakat.settings import KIB

MOST_BYTES = 16 * KIB
"""Of a body that says something; what carries an answer or a document has limits of its own."""

Model = TypeVar("Model", bound=BaseModel)


async def read_json(request: Request, model: type[Model]) -> Model:
    """Return the body as a model. Raises UnsupportedBody, Malformed, and Invalid
    (field_invalid) with the first field that is wrong.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise errors.UnsupportedBody
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise errors.Malformed(reason=f"more than {MOST_BYTES // KIB} KiB")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        # Without the input: it may be a password, and errors are logged.
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        if not first["loc"]:
            raise errors.Malformed(reason="no JSON object") from None
        raise errors.Invalid("field_invalid", field=str(first["loc"][0])) from None


def described(model: type[BaseModel]) -> dict[str, Any]:
    """Return what OpenAPI says of such a body."""
    schema = {"schema": model.model_json_schema()}
    return {"requestBody": {"required": True, "content": {"application/json": schema}}}
