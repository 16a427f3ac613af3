"""Every error Mulakat raises on purpose.

MulakatError
├── Refused            what was sent cannot be accepted; sending the same again will not help
│   ├── Malformed              400  malformed_request
│   ├── GuestsNotAllowed       401  guests_not_allowed
│   ├── LoginRequired          401  login_required
│   ├── LoginWrong             401  login_wrong
│   ├── AdminOnly              401  admin_only
│   ├── AdminOff               403  admin_off
│   ├── SessionNeeded          403  session_needed
│   ├── PasswordWrong          403  password_wrong
│   ├── RegistrationOff        403  registration_off
│   ├── CrossOrigin            403  cross_origin
│   ├── CsrfWrong              403  form_expired
│   ├── NotFound               404  not_found
│   ├── MethodNotAllowed       405  method_not_allowed
│   ├── TooSlow                408  body_too_slow
│   ├── IdempotencyConflict    409  idempotency_conflict
│   ├── EmailTaken             409  email_taken
│   ├── TooManyTokens          409  too_many_tokens
│   ├── IllegalMove            409  illegal_move
│   ├── InterviewActive        409  interview_active
│   ├── TooLarge               413  too_large
│   ├── NotAudio               415  not_audio
│   ├── NotDocument            415  not_document
│   ├── DocumentsFull          409  documents_full
│   ├── LastAdmin              409  last_admin
│   ├── NotCorrectable         409  not_correctable
│   ├── CorrectionRunning      409  correction_running
│   ├── UnsupportedBody        415  unsupported_body
│   ├── TypedOnly              503  typed_only
│   └── Invalid                422  a code of its own for each cause, see INVALID_CODES
├── Unavailable        nothing is wrong with the request; come back later (Retry-After)
│   ├── TooManyTries           429  too_many_tries
│   ├── TooManyRequests        429  too_many_requests
│   ├── ExportRunning          429  export_running
│   ├── QueueFull              503  queue_full
│   ├── DatabaseBusy           503  database_unavailable
│   ├── SessionsDown           503  sessions_unavailable
│   ├── LoginsBusy             503  logins_busy
│   ├── NotReady               503  not_ready
│   ├── MemoryLow              503  memory_low
│   ├── TranscriberUnavailable 503  transcriber_unavailable
│   ├── VoiceUnavailable       503  voice_unavailable
│   └── DiskFull               507  disk_full
├── AnswerFailed       processing an accepted answer failed for good
│   ├── WorkerDied             500  worker_died
│   ├── DeadlineExceeded       422  deadline_exceeded
│   ├── OutOfMemory            503  out_of_memory
│   ├── SpeechRefused          422  speech_refused
│   └── Internal               500  internal
└── ModelError         the speech model is missing or is not the one that was pinned

The sentence a reader sees is not here: it stands in the catalogues under `error.<code>`,
with `params` filled in.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

INVALID_CODES = frozenset(
    {
        "question_missing",
        "question_too_long",
        "text_too_long",
        "answer_missing",
        "answer_ambiguous",
        "audio_repeated",
        "audio_empty",
        "audio_broken",
        "audio_too_long",
        "no_speech",
        "language_unknown",
        "field_invalid",
        "idempotency_key_invalid",
        "answers_differ",
        "correction_too_much",
        "document_missing",
        "document_ambiguous",
        "document_unreadable",
        "document_encrypted",
        "document_too_complex",
        "document_empty",
        "email_invalid",
        "password_too_short",
        "password_too_long",
        "password_common",
        "password_has_email",
    }
)


class MulakatError(Exception):
    """Base of the tree.

    `code` is stable and public; `status` is the HTTP status; `permanent` says that doing
    the same again cannot succeed; `params` fill the catalogue's sentence; `members` are
    further ones of the problem document.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    permanent: ClassVar[bool] = True
    members: Mapping[str, object] = MappingProxyType({})

    def __init__(self, **params: str | int | float) -> None:
        self.params = params
        super().__init__(f"{self.code} {params}" if params else self.code)


