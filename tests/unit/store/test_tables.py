"""Column types and the constraints that keep a row's fields consistent."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, insert, select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.pool import NullPool

from mulakat.store.engine import prepare_sqlite
from mulakat.store.tables import accounts, answers, metadata
from people import OWNER, row

NOON = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)

QUEUED: dict[str, Any] = {
    "id": "1", "state": "queued", "question": "q", "language": "tr", "reader": "tr",
    "additional_text": "", "typed_text": "t", "body_hash": "b", "request_id": "",
    "attempts": 0, "token": 0, "created_at": NOON,
}  # fmt: skip


@pytest.fixture
def database(tmp_path: Any) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path}/t.sqlite3", poolclass=NullPool)
    prepare_sqlite(engine)
    metadata.create_all(engine)
    return engine


def add(engine: Engine, **changes: object) -> None:
    with engine.begin() as connection:
        connection.execute(insert(answers).values({**QUEUED, **changes}))


def test_moments_come_back_aware_in_utc_from_any_zone(database: Engine) -> None:
    add(database, created_at=NOON.astimezone(timezone(timedelta(hours=3))))
    with database.connect() as connection:
        found = connection.scalar(select(answers.c.created_at))
    assert found == NOON
    assert found is not None
    assert found.tzinfo is UTC


def test_a_moment_without_its_zone_is_refused(database: Engine) -> None:
    with pytest.raises(StatementError, match="time zone"):
        add(database, created_at=NOON.replace(tzinfo=None))


def test_json_that_no_reader_could_parse_is_refused(database: Engine) -> None:
    with pytest.raises(StatementError, match="JSON"):
        add(database, state="done", finished_at=NOON, result={"score": float("nan")})


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "waiting"},
        {"progress": 101},
        {"attempts": -1},
        {"attempts": 2, "token": 1},
        {"typed_text": None},
        {"audio_sha256": "f"},
        {"state": "running", "worker": "w"},
        {"lease_until": NOON, "worker": "w"},
        {"state": "done", "finished_at": NOON},
        {"state": "done", "result": {}},
        {"state": "failed", "finished_at": NOON},
        {"error_code": "internal"},
        {"finished_at": NOON},
    ],
    ids=" ".join,
)
def test_a_row_that_contradicts_itself_is_refused(
    database: Engine, changes: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError, match="CHECK"):
        add(database, **changes)


def test_a_guests_key_and_a_recording_belong_to_one_row(database: Engine) -> None:
    add(database, idempotency_key="k", audio_key="a")
    with pytest.raises(IntegrityError, match="answers_idempotency"):
        add(database, id="2", idempotency_key="k")
    with pytest.raises(IntegrityError, match="audio_key"):
        add(database, id="2", audio_key="a")
    with database.begin() as connection:
        connection.execute(insert(accounts).values(row(OWNER)))
    add(database, id="2", idempotency_key="k", owner=OWNER)
    add(database, id="3", idempotency_key="k", guest="digest of a cookie")
    with pytest.raises(IntegrityError, match="answers_one_owner"):
        add(database, id="4", owner=OWNER, guest="digest of a cookie")
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        add(database, id="4", owner="nobody")
