"""Two receivers on two cores: everything is received and nothing is ever processed. A third core cures it.

A receiver is a task that never ends, so it keeps its core for ever. Virtual time.
"""

from sparksim.sim import Cluster, Constant, Simulation


def two_streams(ssc):
    left = ssc.socketTextStream("localhost", 9001)
    right = ssc.socketTextStream("localhost", 9002)
    left.union(right).count().pprint()


for cores in (2, 3):
    run = Simulation(
        two_streams,
        network={"localhost:9001": Constant(rate=10), "localhost:9002": Constant(rate=10)},
        cluster=Cluster(executors=1, cores=cores),
    ).run(until=10)
    received = sum(run.receivers.column("records"))
    processed = sum(run.batches.where(status="completed").column("records"))
    queued = len(run.batches) - len(run.batches.where(status="completed"))
    print(f"{cores} cores: {received} records received, {processed} processed, {queued} batches unfinished")
