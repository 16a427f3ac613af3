"""Counts of tries in memory: they end by themselves and stay bounded."""

from dataclasses import dataclass

import pytest

from mulakat import errors
from mulakat.web.throttle import MOST_KEYS, MOST_TRIES, WINDOW_SECONDS, MemoryThrottle, limit


@dataclass
class Seconds:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


async def test_the_twenty_sixth_try_waits_and_the_wait_ends() -> None:
    clock = Seconds()
    throttle = MemoryThrottle(clock)
    for _ in range(MOST_TRIES):
        await limit(throttle, "a")
    clock.at += 100
    with pytest.raises(errors.TooManyTries) as refused:
        await limit(throttle, "a")
    assert 0 < refused.value.retry_after <= WINDOW_SECONDS - 100 + 1
    clock.at += refused.value.retry_after
    assert (await limit(throttle, "a")).count == 1


async def test_who_goes_on_trying_does_not_prolong_the_wait() -> None:
    clock = Seconds()
    throttle = MemoryThrottle(clock)
    for _ in range(10 * MOST_TRIES):
        await throttle.count("a")
        clock.at += 1
    clock.at = 1000.0 + WINDOW_SECONDS
    assert (await throttle.count("a")).count == 1


async def test_one_key_does_not_slow_another() -> None:
    throttle = MemoryThrottle()
    for _ in range(2 * MOST_TRIES):
        await throttle.count("a")
    assert (await throttle.count("b")).count == 1


async def test_a_try_taken_back_leaves_nothing() -> None:
    throttle = MemoryThrottle()
    await throttle.count("a")
    await throttle.count("a")
    await throttle.take_back("a")
    assert (await throttle.count("a")).count == 2
    for _ in range(5):
        await throttle.take_back("a")
    await throttle.take_back("unknown")
    assert len(throttle) == 0


async def test_no_number_of_keys_grows_the_memory_beyond_its_bound() -> None:
    throttle = MemoryThrottle()
    for number in range(MOST_KEYS + 500):
        await throttle.count(str(number))
    assert len(throttle) == MOST_KEYS
    assert (await throttle.count(str(MOST_KEYS + 499))).count == 2


async def test_another_limit_may_raise_another_error() -> None:
    throttle = MemoryThrottle()
    await limit(throttle, "a", 1, errors.QueueFull)
    with pytest.raises(errors.QueueFull):
        await limit(throttle, "a", 1, errors.QueueFull)
