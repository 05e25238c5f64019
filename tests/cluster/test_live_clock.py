"""Live time: threads ask, one clock thread does. Nothing here depends on how long anything takes."""

import contextvars
import datetime as dt
import threading

import pytest

from sparksim.cluster.clock import FiberKilled, Killed
from sparksim.cluster.live_clock import LiveClock
from sparksim.core.errors import SparkException


@pytest.fixture
def clock():
    clock = LiveClock()
    yield clock
    clock.stop()


def in_threads(*functions):
    """Run each function on a thread of its own; returns their results in order."""
    results = [None] * len(functions)

    def keep(index, function):
        results[index] = function()

    threads = [threading.Thread(target=keep, args=each) for each in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_calls_of_all_threads_run_on_the_clock_thread(clock):
    asked = [lambda: clock.call(threading.current_thread)] * 4
    assert {thread.name for thread in in_threads(*asked)} == {"sparksim clock"}


def test_calls_do_not_overlap(clock):
    """An unprotected read-modify-write is safe in the hub."""
    count = [0]

    def add():
        count[0] = count[0] + 1

    in_threads(*[lambda: [clock.call(add) for _ in range(200)]] * 4)
    assert count == [800]


def test_an_exception_in_a_call_reaches_the_caller_and_the_clock_goes_on(clock):
    with pytest.raises(ZeroDivisionError):
        clock.call(lambda: 1 / 0)
    assert clock.call(lambda: "alive") == "alive"


def test_threads_wait_for_events_that_are_due_and_that_are_over(clock):
    timeout = clock.call(lambda: clock.env.timeout(1, "value"))
    assert in_threads(*[lambda: clock.wait(timeout)] * 3) == ["value"] * 3
    assert clock.wait(timeout) == "value"


def test_the_failure_of_an_event_is_raised_where_it_is_waited_for(clock):
    event = clock.call(clock.env.event)
    fiber = clock.spawn("waiter", clock.wait, event)
    clock.call(lambda: event.fail(KeyError("failure")))
    with pytest.raises(KeyError, match="failure"):
        clock.wait(fiber.done)


def test_a_fiber_is_a_thread_with_an_outcome(clock):
    def work():
        return threading.current_thread().name, clock.current(), clock.call(clock.current)

    fiber = clock.spawn("work", work)
    assert clock.wait(fiber.done) == ("work", fiber, None)
    assert clock.current() is None


def test_fibers_inherit_context_variables_also_through_a_call(clock):
    name = contextvars.ContextVar("name", default="nobody")
    name.set("main")
    directly = clock.spawn("directly", name.get)
    through_the_hub = clock.call(clock.spawn, "through the hub", name.get)
    assert [clock.wait(fiber.done) for fiber in (directly, through_the_hub)] == ["main", "main"]


def test_a_failure_travels_to_who_waits_for_the_fiber(clock):
    def fail():
        raise LookupError("lost")

    clock.spawn("unheard", fail)
    with pytest.raises(LookupError, match="lost"):
        clock.wait(clock.spawn("heard", fail).done)


def test_charges_cost_nothing_and_sleeps_end(clock):
    clock.charge(1e12)
    before = clock.now_ms
    clock.sleep(1)
    assert clock.now_ms > before


def test_processes_run_by_the_wall_clock(clock):
    times = []

    def tick():
        for _ in range(3):
            yield clock.env.timeout(1)
            times.append(clock.now_ms)

    clock.wait(clock.call(lambda: clock.env.process(tick())))
    assert times == sorted(times)
    assert len(times) == 3


# --- killing ---------------------------------------------------------------------------------------------------------


def kill_when_ready(clock, ready, fiber):
    ready.wait()
    clock.call(clock.kill, fiber, Killed("crash"))
    with pytest.raises(FiberKilled, match="crash"):
        clock.wait(fiber.done)


@pytest.mark.parametrize("how", ["sleep", "wait"])
def test_killing_wakes_a_fiber_that_waits(clock, how):
    ready = threading.Event()
    never = clock.call(clock.env.event)

    def work():
        ready.set()
        clock.sleep(1e9) if how == "sleep" else clock.wait(never)

    kill_when_ready(clock, ready, clock.spawn("work", work))


def test_a_killed_fiber_makes_no_further_call(clock):
    ready, killed, made = threading.Event(), threading.Event(), []

    def work():
        ready.set()
        killed.wait()
        clock.call(made.append, "call")

    fiber = clock.spawn("work", work)
    ready.wait()
    clock.call(clock.kill, fiber, Killed("crash"))
    killed.set()
    with pytest.raises(FiberKilled, match="crash"):
        clock.wait(fiber.done)
    assert made == []


def test_a_call_that_was_under_way_when_its_fiber_was_killed_is_not_made(clock):
    """The hub is busy while the fiber asks, and kills it before it comes to the question."""
    hub_is_busy, go_on, made = threading.Event(), threading.Event(), []

    def work():
        hub_is_busy.wait()
        clock.call(made.append, "call")

    fiber = clock.spawn("work", work)

    def busy():
        hub_is_busy.set()
        while fiber.answer is None:  # until the fiber has asked
            go_on.wait(0.001)
        clock.kill(fiber, Killed("crash"))

    clock.call(busy)
    with pytest.raises(FiberKilled, match="crash"):
        clock.wait(fiber.done)
    assert made == []


def test_the_result_of_a_fiber_killed_while_it_computed_is_not_used(clock):
    ready, killed = threading.Event(), threading.Event()

    def compute():
        ready.set()
        killed.wait()
        return "result"

    fiber = clock.spawn("compute", compute)
    ready.wait()
    clock.call(clock.kill, fiber, Killed("crash"))
    clock.call(clock.kill, fiber, Killed("again"))
    killed.set()
    with pytest.raises(FiberKilled, match="crash"):
        clock.wait(fiber.done)


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["sleep", "wait"])
def test_stopping_releases_who_waits(clock, how):
    never = clock.call(clock.env.event)
    heard = []

    def work():
        with pytest.raises(SparkException, match="stopped while this call was waiting"):
            clock.sleep(1e9) if how == "sleep" else clock.wait(never)
        heard.append(how)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    clock.stop()
    for thread in threads:
        thread.join()
    assert heard == [how] * 3


