"""The first page: what this is, and one question to try at once.

Access: everybody.
"""

from contextlib import suppress

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mulakat import errors
from mulakat.languages import codes, messages, say
from mulakat.settings import (
    MAX_AUDIO_BYTES,
    MAX_AUDIO_SECONDS,
    MAX_QUESTION_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MIB,
)
from mulakat.web import pages, problems
from mulakat.web.identity import who
from mulakat.web.routes.pages.home import home
from mulakat.web.state import parts

router = APIRouter(include_in_schema=False)


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


@router.api_route("/", methods=["GET", "HEAD"])
async def landing(request: Request) -> HTMLResponse:
    """One question to answer aloud; who is logged in gets a page of their own."""
    # An open page is for everybody, also while nobody can be looked up.
    with suppress(errors.SessionsDown, errors.DatabaseBusy):
        if account := (await who(request)).account:
            return await home(request, account)
    language, settings = problems.reader_language(request), parts(request).settings
    return await pages.page(
        request,
        "room.html",
        live="page.live",
        page=messages(language)["page"],
        data={
            "questions": {code: messages(code)["page"]["questions"] for code in codes()},
            "problems": _local_problems(language),
            "limits": {"bytes": MAX_AUDIO_BYTES, "seconds": MAX_AUDIO_SECONDS},
        },
        question_limit=MAX_QUESTION_CHARACTERS,
        text_limit=MAX_TEXT_CHARACTERS,
        heard_elsewhere=settings.speech.host,
        elsewhere=settings.language.host,
        keep_audio_minutes=-(-int(settings.store.keep_audio) // 60),
        keep_result_hours=-(-int(settings.store.keep_guest_results) // 3600),
    )
