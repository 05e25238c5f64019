"""Receiver beside direct: the same messages on the same cluster, and the six advantages of direct streams measured.

    python examples/kafka/receiver_beside_direct.py [figure.png]

Virtual time. A topic of six partitions gets 100 messages a second, of 100 bytes each. Three executors have two cores
each, a message takes 10 ms of a core, a batch is a second. Two receivers (`createStream`) read three partitions each
and write a log, so that nothing is lost, as nothing is lost with a direct stream (`createDirectStream`). Both programs
save a row for each message, each partition of a batch in one transaction, unless it was saved before. What tells that
is part of the transaction: with receivers the time of the batch and the number of the partition, as Spark's guide
advises; with the direct stream the offsets, from which it also goes on when its driver starts again.

Each plays four scenes: quiet; a burst of ten times as many messages for five seconds; the executor of the first
receiver dies (with the direct stream the same executor); the driver dies twice, once when a block has just been stored
and once when a batch is saved in part. Every number is counted from the trace:

    written    bytes of blocks that executors stored (BlockStored) and logged (BlockLogged), per byte of the messages
    rate       messages per second of processing, of batches that had to wait: as fast as these cores can
    storage    bytes of received blocks that all executors hold at the same moment
    backlog    messages in these blocks
    lag        messages in Kafka's logs (RecordsSent) that have no row yet (SinkWritten)
    delay      from the moment at which a message is produced until its row can be seen
    normal     again when the last row is written that took longer than any before the trouble; counted from the end of
               the burst, or from the crash

What work costs is assumed (`COST`): of times and rates, the proportions count. Tasks do not wait for the executors that
have their blocks (`spark.locality.wait`), or else the receivers' batches would have two of the four cores left to them.
"""

import sys
from collections import Counter
from functools import cache
from itertools import accumulate

from sparksim import StorageLevel, TaskContext
from sparksim.sim import (
    Burst,
    Cluster,
    Constant,
    CostModel,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    Simulation,
    Topic,
    When,
    sink,
)
from sparksim.streaming.kafka import KafkaUtils
from sparksim.trace.events import (
    BatchSubmitted,
    BlockAdded,
    BlockLogged,
    BlockRemoved,
    BlockStored,
    ExecutorRemoved,
    RecordsProduced,
    RecordsSent,
    SinkWritten,
)
from sparksim.viz.palette import BLUE, INK, PALE, VERMILION

RATE, TIMES, MESSAGE_BYTES, PARTITIONS = 100, 10, 100, 6  # messages per second; in the burst so many times as many
BEGIN_S, BURST_S, CRASH_S, SAVED_S = 6, 5, 6.5, 12  # burst, executor dies, driver dies the second time
EXECUTORS, CORES = 3, 2
CALM = Constant(RATE)
COST = CostModel(
    generate_ms=5,
    job_start_ms=10,
    task_ms=20,
    record_ms=10,
    store_block_ms=2,
    report_block_ms=2,
    log_write_ms=5,
    checkpoint_ms=10,
    detect_loss_ms=100,
)
BROKERS, ZOOKEEPER, CHECKPOINT = "localhost:9092", "localhost:2181", "sim://checkpoint"
ONCE = StorageLevel.MEMORY_AND_DISK  # the second copy is in the log


# --- the two programs -------------------------------------------------------------------------------------------------


def receivers(ssc):
    """Two receivers. Where they are is known to ZooKeeper; which batches there were, to the checkpoint."""
    ssc.checkpoint(CHECKPOINT)
    settings = {"auto.offset.reset": "smallest"}
    streams = [KafkaUtils.createStream(ssc, ZOOKEEPER, "rows", {"orders": 3}, settings, ONCE) for _ in range(2)]

    def save(time, rdd):
        def write(messages):
            texts = [text for _, text in messages]
            identity = f"{time}, partition {TaskContext.get().partitionId()}"
            rows = sink("rows")
            with rows.transaction():
                if rows.get(identity) is None:
                    rows.insert(identity, True)
                    for text in texts:
                        rows.insert(int(text), True)

        rdd.foreachPartition(write)

    ssc.union(*streams).foreachRDD(save)


