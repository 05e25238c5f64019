"""The cluster on the simulated network: what a `KafkaCluster` becomes, and how it keeps step with the drivers' clocks.

It is settled when somebody asks, and always before anybody else's fact goes on record (`Trace.precede`): so each of its
events has the exact time at which it happened, and stands in the trace where it belongs. What others can see at once,
such as a broker's death or a new leader, has an appointment with the driver's clock. While no driver lives, the cluster
lives on; when the next one is there, it tells what has happened.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import inf

from sparksim.cluster.clock import Clock
from sparksim.cluster.network import Connection
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.sim.kafka.brokers import Brokers
from sparksim.sim.kafka.calendar import Calendar
from sparksim.sim.kafka.client import SimulatedKafka
from sparksim.sim.kafka.controller import Controller
from sparksim.sim.kafka.line import Line
from sparksim.sim.kafka.offsets import Groups
from sparksim.sim.kafka.producer import SimulatedProducer
from sparksim.sim.kafka.values import KafkaCluster
from sparksim.sim.server import Pause, Server
from sparksim.trace.events import Event, FaultInjected, RecordsSent

FORESEEN_MS = 3_600_000.0
"""How far ahead somebody may ask when a record will be there."""


class KafkaServer(Server):
    """One cluster. `waiting` are the fibers that wait for news of it; `lives` counts the drivers it has seen,
    `producers` those in tasks."""

    def __init__(
        self, clock: Clock, address: str, cluster: KafkaCluster, seeds: Seeds, emit: Callable[[Event], None]
    ) -> None:
        super().__init__(clock, address, iter(()), emit)
        self.waiting: list[Pause] = []
        self.lives = 1
        self.producers = 0
        self._appointments: list[float] = []
        self._planned: list[tuple[int | str, str, float, float | None]] = []
        self._value = cluster
        self._seeds = seeds
        self.calendar = Calendar(self._appoint)
        self.brokers = Brokers(address, cluster, self.calendar, self._tell)
        self.controller = Controller(cluster, self.brokers)
        self.groups = Groups(self.brokers, self.controller, cluster.rebalance_delay * 1000)
        self.controller.forget = self.groups.forget
        for number, producer in enumerate(cluster.producers, start=1):
            name = producer.name or f"producer-{number}"
            SimulatedProducer(
                producer,
                name,
                producer.load.arrivals(seeds.generator(f"producer {name} of {address}")),
                seeds.generator(f"partitions of {name} of {address}"),
                self.brokers,
                self.controller,
            )

    # --- as a part of the network ------------------------------------------------------------------------------------

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it can be found: its own address, its brokers' and its ZooKeeper's."""
        return (self.address, *self.brokers.addresses, self._value.zookeeper)

    def connect(self, stream_id: int) -> Connection:
        """Raises `ConnectionRefusedError`: Kafka speaks another language. Hub only."""
        raise ConnectionRefusedError(
            f"{self.address} is a Kafka cluster, and no server of lines of text: use KafkaUtils to read it"
        )

    def kafka(self, asked: Sequence[str]) -> SimulatedKafka:
        """The cluster as a process sees it that was told these addresses, which are some of its own."""
        known = self.brokers.addresses
        named = [known.index(address) for address in asked if address in known]
        everybody = self.address not in known and self.address in asked
        by_zookeeper = self._value.zookeeper in asked
        return SimulatedKafka(Line(self, self._clock, None if everybody or by_zookeeper else named))

    def generator(self, name: str) -> random.Random:
        """The random choices of one of its clients."""
        return self._seeds.generator(f"{name} of {self.address}")

    def live_by(self, clock: Clock, emit: Callable[[Event], None]) -> None:
        died_ms = self._clock.now_ms
        self._emit = emit
        self.catch_up(died_ms)
        self.lives += 1
        self.waiting = []
        super().live_by(clock, emit)
        self.settle()
        for time_ms in self._appointments:
            self._keep_appointment(time_ms)

    def settle(self) -> None:
        """Let everything happen that is due by now."""
        self.catch_up(self._clock.now_ms)

    def catch_up(self, time_ms: float) -> None:
        """Let everything happen that is due by then, and tell who waits for it. Hub only."""
        if self.calendar.advance(time_ms):
            self.stir()

    def stir(self) -> None:
        """Whoever waits may look again. Hub only."""
        for pause in tuple(self.waiting):
            pause.end()

    def go_down(self, until_ms: float = inf) -> None:
        """No client reaches the cluster until then. Hub only."""
        super().go_down(until_ms)
        self.brokers.go_away(until_ms)
        self.stir()

    def come_back(self) -> None:
        super().come_back()
        self.brokers.go_away(-inf)
        self.stir()

    # --- what breaks -------------------------------------------------------------------------------------------------

    def has_log(self, log: str) -> bool:
        """Whether there is, or will be, such a topic; `log` is "topic/partition"."""
        topic, _, number = log.rpartition("/")
        return number.isdecimal() and self.controller.will_have(topic)

    def visible_ms(self, log: str, offset: int) -> float | None:
        """When readers may see this record, if nothing breaks but what is planned; None if not within an hour.

        The cluster is played through for it from the beginning, apart from the one that goes on.
        """
        seen: list[float] = []

        def look(event: Event) -> None:
            if isinstance(event, RecordsSent) and event.source == log and offset < event.first + event.count:
                seen.append(event.time_ms)

        copy = KafkaServer(VirtualClock(), self.address, self._value, self._seeds, look)
        for crash in self._planned:
            copy.plan_crash(*crash)
        while not seen and copy.calendar.next_ms <= FORESEEN_MS:
            copy.calendar.advance(copy.calendar.next_ms)
        return seen[0] if seen else None

    def plan_crash(self, broker: int | str, fault: str, at_ms: float, restart_ms: float | None) -> None:
        """A broker will die at this time, whoever lives then. Hub only."""
        self.settle()
        self.controller.broker(broker)  # raises for one that cannot be
        self._planned.append((broker, fault, at_ms, restart_ms))
        self.calendar.appointment(at_ms, self._crash, broker, fault, restart_ms)

    def crash(self, broker: int | str, fault: str, restart_ms: float | None) -> None:
        """A broker's process dies now, and starts again so much later, if that is not None. Hub only."""
        self.settle()
        self._crash(broker, fault, restart_ms)
        self.stir()

    def _crash(self, broker: int | str, fault: str, restart_ms: float | None) -> None:
        number = self.controller.broker(broker)
        alive = number is not None and self.brokers.is_alive(number)
        self._tell(FaultInjected(self.calendar.now_ms, fault, f"broker {number}" if alive else ""))
        if number is not None and alive:
            self.controller.crash(number, fault, restart_ms)

    # --- keeping step ------------------------------------------------------------------------------------------------

    def _tell(self, event: Event) -> None:
        self._emit(event)

    def _appoint(self, time_ms: float) -> None:
        self._appointments.append(time_ms)
        self._keep_appointment(time_ms)

    def _keep_appointment(self, time_ms: float) -> None:
        now_ms = self._clock.now_ms
        if time_ms >= now_ms:
            self._clock.env.timeout(time_ms - now_ms).callbacks.append(lambda _timeout: self.settle())
