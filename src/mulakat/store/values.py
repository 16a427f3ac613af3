"""The frozen values that the store takes and gives; never a row, never a session."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal[
    "queued",  # waits for a worker: new, given back, or its worker died and it may try again
    "running",  # a worker holds its lease
    "done",  # has its result, for good
    "failed",  # has its error, for good
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswer:
    """An answer to accept: typed, or spoken (all four audio fields), never both.

    `language` is the answer's, `reader` that of the sentences about it. `body_hash` says
    whether two requests with the same idempotency key ask the same. `owner` is an account,
    `guest` the digest of a guest's cookie; with neither, who knows the id may read it. `guide`
    holds the question's `key_points` and `example`.
    """

    question: str
    language: str
    reader: str
    body_hash: str
    additional_text: str = ""
    voice_name: str | None = None
    typed_text: str | None = None
    audio_key: str | None = None
    audio_bytes: int | None = None
    audio_sha256: str | None = None
    audio_container: str | None = None
    owner: str | None = None
    guest: str | None = None
    turn_id: str | None = None
    question_id: str | None = None
    guide: dict[str, Any] | None = None
    idempotency_key: str | None = None
    request_id: str = ""

    @property
    def scope(self) -> str:
        """Whose idempotency keys are meant."""
        return self.owner or self.guest or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it stands. Times are aware, in UTC.

    `audio_key` is None once the recording is let go, `started_at` is of the latest attempt,
    `progress` is per cent of the stage or None.
    """

    id: str
    state: State
    owner: str | None
    guest: str | None
    turn_id: str | None
    question_id: str | None
    guide: dict[str, Any] | None
    question: str
    language: str
    reader: str
    additional_text: str
    voice_name: str | None
    typed_text: str | None
    audio_key: str | None
    audio_bytes: int | None
    audio_sha256: str | None
    audio_container: str | None
    idempotency_key: str | None
    body_hash: str
    request_id: str
    attempts: int
    token: int
    worker: str | None
    lease_until: datetime | None
    stage: str | None
    progress: int | None
    result: dict[str, Any] | None
    error_code: str | None
    error_params: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    redacted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer's row; `replayed` when an earlier request with the same key made it."""

    answer: Answer
    replayed: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to an answer; void as soon as another worker claims it."""

    id: str
    token: int


@dataclass(frozen=True, slots=True)
class Claim(Lease):
    """A lease, with the answer as it was when claimed."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an answer is; `place` counts from 1 while it is queued."""

    state: State
    stage: str | None
    progress: int | None
    place: int | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits. `seconds_each` is what an answer took lately, on average."""

    queued: int
    running: int
    oldest_queued_seconds: float
    seconds_each: float