def direct(ssc):
    """One stream. Where it is, the rows know."""
    settings = {"metadata.broker.list": BROKERS, "auto.offset.reset": "smallest"}
    stream = KafkaUtils.createDirectStream(ssc, ["orders"], settings, sink("rows").offsets())

    def save(rdd):
        ranges = rdd.offsetRanges()

        def write(messages):
            texts = [text for _, text in messages]
            offsets = ranges[TaskContext.get().partitionId()]
            rows = sink("rows")
            with rows.transaction():
                if not rows.holds(offsets):
                    rows.store_offsets(offsets)
                    for text in texts:
                        rows.insert(int(text), True)

        rdd.foreachPartition(write)

    stream.foreachRDD(save)


# --- the scenes -------------------------------------------------------------------------------------------------------


class Numbered:
    """The moments of a load. The messages are their own numbers, made long enough by blanks."""

    def __init__(self, load):
        self.load = load

    def arrivals(self, rng):
        """When each message comes, in ms."""
        for number, (time_ms, _) in enumerate(self.load.arrivals(rng)):
            yield time_ms, f"{number:<{MESSAGE_BYTES}}"


def simulated(program, until, faults=(), load=CALM):
    """One program in one scene."""
    producer = Producer("orders", Numbered(load), acks="all", idempotent=True, partitioner="round-robin", linger=0.05)
    return Simulation(
        program,
        network={BROKERS: KafkaCluster([Topic("orders", PARTITIONS)], [producer])},
        cluster=Cluster(EXECUTORS, CORES),
        conf={"spark.streaming.receiver.writeAheadLog.enable": program is receivers, "spark.locality.wait": 0},
        cost=COST,
        faults=faults,
        checkpoint=CHECKPOINT if program is receivers else None,
    ).run(until)


@cache
def scenes():
    """What happens in each, to both programs; the trace of the quiet one says when and to whom."""
    quiet = simulated(receivers, 12)
    victim = quiet.receivers[0].executor_id
    stored_s = next(event.time_ms for event in quiet.trace.of(BlockAdded) if event.time_ms > BEGIN_S * 1000) / 1000
    crashes = [DriverCrash(stored_s, restart_after=1), DriverCrash(When(saves_late), restart_after=1)]
    return {
        "quiet": {"until": 12},
        "burst": {"until": 30, "load": Burst(TIMES * RATE, at=BEGIN_S, duration=BURST_S, base=RATE)},
        "executor": {"until": 25, "faults": [ExecutorCrash(victim, CRASH_S, restart_after=3)]},
        "driver": {"until": 32, "faults": crashes},
    }


def saves_late(event):
    """The first transaction of a batch has ended, and it is time for the second crash."""
    return isinstance(event, SinkWritten) and event.time_ms > SAVED_S * 1000


@cache
def played(program):
    """The runs of a program, by the names of the scenes."""
    return {name: simulated(program, **scene) for name, scene in scenes().items()}


# --- what is measured in a run ----------------------------------------------------------------------------------------


def streams(run):
    """Input streams that it takes to read all partitions at the same time."""
    return max(len(event.records) for event in run.trace.of(BatchSubmitted))


def partitions(run):
    """Partitions of each batch."""
    return Counter(row.batch_time_ms for row in run.tasks if row.batch_time_ms is not None).values()


def fewest_partitions(run):
    """Of any batch."""
    return min(partitions(run))


def most_partitions(run):
    """Of any batch."""
    return max(partitions(run))


def written(run):
    """Bytes that executors and logs got, per byte of the messages in them."""
    found = sum(event.size_bytes for event in run.trace.of(BlockStored, BlockLogged))
    return found / (MESSAGE_BYTES * sum(event.count for event in run.trace.of(RecordsSent)))


def processing_ms(run):
    """What a batch takes, at most."""
    return max(row.processing_time_ms for row in run.batches.where(status="completed"))


