"""What was sent cannot be accepted; sending the same again will not help."""

from collections.abc import Sequence

from mulakat.errors.base import MulakatError

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
