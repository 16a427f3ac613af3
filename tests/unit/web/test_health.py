"""Readiness: looked at seldom while all is well, often while it is not."""

from mulakat.web.health import Checks


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_good_look_counts_for_two_seconds_and_a_bad_one_for_a_fifth() -> None:
    time = Time()
    looks = 0
    wrong: str | None = None

    async def check() -> str | None:
        nonlocal looks
        looks += 1
        return wrong

    checks = Checks({"database": check}, time)
    assert await checks.look() == {"database": None}
    time.now = 1.9
    await checks.look()
    assert looks == 1
    time.now, wrong = 2.1, "it does not answer"
    assert await checks.look() == {"database": "it does not answer"}
    time.now, wrong = 2.4, None
    assert await checks.look() == {"database": None}
    assert looks == 3
