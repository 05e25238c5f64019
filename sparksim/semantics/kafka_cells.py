"""The cells of Kafka's matrix: who keeps the offsets, how a batch is written, and who dies; a seed makes a story of it.

Each story is a small streaming job: numbered orders in a topic of two partitions for five and a half seconds, batches
of one second, three executors. Every order is a row of a sink outside of all processes, or should be. A crash comes at
a moment drawn from the seed; then there is time enough for everything that can be made good.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from sparksim.cluster.cost import TEACHING
from sparksim.cluster.faults import DriverCrash, ExecutorCrash, Fault
from sparksim.cluster.moments import AtBatch
from sparksim.semantics.cells import VICTIMS, arrivals
from sparksim.semantics.kafka_ways import (
    BROKERS,
    CHECKPOINT,
    ORDERS,
    Write,
    begin_direct,
    begin_direct_08,
    begin_received,
    insert,
    transact,
    upsert,
)
from sparksim.semantics.study import later
from sparksim.sim.kafka import KafkaCluster, Producer, Topic
from sparksim.sim.loads import Replay
from sparksim.sim.simulation import Cluster, Simulation

UNTIL_S = 20.0

RECORD_MS = (10, 100)
"""A task takes time over its records, so that a crash finds it in the midst of them; in half of the stories so much
that batches wait for each other."""


class Way(NamedTuple):
    """How a program gets its messages, and who knows where it goes on after a restart."""

    title: str
    begin: Callable[..., None]
    checkpoint: bool = False
    log: bool = False


SOURCES = {
    "receiver+zookeeper": Way("receiver, offsets committed to ZooKeeper by the clock", begin_received, True),
    "receiver+wal": Way("receiver with a log, offsets to ZooKeeper behind the log", begin_received, True, True),
    "direct08+checkpoint": Way("direct (0.8), offsets in the checkpoint", partial(begin_direct_08, ""), True),
    "direct08+zookeeper": Way("direct (0.8), offsets to ZooKeeper by hand", partial(begin_direct_08, "zookeeper")),
    "direct+checkpoint": Way("direct (0.10), offsets in the checkpoint", partial(begin_direct, ""), True),
    "direct+kafka": Way("direct (0.10), `commitAsync` after the output", partial(begin_direct, "kafka")),
    "direct+auto": Way("direct (0.10), the driver's consumer commits by itself", partial(begin_direct, "auto")),
    "direct+database": Way("direct (0.10), offsets in the sink", partial(begin_direct, "database")),
}

SINKS: dict[str, Write] = {"insert": insert, "upsert": upsert, "transaction": transact}


class KafkaCell(NamedTuple):
    """One cell of the matrix. `str` gives its name, as commands take it: "direct+kafka/upsert/driver"."""

    source: str
    sink: str
    victim: str

    def __str__(self) -> str:
        return "/".join(self)

    def simulation(self, seed: int) -> Simulation:
        """The story of this seed; `until` is `UNTIL_S`."""
        rng = random.Random(f"{self} {seed}")
        way = SOURCES[self.source]
        numbers = [(second, (number, number)) for second, number in arrivals(rng)]
        orders = Producer(ORDERS, Replay(numbers), acks="all", idempotent=True, name="shop")
        return Simulation(
            partial(way.begin, write=SINKS[self.sink]),
            network={BROKERS: KafkaCluster([Topic(ORDERS, partitions=2, replicas=2)], [orders])},
            faults=_faults(self.victim, rng),
            cluster=Cluster(3, 2),
            cost=TEACHING.with_(record_ms=rng.choice(RECORD_MS)),
            conf={"spark.streaming.receiver.writeAheadLog.enable": way.log},
            seed=seed,
            checkpoint=CHECKPOINT if way.checkpoint else None,
        )


def cells() -> Iterator[KafkaCell]:
    """All of them, row by row."""
    for source in SOURCES:
        for sink in SINKS:
            for victim in VICTIMS:
                yield KafkaCell(source, sink, victim)


def _faults(victim: str, rng: random.Random) -> list[Fault]:
    moment = _moment(rng)
    executor = ExecutorCrash("random", moment, restart_after=rng.choice([None, 0.5]))
    if victim == "executor":
        return [executor]
    delay = rng.uniform(0.0, 0.4) if victim == "both" else 0.0
    driver = DriverCrash(later(moment, delay), restart_after=round(rng.uniform(0.2, 2.0), 3))
    return [driver] if victim == "driver" else [executor, driver]


def _moment(rng: random.Random) -> float | AtBatch:
    """At any time, or when a drawn batch has just been made, is being written, or has just been written."""
    batch = rng.randint(2, 5)
    moments: list[float | AtBatch] = [
        round(rng.uniform(2.5, 6.0), 3),
        AtBatch(batch, "submitted", round(rng.uniform(0.0, 0.012), 6)),
        AtBatch(batch, "started", round(rng.uniform(0.05, 0.2), 6)),
        AtBatch(batch, "processed", round(rng.uniform(0.0, 0.035), 6)),
    ]
    return rng.choice(moments)
