"""A question, said aloud. Access: the account whose interview it is."""

import os

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from mulakat import errors
from mulakat.interview.bank import Bank
from mulakat.store.interview_values import Interview, Turn
from mulakat.web import schemas
from mulakat.web.identity import my_account
from mulakat.web.state import parts
from mulakat.web.voice import Said, Text

router = APIRouter()

KINDS = {b"RIFF": "audio/wav", b"OggS": "audio/ogg; codecs=opus"}
"""By how a file begins."""


class _Held(FileResponse):
    """A file by its descriptor, closed at the end: a sweep may take its name meanwhile."""

    def __init__(self, said: Said, headers: dict[str, str]) -> None:
        self._descriptor = said.file
        super().__init__(
            f"/proc/self/fd/{said.file}",
            media_type=KINDS.get(os.pread(said.file, 4, 0)),
            headers=headers,
            stat_result=os.fstat(said.file),
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
        200: {"content": {kind: {} for kind in KINDS.values()}},
        304: {"description": "The same as the one that If-None-Match names"},
        **{code: {"model": schemas.Problem} for code in (401, 404, 503, 507)},
    },
)
async def listen(request: Request, interview_id: str, number: int) -> Response:
    """Return the question as WAV or Ogg, parts of it by Range.

    404 where the browser's voice is used; 503 where the server cannot say it now: then read it
    with the browser's. `Voice-Used: wished` or `usual` tells whether `voice_name` was heeded.
    """
    here, account = parts(request), await my_account(request)
    interview = await here.interviews.get(interview_id, account.id)
    turn = (
        next((one for one in interview.turns if one.number == number), None) if interview else None
    )
    if interview is None or turn is None or not here.interviewer.speaks:
        raise errors.NotFound
    own = not _of_the_bank(here.bank, interview, turn)
    text = Text(turn.text, interview.language, interview.voice_name, account.id, own)
    if request.headers.get("if-none-match") == _tag(here.interviewer.name(text)):
        return Response(status_code=304, headers=_headers(here.interviewer.name(text)))
    said = await here.interviewer.say(text)
    if own and await here.interviews.get(interview_id, account.id) is None:
        os.close(said.file)
        await here.interviewer.forget(account.id)  # deleted while it was being said
        raise errors.NotFound
    used = "wished" if text.voice and here.interviewer.knows(text) else "usual"
    return _Held(said, _headers(said.name) | {"Voice-Used": used})


def _of_the_bank(bank: Bank, interview: Interview, turn: Turn) -> bool:
    """Whether the question is the bank's word for word; else it may be made from a CV."""
    found = bank.get(interview.language, turn.question_id) if turn.question_id else None
    return found is not None and turn.text in {
        found.text,
        *(follow_up.text for follow_up in found.follow_ups),
    }


def _headers(name: str) -> dict[str, str]:
    # The browser asks each time: after a logout or a deletion nothing is heard without us.
    return {"ETag": _tag(name), "Cache-Control": "private, no-cache"}


def _tag(name: str) -> str:
    return f'"{name[:32]}"'
