"""A form's page, first and again: with the sentence about what was wrong, beside its field."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from mulakat import errors
from mulakat.languages import say
from mulakat.web import pages, problems


async def form_page(
    request: Request,
    template: str,
    error: errors.MulakatError | None = None,
    fields: Mapping[str, str] | None = None,
    says: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a page with a form; after `error`, under its status.

    `fields` says by an error's code which field it is about, `says` the key of a sentence that
    fits this form better than the error's own. The template has `problems` (the
    sentence by field) and `notice` (title and text) for what is about no field; `values` has
    what was typed, but for passwords.
    """
    if error is None:
        return await pages.page(request, template, problems={}, notice=None, **values)
    reader = problems.reader_language(request)
    document = problems.document(error, reader)
    if key := (says or {}).get(error.code):
        document["detail"] = say(reader, key, **error.params)
    field = (fields or {}).get(error.code)
    response = await pages.page(
        request,
        template,
        status=error.status,
        problems={field: document["detail"]} if field else {},
        notice=None if field else {"title": document["title"], "text": document["detail"]},
        **values,
    )
    response.headers.update(problems.headers(error))
    return response
