"""Virtual time: fibers take turns in the order of their wake-ups, and nobody waits for real."""

import contextvars
import datetime as dt
import threading
from contextlib import suppress

import greenlet
import pytest

from sparksim.cluster.clock import Fiber, FiberKilled, Killed, TimeLimitReached
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import SparkException


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def diary():
    return []


def test_fibers_wake_in_order_of_time_and_then_of_falling_asleep(clock, diary):
    def sleeper(name, *naps_ms):
        for nap_ms in naps_ms:
            clock.sleep(nap_ms)
            diary.append((clock.now_ms, name))

    fibers = [clock.spawn("a", sleeper, "a", 3, 3), clock.spawn("b", sleeper, "b", 2, 2, 2)]
    for fiber in fibers:
        clock.wait(fiber.done)
    assert diary == [(2, "b"), (3, "a"), (4, "b"), (6, "a"), (6, "b")]


def test_a_stretch_in_which_nothing_is_due_is_stepped_over_without_an_event(clock):
    def work():
        number = next(clock.env._eid)  # simpy numbers its events
        for _ in range(1000):
            clock.sleep(1)
        return next(clock.env._eid) - number

    assert clock.wait(clock.spawn("work", work).done) == 1
    assert clock.now_ms == 1000


def test_time_is_not_stepped_past_or_onto_what_is_due(clock, diary):
    def tick():
        for _ in range(3):
            yield clock.env.timeout(10)
            diary.append(("tick", clock.now_ms))

    def work():
        for _ in range(6):
            clock.sleep(5)
            diary.append(("work", clock.now_ms))

    clock.env.process(tick())
    clock.wait(clock.spawn("work", work).done)
    assert diary == [
        ("work", 5),
        ("tick", 10),
        ("work", 10),
        ("work", 15),
        ("tick", 20),
        ("work", 20),
        ("work", 25),
        ("tick", 30),
        ("work", 30),
    ]


def test_the_main_program_drives_time_while_it_sleeps(clock, diary):
    clock.spawn("work", lambda: (clock.sleep(5), diary.append(clock.now_ms)))
    clock.sleep(4)
    assert (clock.now_ms, diary) == (4, [])
    clock.sleep(4)
    assert (clock.now_ms, diary) == (8, [5])


def test_a_charge_is_a_sleep_and_a_charge_of_nothing_is_nothing(clock):
    def work():
        clock.charge(0)
        at_first = clock.now_ms
        clock.charge(2.5)
        return at_first, clock.now_ms

    assert clock.wait(clock.spawn("work", work).done) == (0, 2.5)


def test_waiting_gives_the_value_of_the_event_or_raises_its_failure(clock):
    kept, broken = clock.env.event(), clock.env.event()
    kept.succeed("value")
    broken.fail(KeyError("failure"))
    assert clock.wait(kept) == "value"
    with pytest.raises(KeyError, match="failure"):
        clock.wait(broken)
    assert clock.wait(kept) == "value", "an event that is over can be waited for again"


def test_all_who_wait_for_one_event_have_their_turn_before_time_goes_on(clock, diary):
    event = clock.env.timeout(10)

    def waiter(name):
        clock.wait(event)
        diary.append((clock.now_ms, name))
        clock.sleep(1)
        diary.append((clock.now_ms, name))

    fibers = [clock.spawn(name, waiter, name) for name in "ab"]
    for fiber in fibers:
        clock.wait(fiber.done)
    assert diary == [(10, "a"), (10, "b"), (11, "a"), (11, "b")]


def test_a_call_runs_in_the_hub_where_no_fiber_is_current(clock):
    assert clock.current() is None
    fiber = clock.spawn("work", lambda: (clock.current(), clock.call(clock.current), clock.current()))
    assert clock.wait(fiber.done) == (fiber, None, fiber)


def test_an_exception_in_a_call_reaches_the_caller(clock):
    def work():
        with pytest.raises(ZeroDivisionError):
            clock.call(lambda: 1 / 0)
        return clock.current()

    fiber = clock.spawn("work", work)
    assert clock.wait(fiber.done) is fiber


