"""The pages to log in, to register, and the way out.

Access: everybody. The rules of names and passwords, and the throttle, stand in web/entry.py.
"""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mulakat import errors
from mulakat.store.accounts import Account
from mulakat.web import entry, pages, problems
from mulakat.web.bodies import read_form
from mulakat.web.forms import form_page
from mulakat.web.identity import who
from mulakat.web.passwords import LONGEST, SHORTEST
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

FIELDS = {
    "email_invalid": "email",
    "email_taken": "email",
    "password_too_short": "password",
    "password_too_long": "password",
    "password_common": "password",
    "password_has_email": "password",
    "field_invalid": "name",
}
"""Which field of the registration an error is about."""

SAYS = {"field_invalid": "login.name_invalid"}
"""The name is the only field that has no error of its own."""


@router.api_route("/login", methods=["GET", "HEAD"])
async def login_form(request: Request) -> Response:
    """The form to log in; who is logged in goes on."""
    after = pages.inside(request.query_params.get("next"))
    if (await who(request)).account:
        return pages.to(after)
    return await _login_page(request, after)


@router.post("/login")
async def login(request: Request) -> Response:
    """Log in and go on to where the reader wanted; the form again, with its reason, if not."""
    form = await read_form(request)
    after, email = pages.inside(form.get("next")), form.get("email", "").strip()
    try:
        account = await entry.log_in(request, email, form.get("password", ""))
        return await _on(request, account, "login", after)
    except errors.MulakatError as error:
        return await _login_page(request, after, error, email=email)


@router.api_route("/register", methods=["GET", "HEAD"])
async def register_form(request: Request) -> Response:
    """The form to make an account; who has one and is logged in goes on."""
    after = pages.inside(request.query_params.get("next"))
    if (await who(request)).account:
        return pages.to(after)
    return await _register_page(request, after)


@router.post("/register")
async def register(request: Request) -> Response:
    """Make an account in the page's language, log in, and go on."""
    form = await read_form(request)
    after = pages.inside(form.get("next"))
    name, email = form.get("name", "").strip(), form.get("email", "").strip()
    language = problems.reader_language(request)
    try:
        account = await entry.register(request, email, form.get("password", ""), name, language)
        return await _on(request, account, "registered", after)
    except errors.MulakatError as error:
        return await _register_page(request, after, error, email=email, name=name)


@router.post("/logout")
async def logout(request: Request) -> Response:
    """End the session of this browser; the page after it empties what the device kept."""
    response = pages.told(request, "/", "logged_out")
    await entry.end_session(request, response)
    return response


async def _on(request: Request, account: Account, event: str, after: str) -> Response:
    opened = await entry.open_session(request, account, event)
    said = "adopted" if opened.adopted else event
    response = pages.told(request, after, said) if said != "login" else pages.to(after)
    entry.hand_over(request, response, opened)
    return response


async def _login_page(
    request: Request, after: str, error: errors.MulakatError | None = None, email: str = ""
) -> Response:
    return await form_page(
        request, "login.html", error, after=after, email=email, open=_registration_open(request)
    )


async def _register_page(
    request: Request,
    after: str,
    error: errors.MulakatError | None = None,
    email: str = "",
    name: str = "",
) -> Response:
    if not _registration_open(request):
        error = error or errors.RegistrationOff()
    guest = (await who(request)).guest
    return await form_page(
        request,
        "register.html",
        error,
        FIELDS,
        SAYS,
        after=after,
        email=email,
        name=name,
        open=_registration_open(request),
        waiting=bool(guest and await parts(request).accounts.sent_by(guest)),
        shortest=SHORTEST,
        longest=LONGEST,
        longest_name=entry.LONGEST_NAME,
    )


def _registration_open(request: Request) -> bool:
    return parts(request).settings.accounts.registration == "on"
