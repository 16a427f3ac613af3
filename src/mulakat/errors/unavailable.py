"""Nothing is wrong with the request; come back later."""

from mulakat.errors.base import MulakatError


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
