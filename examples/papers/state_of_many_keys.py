"""mapWithState beside updateStateByKey: what a batch costs as the keys become more and the updates stay as many.

The figure: T. Das and S. Zhu, "Faster Stateful Stream Processing in Apache Spark Streaming" (Databricks' engineering
blog, 1 February 2016), average processing time of batches of one second over 0.25 to 1 million keys, at the same rate
of updates. There updateStateByKey grows with the keys, and mapWithState, nearly flat, is up to eight times faster.

Modelled: a job with state on a cluster of 4 executors with 2 cores, the states in 8 partitions, one for each core,
all keys known before the first batch, 500 updates in every batch. Measured by the simulation: the processing time of
the batches, and how many records their tasks read. Assumed: the prices of the `teaching` cost model. Two of them
decide. `record_ms` (1 ms) is paid for every state that updateStateByKey reads out of the cache, `serialize_record_ms`
(0.01 ms) for every one it writes there: they are the slope of its line. mapWithState keeps its states as objects and
pays for the updates, and `task_ms`, `stage_ms` and the like for its tasks: they are the height of its line. How many
times faster it is follows from these prices; that one line rises and the other does not follows from what the two
operators do.

Tuned: one partition for each core, and tasks that do not wait for a certain executor (`spark.locality.wait` is 0). With
waiting, one executor can come to keep more states than the others, and all batches wait for it.

Where this differs: a hundredth of the keys, at prices that are higher in turn. Only batches between two checkpoints
are counted: the model has no price for the states in a checkpoint of mapWithState, which on a real cluster grow with
the keys as well.

    python examples/papers/state_of_many_keys.py [figure.png]
"""

import sys
from statistics import median

from matplotlib.figure import Figure

from sparksim.sim import Cluster, Simulation
from sparksim.streaming import StateSpec
from sparksim.viz.palette import BLUE, INK, VERMILION

KEYS = (1250, 2500, 5000, 7500, 10000)
UPDATES = 500  # per batch
STRIDE = 7919  # a prime: the updated keys lie scattered over all partitions
PARTITIONS = 8  # one for each core
BATCHES = 8  # of one second: the first has the initial states, the tenth would write a checkpoint


def updated(stream, initial):
    """The state of every key, by updateStateByKey."""
    return stream.updateStateByKey(lambda values, total: (total or 0) + sum(values), PARTITIONS, initial)


def mapped(stream, initial):
    """The state of every touched key, by mapWithState."""

    def add(key, value, total):
        total.update((total.getOption() or 0) + value)
        return key, total.get()

    return stream.mapWithState(StateSpec.function(add).initialState(initial).numPartitions(PARTITIONS))


def batch_cost(with_state, keys, updates=UPDATES):
    """(median processing time in ms, median records that its tasks read) of a batch, with so many keys known."""

    def program(ssc):
        sc = ssc.sparkContext
        sc.setLogLevel("ERROR")  # it would warn that a queue cannot be recovered; no driver dies here
        ssc.checkpoint("sim://checkpoint")
        initial = sc.parallelize([(key, 0) for key in range(keys)], PARTITIONS)
        touched = [(number * STRIDE % keys, 1) for number in range(updates)]
        states = with_state(ssc.queueStream([touched] * BATCHES), initial)
        states.foreachRDD(lambda rdd: rdd.foreach(lambda state: None))

    # Tasks that waited for the executor with their shuffle files could leave it more states than its share, for good.
    conf = {"spark.locality.wait": "0"}
    run = Simulation(program, batch=1.0, cluster=Cluster(executors=4, cores=2), conf=conf).run(until=2 * BATCHES)
    times_ms, reads = [], []
    for batch in run.batches[1:BATCHES]:
        tasks = run.tasks.where(batch_time_ms=batch.batch_time_ms)
        times_ms.append(batch.processing_time_ms)
        reads.append(sum(task.records_read + task.shuffle_read for task in tasks))
    return median(times_ms), median(reads)


def measured(keys=KEYS):
    """Rows of (keys, (ms, records read) with updateStateByKey, the same with mapWithState)."""
    return [(count, batch_cost(updated, count), batch_cost(mapped, count)) for count in keys]


def figure(rows):
    """Processing time against the number of keys."""
    picture = Figure(figsize=(7, 4.5), layout="constrained")
    axes = picture.subplots()
    keys = [count for count, _, _ in rows]
    axes.plot(keys, [both[0] for _, both, _ in rows], "o-", color=VERMILION, label="updateStateByKey")
    axes.plot(keys, [both[0] for _, _, both in rows], "s--", color=BLUE, label="mapWithState")
    count, (slow_ms, _), (fast_ms, _) = rows[-1]
    axes.annotate(
        f"{slow_ms / fast_ms:.1f} times faster", (count, fast_ms), (-8, 12), textcoords="offset points", ha="right",
        color=INK,
    )  # fmt: skip
    axes.set(
        xlabel="keys with a state",
        ylabel="processing time of a batch (ms, virtual)",
        title=f"{UPDATES} updates per batch, however many keys there are",
        xlim=(0, None),
        ylim=(0, None),
    )
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return picture


def main(png="state_of_many_keys.png"):
    """Measure, print the table, draw the figure."""
    rows = measured()
    print(f"{'keys':>7}  {'updateStateByKey':>26}  {'mapWithState':>26}  {'ratio':>5}")
    for keys, (slow_ms, slow_reads), (fast_ms, fast_reads) in rows:
        slow, fast = f"{slow_ms:,.0f} ms {slow_reads:>8,} records", f"{fast_ms:,.0f} ms {fast_reads:>8,} records"
        print(f"{keys:>7,}  {slow:>26}  {fast:>26}  {slow_ms / fast_ms:>5.1f}")
    figure(rows).savefig(png, dpi=150)
    print(f"\n{png}")


if __name__ == "__main__":
    main(*sys.argv[1:])
