"""The page at /, rendered in the reader's language, and its style sheets and scripts.

Scripts are ES modules that import one another by relative address. So the version stands in
the folder (/static/<version>/room.js) rather than in a query: one address changes them all,
and every file may be kept by the browser for ever.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mulakat import errors
from mulakat.languages import codes, messages, say
from mulakat.settings import (
    MAX_AUDIO_BYTES,
    MAX_AUDIO_SECONDS,
    MAX_QUESTION_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MIB,
    Store,
)
from mulakat.web.identity import greet_guest
from mulakat.web.problems import reader_language
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent

MEDIA_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

FOR_EVER = "public, max-age=31536000, immutable"

_environment = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def static_files() -> Mapping[str, bytes]:
    """Return the files by name: some tens of KiB, held so that serving them takes no thread."""
    found = sorted((_HERE / "static").iterdir())
    return {path.name: path.read_bytes() for path in found if path.suffix in MEDIA_TYPES}


@cache
def static_version() -> str:
    """Return a name for the present content of all static files."""
    digest = hashlib.sha256()
    for name, content in static_files().items():
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()[:12]


def _local_problems(language: str) -> dict[str, dict[str, str]]:
    """Return the refusals that the page can foresee, so that it need not send to be refused."""
    known: tuple[errors.MulakatError, ...] = (
        errors.TooLarge(limit_mib=MAX_AUDIO_BYTES // MIB),
        errors.Invalid("question_missing"),
        errors.Invalid("answer_missing"),
        errors.Invalid("audio_empty"),
        errors.Internal(),
    )
    return {
        error.code: {
            "title": say(language, f"error_title.{error.code}"),
            "detail": say(language, f"error.{error.code}", **error.params),
        }
        for error in known
    }


def fill(template: str, language: str, here: str, **values: object) -> str:
    """Return a template filled in: its own values, and what `base.html` needs of every page.

    `here` is the page's path, for the links to its other languages.
    """
    return _environment.get_template(template).render(
        language=language,
        languages=[(code, say(code, "page.language_name")) for code in codes()],
        here=here,
        static=f"/static/{static_version()}",
        **values,
    )


def render(language: str, store: Store, elsewhere: str | None = None) -> str:
    """Return the page in a language.

    `store` says how long what is sent in is kept; what was said is sent on to `elsewhere`.
    """
    data = {
        "language": language,
        "live": messages(language)["page"]["live"],
        "questions": {code: messages(code)["page"]["questions"] for code in codes()},
        "problems": _local_problems(language),
        "limits": {"bytes": MAX_AUDIO_BYTES, "seconds": MAX_AUDIO_SECONDS},
    }
    return fill(
        "room.html",
        language,
        "/",
        page=messages(language)["page"],
        data=data,
        question_limit=MAX_QUESTION_CHARACTERS,
        text_limit=MAX_TEXT_CHARACTERS,
        elsewhere=elsewhere,
        keep_audio_minutes=-(-int(store.keep_audio) // 60),
        keep_result_hours=-(-int(store.keep_guest_results) // 3600),
    )


@router.api_route("/", methods=["GET", "HEAD"])
async def room(request: Request) -> HTMLResponse:
    """The interview room."""
    language, settings = reader_language(request), parts(request).settings
    response = HTMLResponse(
        render(language, settings.store, settings.language.host),
        headers={"Content-Language": language, "Vary": "Accept-Language"},
    )
    greet_guest(request, response)
    return response


@router.api_route("/static/{version}/{name}", methods=["GET", "HEAD"])
async def static(version: str, name: str) -> Response:
    """A style sheet, script or drawing; under an old version it is gone, never stale."""
    content = static_files().get(name)
    if content is None or version != static_version():
        raise errors.NotFound
    return Response(
        content,
        media_type=MEDIA_TYPES[Path(name).suffix],
        headers={"Cache-Control": FOR_EVER},
    )


def install(app: FastAPI) -> None:
    """Add the page to the application."""
    app.include_router(router)
