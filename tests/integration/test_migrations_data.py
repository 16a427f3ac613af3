"""Migrations over rows of every state: nothing is lost on the way there and back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, inspect, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from mulakat import settings
from mulakat.store import migrate
from mulakat.store.answers import Answers
from mulakat.store.engine import database_url, make_engine, prepare_sqlite
from mulakat.store.tables import metadata
from people import OTHER, OWNER, row

NOON = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)

FIRST: dict[str, Any] = {
    "id": "1", "state": "queued", "owner": None, "question": "Neden?", "language": "tr",
    "reader": "tr", "additional_text": "", "voice_name": None, "typed_text": "Çünkü “ç”.",
    "audio_key": None, "audio_bytes": None, "audio_sha256": None, "audio_container": None,
    "idempotency_key": None, "body_hash": "b", "request_id": "r", "attempts": 0, "token": 0,
    "worker": None, "lease_until": None, "stage": None, "progress": None, "result": None,
    "error_code": None, "error_params": None, "created_at": NOON, "started_at": None,
    "finished_at": None,
}  # fmt: skip
"""Every column of an answer as the first version wrote it."""

SPOKEN = {
    "typed_text": None, "audio_key": "f" * 32, "audio_bytes": 5, "audio_sha256": "s",
    "audio_container": "webm",
}  # fmt: skip
RUNNING = {"state": "running", "attempts": 1, "token": 2, "worker": "w", "stage": "decoding",
           "progress": 40, "lease_until": NOON, "started_at": NOON}  # fmt: skip
DONE = {"state": "done", "attempts": 1, "token": 1, "result": '{"score":70,"quote":"\\u00e7"}',
        "started_at": NOON, "finished_at": NOON + timedelta(seconds=9)}  # fmt: skip
FAILED = {"state": "failed", "attempts": 3, "token": 3, "error_code": "worker_died",
          "error_params": '{"attempts":3}', "finished_at": NOON}  # fmt: skip

STATES = (
    FIRST,
    FIRST | SPOKEN | {"id": "2", "idempotency_key": "k1"},
    FIRST | RUNNING | {"id": "3"},
    FIRST | SPOKEN | RUNNING | {"id": "4", "audio_key": "e" * 32, "voice_name": "v"},
    FIRST | DONE | {"id": "5", "additional_text": "more", "idempotency_key": "k2"},
    FIRST | SPOKEN | DONE | {"id": "6", "audio_key": None},
    FIRST | FAILED | {"id": "7"},
)


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> settings.Store:
    """The settings of an empty database."""
    if request.param == "sqlite":
        return settings.Store(data_dir=tmp_path / "data")
    url = request.getfixturevalue("postgres").create()
    return settings.Store(data_dir=tmp_path, database_url=url)


@pytest.fixture
def database(bare: settings.Store) -> Iterator[Engine]:
    url = make_url(database_url(bare))
    if url.get_backend_name() == "sqlite":
        bare.data_dir.mkdir(exist_ok=True)
        made = create_engine(url.set(drivername="sqlite"), poolclass=NullPool)
        prepare_sqlite(made)
    else:
        made = create_engine(url, poolclass=NullPool)
    yield made
    made.dispose()


def add_first(connection: Connection, *rows: dict[str, Any]) -> None:
    """Insert answers as the first version's code did."""
    sqlite = connection.dialect.name == "sqlite"
    for values in rows:
        given = {
            # As the column type writes it: SQLite keeps the UTC digits.
            name: value.strftime("%Y-%m-%d %H:%M:%S.%f")
            if sqlite and isinstance(value, datetime)
            else value
            for name, value in values.items()
        }
        marks = ", ".join(f":{name}" for name in given)
        connection.execute(
            text(f"INSERT INTO answers ({', '.join(given)}) VALUES ({marks})"),
            given,
        )


def first_rows(connection: Connection) -> list[dict[str, Any]]:
    """Return the answers with the columns that the first version knows."""
    query = f"SELECT {', '.join(FIRST)} FROM answers ORDER BY id"
    return [dict(found) for found in connection.execute(text(query)).mappings()]


def add_today(connection: Connection) -> None:
    """Fill every table with rows that belong to each other."""
    done = {"state": "done", "attempts": 1, "token": 1, "result": {"score": 1}, "request_id": "r",
            "created_at": NOON, "started_at": NOON, "finished_at": NOON}  # fmt: skip
    answer = done | {"question": "Why?", "language": "en", "reader": "en", "additional_text": "",
                     "typed_text": "t", "body_hash": "b"}  # fmt: skip
    interview = {"account_id": OWNER, "field": "general", "level": "mid", "language": "en",
                 "total_questions": 3, "created_at": NOON, "moved_at": NOON}  # fmt: skip
    rows: dict[str, list[dict[str, Any]]] = {
        "accounts": [row(OWNER), row(OTHER)],
        "api_tokens": [{"id": "k", "account_id": OWNER, "name": "n", "digest": "d", "hint": "h",
                        "created_at": NOON}],
        "documents": [done | {"id": "d", "account_id": OWNER, "purpose": "cv", "media": "pdf",
                              "language": "en", "file_bytes": 1, "file_sha256": "s",
                              "used_at": NOON}],
        "interviews": [
            interview | {"id": "i1", "state": "completed", "cv_id": "d", "finished_at": NOON},
            interview | {"id": "i2", "state": "asking"},
        ],
        "turns": [{"id": "t", "interview_id": "i1", "number": 1, "category": "ethics",
                   "level": "mid", "text": "Why?", "guide": {}, "reason": {}, "asked_at": NOON}],
        "answers": [
            answer | {"id": "owned", "owner": OWNER, "turn_id": "t", "idempotency_key": "k1"},
        ],
        "corrections": [done | {"id": "c", "answer_id": "owned", "body_hash": "b",
                                "idempotency_key": "k"}],
        "egress": [{"id": "e", "account_id": OWNER, "answer_id": "owned", "purpose": "evaluate",
                    "provider": "p", "model": "m", "host": "h", "bytes_sent": 1,
                    "bytes_received": 1, "outcome": "ok", "at": NOON}],
    }  # fmt: skip
    for name, values in rows.items():
        for one in values:
            connection.execute(insert(metadata.tables[name]).values(one))
    connection.execute(
        insert(metadata.tables["answers"]).values(answer | {"id": "guest", "guest": "g"})
    )


