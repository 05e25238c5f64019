"""Loads: what a source sends, and when."""

import random
from itertools import islice, pairwise

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import Burst, Constant, Poisson, Replay, Steps, random_words


def moments(load, n):
    return [time_ms for time_ms, _ in islice(load.arrivals(random.Random(1)), n)]


def test_a_constant_load_is_evenly_spaced_from_the_start():
    assert moments(Constant(rate=4), 5) == [0, 250, 500, 750, 1000]


def test_times_are_whole_microseconds_and_do_not_drift():
    times = moments(Constant(rate=3), 3001)
    assert times[1] == 333.333
    assert times[3000] == 1_000_000


def test_a_poisson_load_has_its_rate_on_average_and_gaps_of_its_own():
    times = moments(Poisson(rate=500), 50_000)
    assert times == sorted(times)
    assert 95_000 < times[-1] < 105_000
    assert len({round(b - a, 3) for a, b in pairwise(times)}) > 1000


def test_steps_follow_one_another_and_then_comes_silence():
    load = Steps([(1, 2), (1, 0), (1, 4)], record="x")
    assert list(load.arrivals(random.Random(1))) == [(t, "x") for t in (0, 500, 2000, 2250, 2500, 2750)]


def test_a_burst_interrupts_its_base_rate():
    assert moments(Burst(rate=4, at=1, duration=1, base=1), 7) == [0, 1000, 1250, 1500, 1750, 2000, 3000]


def test_a_replay_sends_exactly_what_it_was_given():
    assert list(Replay([(0.5, "a"), (0.5, "b"), (2, "c")]).arrivals(random.Random(1))) == [
        (500, "a"),
        (500, "b"),
        (2000, "c"),
    ]


def test_records_are_a_text_or_made_by_a_function_of_the_sources_own_generator():
    assert [r for _, r in islice(Constant(1, record="hello").arrivals(random.Random(1)), 2)] == ["hello", "hello"]
    lines = [r for _, r in islice(Constant(1, record=random_words).arrivals(random.Random(1)), 3)]
    again = [r for _, r in islice(Constant(1, record=random_words).arrivals(random.Random(1)), 3)]
    assert lines == again
    assert all(1 <= len(line.split()) <= 5 for line in lines)


def test_the_times_of_a_poisson_load_do_not_depend_on_its_records():
    assert moments(Poisson(10, record="x"), 20) == moments(Poisson(10, record=random_words), 20)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Constant(0), "Constant(rate=0): give a positive number of records per second"),
        (lambda: Poisson("fast"), "Poisson(rate='fast')"),
        (lambda: Constant(1, record=7), "Constant(record=7): give a text, or a function of a random generator"),
        (lambda: Steps([(1, 2, 3)]), "Steps: (1, 2, 3) is not a pair of (seconds, records per second)"),
        (lambda: Steps([(1, -2)]), "Steps(rate=-2): give a number, 0 or more, of records per second"),
        (lambda: Burst(1, at=-1, duration=1), "Burst(at=-1): give a number of seconds, 0 or more"),
        (lambda: Replay([(2, "b"), (1, "a")]), "Replay: (1, 'a') comes after a record at 2 s; sort them by time"),
    ],
)
def test_a_bad_load_says_what_is_wrong(make, words):
    with pytest.raises(IllegalArgumentError) as raised:
        make()
    assert words in str(raised.value)
