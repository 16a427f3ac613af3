"""The first page: what this is, and one question to try at once.

Access: everybody.
"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mulakat.web.identity import who_if_known
from mulakat.web.routes.pages.home import home
from mulakat.web.routes.pages.practice import one_question

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def landing(request: Request) -> HTMLResponse:
    """One question to answer aloud; who is logged in gets a page of their own."""
    if account := (await who_if_known(request)).account:
        return await home(request, account)
    return await one_question(request, {})