def test_rows_of_every_state_go_to_the_head_back_and_there_again(
    bare: settings.Store, database: Engine
) -> None:
    url = database_url(bare)
    migrate.upgrade(url, "0001")
    with database.begin() as connection:
        add_first(connection, *STATES)
        before = first_rows(connection)
    assert len(before) == len(STATES)

    migrate.upgrade(url)
    with database.begin() as connection:
        assert first_rows(connection) == before
        add_today(connection)
    refused(database, "answers", OWNER)

    migrate.downgrade(url, "0001")
    with database.begin() as connection:
        assert first_rows(connection) == before  # of nobody; what belonged to somebody went
        assert set(inspect(connection).get_table_names()) == {"answers", "alembic_version"}
        columns = {one["name"] for one in inspect(connection).get_columns("answers")}
        assert columns == set(FIRST)
        add_first(connection, FIRST | {"id": "9"})  # the first version goes on

    migrate.upgrade(url)
    with database.begin() as connection:
        assert [one["id"] for one in first_rows(connection)] == [*"1234567", "9"]
        add_today(connection)
    refused(database, "answers", OWNER)


def refused(database: Engine, table: str, owner: str) -> None:
    """The constraints of the head are in force, and what belongs to an account goes with it."""
    wrong = (
        "UPDATE answers SET state = 'waiting' WHERE id = '1'",
        "UPDATE answers SET guest = 'g' WHERE id = 'owned'",
        "UPDATE answers SET owner = 'nobody' WHERE id = '1'",
        "UPDATE answers SET turn_id = 'none' WHERE id = '1'",
        "UPDATE answers SET progress = 101 WHERE id = '1'",
        "UPDATE answers SET idempotency_key = 'k1' WHERE id = '1'",
        "UPDATE interviews SET state = 'asking', finished_at = NULL WHERE id = 'i1'",
        "UPDATE turns SET number = 0",
        "INSERT INTO corrections (id, answer_id, body_hash, state, attempts, token, request_id,"
        " created_at) VALUES ('c2', 'nobody', 'b', 'queued', 0, 0, 'r', '2026-07-01')",
        "UPDATE accounts SET email = 'owner@example.org'",
    )
    for statement in wrong:
        with pytest.raises(IntegrityError), database.begin() as connection:
            connection.execute(text(statement))
    with database.connect() as connection, connection.begin() as transaction:
        connection.execute(text("DELETE FROM accounts WHERE id = :id"), {"id": owner})
        for name in ("api_tokens", "documents", "interviews", "turns", "egress", "corrections"):
            assert connection.scalar(text(f"SELECT count(*) FROM {name}")) == 0, name
        left = connection.scalar(text(f"SELECT count(*) FROM {table} WHERE id = 'owned'"))
        assert left == 0
        transaction.rollback()


async def test_an_answer_that_the_first_version_inserts_is_worked_on_at_the_head(
    bare: settings.Store, database: Engine
) -> None:
    """While one version replaces another, the old one's process may still accept."""
    migrate.upgrade(database_url(bare))
    with database.begin() as connection:
        add_first(connection, FIRST, FIRST | SPOKEN | {"id": "2", "idempotency_key": "k"})
    engine = make_engine(bare)
    answers = Answers(engine, settings.Queue(), bare)
    for wanted in ("1", "2"):
        claim = await answers.claim("w")
        assert claim
        assert claim.id == wanted
        assert await answers.finish(claim, {"score": 1})
        found = await answers.get(wanted)
        assert found
        assert (found.state, found.owner, found.guest, found.turn_id) == ("done", None, None, None)
    await engine.dispose()


async def test_rows_that_the_first_version_left_are_worked_on_after_the_upgrade(
    bare: settings.Store, database: Engine
) -> None:
    migrate.upgrade(database_url(bare), "0001")
    with database.begin() as connection:
        add_first(connection, *STATES)
    migrate.upgrade(database_url(bare))
    engine = make_engine(bare)
    answers = Answers(engine, settings.Queue(), bare)
    taken = set()
    while claim := await answers.claim("w"):
        taken.add(claim.id)
        assert await answers.finish(claim, {})
    assert taken == {"1", "2", "3", "4"}  # those that waited, and whose worker is gone
    await engine.dispose()
