"""The steps from normal to refusing, and back."""

import itertools

import pytest

from mulakat.memory.snapshot import State
from mulakat.memory.states import ALERT_SAMPLES, States


def walk(*ratios: float) -> list[State]:
    states = States(0.80, 0.90)
    return [states.step(ratio) for ratio in ratios]


def test_an_alert_needs_several_samples_in_a_row() -> None:
    assert walk(0.81, 0.79, 0.81, 0.81) == ["normal"] * 4
    assert walk(*[0.80] * ALERT_SAMPLES)[-1] == "alert"


def test_refusing_begins_with_the_first_sample() -> None:
    assert walk(0.5, 0.90) == ["normal", "refusing"]


def test_each_state_ends_five_points_below_the_line_that_began_it() -> None:
    assert walk(0.90, 0.86, 0.849, 0.76, 0.749) == [
        "refusing", "refusing", "alert", "alert", "normal",
    ]  # fmt: skip


def test_from_refusing_it_may_open_all_at_once() -> None:
    assert walk(0.95, 0.4) == ["refusing", "normal"]


@pytest.mark.parametrize("around", [0.80, 0.90])
def test_a_ratio_that_trembles_about_a_line_does_not_flap(around: float) -> None:
    seen = walk(*[around + 0.01] * ALERT_SAMPLES, *[around - 0.02, around + 0.02] * 50)
    changes = sum(a != b for a, b in itertools.pairwise(seen))
    assert changes <= 1
