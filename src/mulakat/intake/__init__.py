"""What comes in: one answer, as multipart/form-data or JSON, checked while it streams."""

from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager

from mulakat import errors
from mulakat.intake import form, multipart
from mulakat.intake.bodies import MAX_JSON_BYTES, whole
from mulakat.intake.form import Audio, Submission
from mulakat.intake.upload import Upload
from mulakat.store.spool import Spool

__all__ = ["MAX_JSON_BYTES", "Audio", "Submission", "fields", "receive"]


@asynccontextmanager
async def receive(
    chunks: AsyncIterator[bytes],
    content_type: str,
    *,
    spool: Spool,
    disk: Executor,
    languages: Sequence[str],
    default_language: str,
    asked: bool = False,
    admit: Callable[[], None] = lambda: None,
) -> AsyncIterator[Submission]:
    """Yield the submission that a request's body makes.

    A recording is in the spool by then, still without a name: `store_audio` gives it one,
    leaving the block without that discards it, as does every error and cancellation.
    `default_language` is the answer's where neither the body nor its question tells; `asked` says
    that the question is known without being sent. `admit` is called when a recording begins,
    and refuses it by raising.

    Raises UnsupportedBody, Malformed, TooLarge, NotAudio, Invalid or DiskFull, and whatever
    `chunks` raises: how long a body may take is for the caller to say.
    """
    kind = content_type.partition(";")[0].strip().lower()
    upload = Upload(spool, disk, admit)
    try:
        if kind == "multipart/form-data":
            fields = await multipart.read(chunks, content_type, upload)
        elif kind == "application/json":
            fields = form.fields_of_json(await whole(chunks))
        else:
            raise errors.UnsupportedBody
        yield form.submission(
            fields,
            await upload.finish(),
            languages=languages,
            default_language=default_language,
            asked=asked,
            keep=upload.keep,
        )
    finally:
        await upload.discard()


async def fields(
    chunks: AsyncIterator[bytes], content_type: str, spool: Spool, disk: Executor
) -> dict[str, str]:
    """Return the text fields of a multipart form that may carry no recording.

    Raises Malformed, TooLarge and Invalid.
    """

    def refuse() -> None:
        raise errors.Invalid("field_invalid", field="audio")

    upload = Upload(spool, disk, refuse)
    try:
        return await multipart.read(chunks, content_type, upload)
    finally:
        await upload.discard()
