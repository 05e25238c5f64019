"""The brokers of a cluster: who is alive, who is thought to be, and whom a client can reach.

A broker that dies is missed only when its session with ZooKeeper is over. Until then the others count on it: it stays
leader and in sync, and whoever waits for it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from sparksim.kafka.errors import BrokerNotAvailable
from sparksim.sim.kafka.calendar import Calendar
from sparksim.sim.kafka.values import KafkaCluster
from sparksim.trace.events import BrokerStarted, BrokerStopped, Event


class Brokers:
    """Broker `i` is at `addresses[i]`. `emit` puts a fact on record at the calendar's time."""

    def __init__(self, address: str, cluster: KafkaCluster, calendar: Calendar, emit: Callable[[Event], None]) -> None:
        self.calendar = calendar
        self.emit = emit
        self.addresses: tuple[str, ...] = _addresses(address, cluster.brokers)
        self.request_ms = cluster.request_ms
        self.replicate_ms = cluster.replicate_ms
        self.unclean = cluster.unclean
        self._alive = [True] * len(self.addresses)
        self._known = [True] * len(self.addresses)
        self._away_until_ms = -inf

    # --- the brokers themselves --------------------------------------------------------------------------------------

    def is_alive(self, broker: int) -> bool:
        """Whether its process runs."""
        return self._alive[broker]

    def is_known(self, broker: int) -> bool:
        """Whether the others take it to be alive."""
        return self._known[broker]

    @property
    def known(self) -> list[int]:
        """All that the others take to be alive."""
        return [broker for broker, known in enumerate(self._known) if known]

    def stop(self, broker: int, reason: str) -> None:
        """Its process dies; nobody knows yet."""
        self._alive[broker] = False
        self.emit(BrokerStopped(self.calendar.now_ms, broker, self.addresses[broker], reason))

    def miss(self, broker: int) -> None:
        """The others have noticed."""
        self._known[broker] = False

    def start(self, broker: int) -> None:
        """Its process runs again."""
        self._alive[broker] = self._known[broker] = True
        self.emit(BrokerStarted(self.calendar.now_ms, broker, self.addresses[broker]))

    # --- as clients see them -----------------------------------------------------------------------------------------

    @property
    def away(self) -> bool:
        """Whether no client reaches any of them, because of an outage of the whole cluster."""
        return self.calendar.now_ms < self._away_until_ms

    def go_away(self, until_ms: float) -> None:
        """No client reaches them until then; among themselves they go on."""
        self._away_until_ms = until_ms

    def check_reachable(self, broker: int) -> None:
        """Raise `BrokerNotAvailable` when no client can reach it."""
        if self.away or not self._alive[broker]:
            raise BrokerNotAvailable(f"broker {broker} at {self.addresses[broker]} does not answer: {self._why()}")

    def check_any(self, among: Sequence[int] | None = None) -> None:
        """Raise `BrokerNotAvailable` when no client can reach any of these, or of all."""
        asked = range(len(self.addresses)) if among is None else among
        if self.away or not any(self._alive[broker] for broker in asked):
            names = ", ".join(self.addresses[broker] for broker in asked)
            remedy = "" if among is None or self.away else "; name more of its brokers in bootstrap.servers"
            raise BrokerNotAvailable(f"none of the brokers {names} answers: {self._why()}{remedy}")

    def check_zookeeper(self) -> None:
        """Raise `BrokerNotAvailable` when no client can reach ZooKeeper, which outlives every broker."""
        if self.away:
            raise BrokerNotAvailable(f"ZooKeeper does not answer: {self._why()}")

    def _why(self) -> str:
        return "the cluster cannot be reached now" if self.away else "its process is dead"


def _addresses(bootstrap: str, brokers: int | Sequence[str]) -> tuple[str, ...]:
    if not isinstance(brokers, int):
        return tuple(brokers)
    host, _, port = bootstrap.rpartition(":")
    return tuple(f"{host}:{int(port) + number}" for number in range(brokers))
