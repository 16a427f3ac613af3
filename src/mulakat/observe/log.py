"""Structured logs: one line an event, JSON in ECS names unless a person is watching.

What a candidate said, names, tokens and cookies are never logged: events carry ids and
figures, their messages are constants, and exceptions their place and kind (`ecs.trace`).
"""

import json as encoder
import logging
import sys
from types import TracebackType
from typing import Any, TextIO

import structlog

from mulakat.observe import ecs


def configure(level: str, stream: TextIO | None = None, *, json: bool | None = None) -> None:
    """Send our events and the standard library's to `stream` (default: stderr).

    `json` None: JSON unless the stream is a terminal. `level` is of our own events;
    libraries are heard from warnings on, uvicorn's and asyncio's among them.
    """
    stream = stream or sys.stderr
    if json is None:
        json = not stream.isatty()
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        ecs.trace,
        ecs.shorten_ids,
    ]
    final: list[structlog.types.Processor] = (
        [ecs.to_ecs, structlog.processors.JSONRenderer(encoder.dumps, default=_unknown)]
        if json
        else [
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, ecs.first_words, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    wanted = logging.getLevelNamesMapping()[level.upper()]
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(wanted, logging.WARNING))
    logging.getLogger("mulakat").setLevel(wanted)
    # Its warnings are one for each damaged upload, and quote it.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(wanted),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _crashed


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a room; its name is in every event.

    Events are named by their message, which must be a constant: `event.action` is made of
    it. Values go into fields, and are figures, ids or words from a fixed list.
    """
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(f"mulakat.{name}", room=name)
    return bound


def _unknown(value: object) -> str:
    return type(value).__name__  # not its repr: that may hold anything


def _crashed(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> Any:
    """Log what ended the process, in place of the interpreter's own traceback."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, place)
    else:
        logger("process").error("crashed", exc_info=error)
