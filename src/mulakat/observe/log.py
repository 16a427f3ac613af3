"""Structured logs: one line an event, JSON in ECS names unless a person is watching.

Field names follow the Elastic Common Schema 8.11, so Filebeat needs no mapping. What a
candidate said, names, tokens and cookies are never logged: events carry ids and figures.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_ECS = {
    "event": "message",
    "level": "log.level",
    "timestamp": "@timestamp",
    "request_id": "http.request.id",
    "method": "http.request.method",
    "status": "http.response.status_code",
    "pid": "process.pid",
}


def _to_ecs(_logger: object, _name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    renamed = {_ECS.get(key, key): value for key, value in event.items()}
    renamed["ecs.version"] = "8.11.0"
    renamed["service.name"] = "mulakat"
    if "exception" in renamed:
        renamed["error.stack_trace"] = renamed.pop("exception")
    return renamed


def configure(level: str, stream: TextIO | None = None, *, json: bool | None = None) -> None:
    """Send structlog's and the standard library's events to `stream` (default: stderr).

    `json` None: JSON unless the stream is a terminal.
    """
    stream = stream or sys.stderr
    if json is None:
        json = not stream.isatty()
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, _to_ecs, structlog.processors.JSONRenderer()]
        if json
        else [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Libraries' chatter is theirs; a warning of theirs is ours.
    for noisy in ("asyncio", "aiosqlite", "alembic", "faster_whisper", "sqlalchemy", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a room; its name is in every event."""
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(name, room=name)
    return bound