def test_context_variables_travel_to_the_fiber_and_its_changes_stay_there(clock):
    name = contextvars.ContextVar("name", default="nobody")
    name.set("main")

    def work():
        inherited = name.get()
        name.set("fiber")
        clock.sleep(1)
        return inherited, name.get(), clock.call(name.get)

    assert clock.wait(clock.spawn("work", work).done) == ("main", "fiber", "fiber")
    assert name.get() == "main"


def test_a_failure_reaches_who_waits_and_nobody_else(clock):
    def fail():
        raise LookupError("lost")

    clock.spawn("unheard", fail)
    with pytest.raises(LookupError, match="lost"):
        clock.wait(clock.spawn("heard", fail).done)


# --- killing ---------------------------------------------------------------------------------------------------------


def killed_by(cause):
    """The outcome of a fiber that was killed."""
    return pytest.raises(FiberKilled, match=str(cause))


def test_a_killed_fiber_is_struck_where_it_sleeps(clock, diary):
    def work():
        try:
            clock.sleep(100)
            diary.append("woke")
        except Killed as cause:
            diary.append((clock.now_ms, str(cause)))
            raise

    fiber = clock.spawn("work", work)
    clock.sleep(5)
    clock.call(clock.kill, fiber, Killed("crash"))
    with killed_by("crash"):
        clock.wait(fiber.done)
    assert diary == [(5, "crash")]


def test_a_killed_fiber_is_struck_where_it_waits_and_not_woken_again(clock, diary):
    event = clock.env.timeout(10)

    def work():
        try:
            clock.wait(event)
        finally:
            diary.append(clock.now_ms)

    fiber = clock.spawn("work", work)
    clock.sleep(5)
    clock.call(clock.kill, fiber, Killed("crash"))
    with killed_by("crash"):
        clock.wait(fiber.done)
    clock.sleep(10)
    assert diary == [5]


def test_a_fiber_killed_at_the_moment_of_its_waking_is_struck(clock, diary):
    event = clock.env.event()
    fiber = clock.spawn("work", lambda: (clock.wait(event), diary.append("woke")))
    clock.sleep(1)

    def wake_and_kill():
        event.succeed()
        clock.kill(fiber, Killed("crash"))

    clock.call(wake_and_kill)
    with killed_by("crash"):
        clock.wait(fiber.done)
    assert diary == []


def test_a_fiber_that_swallows_its_death_can_do_nothing_more(clock, diary):
    """Every call of the clock raises the cause again, and what the fiber returns is not its outcome."""

    def stubborn():
        for step in (lambda: clock.sleep(100), lambda: clock.call(diary.append, "call"), lambda: clock.charge(1)):
            with suppress(Killed):
                step()
        try:
            clock.wait(clock.env.timeout(1))
        except Killed:
            return "survived"

    fiber = clock.spawn("work", stubborn)
    clock.sleep(5)
    clock.call(clock.kill, fiber, Killed("crash"))
    with killed_by("crash"):
        clock.wait(fiber.done)
    assert (clock.now_ms, diary) == (5, [])


def test_a_fiber_that_never_started_never_does(clock, diary):
    fiber = clock.spawn("work", diary.append, "started")
    clock.call(clock.kill, fiber, Killed("crash"))
    with killed_by("crash"):
        clock.wait(fiber.done)
    assert diary == []


def test_a_fiber_that_causes_its_own_death_does_no_further_step(clock, diary):
    def work():
        clock.call(clock.kill, clock.current(), Killed("own goal"))
        diary.append("went on")

    with killed_by("own goal"):
        clock.wait(clock.spawn("work", work).done)
    assert diary == []


