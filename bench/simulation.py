"""How fast virtual time runs, and how far that is from the bare discrete-event kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import simpy

from bench.measure import Row, medians_s, timed
from sparksim.sim import Cluster, Poisson, Run, Simulation

UNTIL_S, RATE_PER_S, PROCESSES = 60, 500, 10


def simulate() -> Run:
    """One receiver, three executors with two cores, a word count every second."""

    def word_count(ssc: Any) -> None:
        words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
        words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()

    return Simulation(
        word_count, network={"localhost:9999": Poisson(RATE_PER_S)}, cluster=Cluster(executors=3, cores=2)
    ).run(until=UNTIL_S)


def bare(events: int) -> None:
    """simpy alone, with as many events."""
    env = simpy.Environment()

    def ticker() -> Iterator[simpy.Event]:
        for _ in range(events // PROCESSES):
            yield env.timeout(1)

    for _ in range(PROCESSES):
        env.process(ticker())
    env.run()


def events_handled() -> int:
    """How many simpy events one such simulation handles."""
    handled = 0
    step = simpy.Environment.step

    def counting(env: simpy.Environment) -> None:
        nonlocal handled
        handled += 1
        step(env)

    simpy.Environment.step = counting
    try:
        simulate()
    finally:
        simpy.Environment.step = step
    return handled


def rows() -> list[Row]:
    """Virtual seconds per second, records per second, and events per second beside bare simpy."""
    events = events_handled()
    simulated_s, bare_s = medians_s(timed(simulate), timed(lambda: bare(events)))
    records = simulate().delivery.sent
    per_s, bare_per_s = events / simulated_s / 1000, events / bare_s / 1000
    return [
        Row(f"simulation, {RATE_PER_S}/s", UNTIL_S / simulated_s, "the wall clock", 1.0, "x", simulated_s / UNTIL_S),
        Row("records simulated", records / simulated_s / 1000, "", 0.0, "k records/s", None),
        Row(f"simpy events ({events:,})", per_s, "bare simpy", bare_per_s, "k events/s", simulated_s / bare_s),
    ]
