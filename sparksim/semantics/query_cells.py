"""The cells of the matrix of queries: what is computed, where its rows go, and who dies; a seed makes a story of it.

Each story is a small program with one streaming query, on two executors. One to three crashes come: at a step of a
drawn batch and a little later, so that they fall between any two files that the query writes, or at any time. Then
there is time enough for everything that can be made good.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from sparksim.cluster.cost import TEACHING
from sparksim.cluster.faults import DriverCrash, ExecutorCrash, Fault
from sparksim.cluster.query_moments import AtQueryBatch
from sparksim.semantics.cells import VICTIMS
from sparksim.semantics.query_ways import ADDRESS, FILE_SINK, FILES, SHAPES, SINKS, SOCKET, begin, files, texts
from sparksim.semantics.study import later
from sparksim.sim.loads import Replay
from sparksim.sim.query_simulation import QuerySimulation
from sparksim.sim.simulation import Cluster

UNTIL_S = 5.2

COST = TEACHING.with_(record_ms=2, log_write_ms=5)
"""Tasks take time over their rows and over their states, so that a crash finds them in the midst of it."""

MOMENTS = {
    "begun": 0.06,
    "planned": 0.2,
    "read": 0.1,
    "states committed": 0.1,
    "written": 0.02,
    "committed": 0.01,
}
"""The steps at which a crash comes, and so many seconds later at most: until about the next step."""

TIDY = {
    "spark.sql.streaming.minBatchesToRetain": 2,
    "spark.sql.streaming.stateStore.minDeltasForSnapshot": 1,
    "spark.sql.streaming.stateStore.maintenanceInterval": "100ms",
}
"""In half of the stories: what is old in the checkpoint is deleted at once, and states are snapshots more often."""


class QueryCell(NamedTuple):
    """One cell of the matrix. `str` gives its name, as commands take it: "window/upsert/driver"."""

    shape: str
    sink: str
    victim: str

    def __str__(self) -> str:
        return "/".join(self)

    def simulation(self, seed: int) -> QuerySimulation:
        """The story of this seed; `until` is `UNTIL_S`."""
        rng = random.Random(f"{self} {seed}")
        return QuerySimulation(
            partial(begin, self.shape, self.sink),
            network={ADDRESS: Replay(texts())} if self.shape == SOCKET else {},
            files=files(),
            faults=_faults(self.victim, rng),
            cluster=Cluster(2, 2),
            conf={"spark.default.parallelism": 2, **rng.choice([{}, TIDY])},
            cost=COST,
            seed=seed,
        )


def cells() -> Iterator[QueryCell]:
    """All of them, row by row: files take what is only added to, and a socket needs one sink to show what it loses."""
    for shape, way in SHAPES.items():
        for sink in SINKS:
            if (way.mode == "append" or sink != FILE_SINK) and (shape != SOCKET or sink == "upsert"):
                for victim in VICTIMS:
                    yield QueryCell(shape, sink, victim)


def _faults(victim: str, rng: random.Random) -> list[Fault]:
    faults: list[Fault] = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        moment = _moment(rng)
        if victim != "driver":
            faults.append(ExecutorCrash("random", moment, restart_after=rng.choice([0.1, 0.3])))
        if victim != "executor":
            delay = rng.uniform(0.0, 0.2) if victim == "both" else 0.0
            faults.append(DriverCrash(later(moment, delay), restart_after=round(rng.uniform(0.1, 0.5), 3)))
    return faults


def _moment(rng: random.Random) -> float | AtQueryBatch:
    """At a step of a drawn batch, or at any time."""
    step = rng.choice([*MOMENTS, "any"])
    if step == "any":
        return round(rng.uniform(0.05, 1.4), 3)
    return AtQueryBatch(rng.randrange(FILES), step, round(rng.uniform(0.0, MOMENTS[step]), 6))
