"""What the recogniser misheard, set right by who said it; the answer is then evaluated again.

Access: as for reading the answer (evaluations.py).
"""

import hashlib
import json
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from mulakat import errors
from mulakat.interview import corrected
from mulakat.store.corrections import NewCorrection
from mulakat.store.values import Answer
from mulakat.web import answering, problems, schemas
from mulakat.web.bodies import described, read_json
from mulakat.web.identity import who
from mulakat.web.routes.evaluations import document, mine
from mulakat.web.state import parts

router = APIRouter()

MOST_AT_ONCE = 300
"""Words of one request; more than may be corrected of a ten-minute answer."""


class Corrected(BaseModel):
    """One word: its index in `words`, and what was said there."""

    index: int = Field(ge=0)
    text: str = Field(
        max_length=corrected.MOST_CHARACTERS,
        description="empty where nothing was said, several words where several were",
    )


class Correction(BaseModel):
    """The words to correct; those corrected before stay so unless they are named again."""

    words: list[Corrected] = Field(min_length=1, max_length=MOST_AT_ONCE)


@router.post(
    "/api/v1/evaluations/{answer_id}/correction",
    tags=["evaluations"],
    summary="Correct what was misheard, and have the answer evaluated again",
    response_model=None,
    openapi_extra=described(Correction),
    responses={
        200: {"model": schemas.Evaluation, "description": "Nothing differs from what stands"},
        202: {
            "model": schemas.Evaluation,
            "description": "Accepted: the result as it stands, `correcting` until the new one is"
            " there under Location",
        },
        **{code: {"model": schemas.Problem} for code in (404, 409, 415, 422, 503)},
    },
)
async def correct(request: Request, answer_id: str) -> Response:
    """Queue a correction; the result as it is stays readable until the corrected one is there."""
    here = parts(request)
    key = answering.idempotency_key(request)
    answer = await mine(here, await who(request), answer_id)
    given = await read_json(request, Correction)
    changes = {one.index: one.text for one in given.words}
    location = {"Location": f"/api/v1/evaluations/{answer_id}"}
    if not await accept(request, answer, changes, key):
        return JSONResponse(await document(here, answer, problems.reader_language(request)))
    if (again := await here.answers.get(answer_id)) is None:
        raise errors.NotFound
    body = await document(here, again, problems.reader_language(request))
    return JSONResponse(body, 202, location | {"Retry-After": "1"})


async def accept(
    request: Request, answer: Answer, changes: Mapping[int, str], key: str | None = None
) -> bool:
    """Queue a correction; False where nothing differs from what stands.

    Raises what `corrected.merged` and `Corrections.accept` raise.
    """
    here, result = parts(request), answer.result or {}
    if corrected.merged(result, changes) == corrected.made(result) and key is None:
        return False
    words = sorted(changes.items())
    await here.corrections.accept(
        NewCorrection(
            answer_id=answer.id,
            words=words,
            body_hash=hashlib.sha256(json.dumps(words).encode()).hexdigest(),
            idempotency_key=key,
            request_id=request.state.request_id,
        ),
        here.settings.intake.queue_limit,
    )
    here.workers.wake()
    return True
