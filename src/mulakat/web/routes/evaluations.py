"""Single evaluations: one spoken or typed answer in, one result out.

Access: accounts, and guests where the operator allows them. What an account or a guest's browser
has sent, nobody else may read; what a program has sent without either, whoever knows its id.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from mulakat import errors, intake
from mulakat.interview import corrected, fallback
from mulakat.store.values import Answer, Progress
from mulakat.web import answering, problems, schemas
from mulakat.web.identity import Identity, who
from mulakat.web.state import Parts, parts

router = APIRouter()

KEEP_ALIVE_SECONDS = 15.0
"""Between comments on a silent event stream, below the 30–60 s after which proxies close it."""

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
    """Take an answer; reply when it is evaluated, or at once with `Prefer: respond-async`.

    With `question_id` it answers a question of the bank, and is judged by its key points.
    """
    here, identity = parts(request), await who(request)
    reader = problems.reader_language(request)
    answering.idempotency_key(request)  # before the body is read
    async with answering.received(request, here, language=reader) as submission:
        question, guide = await _question(here, submission)
        new = answering.new_answer(
            request,
            identity,
            submission,
            await submission.store_audio(),
            question=question,
            language=submission.language,
            body_hash=submission.body_hash,
            question_id=submission.question_id,
            guide=guide,
        )
        accepted = (await answering.accept(here, new)).answer
    here.workers.wake()
    if not answering.wants_async(request):
        await answering.finished_or_left(request, here, accepted.id)
    return await _show(here, await _sure(here, accepted.id), reader, created=True)


async def _question(
    here: Parts, submission: intake.Submission
) -> tuple[str, dict[str, Any] | None]:
    """Return the question as it is asked, and what the bank knows of a strong answer."""
    if submission.question_id is None:
        return submission.question, None
    await asyncio.to_thread(here.bank.questions, submission.language)  # from disk, once
    asked = here.bank.get(submission.language, submission.question_id)
    if asked is None:
        raise errors.Invalid("field_invalid", field="question_id")
    return asked.text, asked.guide


async def mine(here: Parts, identity: Identity, answer_id: str) -> Answer:
    """Return an answer that the reader may read. Raises NotFound for another's."""
    answer = await _sure(here, answer_id)
    if not _reads(identity, answer):
        raise errors.NotFound
    return answer


async def _sure(here: Parts, answer_id: str) -> Answer:
    answer = await here.answers.get(answer_id)
    if answer is None:
        raise errors.NotFound
    return answer


def _reads(identity: Identity, answer: Answer) -> bool:
    if answer.owner is not None:
        return identity.account is not None and identity.account.id == answer.owner
    if answer.guest is not None:
        return answer.guest == identity.guest
    return True  # nobody's: its id, 74 random bits, was told to nobody but the sender


@router.get(
    "/api/v1/evaluations/{answer_id}",
    tags=["evaluations"],
    summary="A result, or how far it is",
    response_model=None,
    responses={200: {"model": schemas.Evaluation}, 404: {"model": schemas.Problem}},
)
async def read(request: Request, answer_id: str) -> Response:
    """Return the result; 202 while it is not done; the problem when it failed."""
    here = parts(request)
    answer = await mine(here, await who(request), answer_id)
    return await _show(here, answer, problems.reader_language(request))


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
    await mine(here, await who(request), answer_id)
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
    here = parts(request)
    await mine(here, await who(request), answer_id)
    reader = problems.reader_language(request)
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
        error = answering.failure(answer) if answer else errors.NotFound()
        return _sse("failed", problems.document(error, reader, id=answer_id))
    return _sse("progress", await answering.pending(here, answer_id, progress))


def _sse(event: str, data: dict[str, object]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def document(here: Parts, answer: Answer, reader: str) -> dict[str, Any]:
    """Return a result as it is served, with its `unsure` words and how far a correction is."""
    correcting: dict[str, Any] | None = None
    if (answer.result or {}).get("words"):
        latest = await here.corrections.latest(answer.id)
        if latest and latest.state == "failed":
            error = errors.from_code(latest.error_code or "internal", latest.error_params)
            correcting = {"status": "failed", "problem": problems.document(error, reader)}
        elif latest and latest.state != "done":
            correcting = {"status": latest.state}
        elif latest:
            # It may have ended after the answer was read: who waits must not take that for new.
            answer = await here.answers.get(answer.id) or answer
    result = dict(answer.result or {})
    if "engine" in result:
        result["engine"] = fallback.told(result["engine"], reader)
    return {
        "id": answer.id,
        "status": "done",
        **result,
        "has_audio": answer.audio_key is not None,
        "audio_url": f"/api/v1/evaluations/{answer.id}/audio" if answer.audio_key else None,
        "unsure": corrected.unsure(result),
        "correcting": correcting,
    }


async def _show(here: Parts, answer: Answer, reader: str, *, created: bool = False) -> Response:
    location = {"Location": f"/api/v1/evaluations/{answer.id}"}
    if answer.state == "done":
        body = await document(here, answer, reader)
        return JSONResponse(body, headers=location if created else None)
    if answer.state == "failed":
        return problems.response(answering.failure(answer), reader, location, id=answer.id)
    progress = (await here.answers.progress([answer.id])).get(answer.id)
    if progress is None:
        raise errors.NotFound
    if progress.state in {"done", "failed"}:  # it ended between the two looks
        return await _show(here, await _sure(here, answer.id), reader, created=created)
    return JSONResponse(
        await answering.pending(here, answer.id, progress),
        status_code=202,
        headers={**location, "Retry-After": "1"},
    )
