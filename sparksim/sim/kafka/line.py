"""A client's line to the cluster: requests that take time, and answers that the broker holds until there is news.

Without a broker that answers there is no line: a client starts with those of its bootstrap list, and once one of them
has answered it knows them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, TypeVar

from sparksim.cluster.clock import Clock
from sparksim.kafka.errors import KafkaError
from sparksim.sim.server import Pause

if TYPE_CHECKING:
    from sparksim.sim.kafka.server import KafkaServer

T = TypeVar("T")


class Line:
    """Used from fibers and the main program. `bootstrap` are the brokers that the client was told; None: all."""

    def __init__(self, server: KafkaServer, clock: Clock, bootstrap: Sequence[int] | None = None) -> None:
        self.server = server
        self.clock = clock
        self._bootstrap = bootstrap

    def ask(self, request: Callable[[], T], until_ms: float = -inf) -> T:
        """The answer to a request, which the broker holds until it is something, or until it would come too late.

        `request` runs in the hub, at the time at which it is at the broker. Raises what it raises, when that is back.
        """
        half_ms = self.server.brokers.request_ms / 2
        self._travel(half_ms)
        try:
            self.look(self._find_broker)
            answer: T = self.look(request)
            while not answer and (left_ms := self._left_ms(until_ms - half_ms)) > 0:
                self.wait(left_ms)
                answer = self.look(request)
        except KafkaError:
            self._travel(half_ms)
            raise
        self._travel(half_ms)
        return answer

    def look(self, request: Callable[[], T]) -> T:
        """The answer to a request without its way there and back."""
        answer: T = self.clock.call(self._at_now, request)
        return answer

    def wait(self, ms: float) -> None:
        """Block for so long, or until something happens in the cluster."""
        server, pause = self.server, Pause(self.clock)
        server.waiting.append(pause)
        try:
            pause.wait(min(ms, max(server.calendar.next_ms - self.clock.now_ms, 0)))
        finally:
            server.waiting = [each for each in server.waiting if each is not pause]

    def _at_now(self, request: Callable[[], T]) -> T:
        self.server.settle()
        return request()

    def _left_ms(self, until_ms: float) -> float:
        """In whole microseconds: less would never be over."""
        return round(until_ms - self.clock.now_ms, 3)

    def _find_broker(self) -> None:
        if self._bootstrap is not None:
            self.server.brokers.check_any(self._bootstrap)
            self._bootstrap = None

    def _travel(self, ms: float) -> None:
        if ms > 0:
            self.clock.sleep(ms)
