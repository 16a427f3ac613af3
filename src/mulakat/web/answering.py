"""What taking an answer needs, whether it is evaluated alone or within an interview."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import Request

from mulakat import errors, intake
from mulakat.languages import codes
from mulakat.settings import KIB
from mulakat.store.answers import Move
from mulakat.store.values import Accepted, Answer, NewAnswer, Progress
from mulakat.web import problems, schemas
from mulakat.web.identity import Identity
from mulakat.web.state import Parts

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@asynccontextmanager
async def received(
    request: Request, here: Parts, *, language: str, asked: bool = False
) -> AsyncIterator[intake.Submission]:
    """Yield what the body says, its recording in the spool without a name yet.

    A promise of memory is taken before any of it is read. `language` is the answer's where
    nothing tells; `asked`: the question is known. Raises what `intake.receive` raises, and
    MemoryLow.
    """
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/"):
        room = here.governor.reserve("upload")
    else:
        length = request.headers.get("content-length", "")
        # See memory.budget.COSTS; without a length, the most there may be.
        size = 16 * KIB + 11 * int(length) if length.isdecimal() else None
        room = here.governor.reserve("typed", size)
    async with (
        room,
        intake.receive(
            request.stream(),
            content_type,
            spool=here.spool,
            disk=here.disk,
            languages=codes(),
            default_language=language,
            asked=asked,
            admit=here.governor.admit_audio,
        ) as submission,
    ):
        yield submission


def new_answer(
    request: Request,
    identity: Identity,
    submission: intake.Submission,
    audio_key: str | None,
    *,
    question: str,
    language: str,
    body_hash: str,
    turn_id: str | None = None,
    question_id: str | None = None,
    guide: dict[str, Any] | None = None,
) -> NewAnswer:
    """Return the answer to accept: what was asked, what was sent, and whose it is."""
    audio, account = submission.audio, identity.account
    return NewAnswer(
        question=question,
        language=language,
        reader=problems.reader_language(request),
        additional_text=submission.additional_text,
        voice_name=submission.voice_name,
        typed_text=submission.typed_text,
        audio_key=audio_key,
        audio_bytes=audio.bytes if audio else None,
        audio_sha256=audio.sha256 if audio else None,
        audio_container=audio.container if audio else None,
        owner=account.id if account else None,
        guest=None if account else identity.guest,
        turn_id=turn_id,
        question_id=question_id,
        guide=guide,
        idempotency_key=idempotency_key(request),
        body_hash=body_hash,
        request_id=request.state.request_id,
    )


async def accept(here: Parts, new: NewAnswer, move: Move | None = None) -> Accepted:
    """Make the row; a recording that certainly got none, or that exists already, is deleted.

    Where the outcome is unknown (cancelled, or the database lost in its commit) the row may
    be there: the recording stays, and the sweep looks at the row. Raises IdempotencyConflict,
    QueueFull, and what `move` raises.
    """
    unwanted = False
    try:
        accepted = await here.answers.accept(new, here.settings.intake.queue_limit, move)
        unwanted = accepted.replayed
    except (errors.Refused, errors.QueueFull):
        unwanted = True
        raise
    finally:
        if new.audio_key and unwanted:
            here.spool.unlink(new.audio_key, "discarded")
        elif new.audio_key:
            here.spool.settle(new.audio_key)
    return accepted


async def finished_or_left(request: Request, here: Parts, answer_id: str) -> None:
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


def idempotency_key(request: Request) -> str | None:
    """Return the request's Idempotency-Key, if it has one. Raises Invalid."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise errors.Invalid("idempotency_key_invalid")
    return key


def wants_async(request: Request) -> bool:
    """Whether the client asks not to wait (RFC 7240 §4.1)."""
    preferences = ",".join(request.headers.getlist("prefer")).lower().split(",")
    return any(one.strip().split(";")[0] == "respond-async" for one in preferences)


def failure(answer: Answer) -> errors.MulakatError:
    """Return why an answer failed."""
    return errors.from_code(answer.error_code or "internal", answer.error_params)


async def pending(here: Parts, answer_id: str, progress: Progress) -> dict[str, object]:
    """Return how far an answer is, as it is served."""
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
