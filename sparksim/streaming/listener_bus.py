"""Calls listeners, one event after the other, on a thread of their own (Spark: StreamingListenerBus)."""

from __future__ import annotations

import logging
from typing import Any

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber
from sparksim.core.failure import describe_failure
from sparksim.streaming.listener import Narrator, StreamingListener
from sparksim.trace.events import Event


class ListenerBus:
    """Reads the trace from the moment it is started. A listener that raises is logged, and the rest goes on."""

    def __init__(self, backend: ClusterBackend) -> None:
        self._clock = backend.clock
        self._trace = backend.trace
        self._narrator = Narrator()
        self._queue: simpy.Store = simpy.Store(backend.clock.env)
        self._listeners: list[StreamingListener] = []
        self.fiber: Fiber | None = None

    def add(self, listener: StreamingListener) -> None:
        self._listeners.append(listener)

    def start(self) -> None:
        """Listen. Hub only."""
        self._trace.subscribe(self._hear)
        if self._listeners:
            self._run()

    def stop(self) -> None:
        """Deliver what is still queued, then end. From a fiber or the main program."""
        if self.fiber is not None:
            self._clock.call(self._queue.put, None)
            self._clock.wait(self.fiber.done)

    def _run(self) -> None:
        self.fiber = self._clock.spawn("listener bus", self._deliver)

    def _hear(self, event: Event) -> None:
        told = self._narrator.tell(event)
        if told is not None and self._listeners:
            if self.fiber is None:
                self._run()
            self._queue.put(told)

    def _deliver(self) -> None:
        while (told := self._clock.wait(self._clock.call(self._queue.get))) is not None:
            method, argument = told
            for listener in list(self._listeners):
                self._call(listener, method, argument)

    def _call(self, listener: StreamingListener, method: str, argument: Any) -> None:
        try:
            getattr(listener, method)(argument)
        except Exception as error:
            logging.getLogger("sparksim.streaming").error(
                "Listener %s.%s raised:\n%s", type(listener).__name__, method, describe_failure(error)
            )
