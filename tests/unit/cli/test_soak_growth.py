"""Slope, interval and the rule for the verdict."""

import math
import random

from mulakat.cli.soak_growth import Growth, Slope, growth, theil_sen, verdict


def grown(mib: float, low: float = 0.1) -> Growth:
    """A round of 100 requests that grew by so much."""
    return Growth(100, 100, Slope(mib / 100, low, math.inf))


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    assert theil_sen(range(10), [3.0 + 2 * x for x in range(10)]) == Slope(2.0, 2.0, 2.0)


def test_wild_points_do_not_move_the_slope() -> None:
    line = [float(x) for x in range(40)]
    wild = list(line)
    for place in (3, 11, 25, 38):
        wild[place] += 500
    assert abs(theil_sen(line, wild).value - 1.0) < 0.02


def test_the_interval_holds_the_true_slope_about_as_often_as_it_says() -> None:
    rng = random.Random(7)  # noqa: S311  # a reproducible experiment, not a secret
    held = 0
    for _ in range(200):
        seen = theil_sen(range(30), [0.5 * x + rng.gauss(0, 3) for x in range(30)])
        held += seen.low <= 0.5 <= seen.high
    assert 180 <= held <= 198


def test_two_points_leave_everything_possible() -> None:
    seen = theil_sen([0, 1], [5.0, 6.0])
    assert (seen.value, seen.low, seen.high) == (1.0, -math.inf, math.inf)


def test_one_point_has_no_slope() -> None:
    assert theil_sen([0], [5.0]).value == 0.0


def test_the_warm_up_does_not_count() -> None:
    seen = growth([100.0 + 10 * x for x in range(20)] + [300.0] * 80)
    assert seen.requests == 80
    assert seen.mib == 0.0


def test_a_short_run_keeps_two_thirds_of_its_points() -> None:
    assert growth([200.0] * 9).requests == 6


def test_a_leak_of_100_kib_a_request_is_8_mib_after_the_warm_up() -> None:
    assert round(growth([200 + x * 100 / 1024 for x in range(100)]).mib, 1) == 7.8


def test_growth_within_the_noise_is_flat() -> None:
    assert verdict([grown(2.9)]) == "flat"


def test_growth_that_may_be_chance_is_flat() -> None:
    assert verdict([grown(5.0, low=-0.01)]) == "flat"


def test_growth_is_measured_again_with_more_requests() -> None:
    assert verdict([grown(5.0)]) == "again"
    assert verdict([grown(5.0), grown(10.0)]) == "again"


def test_growth_that_does_not_rise_with_the_number_is_no_leak() -> None:
    assert verdict([grown(5.0), grown(4.9)]) == "flat"


def test_growth_that_rises_with_the_number_each_time_fails() -> None:
    assert verdict([grown(5.0), grown(10.0), grown(15.0)]) == "grows"
