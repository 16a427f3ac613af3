"""A question, said aloud. Access: the account whose interview it is."""

import os

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.types import Receive, Scope, Send

from mulakat import errors
from mulakat.web import schemas
from mulakat.web.identity import my_account
from mulakat.web.state import parts

router = APIRouter()


class _Held(FileResponse):
    """A file by its descriptor, closed at the end: a sweep may take its name meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        super().__init__(
            f"/proc/self/fd/{descriptor}",
            media_type="audio/wav",
            stat_result=os.fstat(descriptor),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._descriptor)


@router.get(
    "/api/v1/interviews/{interview_id}/turns/{number}/audio",
    tags=["interviews"],
    summary="A question, said aloud",
    response_class=FileResponse,
    response_model=None,
    responses={
        200: {"content": {"audio/wav": {}}},
        **{code: {"model": schemas.Problem} for code in (401, 404, 503, 507)},
    },
)
async def listen(request: Request, interview_id: str, number: int) -> FileResponse:
    """Return the question as WAV, parts of it by Range; 404 where the browser's voice is used."""
    here, account = parts(request), await my_account(request)
    interview = await here.interviews.get(interview_id, account.id)
    turn = (
        next((one for one in interview.turns if one.number == number), None) if interview else None
    )
    if interview is None or turn is None or not here.interviewer.speaks:
        raise errors.NotFound
    said = await here.interviewer.say(turn.text, interview.language, interview.voice_name)
    return _Held(said)
