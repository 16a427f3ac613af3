"""Column types, and the columns and constraints of every table whose rows are worked on."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, Dialect, Integer, Text, TypeDecorator


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


def work_columns() -> tuple[Column[Any], ...]:
    """Return new columns that say whose turn it is and what came of it.

    `state`: see mulakat.store.values.State. The token grows with each claim: a write that
    carries an old one comes from a worker that was given up, and is refused.
    """
    return (
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("token", Integer, nullable=False),
        Column("worker", Text),
        Column("lease_until", Moment),
        Column("stage", Text),
        Column("progress", Integer),  # per cent of the stage; NULL where it cannot be known
        Column("result", JsonText),
        Column("error_code", Text),
        Column("error_params", JsonText),
        Column("request_id", Text, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("started_at", Moment),  # of the latest attempt
        Column("finished_at", Moment),
    )


def work_constraints(table: str) -> tuple[CheckConstraint, ...]:
    """Return the constraints that keep the work columns of `table` consistent."""
    rules = {
        "state": "state IN ('queued', 'running', 'done', 'failed')",
        "progress": "progress BETWEEN 0 AND 100",
        "attempts": "attempts >= 0 AND token >= attempts",
        "lease": "(state = 'running') = (lease_until IS NOT NULL AND worker IS NOT NULL)",
        "result": "(state = 'done') = (result IS NOT NULL)",
        "error": "(state = 'failed') = (error_code IS NOT NULL)",
        "finished": "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)",
    }
    return tuple(CheckConstraint(rule, name=f"{table}_{name}") for name, rule in rules.items())
