"""The recurring timer never skips a tick, and a gentle stop lets two more go by."""

import pytest

from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.streaming.timer import RecurringTimer
from tests.streaming.fakes import reach


@pytest.fixture
def clock():
    return VirtualClock()


def ticking(clock, callback, first_ms=100):
    timer = RecurringTimer(clock, 100, callback)
    timer.start(first_ms)
    return timer


def test_it_ticks_at_every_multiple_of_its_period(clock):
    ticks = []
    ticking(clock, lambda tick_ms: ticks.append((tick_ms, clock.now_ms)))
    reach(clock, 350)
    assert ticks == [(100, 100), (200, 200), (300, 300)]


def test_a_new_timer_starts_at_the_next_multiple(clock):
    reach(clock, 250)
    assert RecurringTimer(clock, 100, lambda tick_ms: None).next_start_ms() == 300


def test_late_ticks_follow_one_another_at_once(clock):
    ticks = []

    def slow_once(tick_ms):
        ticks.append((tick_ms, clock.now_ms))
        if tick_ms == 100:
            yield clock.env.timeout(250)

    ticking(clock, slow_once)
    reach(clock, 450)
    assert ticks == [(100, 100), (200, 350), (300, 350), (400, 400)]


def test_a_gentle_stop_lets_the_pending_tick_and_one_more_go_by(clock):
    """The example of RecurringTimerSuite: ticks 0 done, stop while waiting, then 100 and 200."""
    ticks = []
    timer = ticking(clock, ticks.append, first_ms=0)
    reach(clock, 50)
    assert ticks == [0]
    assert clock.wait(timer.stop(interrupt=False)) == 200
    assert ticks == [0, 100, 200]
    assert clock.now_ms == 200


def test_an_interrupted_timer_ends_at_once(clock):
    ticks = []
    timer = ticking(clock, ticks.append)
    reach(clock, 150)
    assert clock.wait(timer.stop(interrupt=True)) == 100
    reach(clock, 500)
    assert ticks == [100]


def test_interrupting_a_timer_that_is_late_drops_its_overdue_ticks(clock):
    ticks = []

    def slow(tick_ms):
        ticks.append(tick_ms)
        yield clock.env.timeout(1000)

    timer = ticking(clock, slow)
    reach(clock, 500)
    assert clock.wait(timer.stop(interrupt=True)) == 100
    assert ticks == [100]


def test_a_timer_that_never_started_can_be_stopped(clock):
    assert clock.wait(RecurringTimer(clock, 100, print).stop(interrupt=False)) == -1
