"""The trace grows, tells its subscribers, and can be read as any sequence."""

from __future__ import annotations

from sparksim.trace import Event, Trace
from sparksim.trace.events import ApplicationEnd, BatchCompleted, BatchStarted

STARTED = BatchStarted(1000, 1000)
COMPLETED = BatchCompleted(1400, 1000, False)
END = ApplicationEnd(1500, "app-0")


def test_events_stay_in_the_order_in_which_they_were_appended() -> None:
    trace = Trace([STARTED])
    trace.append(COMPLETED)
    assert list(trace) == [STARTED, COMPLETED]
    assert len(trace) == 2
    assert trace[-1] is COMPLETED


def test_of_keeps_the_events_of_the_given_types() -> None:
    trace = Trace([STARTED, COMPLETED, END])
    assert trace.of(BatchStarted) == [STARTED]
    assert trace.of(ApplicationEnd, BatchStarted) == [STARTED, END]
    assert trace.of() == []


def test_until_includes_its_moment() -> None:
    trace = Trace([STARTED, COMPLETED, END])
    assert list(trace.until(1400)) == [STARTED, COMPLETED]
    assert trace.until(1400).end_ms == 1400
    assert Trace().end_ms == 0


def test_a_subscriber_hears_each_later_event_when_the_trace_already_holds_it() -> None:
    trace = Trace([STARTED])
    heard: list[tuple[Event, int]] = []
    trace.subscribe(lambda event: heard.append((event, len(trace))))
    trace.append(COMPLETED)
    assert heard == [(COMPLETED, 2)]


def test_subscribers_are_told_in_order_until_they_leave() -> None:
    trace = Trace()
    heard: list[str] = []
    leave = trace.subscribe(lambda event: heard.append("first"))
    trace.subscribe(lambda event: heard.append("second"))
    trace.append(STARTED)
    leave()
    leave()
    trace.append(COMPLETED)
    assert heard == ["first", "second", "second"]


def test_who_tells_late_is_asked_before_each_event() -> None:
    trace = Trace()
    late = [STARTED]

    def catch_up(time_ms: float) -> None:
        while late and late[0].time_ms <= time_ms:
            trace.append(late.pop(0))

    trace.precede(catch_up)
    trace.append(COMPLETED)
    assert list(trace) == [STARTED, COMPLETED]


def test_it_says_how_much_it_holds() -> None:
    assert repr(Trace([STARTED, COMPLETED])) == "<Trace of 2 events until 1,400.000 ms>"
