"""Ids and the time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from mulakat.clock import new_id, now


def test_an_id_is_a_uuid_of_version_7_that_carries_its_millisecond() -> None:
    at = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    value = UUID(new_id(at))
    assert (value.version, value.variant) == (7, "specified in RFC 4122")
    assert value.int >> 80 == int(at.timestamp() * 1000)


def test_ids_sort_by_creation_and_differ_within_a_millisecond() -> None:
    at = now()
    assert new_id(at) < new_id(at + timedelta(milliseconds=1))
    assert len({new_id(at) for _ in range(1000)}) == 1000
