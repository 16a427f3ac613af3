"""Single evaluations: one spoken or typed answer in, one result out.

Access: guests where the operator allows them; a result's id is its capability (74 random
bits), shown to nobody but the one who sent the answer.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from mulakat import errors, intake
from mulakat.languages import codes
from mulakat.settings import KIB
from mulakat.store.values import Answer, NewAnswer, Progress
from mulakat.web import problems, schemas
from mulakat.web.admin_access import require_same_origin
from mulakat.web.state import Parts, parts

router = APIRouter()

KEEP_ALIVE_SECONDS = 15.0
"""Between comments on a silent event stream, below the 30–60 s after which proxies close it."""

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")

_REFUSALS = (400, 401, 403, 408, 409, 413, 415, 422, 503, 507)

_DOCS: dict[str, Any] = {
    "summary": "Evaluate one answer",
    "response_model": None,
    "openapi_extra": {"requestBody": schemas.REQUEST_BODY},
    "responses": {
        200: {"model": schemas.Evaluation},
        202: {"model": schemas.Pending, "description": "Accepted (Prefer: respond-async)"},
        **{code: {"model": schemas.Problem} for code in _REFUSALS},
    },
}


@router.post("/api/v1/evaluations", tags=["evaluations"], **_DOCS)
@router.post("/interview_speech_evaluation", tags=["compatible"], **_DOCS)
async def evaluate(request: Request) -> Response:
    """Take an answer; reply when it is evaluated, or at once with `Prefer: respond-async`."""
    here, reader = parts(request), problems.reader_language(request)
    require_same_origin(request)
    _admit_guest(here)
    key = _idempotency_key(request)
    async with (
        _room(request, here),
        intake.receive(
            request.stream(),
            request.headers.get("content-type", ""),
            spool=here.spool,
            disk=here.disk,
            languages=codes(),
            default_language=reader,
            admit=here.governor.admit_audio,
        ) as submission,
    ):
        audio_key = await submission.store_audio()
        audio = submission.audio
        accepted = await _accept(
            here,
            audio_key,
            NewAnswer(
                question=submission.question,
                language=submission.language,
                reader=reader,
                additional_text=submission.additional_text,
                voice_name=submission.voice_name,
                typed_text=submission.typed_text,
                audio_key=audio_key,
                audio_bytes=audio.bytes if audio else None,
                audio_sha256=audio.sha256 if audio else None,
                audio_container=audio.container if audio else None,
                idempotency_key=key,
                body_hash=submission.body_hash,
                request_id=request.state.request_id,
            ),
        )
    here.workers.wake()
    if not _wants_async(request):
        await _finished_or_left(request, here, accepted.id)
    return await _show(here, accepted.id, reader, created=True)


async def _accept(here: Parts, audio_key: str | None, new: NewAnswer) -> Answer:
    """Make the row; a recording that certainly got none, or that exists already, is deleted.

    Where the outcome is unknown (cancelled, or the database lost in its commit) the row may
    be there: the recording stays, and the sweep looks at the row.
    """
    unwanted = False
    try:
        accepted = await here.answers.accept(new, here.settings.intake.queue_limit)
        unwanted = accepted.replayed
    except (errors.IdempotencyConflict, errors.QueueFull):
        unwanted = True
        raise
    finally:
        if audio_key and unwanted:
            here.spool.unlink(audio_key, "discarded")
        elif audio_key:
            here.spool.settle(audio_key)
    return accepted.answer


@router.get(
    "/api/v1/evaluations/{answer_id}",
    tags=["evaluations"],
    summary="A result, or how far it is",
    response_model=None,
    responses={200: {"model": schemas.Evaluation}, 404: {"model": schemas.Problem}},
)
async def read(request: Request, answer_id: str) -> Response:
    """Return the result; 202 while it is not done; the problem when it failed."""
    return await _show(parts(request), answer_id, problems.reader_language(request))


@router.delete(
    "/api/v1/evaluations/{answer_id}",
    tags=["evaluations"],
    summary="Delete an answer and all that was made of it",
    status_code=204,
    response_model=None,
)
async def delete(request: Request, answer_id: str) -> Response:
    """Delete the row, its result and its recording now."""
    here = parts(request)
    require_same_origin(request)
    answer = await here.answers.delete(answer_id)
    if answer is None:
        raise errors.NotFound
    if answer.audio_key:
        await asyncio.to_thread(here.spool.unlink, answer.audio_key)
    here.watch.nudge()
    return Response(status_code=204)


@router.get(
    "/api/v1/evaluations/{answer_id}/events",
    tags=["evaluations"],
    summary="Progress and result as server-sent events",
    response_model=None,
)
async def events(request: Request, answer_id: str) -> Response:
    """Stream `progress` events, then `done` with the result's address or `failed`."""
    here, reader = parts(request), problems.reader_language(request)
    if await here.answers.get(answer_id) is None:
        raise errors.NotFound
    return StreamingResponse(
        _event_stream(here, answer_id, reader),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # nginx would hold events back
    )


