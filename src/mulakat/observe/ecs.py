"""Events under the names of the Elastic Common Schema 8.11, and tracebacks without words.

Names: https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html. What the schema has
no name for stands under `labels` when it is a word (keywords, by the schema) and under
`mulakat` when it is a figure.
"""

import errno
import os
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any

from mulakat import __version__
from mulakat.errors import MulakatError

VERSION = "8.11.0"

_FIELDS = {
    "timestamp": "@timestamp",
    "level": "log.level",
    "action": "event.action",
    "reason": "event.reason",
    "logger": "log.logger",
    "method": "http.request.method",
    "route": "url.path",  # the template: a path may carry an id, which is a right to read
    "status": "http.response.status_code",
    "body_bytes": "http.request.body.bytes",
    "sent_bytes": "http.response.body.bytes",
    "pid": "process.pid",
    "code": "error.code",
    "error_type": "error.type",
    "exception": "error.stack_trace",
    "answer": "labels.answer_id",
}

_ID_CHARACTERS = 18
"""Of an answer's id, what may be logged: its time and 12 of its 74 random bits find the row,
but do not open it (the whole id does, see web/routes/evaluations.py)."""

_MOST_LINKS = 8
"""Exceptions in a chain that a trace shows."""

_JOB_OUTCOMES = {"done": "success", "failed": "failure"}


def to_ecs(_logger: object, _name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Rename an event's fields; None is left out."""
    out: dict[str, Any] = {
        "@timestamp": event.pop("timestamp", None),
        "log.level": event.pop("level", None),
        "message": str(event.pop("event")).strip(),
        "ecs.version": VERSION,
        "service.name": "mulakat",
        "service.version": __version__,
        "event.dataset": "mulakat",
        "process.pid": os.getpid(),
    }
    room = event.pop("room", None)
    if room:
        out["log.logger"] = f"mulakat.{room}"
        out["event.action"] = _slug(out["message"])
    request_id = event.pop("request_id", None)
    if request_id:
        out["http.request.id"] = out["trace.id"] = request_id
    seconds = event.pop("seconds", None)
    if seconds is not None:
        out["event.duration"] = round(seconds * 1e9)
    out["event.outcome"] = _outcome(event)
    for key, value in event.items():
        out[_field(key, value)] = value
    return {name: value for name, value in out.items() if value is not None}


def _field(key: str, value: object) -> str:
    if key in _FIELDS or "." in key:
        return _FIELDS.get(key, key)
    return f"labels.{key}" if isinstance(value, str) else f"mulakat.{key}"


def _slug(message: str) -> str:
    """Return the name of one of our events; their messages are constants."""
    return re.sub(r"[^a-z0-9]+", "-", message.lower()).strip("-")


def _outcome(event: MutableMapping[str, Any]) -> str | None:
    if status := event.get("status"):
        return "success" if status < 500 else "failure"
    if outcome := event.get("outcome"):
        return _JOB_OUTCOMES.get(outcome, "unknown")
    return None


def shorten_ids(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Any:
    """Cut answers' ids to what may be logged."""
    if isinstance(event.get("answer"), str):
        event["answer"] = event["answer"][:_ID_CHARACTERS]
    return event


def first_words(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Any:
    """Keep the plain words that asyncio begins with: what follows are reprs of anything."""
    if event.get("logger") == "asyncio":
        found = re.match(r"[\w .,]*", str(event["event"]))
        event["event"] = found[0].strip() if found else ""
    return event


def trace(_logger: object, _name: str, event: MutableMapping[str, Any]) -> Any:
    """Say where an exception came from and of what kind it was.

    Messages of exceptions are left out: those of libraries quote what they were given, and
    that may be what a candidate said.
    """
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(_chain(error))
        event["error_type"] = _kind(error)
        if isinstance(error, MulakatError):
            event.setdefault("code", error.code)
    return event


def _chain(error: BaseException) -> Iterator[str]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links and len(links) < _MOST_LINKS:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    for one in reversed(links):
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(one.__traceback__)).rstrip()
        yield _kind(one) + _cause(one)


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _cause(error: BaseException) -> str:
    """Return the error's code where it has one from a fixed list, and so tells no words."""
    if isinstance(error, MulakatError):
        return f" {error.code}"
    if isinstance(error, OSError) and error.errno:
        return f" {errno.errorcode.get(error.errno, error.errno)}"
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    return f" {code}" if code else ""
