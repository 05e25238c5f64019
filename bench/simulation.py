"""How fast virtual time runs, and how far that is from the bare discrete-event kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import simpy

from bench.measure import Row, medians_s, timed
from sparksim.cluster.clock import Timeline
from sparksim.sim import Cluster, Counted, Poisson, Run, Simulation

HOUR_S, SHORT_S, PROCESSES = 3600, 300, 10
RATES_PER_S = (10, 100)


class Moments(NamedTuple):
    """What a plain simpy model of the same thing would have had to process, each as an event of simpy.

    `handled` were events here too; `skipped` are the sleeps in which nothing else was due, over which time stepped
    without one.
    """

    handled: int
    skipped: int


def simulate(rate_per_s: float, until_s: float, *, counted: bool = False) -> Run:
    """One receiver, blocks of 200 ms, batches of 2 s, four executors with two cores: a word count, with its trace."""

    def word_count(ssc: Any) -> None:
        words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
        words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()

    network = {"localhost:9999": Counted(rate_per_s) if counted else Poisson(rate_per_s)}
    return Simulation(word_count, network=network, batch=2.0, cluster=Cluster(executors=4, cores=2)).run(until=until_s)


def bare(events: int) -> None:
    """simpy alone, with as many events."""
    env = simpy.Environment()

    def ticker() -> Iterator[simpy.Event]:
        for _ in range(events // PROCESSES):
            yield env.timeout(1)

    for _ in range(PROCESSES):
        env.process(ticker())
    env.run()


def moments(rate_per_s: float, until_s: float) -> Moments:
    """Counted in a run of its own, which nobody times."""
    handled = skipped = 0
    step, skip = simpy.Environment.step, Timeline.skip

    def counting_step(env: simpy.Environment) -> None:
        nonlocal handled
        handled += 1
        step(env)

    def counting_skip(timeline: Timeline, ms: float, limit_ms: float) -> bool:
        nonlocal skipped
        stepped = skip(timeline, ms, limit_ms)
        skipped += stepped
        return stepped

    simpy.Environment.step, Timeline.skip = counting_step, counting_skip
    try:
        simulate(rate_per_s, until_s)
    finally:
        simpy.Environment.step, Timeline.skip = step, skip
    return Moments(handled, skipped)


def rows() -> list[Row]:
    """For each rate: an hour of virtual time, once; and a shorter run beside bare simpy with as many events."""
    rows = [row for rate_per_s in RATES_PER_S for row in _rows(rate_per_s)]
    most_per_s = max(RATES_PER_S)
    counted_s = timed(lambda: simulate(most_per_s, HOUR_S, counted=True))()
    return [*rows, Row(f"a simulated hour at {most_per_s}/s, only counted", counted_s, "", 0.0, "s", None)]


def _rows(rate_per_s: float) -> list[Row]:
    hour_s = timed(lambda: simulate(rate_per_s, HOUR_S))()
    counted = moments(rate_per_s, SHORT_S)
    events = sum(counted)
    simulated_s, bare_s = medians_s(timed(lambda: simulate(rate_per_s, SHORT_S)), timed(lambda: bare(events)))
    what = f"events at {rate_per_s}/s ({counted.handled:,} handled, {counted.skipped:,} stepped over)"
    return [
        Row(f"a simulated hour at {rate_per_s}/s", hour_s, "", 0.0, "s", None),
        Row(
            what, events / simulated_s / 1000, "bare simpy", events / bare_s / 1000, "k events/s", simulated_s / bare_s
        ),
    ]