async def _event_stream(here: Parts, answer_id: str, reader: str) -> AsyncIterator[bytes]:
    async with aclosing(here.watch.follow(answer_id)) as changes:
        iterator = aiter(changes)
        pending = asyncio.ensure_future(anext(iterator))
        try:
            while True:
                done, _ = await asyncio.wait({pending}, timeout=KEEP_ALIVE_SECONDS)
                if not done:
                    yield b": still here\n\n"
                    continue
                try:
                    progress = pending.result()
                except StopAsyncIteration:
                    return
                yield await _event(here, answer_id, reader, progress)
                pending = asyncio.ensure_future(anext(iterator))
        finally:
            pending.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending


async def _event(here: Parts, answer_id: str, reader: str, progress: Progress | None) -> bytes:
    if progress is None:
        return _sse("failed", problems.document(errors.NotFound(), reader, id=answer_id))
    if progress.state == "done":
        return _sse("done", {"id": answer_id, "status": "done"})
    if progress.state == "failed":
        answer = await here.answers.get(answer_id)
        error = _failure(answer) if answer else errors.NotFound()
        return _sse("failed", problems.document(error, reader, id=answer_id))
    return _sse("progress", await _pending(here, answer_id, progress))


def _sse(event: str, data: dict[str, object]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def _pending(here: Parts, answer_id: str, progress: Progress) -> dict[str, object]:
    estimate = None
    if progress.place:
        estimate = round(progress.place * (await here.answers.depth()).seconds_each)
    return schemas.Pending(
        id=answer_id,
        status="queued" if progress.state == "queued" else "running",
        stage=progress.stage or ("queued" if progress.state == "queued" else "decoding"),
        progress=progress.progress,
        place=progress.place,
        estimate_seconds=estimate,
    ).model_dump()


def _failure(answer: Answer) -> errors.MulakatError:
    return errors.from_code(answer.error_code or "internal", answer.error_params)


async def _show(here: Parts, answer_id: str, reader: str, *, created: bool = False) -> Response:
    answer = await here.answers.get(answer_id)
    if answer is None:
        raise errors.NotFound
    location = {"Location": f"/api/v1/evaluations/{answer_id}"}
    if answer.state == "done":
        document = {"id": answer.id, "status": "done", **(answer.result or {})}
        return JSONResponse(document, headers=location if created else None)
    if answer.state == "failed":
        return problems.response(_failure(answer), reader, location, id=answer.id)
    progress = (await here.answers.progress([answer_id])).get(answer_id)
    if progress is None:
        raise errors.NotFound
    if progress.state in {"done", "failed"}:  # it ended between the two looks
        return await _show(here, answer_id, reader, created=created)
    return JSONResponse(
        await _pending(here, answer_id, progress),
        status_code=202,
        headers={**location, "Retry-After": "1"},
    )


async def _finished_or_left(request: Request, here: Parts, answer_id: str) -> None:
    """Wait for the result, unless the client goes away; the answer is processed all the same."""
    waiting = asyncio.create_task(here.watch.finished(answer_id))
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({waiting, leaving}, return_when="FIRST_COMPLETED")
    finally:
        for task in (waiting, leaving):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _room(request: Request, here: Parts) -> AbstractAsyncContextManager[None]:
    """Return a promise of memory for the body, taken before any of it is read."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        length = request.headers.get("content-length", "")
        # See memory.budget.COSTS; without a length, the most there may be.
        size = 16 * KIB + 11 * int(length) if length.isdecimal() else None
        return here.governor.reserve("typed", size)
    return here.governor.reserve("upload")


def _admit_guest(here: Parts) -> None:
    guests = here.settings.intake.guests
    if guests == "off" or (guests == "auto" and not here.settings.web.loopback):
        raise errors.GuestsNotAllowed


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise errors.Invalid("idempotency_key_invalid")
    return key


def _wants_async(request: Request) -> bool:
    preferences = ",".join(request.headers.getlist("prefer")).lower().split(",")
    return any(one.strip().split(";")[0] == "respond-async" for one in preferences)
