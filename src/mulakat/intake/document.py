"""A document that comes in: a file by multipart, or its text in JSON."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mulakat import errors
from mulakat.intake import form, multipart
from mulakat.intake.bodies import whole
from mulakat.intake.upload import Upload
from mulakat.settings import MAX_TEXT_CHARACTERS
from mulakat.store.spool import Spool

PURPOSES = ("cv", "posting")

LIMITS = {"purpose": form.MAX_FIELD_CHARACTERS, "text": MAX_TEXT_CHARACTERS}
"""The fields that are read, and the characters each may have."""

_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 27})
"""What no text has; Word pastes its line breaks as 11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A document in the spool, still without a name: `store` gives it one and returns its key."""

    purpose: str
    media: str
    bytes: int
    sha256: str
    store: Callable[[], Awaitable[str | None]] = field(repr=False, compare=False)


def media(head: bytes) -> str | None:
    """Return pdf, docx or text by a document's first bytes (`sniff.HEAD_BYTES`), or None.

    A zip archive counts as docx; whether it is one, its reader says.
    """
    if b"%PDF-" in head[:1024]:  # ISO 32000-1, Annex H.3, note 13
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return "docx"
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "text"
    if not head or head.translate(None, _CONTROLS) != head:
        return None
    return "text"


@asynccontextmanager
async def receive(
    chunks: AsyncIterator[bytes],
    content_type: str,
    *,
    spool: Spool,
    disk: Executor,
    admit: Callable[[], None] = lambda: None,
    also: Mapping[str, int] | None = None,
    kept: dict[str, str] | None = None,
) -> AsyncIterator[Received]:
    """Yield the document that a request's body makes.

    Leaving the block without `store` discards it, as does every error and cancellation. Of a
    multipart body the fields are put into `kept` as they come, with further ones that `also`
    names beside the characters each may have.

    Raises UnsupportedBody, Malformed, TooLarge, NotDocument, Invalid or DiskFull.
    """
    kind = content_type.partition(";")[0].strip().lower()
    text = ""
    upload = Upload(
        spool,
        disk,
        admit,
        recognise=lambda head: "text" if text else media(head),
        unknown=errors.NotDocument,
        empty=lambda: errors.Invalid("document_empty"),
        repeated=lambda: errors.Invalid("document_ambiguous"),
    )
    try:
        if kind == "multipart/form-data":
            fields = kept if kept is not None else {}
            await multipart.read(
                chunks,
                content_type,
                upload,
                part="file",
                limits={**(also or {}), **LIMITS},
                texts=fields,
            )
        elif kind == "application/json":
            fields = form.fields_of_json(await whole(chunks), LIMITS)
        else:
            raise errors.UnsupportedBody
        text = fields.get("text", "").strip()
        if len(text) > MAX_TEXT_CHARACTERS:
            raise errors.Invalid("text_too_long", limit=MAX_TEXT_CHARACTERS)
        if text and upload.started:
            raise errors.Invalid("document_ambiguous")
        if text:
            upload.start()
            upload.feed(text.encode("utf-8", "replace"))
        if fields.get("purpose") not in PURPOSES:
            raise errors.Invalid("field_invalid", field="purpose")
        got = await upload.finish()
        if got is None:
            raise errors.Invalid("document_missing")
        yield Received(
            purpose=fields["purpose"],
            media=got.container,
            bytes=got.bytes,
            sha256=got.sha256,
            store=upload.keep,
        )
    finally:
        await upload.discard()