class Refused(MulakatError):
    """The request cannot be accepted as it is."""

    status = 400


class Malformed(Refused):
    """The body is not what its content type says. `reason` is a short technical phrase."""

    code = "malformed_request"


class GuestsNotAllowed(Refused):
    """The operator does not let guests evaluate answers here."""

    code = "guests_not_allowed"
    status = 401


class LoginRequired(Refused):
    """This is for accounts, and nobody is logged in."""

    code = "login_required"
    status = 401


class SessionNeeded(Refused):
    """An API token may not do this: only its owner, logged in."""

    code = "session_needed"
    status = 403


class LoginWrong(Refused):
    """No account has this address and password; which of the two is wrong is not said."""

    code = "login_wrong"
    status = 401


class PasswordWrong(Refused):
    """Who is logged in did not give the present password."""

    code = "password_wrong"
    status = 403


class RegistrationOff(Refused):
    """The operator makes the accounts here."""

    code = "registration_off"
    status = 403


class AdminOnly(Refused):
    """Only an admin may do this: neither the admin token nor an admin's login came."""

    code = "admin_only"
    status = 401


class AdminOff(Refused):
    """No admin token is set and no account is an admin's, so nobody is the operator here."""

    code = "admin_off"
    status = 403


class CrossOrigin(Refused):
    """A page of another site sent this with the reader's cookie."""

    code = "cross_origin"
    status = 403


class CsrfWrong(Refused):
    """A form came without the secret of the session that sent it."""

    code = "form_expired"
    status = 403


class NotFound(Refused):
    """No such thing, or not the reader's."""

    code = "not_found"
    status = 404


class MethodNotAllowed(Refused):
    """The path exists, with other methods."""

    code = "method_not_allowed"
    status = 405


class TooSlow(Refused):
    """The body stopped arriving. Params: seconds."""

    code = "body_too_slow"
    status = 408


class IdempotencyConflict(Refused):
    """The same Idempotency-Key came with another body."""

    code = "idempotency_conflict"
    status = 409


class EmailTaken(Refused):
    """An account has this address already."""

    code = "email_taken"
    status = 409


class TooManyTokens(Refused):
    """The account has as many API tokens as it may have. Params: limit."""

    code = "too_many_tokens"
    status = 409


class IllegalMove(Refused):
    """The interview's state does not allow this move, or its question is another by now."""

    code = "illegal_move"
    status = 409

    def __init__(
        self, state: str = "", allowed: Sequence[str] = (), **params: str | int | float
    ) -> None:
        super().__init__(**params)
        self.members = {"state": state, "allowed": list(allowed)}


class InterviewActive(Refused):
    """The account has an unfinished interview already, and may have one."""

    code = "interview_active"
    status = 409

    def __init__(self, session_id: str = "", **params: str | int | float) -> None:
        super().__init__(**params)
        self.members = {"session_id": session_id}


class TooLarge(Refused):
    """More bytes than the limit. Params: limit_mib."""

    code = "too_large"
    status = 413


class NotAudio(Refused):
    """The bytes are no audio container that we read."""

    code = "not_audio"
    status = 415


class NotDocument(Refused):
    """The bytes are neither PDF, DOCX nor text."""

    code = "not_document"
    status = 415


class DocumentsFull(Refused):
    """The account has as many documents as it may. Params: limit."""

    code = "documents_full"
    status = 409


class LastAdmin(Refused):
    """The only admin there is cannot be deleted."""

    code = "last_admin"
    status = 409


class NotCorrectable(Refused):
    """There is nothing that a recogniser heard: typed, not done, or deleted after its time."""

    code = "not_correctable"
    status = 409


class CorrectionRunning(Refused):
    """The answer has a correction that is not evaluated yet; the next one follows on it."""

    code = "correction_running"
    status = 409


