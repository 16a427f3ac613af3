"""The operator's token, sessions and failed logins, on a clock moved by hand."""

import pytest

from mulakat import errors
from mulakat.web.admin_access import (
    MOST_SESSIONS,
    SESSION_SECONDS,
    TRIES_BY_ADDRESS,
    TRIES_IN_ALL,
    WINDOW_SECONDS,
    AdminAccess,
)

TOKEN = "the-operators-token"


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def admin(seconds: Seconds) -> AdminAccess:
    return AdminAccess(TOKEN, seconds)


def fail(admin: AdminAccess, address: str, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(errors.AdminOnly):
            admin.login("wrong", address)


def test_the_token_opens_a_session_and_nothing_else_does(admin: AdminAccess) -> None:
    session = admin.login(TOKEN, "10.0.0.1")
    assert admin.knows(session)
    for other in (None, "", session[:-1], TOKEN, "\udcff"):
        assert not admin.knows(other)
    fail(admin, "10.0.0.1")


def test_without_a_token_nobody_is_the_operator() -> None:
    admin = AdminAccess("")
    assert not admin.on
    assert not admin.is_token("")
    with pytest.raises(errors.AdminOff):
        admin.login("", "10.0.0.1")


def test_each_login_gives_a_new_id_and_ends_the_old_one(admin: AdminAccess) -> None:
    first = admin.login(TOKEN, "10.0.0.1")
    second = admin.login(TOKEN, "10.0.0.1", old=first)
    assert first != second
    assert not admin.knows(first)
    assert admin.knows(second)


def test_a_session_ends_at_logout_and_after_eight_hours(
    admin: AdminAccess, seconds: Seconds
) -> None:
    one, other = admin.login(TOKEN, "10.0.0.1"), admin.login(TOKEN, "10.0.0.1")
    admin.logout(one)
    assert not admin.knows(one)
    seconds.now += SESSION_SECONDS - 1
    assert admin.knows(other)
    seconds.now += 1
    assert not admin.knows(other)


def test_the_oldest_session_gives_way_to_one_too_many(admin: AdminAccess) -> None:
    sessions = [admin.login(TOKEN, "10.0.0.1") for _ in range(MOST_SESSIONS + 1)]
    assert [admin.knows(one) for one in sessions] == [False] + [True] * MOST_SESSIONS


def test_a_flood_from_one_address_is_refused_recovers_and_stops_no_other(
    admin: AdminAccess, seconds: Seconds
) -> None:
    fail(admin, "10.0.0.66", TRIES_BY_ADDRESS)
    with pytest.raises(errors.TooManyTries) as refused:
        admin.login("wrong", "10.0.0.66")
    assert 0 < refused.value.retry_after <= WINDOW_SECONDS + 1
    fail(admin, "10.0.0.1", 1)
    seconds.now += refused.value.retry_after
    fail(admin, "10.0.0.66", 1)


def test_a_flood_from_many_addresses_is_refused_and_recovers(
    admin: AdminAccess, seconds: Seconds
) -> None:
    for number in range(TRIES_IN_ALL):
        fail(admin, f"10.0.1.{number}")
    with pytest.raises(errors.TooManyTries) as refused:
        admin.login("wrong", "10.0.0.1")
    assert admin.login(TOKEN, "10.0.0.1"), "the right token is never locked out"
    seconds.now += refused.value.retry_after
    fail(admin, "10.0.0.1", 1)
