"""What was said, to listen to while it is kept.

Access: as for reading the answer (evaluations.py).
"""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from mulakat import errors
from mulakat.web import schemas
from mulakat.web.held import Held, recording
from mulakat.web.identity import who
from mulakat.web.routes.evaluations import mine
from mulakat.web.state import parts

router = APIRouter()

KINDS: Mapping[str, str] = {
    "webm": "audio/webm",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "mp4": "audio/mp4",
    "flac": "audio/flac",
    "aac": "audio/aac",
}
"""Media types by the container that was found (intake/sniff.py)."""


@router.get(
    "/api/v1/evaluations/{answer_id}/audio",
    tags=["evaluations"],
    summary="The recording of an answer, while it is kept",
    response_class=FileResponse,
    response_model=None,
    responses={
        200: {"content": {kind: {} for kind in KINDS.values()}},
        404: {"model": schemas.Problem},
    },
)
async def listen(request: Request, answer_id: str) -> FileResponse:
    """Return the recording, parts of it by Range; 404 where it is deleted or never was."""
    here = parts(request)
    answer = await mine(here, await who(request), answer_id)
    if answer.audio_key is None:
        raise errors.NotFound
    descriptor = await asyncio.to_thread(recording, here.spool, answer.audio_key)
    kind = KINDS.get(answer.audio_container or "", "application/octet-stream")
    return Held(descriptor, kind)
