"""The choice of language and theme, at the foot of every page.

Access: everybody; who is logged in keeps the language with the account, too.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mulakat.languages import codes
from mulakat.web import pages, preferences
from mulakat.web.bodies import read_form
from mulakat.web.identity import who
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)


@router.post("/preferences")
async def choose(request: Request) -> Response:
    """Keep what was chosen and return to the page it was chosen on."""
    form, account = await read_form(request), (await who(request)).account
    language = form.get("language")
    if account and language in codes():
        await parts(request).accounts.change(account.id, language=language)
    response = pages.to(pages.inside(form.get("next")))
    preferences.keep(request, response, language=language, chosen=form.get("theme"))
    return response