def rows_of(run):
    """(time in ms, number of the message) of each row, in the order in which they were written."""
    return [(event.time_ms, int(key)) for event in run.trace.of(SinkWritten) for key in event.keys if key.isdigit()]


def produced_ms(run):
    """When each message was produced, by its number."""
    return [event.time_ms for event in run.trace.of(RecordsProduced)]


def twice(run):
    """Messages that have more than one row."""
    return sum(count > 1 for count in Counter(number for _, number in rows_of(run)).values())


def missing(run):
    """Messages without a row, but for those of the last five seconds."""
    there = {number for _, number in rows_of(run)}
    times_ms = produced_ms(run)
    return sum(number not in there for number, time_ms in enumerate(times_ms) if time_ms < times_ms[-1] - 5000)


def cores_held(run):
    """Cores that receivers have, and tasks have not."""
    return len({row.stream_id for row in run.receivers})


def cores_left(run):
    """Cores for the tasks."""
    return EXECUTORS * CORES - cores_held(run)


def rate(run):
    """Messages per second of processing, in batches that waited and are larger than normal."""
    late = [row for row in run.batches.where(status="completed") if row.scheduling_delay_ms > 0 and row.records > RATE]
    return sum(row.records for row in late) / sum(row.processing_time_ms for row in late) * 1000


def stored(run):
    """(bytes, messages) of received blocks in the executors, after each change."""
    sizes, messages = {}, {}
    for event in run.trace.of(BlockStored, BlockAdded, BlockRemoved, ExecutorRemoved):
        if isinstance(event, BlockStored):
            sizes[event.block_id, event.executor_id] = event.size_bytes
        elif isinstance(event, BlockAdded):
            messages[event.block_id] = event.records
        elif isinstance(event, BlockRemoved):
            sizes = {place: size for place, size in sizes.items() if place[0] != event.block_id}
        else:
            sizes = {place: size for place, size in sizes.items() if place[1] != event.executor_id}
        blocks = {block_id for block_id, _ in sizes}
        yield sum(sizes.values()), sum(messages.get(block_id, 0) for block_id in blocks)


def storage_kb(run):
    """The most bytes of messages that executors hold at one moment."""
    return max((size for size, _ in stored(run)), default=0) / 1000


def backlog(run):
    """The most messages that executors hold at one moment."""
    return max((messages for _, messages in stored(run)), default=0)


def lags(run):
    """(second, lag) after each change."""
    changes, there = [], set()
    for event in run.trace.of(RecordsSent, SinkWritten):
        if isinstance(event, RecordsSent):
            changes.append((event.time_ms / 1000, event.count))
        else:
            new = {key for key in event.keys if key.isdigit()} - there
            there |= new
            changes.append((event.time_ms / 1000, -len(new)))
    seconds, counts = zip(*changes, strict=True)
    return list(zip(seconds, accumulate(counts), strict=True))


def lag(run):
    """At its worst."""
    return max(messages for _, messages in lags(run))


def delays(run):
    """(second at which its row was there, delay in seconds) of each message; of a message with two rows, the first."""
    begins_ms, found, there = produced_ms(run), [], set()
    for time_ms, number in rows_of(run):
        if number not in there:
            there.add(number)
            found.append((time_ms / 1000, (time_ms - begins_ms[number]) / 1000))
    return found


def longest_delay_s(run):
    """Of any message."""
    return max(delay_s for _, delay_s in delays(run))


def normal_after_s(run, since_s):
    """Seconds until the last row is written that took longer than any before the trouble; 0 if none does."""
    found = delays(run)
    bound_s = max(delay_s for second, delay_s in found if second < BEGIN_S)
    return max([0, *(second - since_s for second, delay_s in found if delay_s > bound_s)])


def normal_after_burst_s(run):
    """Since the end of the burst."""
    return normal_after_s(run, BEGIN_S + BURST_S)


def normal_after_crash_s(run):
    """Since the executor died."""
    return normal_after_s(run, CRASH_S)


