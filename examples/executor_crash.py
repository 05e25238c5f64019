"""The executor that runs the receiver dies: what is lost, with two copies of each received block and with one.

Virtual time; the same seed gives the same losses.
"""

from sparksim import StorageLevel
from sparksim.sim import Cluster, Constant, ExecutorCrash, Simulation


def word_count(storage_level):
    """A program whose received blocks are kept at this level."""

    def program(ssc):
        lines = ssc.socketTextStream("localhost", 9999, storage_level)
        words = lines.flatMap(lambda line: line.split())
        words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()

    return program


for storage_level in (StorageLevel.MEMORY_AND_DISK_2, StorageLevel.MEMORY_ONLY):
    run = Simulation(
        word_count(storage_level),
        network={"localhost:9999": Constant(rate=50)},
        batch=2.0,  # seconds
        cluster=Cluster(executors=3, cores=2),
        faults=[ExecutorCrash("receiver", at=7.3)],
        seed=7,
    ).run(until=21)
    print(f"\n{storage_level}\n")
    print(run.delivery)
