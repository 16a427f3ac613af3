"""Lines: ECS names for machines, no words of anybody in them, not even in tracebacks."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mulakat import errors
from mulakat.observe import log
from mulakat.settings import Store
from mulakat.store.engine import make_engine

WORDS = "kanarya-words"


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Logging is the process's: leave it as it was."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def stream() -> io.StringIO:
    made = io.StringIO()
    log.configure("info", made)
    return made


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(text: str) -> None:
    raise ValueError(text)


def test_an_event_has_its_ecs_names(stream: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="r-1")
    log.logger("web").info("request", method="GET", route="/a/{b}", status=503, seconds=0.25)
    (line,) = lines(stream)
    assert list(line)[:3] == ["@timestamp", "log.level", "message"]
    assert line["ecs.version"] == "8.11.0"
    assert line["event.action"] == "request"
    assert line["event.duration"] == 250_000_000
    assert line["event.outcome"] == "failure"
    assert line["http.request.id"] == line["trace.id"] == "r-1"
    assert line["http.request.method"] == "GET"
    assert line["http.response.status_code"] == 503
    assert line["url.path"] == "/a/{b}"
    assert line["log.logger"] == "mulakat.web"
    assert line["process.pid"] > 0


def test_what_the_schema_does_not_know_is_a_label_or_a_figure_of_ours(stream: io.StringIO) -> None:
    log.logger("worker").info(
        "worker replaced", reason="idle", exit="75", restart_in=0.5, none=None
    )
    (line,) = lines(stream)
    assert line["event.action"] == "worker-replaced"
    assert line["event.reason"] == "idle"
    assert line["labels.exit"] == "75"
    assert line["mulakat.restart_in"] == 0.5
    assert not any("none" in name for name in line)


def test_an_answers_id_is_cut_so_that_it_opens_nothing(stream: io.StringIO) -> None:
    log.logger("worker").info("answer done", answer="01a210cb-93ee-7f52-8424-7ab38dd1976f")
    assert lines(stream)[0]["labels.answer_id"] == "01a210cb-93ee-7f52"


def test_an_exception_tells_its_place_and_kind_but_not_its_message(stream: io.StringIO) -> None:
    try:
        try:
            fail(WORDS)
        except ValueError as error:
            raise errors.DatabaseBusy from error
    except errors.DatabaseBusy:
        log.logger("web").exception("it broke")
    (line,) = lines(stream)
    assert line["error.type"] == "mulakat.errors.unavailable.DatabaseBusy"
    assert line["error.code"] == "database_unavailable"
    trace = line["error.stack_trace"]
    assert trace.index("ValueError") < trace.index("DatabaseBusy")
    assert "in fail" in trace
    assert WORDS not in stream.getvalue()


def test_a_person_at_a_terminal_sees_no_words_either() -> None:
    stream = io.StringIO()
    log.configure("info", stream, json=False)
    try:
        fail(WORDS)
    except ValueError:
        log.logger("web").exception("it broke", answer="01a210cb-93ee-7f52-8424-7ab38dd1976f")
    assert "it broke" in stream.getvalue()
    assert "in fail" in stream.getvalue()
    assert WORDS not in stream.getvalue()
    assert "7ab38dd1976f" not in stream.getvalue()


def test_uvicorns_errors_come_through_the_same_handler(stream: io.StringIO) -> None:
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.info("Started server process")
    try:
        fail(WORDS)
    except ValueError:
        uvicorn.exception("Exception in ASGI application\n")
    (line,) = lines(stream)
    assert line["message"] == "Exception in ASGI application"
    assert line["log.logger"] == "uvicorn.error"
    assert line["error.type"] == "ValueError"
    assert WORDS not in stream.getvalue()


async def test_asyncios_reprs_are_cut_off(stream: io.StringIO) -> None:
    loop = asyncio.get_running_loop()
    loop.call_exception_handler(
        {"message": f"Exception in callback heard('{WORDS}')", "exception": ValueError(WORDS),
         "future": WORDS}
    )  # fmt: skip
    (line,) = lines(stream)
    assert line["message"] == "Exception in callback heard"
    assert WORDS not in stream.getvalue()


def test_a_value_that_json_does_not_know_shows_its_kind_only(stream: io.StringIO) -> None:
    class Heard:
        def __repr__(self) -> str:
            return WORDS

    log.logger("web").info("odd", value=Heard())
    assert lines(stream)[0]["mulakat.value"] == "Heard"


def test_libraries_below_a_warning_are_not_heard_even_when_we_are_debugged() -> None:
    stream = io.StringIO()
    log.configure("debug", stream)
    logging.getLogger("some.library").debug(WORDS)
    logging.getLogger("some.library").info(WORDS)
    logging.getLogger("python_multipart.multipart").warning("Skipping %s", WORDS)
    log.logger("web").debug("ours")
    assert [line["message"] for line in lines(stream)] == ["ours"]


def test_a_crash_of_the_process_is_a_line_like_any_other(stream: io.StringIO) -> None:
    try:
        fail(WORDS)
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    (line,) = lines(stream)
    assert line["event.action"] == "crashed"
    assert WORDS not in stream.getvalue()


async def test_a_failed_statement_does_not_quote_what_it_should_have_stored(
    stream: io.StringIO, tmp_path: Path
) -> None:
    engine = make_engine(Store(data_dir=tmp_path))
    try:
        with pytest.raises(DBAPIError) as caught:
            async with engine.begin() as connection:
                await connection.execute(text("INSERT INTO nowhere VALUES (:x)"), {"x": WORDS})
    finally:
        await engine.dispose()
    assert WORDS not in str(caught.value)
    log.logger("web").error("it broke", exc_info=caught.value)
    assert "SQLITE_ERROR" in lines(stream)[0]["error.stack_trace"]
    assert WORDS not in stream.getvalue()
