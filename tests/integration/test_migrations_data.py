"""Migrations with rows in the tables: forward, back, and forward again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from mulakat import settings
from mulakat.store import migrate
from mulakat.store.engine import database_url, prepare_sqlite

NOON = "2026-07-01 12:00:00+00:00"

OLD = {
    "queued": {"typed_text": "waits"},
    "running": {"typed_text": "runs", "worker": "w", "lease_until": NOON, "attempts": 1,
                "token": 1, "started_at": NOON},
    "done": {"audio_sha256": "s", "audio_key": "a", "audio_bytes": 3, "audio_container": "webm",
             "result": '{"score":61}', "attempts": 1, "token": 1, "started_at": NOON,
             "finished_at": NOON},
    "failed": {"typed_text": "failed", "error_code": "internal", "error_params": "{}",
               "attempts": 3, "token": 3, "started_at": NOON, "finished_at": NOON},
}  # fmt: skip
"""A row of each state, as the first version wrote them."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    store = settings.Store(data_dir=tmp_path)
    if request.param == "postgresql":
        store = settings.Store(
            data_dir=tmp_path, database_url=request.getfixturevalue("postgres").create()
        )
    return database_url(store)


@pytest.fixture
def engine(url: str) -> Engine:
    if url.startswith("sqlite"):
        made = create_engine(url.replace("+aiosqlite", ""), poolclass=NullPool)
        prepare_sqlite(made)
        return made
    return create_engine(url, poolclass=NullPool)


def fill(engine: Engine, prefix: str = "") -> None:
    """Insert as the first version does, naming its own columns."""
    common = {
        "question": "Neden? İş için", "language": "tr", "reader": "tr", "additional_text": "",
        "body_hash": "b", "request_id": "r", "attempts": 0, "token": 0, "created_at": NOON,
    }  # fmt: skip
    with engine.begin() as connection:
        for state, more in OLD.items():
            row: dict[str, Any] = common | {"id": prefix + state, "state": state} | more
            if row.get("audio_key"):
                row["audio_key"] = prefix + row["audio_key"]
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO answers ({names}) VALUES ({places})"), row)


def told(engine: Engine, where: str = "true") -> list[tuple[Any, ...]]:
    columns = (
        "id, state, question, typed_text, audio_key, result, error_code, attempts, token, "
        "finished_at, created_at"
    )
    with engine.begin() as connection:
        query = f"SELECT {columns} FROM answers WHERE {where} ORDER BY id"
        return [tuple(map(str, row)) for row in connection.execute(text(query))]


def people(engine: Engine) -> None:
    """Give one an account, an interview, a turn and its answer, a document, a token, a line."""
    now = datetime(2026, 7, 1, tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    rows = {
        "accounts": {"id": "u", "email": "u@example.org", "name": "U", "password_hash": "!",
                     "role": "candidate", "epoch": 1, "created_at": now},
        "api_tokens": {"id": "k", "account_id": "u", "name": "k", "digest": "d", "hint": "h",
                       "created_at": now},
        "documents": {"id": "d", "account_id": "u", "purpose": "cv", "media": "pdf",
                      "language": "tr", "file_bytes": 1, "file_sha256": "s", "used_at": now,
                      "state": "queued", "attempts": 0, "token": 0, "request_id": "",
                      "created_at": now},
        "interviews": {"id": "i", "account_id": "u", "state": "asking", "field": "general",
                       "level": "mid", "language": "tr", "total_questions": 3, "cv_id": "d",
                       "created_at": now, "moved_at": now},
        "turns": {"id": "t", "interview_id": "i", "number": 1, "category": "conflict",
                  "level": "mid", "text": "?", "guide": "{}", "reason": "{}", "asked_at": now},
        "answers": {"id": "mine", "state": "queued", "owner": "u", "turn_id": "t",
                    "question": "?", "language": "tr", "reader": "tr", "additional_text": "",
                    "typed_text": "x", "body_hash": "b", "request_id": "", "attempts": 0,
                    "token": 0, "created_at": now},
        "egress": {"id": "e", "account_id": "u", "answer_id": "mine", "purpose": "evaluate",
                   "provider": "p", "model": "m", "host": "h", "bytes_sent": 1,
                   "bytes_received": 1, "outcome": "done", "at": now},
    }  # fmt: skip
    with engine.begin() as connection:
        for table, row in rows.items():
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)


def test_rows_of_every_state_go_forward_unchanged(url: str, engine: Engine) -> None:
    migrate.upgrade(url, "0001")
    fill(engine)
    before = told(engine)
    migrate.upgrade(url)
    assert told(engine) == before
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE answers SET owner = 'nobody' WHERE id = 'done'"))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE answers SET progress = 101 WHERE id = 'queued'"))


def test_back_again_guests_answers_stay_and_accounts_take_theirs_along(
    url: str, engine: Engine
) -> None:
    migrate.upgrade(url, "0001")
    fill(engine)
    before = told(engine)
    migrate.upgrade(url)
    people(engine)
    migrate.downgrade(url, "0001")
    assert told(engine) == before
    migrate.upgrade(url)
    assert told(engine) == before
    people(engine)
    assert len(told(engine, "owner IS NOT NULL")) == 1


def test_the_version_before_goes_on_writing_to_the_new_tables(url: str, engine: Engine) -> None:
    migrate.upgrade(url)
    fill(engine)
    fill(engine, "second ")
    assert len(told(engine, "owner IS NULL AND guest IS NULL")) == 2 * len(OLD)


def test_an_account_takes_along_what_is_its_own(url: str, engine: Engine) -> None:
    migrate.upgrade(url)
    fill(engine)
    people(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM accounts"))
        for table in ("api_tokens", "documents", "interviews", "turns", "egress"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    assert len(told(engine)) == len(OLD)


def test_a_deleted_document_leaves_the_interview_that_asked_from_it(
    url: str, engine: Engine
) -> None:
    migrate.upgrade(url)
    people(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM documents"))
        assert connection.scalar(text("SELECT cv_id FROM interviews")) is None
