"""What ends an accepted answer for good, and a model that cannot be used."""

from mulakat.errors.base import MulakatError


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