# --- what is shown ----------------------------------------------------------------------------------------------------

ROWS = (  # heading, or: what it says, how it is measured and in which scene, how it is written
    "1  One stream reads in parallel",
    ("input streams that read all six partitions at once", streams, "quiet", "{}"),
    ("partitions of a batch, at least", fewest_partitions, "quiet", "{}"),
    ("partitions of a batch, at most", most_partitions, "quiet", "{}"),
    "2  No second copy of the messages",
    ("bytes stored and logged per byte of the messages", written, "quiet", "{:.2f}"),
    ("longest processing of a batch", processing_ms, "quiet", "{:.0f} ms"),
    "3  Exactly once: the driver dies twice, and rows are written in transactions",
    ("messages that have two rows", twice, "driver", "{}"),
    ("messages that have none", missing, "driver", "{}"),
    "4  All cores compute",
    ("cores that receivers hold", cores_held, "quiet", "{}"),
    ("cores left for tasks", cores_left, "quiet", "{}"),
    ("messages per second, as fast as they can", rate, "burst", "{:.0f}"),
    "5  No messages in the executors' storage",
    ("at most, quiet", storage_kb, "quiet", "{:.0f} kB"),
    ("at most, with a burst", storage_kb, "burst", "{:.0f} kB"),
    "6  A burst stays in Kafka: ten times as many messages, for five seconds",
    ("backlog in the executors, at worst", backlog, "burst", "{}"),
    ("lag at worst", lag, "burst", "{}"),
    ("longest delay", longest_delay_s, "burst", "{:.1f} s"),
    ("normal again after", normal_after_burst_s, "burst", "{:.1f} s"),
    "And the executor of the first receiver dies (with the direct stream, the same one)",
    ("lag at worst", lag, "executor", "{}"),
    ("longest delay", longest_delay_s, "executor", "{:.1f} s"),
    ("normal again after", normal_after_crash_s, "executor", "{:.1f} s"),
    ("messages that have two rows", twice, "executor", "{}"),
    ("messages that have none", missing, "executor", "{}"),
)


def table():
    """The lines of the table."""
    yield f"{'':<54}{'receivers':>12}{'direct':>12}"
    for row in ROWS:
        if isinstance(row, str):
            yield row
        else:
            what, measure, scene, form = row
            values = [form.format(measure(played(program)[scene])) for program in (receivers, direct)]
            yield f"   {what:<51}" + "".join(f"{value:>12}" for value in values)


def figure():
    """Lag and delay of both programs over time, in the burst and when the executor dies."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(12, 7), layout="constrained")
    titles = {"burst": "ten times as many messages", "executor": "an executor dies"}
    axes = picture.subplots(2, 2, sharex="col")
    for (upper, lower), (scene, title) in zip(axes.T, titles.items(), strict=True):
        for program, colour, dashes, marker in ((receivers, VERMILION, "-", "^"), (direct, BLUE, "--", "s")):
            run, style = played(program)[scene], {"color": colour, "label": program.__name__}
            upper.step(*zip(*lags(run), strict=True), dashes, where="post", **style)
            lower.plot(*zip(*delays(run), strict=True), marker, markersize=2.5, **style)
        for each in (upper, lower):
            if scene == "burst":
                each.axvspan(BEGIN_S, BEGIN_S + BURST_S, color=PALE, zorder=0)
            else:
                each.axvline(CRASH_S, color=INK, linestyle=":")
            each.set(xlim=0, ylim=0)
            each.grid(alpha=0.3)
        upper.set(title=title, ylabel="lag (messages)")
        lower.set(xlabel="time (s)", ylabel="delay (s), when the row is written")
        upper.legend(frameon=False)
        lower.legend(frameon=False, markerscale=3)
    return picture


def main(png=""):
    """Measure, print the table, draw the figure if there is a file for it."""
    print(*table(), sep="\n")
    if png:
        figure().savefig(png, dpi=150)
        print(f"\n{png}")


if __name__ == "__main__":
    main(*sys.argv[1:])
