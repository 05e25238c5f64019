"""The rate limiter is Guava's: permits are saved for a second, and a promise of a permit is kept."""

from math import inf

import pytest

from sparksim import SparkConf
from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming.rate_limiter import RateLimiter


def limiter(**settings):
    names = {"max_rate": "spark.streaming.receiver.maxRate", "initial": "spark.streaming.backpressure.initialRate"}
    return RateLimiter(SparkConf().setAll([(names[name], str(value)) for name, value in settings.items()]))


def test_without_settings_nothing_waits():
    unlimited = limiter()
    assert unlimited.current_limit == inf
    assert [unlimited.acquire(0) for _ in range(1000)] == [0.0] * 1000


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"max_rate": 10}, 10),
        ({"max_rate": 10, "initial": 4}, 4),
        ({"max_rate": 10, "initial": 40}, 10),
        ({"initial": 7}, 7),
    ],
)
def test_it_starts_at_the_lower_of_initial_and_maximal_rate(settings, limit):
    assert limiter(**settings).current_limit == limit


@pytest.mark.parametrize("rate", [0, -5])
def test_a_rate_of_zero_or_less_means_no_limit(rate):
    assert limiter(max_rate=rate).acquire(0) == 0.0


def test_each_record_waits_for_its_permit():
    """At 10 records a second the first is free and each of the next comes 100 ms later."""
    ten = limiter(max_rate=10)
    assert [ten.acquire(0) for _ in range(4)] == [0, 100, 200, 300]


def test_up_to_a_second_of_silence_is_saved_as_a_burst():
    ten = limiter(max_rate=10)
    ten.acquire(0)
    assert [ten.acquire(5000) for _ in range(13)] == [0] * 11 + [100, 200]


def test_a_short_silence_saves_few_permits():
    ten = limiter(max_rate=10)
    ten.acquire(0)
    assert [ten.acquire(300) for _ in range(4)] == [0, 0, 0, 100]


def test_a_new_rate_scales_what_was_saved():
    ten = limiter(max_rate=10)
    ten.acquire(0)
    ten.update_rate(5, now_ms=5000)
    assert [ten.acquire(5000) for _ in range(7)] == [0] * 6 + [200]


def test_a_new_rate_stays_below_the_maximum_and_silly_rates_are_ignored():
    ten = limiter(max_rate=10)
    ten.update_rate(50, now_ms=0)
    assert ten.current_limit == 10
    ten.update_rate(0, now_ms=0)
    ten.update_rate(-3, now_ms=0)
    assert ten.current_limit == 10
    ten.update_rate(3, now_ms=0)
    assert ten.current_limit == 3


def test_without_a_maximum_any_rate_may_be_set():
    unlimited = limiter()
    unlimited.update_rate(2, now_ms=0)
    assert [unlimited.acquire(0) for _ in range(3)] == [0, 500, 1000]


def test_a_rate_that_is_no_number_is_named():
    with pytest.raises(IllegalArgumentError, match=r"spark.streaming.receiver.maxRate='fast': expected a whole number"):
        limiter(max_rate="fast")
