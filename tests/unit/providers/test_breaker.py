"""The circuit breaker."""

from clocks import HandTimes
from mulakat.providers.breaker import FAILURES, REST_SECONDS, Breaker


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(HandTimes().monotonic)
    for _ in range(FAILURES - 1):
        breaker.failed()
        assert breaker.lets()
    breaker.failed()
    assert not breaker.lets()


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(HandTimes().monotonic)
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed()
        breaker.succeeded()
    assert breaker.lets()


def test_after_a_rest_one_failure_is_enough_for_the_next() -> None:
    times = HandTimes()
    breaker = Breaker(times.monotonic)
    for _ in range(FAILURES):
        breaker.failed()
    times.sleep(REST_SECONDS - 1)
    assert not breaker.lets()
    times.sleep(1)
    assert breaker.lets()
    breaker.failed()
    assert not breaker.lets()
    times.sleep(REST_SECONDS)
    breaker.succeeded()
    breaker.failed()
    assert breaker.lets()
