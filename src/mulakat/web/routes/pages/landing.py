"""The first page: what this is, and one question to try at once.

Access: everybody.
"""

from contextlib import suppress

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mulakat import errors
from mulakat.web.identity import who
from mulakat.web.routes.pages.home import home
from mulakat.web.routes.pages.practice import one_question

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def landing(request: Request) -> HTMLResponse:
    """One question to answer aloud; who is logged in gets a page of their own."""
    # An open page is for everybody, also while nobody can be looked up.
    with suppress(errors.SessionsDown, errors.DatabaseBusy):
        if account := (await who(request)).account:
            return await home(request, account)
    return await one_question(request, {})
