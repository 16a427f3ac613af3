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

from mulakat.errors.base import MulakatError
from mulakat.errors.failed import (
    AnswerFailed,
    DeadlineExceeded,
    Internal,
    ModelError,
    OutOfMemory,
    SpeechRefused,
    WorkerDied,
)
from mulakat.errors.refused import (
    INVALID_CODES,
    AdminOff,
    AdminOnly,
    CorrectionRunning,
    CrossOrigin,
    CsrfWrong,
    DocumentsFull,
    EmailTaken,
    GuestsNotAllowed,
    IdempotencyConflict,
    IllegalMove,
    InterviewActive,
    Invalid,
    LastAdmin,
    LoginRequired,
    LoginWrong,
    Malformed,
    MethodNotAllowed,
    NotAudio,
    NotCorrectable,
    NotDocument,
    NotFound,
    PasswordWrong,
    Refused,
    RegistrationOff,
    SessionNeeded,
    TooLarge,
    TooManyTokens,
    TooSlow,
    TypedOnly,
    UnsupportedBody,
)
from mulakat.errors.unavailable import (
    DatabaseBusy,
    DiskFull,
    ExportRunning,
    LoginsBusy,
    MemoryLow,
    NotReady,
    QueueFull,
    SessionsDown,
    TooManyRequests,
    TooManyTries,
    TranscriberUnavailable,
    Unavailable,
    VoiceUnavailable,
)


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


__all__ = [
    "INVALID_CODES",
    "AdminOff",
    "AdminOnly",
    "AnswerFailed",
    "CorrectionRunning",
    "CrossOrigin",
    "CsrfWrong",
    "DatabaseBusy",
    "DeadlineExceeded",
    "DiskFull",
    "DocumentsFull",
    "EmailTaken",
    "ExportRunning",
    "GuestsNotAllowed",
    "IdempotencyConflict",
    "IllegalMove",
    "Internal",
    "InterviewActive",
    "Invalid",
    "LastAdmin",
    "LoginRequired",
    "LoginWrong",
    "LoginsBusy",
    "Malformed",
    "MemoryLow",
    "MethodNotAllowed",
    "ModelError",
    "MulakatError",
    "NotAudio",
    "NotCorrectable",
    "NotDocument",
    "NotFound",
    "NotReady",
    "OutOfMemory",
    "PasswordWrong",
    "QueueFull",
    "Refused",
    "RegistrationOff",
    "SessionNeeded",
    "SessionsDown",
    "SpeechRefused",
    "TooLarge",
    "TooManyRequests",
    "TooManyTokens",
    "TooManyTries",
    "TooSlow",
    "TranscriberUnavailable",
    "TypedOnly",
    "Unavailable",
    "UnsupportedBody",
    "VoiceUnavailable",
    "WorkerDied",
    "from_code",
]
