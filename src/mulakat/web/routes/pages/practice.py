"""One question, answered alone: of the bank, or one's own.

Access: the page, everybody; answering, accounts and guests where the operator allows them.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mulakat import errors
from mulakat.intake import form as incoming
from mulakat.interview.bank import Question
from mulakat.interview.chooser import GENERAL
from mulakat.languages import codes, say
from mulakat.settings import (
    MAX_AUDIO_BYTES,
    MAX_AUDIO_SECONDS,
    MAX_QUESTION_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MIB,
)
from mulakat.web import answering, pages, problems
from mulakat.web.access import guests_may
from mulakat.web.bodies import read_form
from mulakat.web.identity import who, who_if_known
from mulakat.web.state import Parts, parts

router = APIRouter(include_in_schema=False)

PATH = "/practice"

FIRST = "experience"
"""The category that is asked first: everybody has something to tell."""

_FIELDS = frozenset({"question", "question_id", "language", "answer"})


def local_problems(language: str) -> dict[str, dict[str, str]]:
    """Return the refusals that a page can foresee, so that it need not send to be refused."""
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


@router.get(PATH)
async def practice(request: Request) -> HTMLResponse:
    """The question that `question` names; with `text`, even an empty one, one's own."""
    return await one_question(request, request.query_params)


@router.post(PATH)
async def answer(request: Request) -> Response:
    """Take a typed answer, for who has no script."""
    here, identity = parts(request), await who(request)
    fields = {key: text for key, text in (await read_form(request)).items() if key in _FIELDS}
    async with here.governor.reserve("typed"):
        try:
            submission = incoming.submission(
                fields, None, languages=codes(), default_language=problems.reader_language(request)
            )
        except errors.Invalid as error:
            return await one_question(request, fields | {"text": fields.get("question")}, error)
        asked = await _asked(here, submission.language, submission.question_id)
        if submission.question_id and asked is None:
            raise errors.NotFound
        new = answering.new_answer(
            request,
            identity,
            submission,
            None,
            question=asked.text if asked else submission.question,
            language=submission.language,
            body_hash=submission.body_hash,
            question_id=asked.id if asked else None,
            guide=asked.guide if asked else None,
        )
        accepted = (await answering.accept(here, new)).answer
    here.workers.wake()
    return pages.to(f"/answers/{accepted.id}")


async def one_question(
    request: Request, given: Mapping[str, Any], error: errors.Invalid | None = None
) -> HTMLResponse:
    """Return the page of one question, with what was `given`: `question` or `question_id` (an id),
    `text` (one's own), `language` of the answer, and `answer` as far as it was typed.

    Without a question it is one of the general field's. Raises NotFound for an unknown id.
    """
    here, identity = parts(request), await who_if_known(request)
    reader, settings = problems.reader_language(request), here.settings
    language = given.get("language") or ""
    if language not in here.bank.languages:
        language = reader if reader in here.bank.languages else here.bank.languages[0]
    wanted = given.get("question_id") or (None if error else given.get("question"))
    own = given.get("text") if not wanted else None
    asked = await _asked(here, language, wanted) if wanted else None
    if wanted and asked is None:
        raise errors.NotFound
    if asked is None and own is None:
        usual = await _usual(here, language)
        asked = next((one for one in usual if one.category == FIRST), usual[0])
    return await pages.page(
        request,
        "practice.html",
        status=error.status if error else 200,
        live="answering.live",
        data={
            "problems": local_problems(reader),
            "limits": {"bytes": MAX_AUDIO_BYTES, "seconds": MAX_AUDIO_SECONDS},
            "owner": identity.account.id if identity.account else None,
        },
        asked=asked,
        own=own,
        spoken=language,
        otherwise=[
            (one, say(one, "practice.in_this"))
            for one in here.bank.languages
            if one != language and asked and await _asked(here, one, asked.id)
        ],
        another=await _another(here, asked, language),
        typed=given.get("answer") or "",
        problem=problems.detail(error, reader) if error else None,
        wrong=error.code if error else None,
        question_limit=MAX_QUESTION_CHARACTERS,
        text_limit=MAX_TEXT_CHARACTERS,
        may_answer=identity.account is not None or guests_may(settings),
        hears=here.workers.footing.hears,
        heard_elsewhere=settings.speech.host,
        elsewhere=settings.language.host,
        keep_audio_minutes=-(-int(settings.store.keep_audio) // 60),
        keep_result_hours=-(-int(settings.store.keep_guest_results) // 3600),
    )


async def _asked(here: Parts, language: str, question_id: str | None) -> Question | None:
    if question_id is None or language not in here.bank.languages:
        return None
    await asyncio.to_thread(here.bank.questions, language)
    return here.bank.get(language, question_id)


async def _usual(here: Parts, language: str) -> tuple[Question, ...]:
    """Return the questions to try, of the general field or, in an own bank without it, all."""
    await asyncio.to_thread(here.bank.questions, language)
    return here.bank.questions(language, GENERAL) or here.bank.questions(language)


async def _another(here: Parts, asked: Question | None, language: str) -> str:
    """Return the id of the question after this one, of its field."""
    found = await _usual(here, language)
    if asked and asked.field != found[0].field:
        found = here.bank.questions(language, asked.field)
    at = next((at for at, one in enumerate(found) if asked and one.id == asked.id), -1)
    return found[(at + 1) % len(found)].id