def test_who_comes_after_the_stop_is_sent_away(clock):
    event = clock.call(clock.env.event)
    clock.stop()
    for step in (lambda: clock.call(int), lambda: clock.wait(event), lambda: clock.sleep(1)):
        with pytest.raises(SparkException, match="stopped"):
            step()


def test_stopping_and_asking_at_the_same_time_leaves_nobody_waiting():
    for _ in range(50):
        clock = LiveClock()
        start = threading.Barrier(4)

        def ask(clock=clock, start=start):
            start.wait()
            try:
                return clock.call(lambda: "answered")
            except SparkException:
                return "sent away"

        def stop(clock=clock, start=start):
            start.wait()
            clock.stop()

        assert set(in_threads(ask, ask, ask, stop)) <= {"answered", "sent away", None}


def test_an_error_of_the_engine_itself_reaches_everybody_who_waits(clock):
    never = clock.call(clock.env.event)
    waiter = clock.spawn("waiter", lambda: None)
    clock.wait(waiter.done)

    def broken():
        yield clock.env.timeout(0)
        raise AssertionError("a bug")

    def start_it():
        clock.env.process(broken())

    clock.call(start_it)
    with pytest.raises(AssertionError, match="a bug"):
        clock.wait(never)
    with pytest.raises(AssertionError, match="a bug"):
        clock.call(int)


def test_the_hub_refuses_to_wait_for_itself(clock):
    with pytest.raises(AssertionError, match="the hub cannot wait"):
        clock.call(lambda: clock.wait(clock.env.event()))


def test_moments_are_local_time_in_whole_milliseconds(clock):
    noon = dt.datetime(2024, 5, 17, 12, 0, 0, 123000)
    assert clock.datetime(clock.time_ms(noon)) == noon
    assert all(clock.time_ms(clock.datetime(ms)) == ms for ms in range(1_700_000_000_000, 1_700_000_001_000))
