"""The simulation that the tests put into the lab, and a program with names of its own module in it."""

from __future__ import annotations

from operator import add
from typing import Any

from sparksim.sim import Cluster, Poisson, Simulation
from sparksim.streaming import StreamingContext

PORT = 9999
UNTIL_S = 12


def with_one(word: str) -> tuple[str, int]:
    return word, 1


def word_count(ssc: StreamingContext) -> None:
    lines = ssc.socketTextStream("localhost", PORT)
    lines.flatMap(lambda line: line.split()).map(with_one).reduceByKey(add).pprint()


def simulation(**changes: Any) -> Simulation:
    """A word count on {1 receiver, 3 × 2 cores}."""
    return Simulation(
        word_count, network={"localhost:9999": Poisson(rate=10)}, batch=2.0, cluster=Cluster(3, 2), seed=3
    ).with_(**changes)
