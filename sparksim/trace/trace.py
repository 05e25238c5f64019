"""The trace: the events of a run in the order in which they happened. It only grows.

Components append; everybody else reads, after the run or, as a subscriber, while it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from sparksim.trace.events import Event

E = TypeVar("E", bound=Event)
Subscriber = Callable[[Event], object]

EPOCH_MS = 1e11
"""Times above this (the year 1973) are a wall clock's; a simulation's begin at 0."""


class Trace:
    """Events in order; at equal times the order of appending counts. Times are milliseconds on the run's clock."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events = list(events)
        self._subscribers: list[Subscriber] = []
        self._preceding: list[Callable[[float], object]] = []

    def append(self, event: Event) -> None:
        """Add one event, then tell each subscriber, in the order in which they subscribed."""
        for catch_up in self._preceding:
            catch_up(event.time_ms)
        self._events.append(event)
        for subscriber in self._subscribers:
            subscriber(event)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have `callback(event)` called after each later append; gives a function that ends the subscription."""
        self._subscribers = [*self._subscribers, callback]  # a new list: `append` may be going through the old one

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers = list(self._subscribers)
                self._subscribers.remove(callback)

        return unsubscribe

    def precede(self, catch_up: Callable[[float], object]) -> None:
        """Have `catch_up(time_ms)` called before each append: whoever tells late tells now what happened by then."""
        self._preceding.append(catch_up)

    def of(self, *types: type[E]) -> list[E]:
        """The events of these types, in order: `trace.of(TaskStart, TaskEnd)`."""
        return [event for event in self._events if isinstance(event, types)]

    def until(self, time_ms: float) -> Trace:
        """A new trace of what had happened by `time_ms`, included; it has no subscribers."""
        return Trace(event for event in self._events if event.time_ms <= time_ms)

    @property
    def end_ms(self) -> float:
        """When the last event happened; 0 for an empty trace."""
        return max((event.time_ms for event in self._events), default=0.0)

    @property
    def on_wall_clock(self) -> bool:
        """Whether the times are epoch ms, as in a live run and in a log of Spark's, and not virtual."""
        return bool(self._events) and self._events[0].time_ms > EPOCH_MS

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> Event:
        return self._events[index]

    def __repr__(self) -> str:
        return f"<Trace of {len(self):,} events until {self.end_ms:,.3f} ms>"
