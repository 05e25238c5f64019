"""Batch times lie on a grid that starts at the epoch."""

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming.times import floor_ms, restart_time_ms, start_time_ms, times_to, times_until, to_ms


@pytest.mark.parametrize(
    ("now_ms", "period_ms", "start_ms"), [(10_400, 1000, 11_000), (11_000, 1000, 12_000), (0, 5, 5)]
)
def test_the_first_tick_is_the_next_multiple_strictly_in_the_future(now_ms, period_ms, start_ms):
    assert start_time_ms(now_ms, period_ms) == start_ms


@pytest.mark.parametrize(("now_ms", "restart_ms"), [(33_200, 38_000), (33_000, 38_000), (38_000, 43_000)])
def test_a_restart_keeps_the_grid_of_the_first_start(now_ms, restart_ms):
    assert restart_time_ms(now_ms, 5000, original_start_ms=3000) == restart_ms


def test_floor_is_taken_on_the_grid_of_the_zero_time():
    assert floor_ms(1350, 200) == 1200
    assert floor_ms(1350, 200, zero_ms=100) == 1300
    assert floor_ms(1200, 200) == 1200


def test_until_leaves_the_end_out_and_to_takes_it_in():
    assert times_until(15, 35, 5) == [15, 20, 25, 30]
    assert times_to(15, 35, 5) == [15, 20, 25, 30, 35]


@pytest.mark.parametrize(("seconds", "ms"), [(1, 1000), (0.5, 500), (0.0019, 1), (2.5, 2500)])
def test_seconds_become_whole_milliseconds(seconds, ms):
    assert to_ms(seconds, "batchDuration") == ms


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "1", None, True, [1]])
def test_what_is_not_a_positive_number_of_seconds_is_named(wrong):
    with pytest.raises(IllegalArgumentError) as error:
        to_ms(wrong, "batchDuration")
    assert str(error.value) == f"batchDuration={wrong!r}: give a positive number of seconds, such as 1 or 0.5"


def test_less_than_a_millisecond_is_too_short():
    with pytest.raises(IllegalArgumentError, match=r"^windowDuration=0.0001: the shortest interval is one millisecond"):
        to_ms(0.0001, "windowDuration")