def test_killing_twice_or_too_late_changes_nothing(clock):
    fiber = clock.spawn("work", lambda: clock.sleep(100))
    clock.sleep(1)
    clock.call(clock.kill, fiber, Killed("first"))
    clock.call(clock.kill, fiber, Killed("second"))
    with killed_by("first"):
        clock.wait(fiber.done)
    over = clock.spawn("work", lambda: "result")
    assert clock.wait(over.done) == "result"
    clock.call(clock.kill, over, Killed("late"))
    clock.sleep(1)
    assert clock.wait(over.done) == "result"


# --- the end of time -------------------------------------------------------------------------------------------------


def test_waiting_for_what_cannot_happen_is_an_error(clock):
    with pytest.raises(SparkException, match=r"The simulation stands still: the program waits .* can never happen"):
        clock.wait(clock.env.event())


def test_the_main_program_ends_when_the_time_is_over(clock):
    clock.limit_ms = 10
    with pytest.raises(TimeLimitReached, match=r"the simulation ends at 0\.01 s"):
        clock.sleep(11)
    assert clock.now_ms == 10


def test_a_fiber_does_not_step_past_the_last_moment(clock, diary):
    clock.limit_ms = 10
    clock.spawn("work", lambda: [(clock.sleep(4), diary.append(clock.now_ms)) for _ in range(5)])
    with pytest.raises(TimeLimitReached):
        clock.sleep(100)
    assert (clock.now_ms, diary) == (10, [4, 8])


def test_running_until_a_moment_includes_what_is_due_then(clock, diary):
    clock.spawn("work", lambda: [(clock.sleep(4), diary.append(clock.now_ms)) for _ in range(5)])
    clock.run_until(8)
    assert (clock.now_ms, diary) == (8, [4, 8])
    clock.run_until(13)
    assert (clock.now_ms, diary) == (13, [4, 8, 12])


def test_stopping_releases_the_main_program(clock):
    clock.spawn("work", lambda: (clock.sleep(5), clock.stop()))
    with pytest.raises(SparkException, match="stopped while this call was waiting"):
        clock.sleep(10)


def test_an_interrupt_in_a_fiber_ends_the_main_program(clock):
    def interrupt():
        clock.sleep(1)
        raise KeyboardInterrupt

    fiber = clock.spawn("work", interrupt)
    with pytest.raises(KeyboardInterrupt):
        clock.sleep(10)
    clock.call(clock.kill, fiber, Killed("too late"))
    clock.sleep(1)
    assert clock.current() is None


def test_a_fiber_dropped_with_its_clock_leaves_no_outcome(clock, diary):
    def work():
        try:
            clock.sleep(100)
        except greenlet.GreenletExit:
            diary.append("collected")
            raise

    fiber = clock.spawn("work", work)
    clock.sleep(1)
    fiber.body.throw(greenlet.GreenletExit)  # what the garbage collector does
    assert diary == ["collected"]
    assert not fiber.done.triggered


def test_another_thread_is_sent_away(clock):
    heard = []

    def elsewhere():
        for step in (lambda: clock.call(int), lambda: clock.sleep(1), lambda: clock.wait(clock.env.event())):
            with pytest.raises(SparkException) as error:
                step()
            heard.append(str(error.value))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(heard) == 3
    assert heard[0].startswith("A simulated cluster belongs to the thread that made it")


def test_moments_are_utc_from_1970_in_whole_milliseconds(clock):
    assert clock.datetime(1001) == dt.datetime(1970, 1, 1, 0, 0, 1, 1000)
    assert all(clock.time_ms(clock.datetime(ms)) == ms for ms in range(0, 100_000, 7))


def test_nobody_sleeps_back_in_time(clock):
    clock.sleep(5)
    clock.sleep(-1)
    clock.wait(clock.spawn("work", clock.sleep, -1).done)
    assert clock.now_ms == 5


def test_time_cannot_be_advanced_over_what_is_due(clock):
    clock.env.timeout(5)
    with pytest.raises(ValueError, match="something is due at 5"):
        clock.env.advance(6)


def test_a_fiber_has_a_name(clock):
    fiber = clock.spawn("task 7", int)
    assert isinstance(fiber, Fiber)
    assert fiber.name == "task 7"
