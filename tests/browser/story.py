"""The run that the browser tests look at: a word count that loses an executor, then its driver, and recovers."""

from __future__ import annotations

from sparksim.sim import Cluster, DriverCrash, ExecutorCrash, Poisson, Simulation
from sparksim.sim.run import Run
from sparksim.streaming import StreamingContext


def word_count(ssc: StreamingContext) -> None:
    lines = ssc.socketTextStream("localhost", 9999)
    lines.map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b).pprint()


def crashes() -> Run:
    return Simulation(
        word_count,
        network={"localhost:9999": Poisson(rate=60)},
        batch=2.0,
        cluster=Cluster(executors=3, cores=2),
        faults=[ExecutorCrash("receiver", at=7.3), DriverCrash(at=13, restart_after=2)],
        conf={"spark.streaming.receiver.writeAheadLog.enable": True},
        checkpoint="sim://checkpoint",
        seed=7,
    ).run(until=24)
