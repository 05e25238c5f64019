"""The cells of the loss matrix: a way to receive, who dies, and at what point; a seed makes a story of it.

Each story is a small streaming job: numbered records for five and a half seconds, batches of one second, three
executors. One record or batch is drawn, and the crash comes when it is at that point. Then there is time enough for
everything that can be made good.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sparksim.cluster.cost import TEACHING
from sparksim.cluster.faults import DriverCrash, ExecutorCrash, Fault
from sparksim.cluster.moments import AtBatch, AtRecord
from sparksim.semantics.ledger import write_batch
from sparksim.semantics.study import later
from sparksim.sim.loads import Acknowledged, Load, Replay, Retained
from sparksim.sim.simulation import Cluster, Simulation
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.direct_dstream import direct_stream
from sparksim.streaming.queue_receiver import QueueReceiver

ADDRESS = "source:9999"
CHECKPOINT = "sim://checkpoint"
RECORDS, PER_SECOND, UNTIL_S = 110, 20, 14.0

COST = TEACHING.with_(record_ms=10)
"""A task takes time over its records, so that a crash finds it in the midst of them."""

VICTIMS = ("executor", "driver", "both")
STAGES = ("before store", "stored", "batch allocated", "half processed", "processed")


def _unreliable(ssc: StreamingContext) -> None:
    ssc.checkpoint(CHECKPOINT)
    ssc.socketTextStream("source", 9999).foreachRDD(write_batch)


def _reliable(ssc: StreamingContext) -> None:
    ssc.checkpoint(CHECKPOINT)
    ssc.receiverStream(QueueReceiver("source", 9999, messages=8)).foreachRDD(write_batch)


def _direct(ssc: StreamingContext) -> None:
    ssc.checkpoint(CHECKPOINT)
    direct_stream(ssc, ADDRESS, start="earliest").foreachRDD(write_batch)


class Way(NamedTuple):
    """A way to receive: the program, the server that its source needs, and whether receivers keep a log."""

    title: str
    program: Callable[[StreamingContext], None]
    serve: Callable[[Load], Load]
    has_log: bool = False
    is_direct: bool = False


SOURCES = {
    "unreliable": Way("unreliable receiver, 2 copies", _unreliable, lambda load: load),
    "reliable": Way("reliable receiver, 2 copies", _reliable, Acknowledged),
    "unreliable+wal": Way("unreliable receiver, write-ahead log", _unreliable, lambda load: load, has_log=True),
    "reliable+wal": Way("reliable receiver, write-ahead log", _reliable, Acknowledged, has_log=True),
    "direct": Way("direct stream", _direct, lambda load: Retained(load, 2), is_direct=True),
}


class Cell(NamedTuple):
    """One cell of the matrix. `str` gives its name, as commands take it: "reliable+wal/driver/stored"."""

    source: str
    victim: str
    stage: str

    def __str__(self) -> str:
        return "/".join(self)

    def simulation(self, seed: int) -> Simulation:
        """The story of this seed; `until` is `UNTIL_S`."""
        rng = random.Random(f"{self} {seed}")
        way = SOURCES[self.source]
        return Simulation(
            way.program,
            network={ADDRESS: way.serve(Replay(list(arrivals(rng))))},
            faults=_faults(self, rng),
            cluster=Cluster(3, 2),
            cost=COST,
            conf={"spark.streaming.receiver.writeAheadLog.enable": way.has_log},
            seed=seed,
            checkpoint=CHECKPOINT,
        )


def cells() -> Iterator[Cell]:
    """All of them, row by row."""
    for source in SOURCES:
        for victim in VICTIMS:
            for stage in STAGES:
                yield Cell(source, victim, stage)


def arrivals(rng: random.Random) -> Iterator[tuple[float, str]]:
    """When each record comes, in seconds, and the record: its own number."""
    second = 0.5
    for number in range(RECORDS):
        yield round(second, 6), str(number)
        second += rng.uniform(0.2, 1.8) / PER_SECOND


def _faults(which: Cell, rng: random.Random) -> list[Fault]:
    target = "random" if SOURCES[which.source].is_direct else rng.choice(["receiver", "receiver", "random"])
    moment = _moment(which, rng)
    executor = ExecutorCrash(target, moment, restart_after=rng.choice([None, 0.5]))
    if which.victim == "executor":
        return [executor]
    delay = rng.uniform(0.0, 0.4) if which.victim == "both" else 0.0
    driver = DriverCrash(later(moment, delay), restart_after=round(rng.uniform(0.2, 2.0), 3))
    return [driver] if which.victim == "driver" else [executor, driver]


def _moment(which: Cell, rng: random.Random) -> AtBatch | AtRecord:
    """When the drawn record or batch is at this stage."""
    record, batch = rng.randrange(30, 80), rng.randint(3, 5)
    direct = SOURCES[which.source].is_direct
    if which.stage == "before store":
        return AtRecord(ADDRESS, record, "sent", round(rng.uniform(0.0, 0.2), 6))
    if which.stage == "stored":
        return AtRecord(ADDRESS, record, "sent" if direct else "stored", round(rng.uniform(0.0, 0.02), 6))
    if which.stage == "batch allocated":
        return AtBatch(batch, "submitted" if direct else "allocated", round(rng.uniform(0.0, 0.012), 6))
    if which.stage == "half processed":
        return AtBatch(batch, "started", round(rng.uniform(0.05, 0.09), 6))
    return AtBatch(batch, "processed", round(rng.uniform(0.0, 0.035), 6))
