"""A session beside a simulated Kafka, step by step: what a query does with its source, without the query."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from sparksim import SparkContext
from sparksim.cluster.cost import TEACHING
from sparksim.cluster.world import World, living_in
from sparksim.sim import KafkaCluster, Producer, Replay, Topic
from sparksim.sim.network import SimulatedNetwork
from sparksim.sql import DataFrame, SparkSession
from sparksim.sql.chunks import rows_of
from sparksim.sql.plan.nodes import Scan
from sparksim.sql.streaming.source import SourceContext, StreamSource

ADDRESS = "localhost:9092"
SERVERS = "kafka.bootstrap.servers"
_numbers = count()


def letters(text: str, topic: str = "orders", every: float = 0.001, since: float = 0.1, **settings: Any) -> Producer:
    """A letter of the text every so many seconds, to the partitions in turn."""
    load = Replay([(round(since + number * every, 6), letter) for number, letter in enumerate(text)])
    return Producer(topic, load, partitioner="round-robin", **settings)


def cluster(text: str = "", partitions: int = 1, more: Sequence[Topic] = (), **settings: Any) -> KafkaCluster:
    """One topic, "orders", that has got the letters of the text by 0.2 s, unless `producers` say otherwise."""
    producers = settings.pop("producers", [letters(text)] if text else [])
    return KafkaCluster([Topic("orders", partitions), *more], producers, **settings)


class KafkaStage:
    """A session beside this cluster, which ends with its `with`. Sources keep their files under `path`."""

    def __init__(self, kafka: KafkaCluster, path: Any = None) -> None:
        world = World(
            cost=TEACHING,
            network=lambda clock, seeds, trace: SimulatedNetwork(clock, seeds, trace.append, {ADDRESS: kafka}),
        )
        with living_in(world):
            self.sc = SparkContext("sim[2,2]", "kafka")
        self.spark = SparkSession.builder.getOrCreate()
        self._path = path or f"memory://kafka-{next(_numbers)}"

    def __enter__(self) -> KafkaStage:
        return self

    def __exit__(self, *_: object) -> None:
        self.sc.stop()

    def until(self, seconds: float) -> KafkaStage:
        """Let time pass."""
        clock = self.sc._backend.clock
        clock.sleep(seconds * 1000 - clock.now_ms)
        return self

    def frame(self, **options: Any) -> DataFrame:
        """The topic "orders" as a stream, from its beginning, unless the options say otherwise."""
        reader = self.spark.readStream.format("kafka").option(SERVERS, ADDRESS)
        given = {"startingOffsets": "earliest", **options}
        if not {"subscribe", "subscribePattern", "assign"} & given.keys():
            given["subscribe"] = "orders"
        return reader.options(**given).load()

    def source(self, **options: Any) -> StreamSource:
        """The source of `frame`, as a query makes it."""
        scan = self.frame(**options)._plan
        assert isinstance(scan, Scan)
        return scan.create(SourceContext(self.spark, f"{self._path}/sources/0"))

    def rows(self, source: StreamSource, start: Any, end: Any, *columns: str) -> list[Any]:
        """These columns of a batch, a string of letters for each topic's partition: the values if none is named."""
        found: list[Any] = []
        schema = self.frame(includeHeaders="headers" in columns).schema
        for chunk in source.batch(start, end).collect():
            rows = rows_of(chunk, schema)
            if columns:
                found += [tuple(row[name] for name in columns) for row in rows]
            else:
                found.append("".join(row.value.decode() for row in rows))
        return found

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of a kind."""
        return [event for event in self.sc._backend.trace if isinstance(event, kind)]
