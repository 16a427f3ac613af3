"""The tables, as SQLAlchemy Core; the same on SQLite and PostgreSQL.

A change here needs a migration beside it: a test compares the two.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    func,
    text,
)


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite has no time zones: it keeps the UTC digits."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[dict[str, Any]]):
    """A JSON object as text. All but ASCII is escaped, so a NUL never reaches PostgreSQL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return json.dumps(value, allow_nan=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, Any] | None:
        if value is None:
            return None
        loaded: dict[str, Any] = json.loads(value)
        return loaded


metadata = MetaData()

answers = Table(
    "answers",
    metadata,
    Column("id", Text, primary_key=True),  # UUIDv7
    Column("state", Text, nullable=False),  # see mulakat.store.values.State
    Column("owner", Text),  # the account; NULL is a guest
    # What was asked and how to speak to whoever asked.
    Column("question", Text, nullable=False),
    Column("language", Text, nullable=False),  # of the answer
    Column("reader", Text, nullable=False),  # of the sentences about it
    Column("additional_text", Text, nullable=False),
    Column("voice_name", Text),
    # The answer: typed, or a recording in the spool. The key is NULL once the spool's file
    # is let go; the other audio columns stay.
    Column("typed_text", Text),
    Column("audio_key", Text),
    Column("audio_bytes", Integer),
    Column("audio_sha256", Text),
    Column("audio_container", Text),
    # Which request made it.
    Column("idempotency_key", Text),
    Column("body_hash", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    # Whose turn it is. The token grows with each claim: a write that carries an old one
    # comes from a worker that was given up, and is refused.
    Column("attempts", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", Moment),
    Column("stage", Text),
    Column("progress", Integer),  # per cent of the stage; NULL where it cannot be known
    # What came of it.
    Column("result", JsonText),
    Column("error_code", Text),
    Column("error_params", JsonText),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),  # of the latest attempt
    Column("finished_at", Moment),
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="answers_state"),
    CheckConstraint("progress BETWEEN 0 AND 100", name="answers_progress"),
    CheckConstraint("attempts >= 0 AND token >= attempts", name="answers_attempts"),
    CheckConstraint(
        "(typed_text IS NULL) <> (audio_sha256 IS NULL)", name="answers_typed_or_spoken"
    ),
    CheckConstraint(
        "(state = 'running') = (lease_until IS NOT NULL AND worker IS NOT NULL)",
        name="answers_lease",
    ),
    CheckConstraint("(state = 'done') = (result IS NOT NULL)", name="answers_result"),
    CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="answers_error"),
    CheckConstraint(
        "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="answers_finished"
    ),
    # Claiming, places in the queue, its depth.
    Index("answers_by_state", "state", "created_at", "id"),
    # Expiry, and how long answers take.
    Index("answers_by_finish", "state", "finished_at"),
    # A recording belongs to one answer; also the sweep's question of what is owned.
    Index("answers_audio_key", "audio_key", unique=True),
    Index(
        "answers_old_keys",
        "created_at",
        postgresql_where=text("idempotency_key IS NOT NULL"),
        sqlite_where=text("idempotency_key IS NOT NULL"),
    ),
)

# Guests (owner NULL) share one scope; a plain unique index would not see two NULLs as equal.
Index(
    "answers_idempotency",
    func.coalesce(answers.c.owner, text("''")),
    answers.c.idempotency_key,
    unique=True,
)
