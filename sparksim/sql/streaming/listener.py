"""What a program hears of its queries, and who tells it (PySpark: StreamingQueryListener; Spark: its listener bus).

That a query has started is told at once, before `start()` returns. All else is told on a fiber of its own, one event
after the other, in the order in which it happened.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sparksim.cluster.clock import Clock, Fiber
from sparksim.core.failure import describe_failure
from sparksim.sql.streaming.progress import StreamingQueryProgress


@dataclass(frozen=True)
class QueryStartedEvent:
    """A query has started."""

    id: UUID
    runId: UUID
    name: str | None
    timestamp: str
    jobTags: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class QueryProgressEvent:
    """A batch is done."""

    progress: StreamingQueryProgress


@dataclass(frozen=True)
class QueryIdleEvent:
    """A query has had nothing to do for a while."""

    id: UUID
    runId: UUID
    timestamp: str


@dataclass(frozen=True)
class QueryTerminatedEvent:
    """A query has ended; `exception` is the text of what ended it, None when it was stopped."""

    id: UUID
    runId: UUID
    exception: str | None
    errorClassOnException: str | None


class StreamingQueryListener:
    """Base of a program's own listener: override what you want to hear of."""

    def onQueryStarted(self, event: QueryStartedEvent) -> None:
        """A query has started; `start()` returns after this."""

    def onQueryProgress(self, event: QueryProgressEvent) -> None:
        """A batch is done."""

    def onQueryIdle(self, event: QueryIdleEvent) -> None:
        """There was nothing to do."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:
        """A query has ended."""


class ListenerBus:
    """Calls the listeners of one session. A listener that raises is logged, and the rest goes on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: deque[tuple[str, Any]] = deque()
        self._fiber: Fiber | None = None
        self._listeners: list[StreamingQueryListener] = []

    def add(self, listener: StreamingQueryListener) -> None:
        """Tell this listener what happens from now on."""
        self._listeners.append(listener)

    def remove(self, listener: StreamingQueryListener) -> None:
        """Tell it no more; nothing happens when it was never added."""
        self._listeners = [each for each in self._listeners if each is not listener]

    def tell(self, method: str, event: Any) -> None:
        """Call the listeners here and now."""
        for listener in list(self._listeners):
            try:
                getattr(listener, method)(event)
            except Exception as error:
                logging.getLogger("sparksim.sql").error(
                    "Listener %s.%s raised:\n%s", type(listener).__name__, method, describe_failure(error)
                )

    def post(self, method: str, event: Any) -> None:
        """Have the listeners called, after what was posted before. Hub only."""
        if self._listeners:
            self._due.append((method, event))
            if self._fiber is None:
                self._fiber = self._clock.spawn("query listener bus", self._deliver)

    def flush(self) -> None:
        """Wait until the listeners have heard all that was posted; a listener itself does not wait."""
        fiber = self._fiber
        if fiber is not None and fiber is not self._clock.current():
            self._clock.wait(fiber.done)

    def _deliver(self) -> None:
        while (due := self._clock.call(self._next)) is not None:
            self.tell(*due)

    def _next(self) -> tuple[str, Any] | None:
        """What is to be told next. Without anything the fiber ends, and the next post starts another one."""
        if self._due:
            return self._due.popleft()
        self._fiber = None
        return None
