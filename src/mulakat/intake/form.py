"""What was sent, once it is all there: its fields, checked."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mulakat import errors
from mulakat.languages.matching import written_in
from mulakat.settings import MAX_QUESTION_CHARACTERS, MAX_TEXT_CHARACTERS

MAX_FIELD_CHARACTERS = 200
"""Of the short fields: a language, a voice, an id."""

LIMITS: Mapping[str, int] = {
    "question": MAX_QUESTION_CHARACTERS,
    "additional_text": MAX_TEXT_CHARACTERS,
    "answer": MAX_TEXT_CHARACTERS,
    "user_answer": MAX_TEXT_CHARACTERS,
    "language": MAX_FIELD_CHARACTERS,
    "voice_name": MAX_FIELD_CHARACTERS,
    "session_id": MAX_FIELD_CHARACTERS,
    "question_id": MAX_FIELD_CHARACTERS,
    "question_index": MAX_FIELD_CHARACTERS,
}
"""The fields that are read, and the characters each may have; others are ignored."""

MOST_JSON_MARKS = 200
"""Quotes, and of `{`, `[` and `,` outside of strings together, that a JSON body may hold. Nine
fields are read; 1 MiB of `{"":{}},` would be 33 MiB of objects."""

# Neither SQLite's nor PostgreSQL's text can be trusted with these, nor can UTF-8 write them.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording that was received whole: its bytes, hash and container (`intake.sniff`)."""

    bytes: int
    sha256: str
    container: str


async def _nothing_to_store() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A spoken answer (`audio`) or a typed one (`typed_text`), never both.

    `question` is empty where it is known otherwise: by `question_id`, of the bank, or by an
    interview's `session_id` and `question_index`, from 1. `body_hash` is equal for two requests
    that say the same, however they were framed.
    """

    question: str
    language: str
    additional_text: str = ""
    voice_name: str | None = None
    session_id: str | None = None
    question_id: str | None = None
    question_index: int | None = None
    typed_text: str | None = None
    audio: Audio | None = None
    body_hash: str
    keep: Callable[[], Awaitable[str | None]] = field(
        default=_nothing_to_store, repr=False, compare=False
    )

    async def store_audio(self) -> str | None:
        """Make the recording durable and return its key in the spool; None for a typed answer.

        Raises DiskFull. Until this is called, nothing of the recording has a name.
        """
        return await self.keep()


def too_long(name: str, limits: Mapping[str, int] = LIMITS) -> errors.Invalid:
    """Return the error for a field of more characters than `limits` allow."""
    limit = limits[name]
    if name == "question":
        return errors.Invalid("question_too_long", limit=limit)
    if limit == MAX_TEXT_CHARACTERS:
        return errors.Invalid("text_too_long", limit=limit)
    return errors.Invalid("field_invalid", field=name)


def fields_of_json(body: bytes, limits: Mapping[str, int] = LIMITS) -> dict[str, str]:
    """Return the text fields of a JSON object that `limits` know; null counts as absent.

    Raises Malformed for what is no JSON object, Invalid(field_invalid) for a value that is
    no string.
    """
    _check_marks(body)
    try:
        document = json.loads(body.decode(), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise errors.Malformed(reason="JSON is not UTF-8") from None
    except RecursionError:
        raise errors.Malformed(reason="JSON is nested too deeply") from None
    except ValueError:
        raise errors.Malformed(reason="JSON cannot be parsed") from None
    if not isinstance(document, dict):
        raise errors.Malformed(reason="JSON is not an object")
    found: dict[str, str] = {}
    for name in limits:
        value = document.get(name)
        if value is None:
            continue
        if name == "question_index" and type(value) is int:
            value = str(value)[:MAX_FIELD_CHARACTERS]
        if not isinstance(value, str):
            raise errors.Invalid("field_invalid", field=name)
        found[name] = value
    return found


def _check_marks(body: bytes) -> None:
    """Raise Malformed for a body of more than MOST_JSON_MARKS, before any of it is parsed."""
    bare = body.replace(rb"\\", b"").replace(rb"\"", b"")  # what quotes are left delimit strings
    if bare.count(b'"') <= MOST_JSON_MARKS:
        outside = b"".join(bare.split(b'"')[::2])
        if sum(map(outside.count, (b"{", b"[", b","))) <= MOST_JSON_MARKS:
            return
    raise errors.Malformed(reason="JSON has too many parts")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise errors.Malformed(reason="a JSON key is repeated")
    return found


def submission(
    fields: Mapping[str, str],
    audio: Audio | None,
    *,
    languages: Sequence[str],
    default_language: str,
    asked: bool = False,
    keep: Callable[[], Awaitable[str | None]] = _nothing_to_store,
) -> Submission:
    """Return the checked submission; raises Invalid with the code of the first thing wrong.

    Where none is given, the answer's language is its question's, and `default_language` where
    the question does not tell. `asked`: the question is known without being sent. Text is kept
    as it came, line ends made `\\n`; one of only spaces counts as absent.
    """
    texts: dict[str, str] = {}
    for name, value in fields.items():
        text = value.replace("\r\n", "\n")
        if len(text) > LIMITS[name]:
            raise too_long(name)
        if _UNSTORABLE.search(text):
            raise errors.Invalid("field_invalid", field=name)
        if text := text.strip():
            texts[name] = text
    if "answer" in texts and "user_answer" in texts:
        raise errors.Invalid("answer_ambiguous")
    typed = texts.get("answer") or texts.get("user_answer")
    question = texts.get("question", "")
    if not (question or asked or "question_id" in texts):
        raise errors.Invalid("question_missing")
    if audio is None and typed is None:
        raise errors.Invalid("answer_missing")
    if audio is not None and typed is not None:
        raise errors.Invalid("answer_ambiguous")
    language = texts.get("language") or written_in(question, languages, default_language)
    language = language.lower()
    if language not in languages:
        known = ", ".join(languages)
        raise errors.Invalid("language_unknown", language=language, known=known)
    content: dict[str, str | None] = {
        "question": question,
        "language": language,
        "additional_text": texts.get("additional_text", ""),
        "voice_name": texts.get("voice_name"),
        "session_id": texts.get("session_id"),
        "question_id": texts.get("question_id"),
        "question_index": texts.get("question_index"),
        "typed_text": typed,
    }
    hashed = json.dumps([content, audio and audio.sha256], sort_keys=True).encode()
    return Submission(
        question=question,
        language=language,
        additional_text=texts.get("additional_text", ""),
        voice_name=texts.get("voice_name"),
        session_id=texts.get("session_id"),
        question_id=texts.get("question_id"),
        question_index=_index(texts.get("question_index")),
        typed_text=typed,
        audio=audio,
        body_hash=hashlib.sha256(hashed).hexdigest(),
        keep=keep,
    )


def _index(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]?", text, re.ASCII):
        raise errors.Invalid("field_invalid", field="question_index")
    return int(text)
