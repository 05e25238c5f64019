"""Whether the simulator's cost grows with the cluster and its load, and no faster: time per task in three clusters."""

from __future__ import annotations

from typing import Any

from bench.measure import Row, medians_s, timed
from sparksim.sim import Cluster, Poisson, Run, Simulation
from sparksim.trace.events import TaskEnd

SMALL, CLUSTERS = Cluster(4, 2), (Cluster(25, 4), Cluster(100, 4))
CORES_PER_RECEIVER = 8
RATE_PER_S = 10
CORE_SECONDS = 2_400
"""How long a cluster is simulated, times its cores: each has as many tasks to run."""


def simulate(cluster: Cluster) -> Run:
    """A word count over one receiver for every eight cores."""
    cores = cluster.executors * cluster.cores
    ports = range(9000, 9000 + cores // CORES_PER_RECEIVER)

    def word_count(ssc: Any) -> None:
        lines = ssc.union(*[ssc.socketTextStream("localhost", port) for port in ports])
        words = lines.flatMap(lambda line: line.split())
        words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()

    network = {f"localhost:{port}": Poisson(RATE_PER_S) for port in ports}
    return Simulation(word_count, network=network, batch=2.0, cluster=cluster).run(until=CORE_SECONDS / cores)


def rows() -> list[Row]:
    """Microseconds per task, beside those in the smallest cluster."""
    clusters = [SMALL, *CLUSTERS]
    tasks = [len(simulate(cluster).trace.of(TaskEnd)) for cluster in clusters]
    durations_s = medians_s(*(timed(lambda cluster=cluster: simulate(cluster)) for cluster in clusters))
    small_us, *others_us = (1e6 * duration_s / count for duration_s, count in zip(durations_s, tasks, strict=True))
    return [
        Row(
            f"a task, {cluster.executors} x {cluster.cores} cores ({count:,})",
            us,
            f"{SMALL.executors} x {SMALL.cores} cores ({tasks[0]:,})",
            small_us,
            "us",
            us / small_us,
        )
        for cluster, count, us in zip(CLUSTERS, tasks[1:], others_us, strict=True)
    ]
