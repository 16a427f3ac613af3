"""Pages: templates filled in for their reader, with what every page has: who reads, the language,
the theme, the way to other pages.

Access: what a page shows is its route's concern (web/access.py).
"""

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mulakat import errors
from mulakat.languages import codes, messages, say, sentences
from mulakat.web import preferences, problems
from mulakat.web.address import over_tls
from mulakat.web.identity import NOBODY, Identity, greet_guest, who_if_known
from mulakat.web.static_files import modules, static_version

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

# What scripts are told is UTF-8 as the page is: escaped, each Turkish letter takes six bytes.
_environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}

_FOR_PROGRAMS = (
    "/api/", "/auto_interview/", "/interview_speech_evaluation", "/debug/", "/health", "/metrics",
    "/static/", "/openapi.json",
)  # fmt: skip
"""What paths that are no pages begin with."""

_READING = frozenset({"GET", "HEAD"})

SAID_COOKIE = "mulakat_said"

SAID_SECONDS = 60
"""After that nobody comes from the form any more."""


async def page(
    request: Request, template: str, *, status: int = 200, live: str | None = None, **values: Any
) -> HTMLResponse:
    """Return a page: `template` with `values`.

    Besides them a template has `t(key, **params)` for sentences, `language`, `languages` (code and
    name), `account` (None for a guest), `operator`, `csrf` (for the macro of forms.html), `here`
    (this page's address), `theme`, and `static`. With `live`, scripts find the catalogue's
    table of that name in `page_data` (static/say.js), beside what `values["data"]` has.
    """
    await who_if_known(request)
    response = _filled(request, template, status, live, values)
    if request.method in _READING:
        greet_guest(request, response)
    return response


def _filled(
    request: Request, template: str, status: int, live: str | None, values: dict[str, Any]
) -> HTMLResponse:
    identity: Identity = getattr(request.state, "identity", None) or NOBODY
    language = problems.reader_language(request)
    said = request.cookies.get(SAID_COOKIE)
    data = {"language": language, **values.pop("data", {})}
    if live:
        table: Any = messages(language)
        for part in live.split("."):
            table = table[part]
        data["live"] = table
    html = _environment.get_template(template).render(
        t=partial(say, language),
        language=language,
        languages=[(code, say(code, "frame.language_name")) for code in codes()],
        account=identity.account,
        operator=identity.operator,
        csrf=identity.session.csrf if identity.session else None,
        here=_here(request),
        theme=preferences.theme(request),
        themes=preferences.THEMES,
        static=f"/static/{static_version()}",
        modules=modules,
        page_data=data,
        said=said if said in messages(language)["said"] else None,
        **values,
    )
    response = HTMLResponse(
        html,
        status_code=status,
        headers={
            "Content-Language": language,
            "Vary": "Accept, Accept-Language, Cookie",
            # With the site's no-referrer the forms would come with `Origin: null`, which is
            # what other sites' forms come with, too.
            "Referrer-Policy": "same-origin",
        },
    )
    if said is not None:
        response.delete_cookie(SAID_COOKIE, path="/", httponly=True, samesite="lax")
    preferences.keep(request, response, language=request.query_params.get("lang"))
    return response


def to(address: str) -> RedirectResponse:
    """Return the way to another page after a form was taken."""
    return RedirectResponse(address, status_code=303)


def told(request: Request, address: str, key: str) -> RedirectResponse:
    """Return the way to another page, which says what was done, once: `said.<key>`."""
    response = to(address)
    response.set_cookie(
        SAID_COOKIE, key, max_age=SAID_SECONDS, path="/", secure=over_tls(request), httponly=True,
        samesite="lax",
    )  # fmt: skip
    return response


def address(path: str, **query: str) -> str:
    """Return an address of this site with a query; what is empty is left out."""
    said = urlencode({key: value for key, value in query.items() if value})
    return f"{path}?{said}" if said else path


def inside(address: str | None) -> str:
    """Return an address to go on to if it is one of this site's, else the first page's."""
    text = address or ""
    # Browsers take a backslash for a slash, and "//host" leaves the site.
    own = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if own else "/"


async def problem_page(request: Request, error: errors.MulakatError) -> Response | None:
    """Return an error as a page, or the way to log in; None for who does not read pages.

    What was typed into a form that was refused is on the page, so that it is not lost.
    """
    if request.url.path.startswith(_FOR_PROGRAMS):
        return None
    if "text/html" not in request.headers.get("accept", ""):
        return None
    if error.status < 500:  # else what would be asked may be what is wrong
        await who_if_known(request)
    typed, reading = _typed(request), request.method in _READING
    back = None if reading else _came_from(request)
    login = address("/login", next=_here(request) if reading else back or "")
    if isinstance(error, errors.LoginRequired | errors.SessionNeeded) and not typed:
        return to(login)
    language = problems.reader_language(request)
    problem = problems.document(error, language)
    values = {
        "problem": problem,
        "sentence": sentences(language).get(f"problem.detail.{error.code}", problem["detail"]),
        "typed": typed,
        "back": back,
        "again": reading and error.status in {429, 500, 503, 507},
        "login": "/admin" if error.code == errors.AdminOnly.code else login,
        "reference": getattr(request.state, "request_id", ""),
    }
    response = _filled(request, "problem.html", error.status, None, values)
    response.headers.update(problems.headers(error))
    return response


def _typed(request: Request) -> list[str]:
    """Return the texts of the form that came, without secrets and what was only chosen."""
    form: dict[str, str] = getattr(request.state, "form", None) or {}
    secret = ("csrf", "password", "token", "next")
    return [
        text
        for name, text in form.items()
        if not any(word in name for word in secret) and len(text.split()) > 1
    ]


def _here(request: Request) -> str:
    """Return the page's address without the language, which may be chosen anew; of a form that
    was refused, the page it is on.
    """
    if request.method not in _READING:
        return _came_from(request) or request.url.path
    query = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
    return request.url.path + (f"?{urlencode(query)}" if query else "")


def _came_from(request: Request) -> str | None:
    """Return the page of this site that a form was sent from, if the browser says so."""
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return None
    if not page.path or page.netloc != request.headers.get("host"):
        return None
    return inside(page.path + (f"?{page.query}" if page.query else ""))