class UnsupportedBody(Refused):
    """Neither multipart/form-data nor application/json."""

    code = "unsupported_body"
    status = 415


class TypedOnly(Refused):
    """No speech model is installed that this memory holds: typed answers only, now and later."""

    code = "typed_only"
    status = 503


class Invalid(Refused):
    """The body was understood, its content is not acceptable; `code` is one of INVALID_CODES."""

    status = 422

    def __init__(self, code: str, **params: str | int | float) -> None:
        if code not in INVALID_CODES:
            raise ValueError(f"undeclared code {code!r}")
        self.code = code  # type: ignore[misc]  # per instance here, per class elsewhere
        super().__init__(**params)


class Unavailable(MulakatError):
    """Come back later; `retry_after` is in seconds."""

    status = 503
    permanent = False

    def __init__(self, retry_after: int = 10, **params: str | int | float) -> None:
        self.retry_after = retry_after
        super().__init__(retry_after=retry_after, **params)


class TooManyTries(Unavailable):
    """Too many tries lately: wrong tokens or passwords, or new accounts."""

    code = "too_many_tries"
    status = 429


class TooManyRequests(Unavailable):
    """One address without an account has sent as many answers as the operator allows."""

    code = "too_many_requests"
    status = 429


class ExportRunning(Unavailable):
    """An export of this account, or as many as may be at a time, are being sent already."""

    code = "export_running"
    status = 429


class QueueFull(Unavailable):
    """As many answers wait as the operator allows."""

    code = "queue_full"


class DatabaseBusy(Unavailable):
    """The database did not answer in time, or the pool is exhausted."""

    code = "database_unavailable"


class SessionsDown(Unavailable):
    """The store of sessions did not answer in time, or could not be written."""

    code = "sessions_unavailable"


class LoginsBusy(Unavailable):
    """More passwords wait to be checked than can be checked soon."""

    code = "logins_busy"


class NotReady(Unavailable):
    """The server is starting or stopping."""

    code = "not_ready"


class MemoryLow(Unavailable):
    """Memory is nearly used up: no new recording for now, typed answers go on."""

    code = "memory_low"


class TranscriberUnavailable(Unavailable):
    """The provider that hears answers did not, and no model here can in its place."""

    code = "transcriber_unavailable"


class VoiceUnavailable(Unavailable):
    """The question could not be said aloud by the server."""

    code = "voice_unavailable"


class DiskFull(Unavailable):
    """No room for the file; nothing was kept of it."""

    code = "disk_full"
    status = 507


class AnswerFailed(MulakatError):
    """An accepted answer could not be processed; stored in its row."""


class WorkerDied(AnswerFailed):
    """The worker process died with this answer on every attempt. Params: attempts."""

    code = "worker_died"


class DeadlineExceeded(AnswerFailed):
    """Processing took longer than the deadline and was stopped. Params: seconds."""

    code = "deadline_exceeded"
    status = 422


class OutOfMemory(AnswerFailed):
    """Processing this answer needs more memory than the worker may have."""

    code = "out_of_memory"
    status = 503


class SpeechRefused(AnswerFailed):
    """The provider that hears answers refused this recording, and no model here can hear it."""

    code = "speech_refused"
    status = 422


class Internal(AnswerFailed):
    """A defect of ours."""


class ModelError(MulakatError):
    """The model's files are missing or differ from the pinned ones. Params: reason."""

    code = "model_unavailable"
    status = 503
    permanent = False


def from_code(code: str, params: dict[str, str | int | float] | None = None) -> MulakatError:
    """Return the error that a stored code stands for; an unknown code is Internal."""
    given = dict(params or {})
    if code in INVALID_CODES:
        return Invalid(code, **given)
    pending: list[type[MulakatError]] = [MulakatError]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if "code" in vars(kind) and kind.code == code and kind is not MulakatError:
            if issubclass(kind, Unavailable):
                return kind(int(given.pop("retry_after", 10)), **given)
            return kind(**given)
    return Internal()
