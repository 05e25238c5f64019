"""A Kafka cluster with nothing around it: its clock, its trace, and the two ways to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sparksim.cluster.seeds import Seeds
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.kafka.client import Consumer
from sparksim.kafka.records import TopicPartition
from sparksim.sim import KafkaCluster, Producer, Replay, Topic
from sparksim.sim.kafka.client import SimulatedKafka
from sparksim.sim.kafka.server import KafkaServer
from sparksim.sim.network import SimulatedNetwork
from sparksim.trace.events import Event, ProduceEnded, RecordsAppended, RecordsSent
from sparksim.trace.trace import Trace

ADDRESS = "localhost:9092"
BROKERS = "localhost:9092,localhost:9093,localhost:9094"
ORDERS = TopicPartition("orders", 0)


def letters(text: str, every: float = 1.0, since: float = 1.0) -> Replay:
    """A letter of the text every so many seconds."""
    return Replay([(round(since + number * every, 6), letter) for number, letter in enumerate(text)])


class Stage:
    """`cluster` is at `ADDRESS`; the clock is driven by calls."""

    def __init__(self, cluster: KafkaCluster, seed: int = 0) -> None:
        self.clock, self.trace = VirtualClock(), Trace()
        self.network = SimulatedNetwork(self.clock, Seeds(seed), self.trace.append, {ADDRESS: cluster})
        self.trace.precede(self.network.catch_up)
        server = self.network.server(ADDRESS)
        assert isinstance(server, KafkaServer)
        self.server = server

    @property
    def kafka(self) -> SimulatedKafka:
        return self.network.kafka(BROKERS)

    def until(self, seconds: float) -> None:
        """Let time pass to this second, and settle."""
        self.clock.sleep(seconds * 1000 - self.clock.now_ms)
        self.clock.call(self.server.settle)

    def crash(self, broker: int | str, at: float, restart_after: float | None = None) -> None:
        """Plan the death of a broker."""
        restart_ms = None if restart_after is None else restart_after * 1000
        self.clock.call(self.server.plan_crash, broker, "crash", at * 1000, restart_ms)

    def consumer(self, group: str = "g", **settings: Any) -> Consumer:
        """A consumer of a group that begins at the earliest; `max_poll_records` is max.poll.records."""
        named = {name.replace("_", "."): value for name, value in settings.items()}
        return self.kafka.consumer({"group.id": group, "auto.offset.reset": "earliest", **named}, 0)

    def fiber(self, body: Callable[..., Any], *args: Any) -> Any:
        """Run a story beside others."""
        return self.clock.spawn("story", body, *args)

    # --- what happened -----------------------------------------------------------------------------------------------

    def values(self, partition: TopicPartition = ORDERS, begin: int = 0) -> str:
        """What readers may see of a partition now."""
        (end,) = self.kafka.latest_offsets([partition]).values()
        reader = self.kafka.read(partition, begin, {}, 0)
        return "".join(next(reader).value.decode() for _ in range(end - begin))

    def events(self, kind: type[Any]) -> list[Any]:
        return self.trace.of(kind)

    def times(self, kind: type[Event]) -> list[float]:
        return [event.time_ms for event in self.trace.of(kind)]

    def endings(self) -> list[tuple[tuple[int, ...], int, str]]:
        """Numbers, attempts and error's name of each batch that ended."""
        return [(each.numbers, each.attempts, each.error.partition(":")[0]) for each in self.trace.of(ProduceEnded)]

    def appended(self) -> list[tuple[int, tuple[int, ...]]]:
        """First offset and numbers of each write to a log."""
        return [(each.first_offset, each.numbers) for each in self.trace.of(RecordsAppended)]

    def sent(self) -> list[tuple[float, str, int, int]]:
        """Time, log, first offset and count of what readers came to see."""
        return [(each.time_ms, each.source, each.first, each.count) for each in self.trace.of(RecordsSent)]


def orders(text: str = "", *, every: float = 1.0, topic: dict[str, Any] | None = None, **settings: Any) -> KafkaCluster:
    """A cluster with one topic of one partition that gets a letter each second; settings go to who knows them."""
    of_producer = {name: settings.pop(name) for name in list(settings) if name in Producer.__dataclass_fields__}
    producers = [Producer("orders", letters(text, every), **of_producer)] if text else []
    return KafkaCluster([Topic("orders", **(topic or {}))], producers, **settings)
