"""Streaming programs in the spelling of PySpark that check themselves: they run on sparksim (by an alias) and PySpark.

They wait with `awaitTerminationOrTimeout`, which lets virtual time pass as well as real time.
"""

# mypy: ignore-errors
from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import timedelta
from operator import add
from typing import Any, NamedTuple

import pytest
from pyspark import RDD, SparkConf, SparkContext, StorageLevel
from pyspark.serializers import CPickleSerializer, MarshalSerializer
from pyspark.storagelevel import StorageLevel as SameStorageLevel
from pyspark.streaming import StreamingContext, StreamingListener
from pyspark.streaming.context import StreamingContext as SameStreamingContext
from pyspark.streaming.dstream import DStream
from pyspark.streaming.listener import StreamingListener as SameStreamingListener
from pyspark.streaming.util import rddToFileName

BATCH_S = 0.5
MOST_WAITS = 1200


class World(NamedTuple):
    """What a program is given: a SparkContext with a checkpoint directory, a folder, and a way to move a file in."""

    sc: Any
    folder: str
    drop: Callable[[str, bytes], None]


PROGRAMS: dict[str, Callable[[World], None]] = {}


def program(function: Callable[[World], None]) -> Callable[[World], None]:
    """Register a program under its name."""
    PROGRAMS[function.__name__] = function
    return function


def until(ssc: Any, done: Callable[[], bool]) -> None:
    """Let time pass until `done()`."""
    for _ in range(MOST_WAITS):
        if done():
            return
        assert not ssc.awaitTerminationOrTimeout(0.1)
    raise AssertionError("it did not happen")


def batches(stream: Any, count: int) -> list[list[Any]]:
    """The first `count` batches that are not empty; starts and stops the context."""
    ssc, found = stream.context(), []

    def keep(_time: Any, rdd: Any) -> None:
        records = rdd.collect()
        if records and len(found) < count:
            found.append(records)

    stream.foreachRDD(keep)
    ssc.start()
    try:
        until(ssc, lambda: len(found) >= count)
    finally:
        ssc.stop(stopSparkContext=False)
    return found


def check(
    world: World,
    given: list[list[Any]],
    build: Callable[..., Any],
    expected: list[list[Any]],
    other: list[list[Any]] | None = None,
    sort: bool = False,
) -> None:
    """The batches of `build(stream)`, or of `build(stream, other)`, are the expected ones."""
    ssc = StreamingContext(world.sc, BATCH_S)
    streams = [ssc.queueStream([world.sc.parallelize(b, 1) for b in each]) for each in (given, other) if each]
    found = batches(build(*streams), len(expected))
    assert [sorted(batch) if sort else batch for batch in found] == expected


# --- operators ------------------------------------------------------------------------------------------------------

NUMBERS = [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
PAIRS = [[("a", 1), ("a", 1), ("b", 1), ("b", 1)], [("c", 1), ("c", 1), ("c", 2)], [("a", 1)]]


@program
def map_(world: World) -> None:
    check(world, NUMBERS, lambda s: s.map(str), [["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9"]])


@program
def flat_map(world: World) -> None:
    check(world, [[1, 2], [3]], lambda s: s.flatMap(lambda x: (x, x * 2)), [[1, 2, 2, 4], [3, 6]])


@program
def filter_(world: World) -> None:
    check(world, NUMBERS, lambda s: s.filter(lambda x: x % 2 == 0), [[2, 4], [6, 8]])


@program
def count(world: World) -> None:
    check(world, [[1], [1, 2], [1, 2, 3]], lambda s: s.count(), [[1], [2], [3]])


@program
def reduce_(world: World) -> None:
    check(world, NUMBERS, lambda s: s.reduce(add), [[10], [26], [9]])


@program
def reduce_by_key(world: World) -> None:
    check(world, PAIRS, lambda s: s.reduceByKey(add), [[("a", 2), ("b", 2)], [("c", 4)], [("a", 1)]], sort=True)


@program
def map_values(world: World) -> None:
    check(
        world,
        [[("a", 2), ("b", 3)], [("", 4)]],
        lambda s: s.mapValues(lambda x: x + 10),
        [[("a", 12), ("b", 13)], [("", 14)]],
    )


@program
def flat_map_values(world: World) -> None:
    check(world, [[("a", 2)], [("b", 1)]], lambda s: s.flatMapValues(range), [[("a", 0), ("a", 1)], [("b", 0)]])


@program
def glom(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    stream = ssc.queueStream([world.sc.parallelize(range(1, 5), 2), world.sc.parallelize([9], 1)])
    assert batches(stream.glom(), 2) == [[[1, 2], [3, 4]], [[9]]]


@program
def map_partitions(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    stream = ssc.queueStream([world.sc.parallelize(range(1, 5), 2)])
    assert batches(stream.mapPartitions(lambda records: [sum(records)]), 1) == [[3, 7]]


@program
def map_partitions_with_index(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    stream = ssc.queueStream([world.sc.parallelize(range(4), 2)])
    assert batches(stream.mapPartitionsWithIndex(lambda i, records: [(i, sum(records))]), 1) == [[(0, 1), (1, 5)]]


@program
def repartition(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    stream = ssc.queueStream([world.sc.parallelize(range(8), 4)])
    assert batches(stream.repartition(2).glom().map(len), 1) == [[4, 4]]


@program
def count_by_value(world: World) -> None:
    check(world, [["x", "y", "x"], ["y"]], lambda s: s.countByValue(), [[("x", 2), ("y", 1)], [("y", 1)]], sort=True)


@program
def group_by_key(world: World) -> None:
    check(
        world,
        PAIRS,
        lambda s: s.groupByKey().mapValues(list),
        [[("a", [1, 1]), ("b", [1, 1])], [("c", [1, 1, 2])], [("a", [1])]],
        sort=True,
    )


@program
def combine_by_key(world: World) -> None:
    check(
        world,
        PAIRS,
        lambda s: s.combineByKey(str, lambda text, value: f"{text}{value}", add),
        [[("a", "11"), ("b", "11")], [("c", "112")], [("a", "1")]],
        sort=True,
    )


@program
def partition_by_keeps_the_pairs(world: World) -> None:
    check(world, PAIRS, lambda s: s.partitionBy(2), [sorted(batch) for batch in PAIRS], sort=True)


@program
def union(world: World) -> None:
    check(world, [[1], [2]], lambda a, b: a.union(b), [[1, 10], [2, 20]], [[10], [20]], sort=True)


@program
def cogroup(world: World) -> None:
    check(
        world,
        [[("a", 1), ("b", 1)]],
        lambda a, b: a.cogroup(b).mapValues(lambda sides: tuple(map(list, sides))),
        [[("a", ([1], [2, 3])), ("b", ([1], [])), ("c", ([], [4]))]],
        [[("a", 2), ("a", 3), ("c", 4)]],
        sort=True,
    )


LEFT, RIGHT = [[("a", 1), ("b", 2)]], [[("b", 3), ("c", 4)]]


@program
def join(world: World) -> None:
    check(world, LEFT, lambda a, b: a.join(b), [[("b", (2, 3))]], RIGHT)


@program
def left_outer_join(world: World) -> None:
    check(world, LEFT, lambda a, b: a.leftOuterJoin(b), [[("a", (1, None)), ("b", (2, 3))]], RIGHT, sort=True)


@program
def right_outer_join(world: World) -> None:
    check(world, LEFT, lambda a, b: a.rightOuterJoin(b), [[("b", (2, 3)), ("c", (None, 4))]], RIGHT, sort=True)


@program
def full_outer_join(world: World) -> None:
    expected = [[("a", (1, None)), ("b", (2, 3)), ("c", (None, 4))]]
    check(world, LEFT, lambda a, b: a.fullOuterJoin(b), expected, RIGHT, sort=True)


@program
def update_state_by_key(world: World) -> None:
    check(
        world,
        [[("k", number)] for number in range(3)],
        lambda s: s.updateStateByKey(lambda values, state: [*(state or []), *values]),
        [[("k", [0])], [("k", [0, 1])], [("k", [0, 1, 2])]],
    )


@program
def update_state_by_key_from_an_initial_rdd(world: World) -> None:
    initial = world.sc.parallelize([("k", [0, 1])])
    check(
        world,
        [[("k", 2)], [("k", 3)]],
        lambda s: s.updateStateByKey(lambda values, state: [*(state or []), *values], initialRDD=initial),
        [[("k", [0, 1, 2])], [("k", [0, 1, 2, 3])]],
    )


@program
def a_failing_function_reaches_whoever_waits(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    ssc.queueStream([world.sc.parallelize([1], 1)]).map(lambda x: 1 // 0).foreachRDD(lambda rdd: rdd.collect())
    ssc.start()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        ssc.awaitTerminationOrTimeout(60)
    ssc.stop(stopSparkContext=False)


@program
def slice_gives_the_rdds_of_a_time_range(world: World) -> None:
    ssc, seen = StreamingContext(world.sc, 1), []  # PySpark cuts the times to whole seconds
    ssc.remember(60)
    stream = ssc.queueStream([world.sc.parallelize([number], 1) for number in range(3)])
    stream.foreachRDD(lambda time, rdd: seen.append(time))
    ssc.start()
    until(ssc, lambda: len(seen) >= 3)
    rdds = stream.slice(seen[0], seen[0] + timedelta(seconds=1))
    assert [rdd.collect() for rdd in rdds] == [[0], [1]]
    assert all(isinstance(rdd, RDD) for rdd in rdds)
    ssc.stop(stopSparkContext=False)


# --- windows --------------------------------------------------------------------------------------------------------

RANGES = [range(n) for n in range(1, 4)]


@program
def window(world: World) -> None:
    check(
        world, RANGES, lambda s: s.window(2 * BATCH_S, BATCH_S).map(int), [[0], [0, 0, 1], [0, 0, 1, 1, 2]], sort=True
    )


@program
def count_by_window(world: World) -> None:
    check(world, RANGES, lambda s: s.countByWindow(2 * BATCH_S, BATCH_S), [[1], [3], [5], [3]])


@program
def reduce_by_window_with_and_without_an_inverse(world: World) -> None:
    given = [[1], [2], [3]]
    check(world, given, lambda s: s.reduceByWindow(add, None, 2 * BATCH_S, BATCH_S), [[1], [3], [5]])
    subtract = int.__sub__
    check(world, given, lambda s: s.reduceByWindow(add, subtract, 2 * BATCH_S, BATCH_S), [[1], [3], [5]])


@program
def reduce_by_key_and_window(world: World) -> None:
    given = [[("a", 1)], [("a", 2)], [("a", 3)], [("a", 4)]]
    expected = [[("a", 1)], [("a", 3)], [("a", 5)], [("a", 7)]]
    for inverse in (None, lambda total, gone: total - gone):
        check(world, given, lambda s, i=inverse: s.reduceByKeyAndWindow(add, i, 2 * BATCH_S, BATCH_S), expected)


LATER = [[("a", 1)], *[[("b", 5)]] * 7]


@program
def the_inverse_function_is_not_asked_about_a_key_that_is_gone(world: World) -> None:
    check(
        world,
        LATER,
        lambda s: s.reduceByKeyAndWindow(
            add, lambda total, gone: total - gone, 5 * BATCH_S, BATCH_S, None, lambda pair: pair[1] > 2
        ),
        [[("b", total)] for total in (5, 10, 15, 20, 25, 25, 25)],
    )


@program
def a_function_that_is_no_inverse_counts_wrong_in_silence(world: World) -> None:
    check(
        world,
        LATER[1:],
        lambda s: s.reduceByKeyAndWindow(add, lambda total, gone: total, 5 * BATCH_S, BATCH_S),
        [[("b", total)] for total in (5, 10, 15, 20, 25, 30, 35)],
    )


@program
def an_inverse_function_that_raises_fails_the_batch(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    stream = ssc.queueStream([world.sc.parallelize(batch, 1) for batch in LATER])
    stream.reduceByKeyAndWindow(add, lambda total, gone: {}[gone], 5 * BATCH_S, BATCH_S).pprint()
    ssc.start()
    with pytest.raises(Exception, match="KeyError"):
        ssc.awaitTerminationOrTimeout(60)
    ssc.stop(stopSparkContext=False)


@program
def count_by_value_and_window(world: World) -> None:
    check(
        world,
        RANGES,
        lambda s: s.countByValueAndWindow(2 * BATCH_S, BATCH_S),
        [[(0, 1)], [(0, 2), (1, 1)], [(0, 2), (1, 2), (2, 1)]],
        sort=True,
    )


@program
def group_by_key_and_window(world: World) -> None:
    check(
        world,
        [[("a", number)] for number in range(4)],
        lambda s: s.groupByKeyAndWindow(2 * BATCH_S, BATCH_S).mapValues(list),
        [[("a", [0])], [("a", [0, 1])], [("a", [1, 2])], [("a", [2, 3])]],
    )


# --- contexts -------------------------------------------------------------------------------------------------------


@program
def stopping_only_the_streaming_context_leaves_the_spark_context(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    ssc.queueStream([world.sc.parallelize([1], 1)]).foreachRDD(lambda rdd: None)
    ssc.start()
    ssc.stop(False)
    assert world.sc.parallelize(range(5), 5).glom().count() == 5


@program
def stopping_several_times_is_harmless(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    ssc.queueStream([world.sc.parallelize([1], 1)]).pprint()
    ssc.start()
    ssc.stop(False, False)
    ssc.stop(False, True)
    ssc.stop(stopSparkContext=False, stopGraceFully=False)


@program
def a_context_that_was_never_started_may_be_stopped(world: World) -> None:
    StreamingContext(world.sc, BATCH_S).stop(False)


@program
def a_queue_of_lists_one_at_a_time_and_all_at_once(world: World) -> None:
    one = StreamingContext(world.sc, BATCH_S)
    assert batches(one.queueStream([[1], [2], [3]]), 3) == [[1], [2], [3]]
    together = StreamingContext(world.sc, BATCH_S)
    assert sorted(batches(together.queueStream([[1], [2], [3]], oneAtATime=False), 1)[0]) == [1, 2, 3]


@program
def an_exhausted_queue_gives_its_default(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    assert batches(ssc.queueStream([[1]], default=[0]), 3) == [[1], [0], [0]]


@program
def text_file_stream(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    lines, found = ssc.textFileStream(world.folder), []
    lines.foreachRDD(lambda rdd: found.extend(rdd.collect()))
    ssc.start()
    for number, name in enumerate(("a", "b")):
        world.drop(name, b"first\nlast\n")
        until(ssc, lambda n=number: len(found) >= 2 * (n + 1))
    ssc.stop(False)
    assert found == ["first", "last"] * 2


@program
def binary_records_stream(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    records, found = ssc.binaryRecordsStream(world.folder, 4), []
    records.map(lambda record: struct.unpack("<i", record)[0]).foreachRDD(lambda rdd: found.extend(rdd.collect()))
    ssc.start()
    world.drop("numbers", struct.pack("<3i", 7, -1, 0))
    until(ssc, lambda: len(found) >= 3)
    ssc.stop(False)
    assert found == [7, -1, 0]


@program
def the_union_of_many_streams(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    together = ssc.union(*(ssc.queueStream([[number]]) for number in range(3)))
    assert sorted(batches(together, 1)[0]) == [0, 1, 2]


@program
def the_union_of_no_stream_is_refused(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    with pytest.raises(ValueError, match="at least one DStream to union"):
        ssc.union()
    ssc.stop(False)


@program
def transform_of_many_streams(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    streams = [ssc.queueStream([[number]]) for number in range(3)]
    together = ssc.transform(streams, lambda rdds: rdds[2].union(rdds[0]).union(rdds[1]))
    assert sorted(batches(together, 1)[0]) == [0, 1, 2]


@program
def transform_may_zip_and_take_the_time(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    stream = ssc.queueStream([world.sc.parallelize([1, 2], 1)])
    assert batches(stream.transform(lambda time, rdd: rdd.zip(rdd)), 1) == [[(1, 1), (2, 2)]]


@program
def transform_with_another_stream(world: World) -> None:
    check(world, [[1, 2]], lambda a, b: a.transformWith(lambda x, y: x.subtract(y), b), [[1]], [[2]])


@program
def the_active_context_is_known(world: World) -> None:
    assert StreamingContext.getActive() is None
    ssc = StreamingContext(world.sc, BATCH_S)
    ssc.queueStream([[1]]).pprint()
    assert StreamingContext.getActive() is None
    ssc.start()
    assert StreamingContext.getActive() is ssc
    ssc.stop(False)
    assert StreamingContext.getActive() is None


@program
def the_active_context_or_a_new_one(world: World) -> None:
    made = []

    def make() -> Any:
        made.append(StreamingContext(world.sc, BATCH_S))
        made[-1].queueStream([[1]]).pprint()
        return made[-1]

    first = StreamingContext.getActiveOrCreate(None, make)
    assert made == [first]
    first.start()
    assert StreamingContext.getActiveOrCreate(None, make) is first
    first.stop(False)
    second = StreamingContext.getActiveOrCreate(None, make)
    assert made == [first, second]
    second.stop(False)


@program
def a_wait_ends_with_its_time_or_with_the_context(world: World) -> None:
    ssc = StreamingContext(world.sc, BATCH_S)
    ssc.queueStream([[1]]).pprint()
    ssc.start()
    assert ssc.awaitTerminationOrTimeout(0.01) is False
    assert ssc.awaitTermination(0.01) is None
    ssc.stop(False)
    assert ssc.awaitTerminationOrTimeout(1) is True


# --- listeners and names --------------------------------------------------------------------------------------------


class Notes(StreamingListener):
    def __init__(self) -> None:
        super().__init__()
        self.started, self.batches, self.operations = [], {}, []

    def onStreamingStarted(self, streamingStarted: Any) -> None:
        self.started.append(streamingStarted.time())

    def onBatchSubmitted(self, batchSubmitted: Any) -> None:
        self.note("submitted", batchSubmitted)

    def onBatchStarted(self, batchStarted: Any) -> None:
        self.note("started", batchStarted)

    def onBatchCompleted(self, batchCompleted: Any) -> None:
        self.note("completed", batchCompleted)

    def onOutputOperationCompleted(self, outputOperationCompleted: Any) -> None:
        info = outputOperationCompleted.outputOperationInfo()
        self.operations.append((info.id(), info.failureReason(), info.endTime() >= info.startTime() > 0))

    def note(self, kind: str, told: Any) -> None:
        info = told.batchInfo()
        self.batches.setdefault(kind, []).append(
            {
                "time": info.batchTime().milliseconds() % int(BATCH_S * 1000),
                "records": info.numRecords(),
                "submitted": info.submissionTime() > 0,
                "scheduled": info.schedulingDelay() >= 0,
                "processed": info.processingDelay() >= 0,
                "total": info.totalDelay() >= 0,
                "ended": info.processingEndTime() >= 0,
                "operations": len(info.outputOperationInfos()),
            }
        )


@program
def a_listener_is_told_of_batches(world: World) -> None:
    ssc, notes = StreamingContext(world.sc, BATCH_S), Notes()
    ssc.addStreamingListener(notes)
    ssc.queueStream([[1], [2]]).foreachRDD(lambda rdd: rdd.foreach(id))
    ssc.start()
    until(ssc, lambda: len(notes.batches.get("completed", [])) >= 3)
    ssc.stop(False)
    assert len(notes.started) == 1
    assert notes.operations[:3] == [(0, None, True)] * 3
    common = {"time": 0, "records": 0, "submitted": True, "operations": 1}
    unknown = {"processed": False, "total": False, "ended": False}
    known = {"processed": True, "total": True, "ended": True}
    expected = {
        "submitted": {**common, **unknown, "scheduled": False},
        "started": {**common, **unknown, "scheduled": True},
        "completed": {**common, **known, "scheduled": True},
    }
    first = {kind: infos[0] for kind, infos in notes.batches.items()}
    assert first == expected, first


@program
def modules_name_the_same_things(world: World) -> None:
    assert SameStorageLevel is StorageLevel
    assert SameStreamingContext is StreamingContext
    assert SameStreamingListener is StreamingListener
    assert isinstance(world.sc, SparkContext)
    assert SparkConf(loadDefaults=False).setAppName("x").get("spark.app.name") == "x"
    for serializer in (CPickleSerializer(), MarshalSerializer()):
        assert serializer.loads(serializer.dumps([("a", 1), None])) == [("a", 1), None]
    assert rddToFileName("out", None, 1500) == "out-1500"
    assert rddToFileName("out", "txt", 1500) == "out-1500.txt"


@program
def batches_are_saved_under_the_name_that_rddToFileName_gives(world: World) -> None:
    ssc, names = StreamingContext(world.sc, BATCH_S), []
    stream = ssc.queueStream([world.sc.parallelize(["a"], 1)])
    assert isinstance(stream, DStream)
    stream.saveAsTextFiles(f"{world.folder}/out", "txt")
    stream.foreachRDD(lambda time, rdd: names.append(rddToFileName(f"{world.folder}/out", "txt", time)))
    ssc.start()
    until(ssc, lambda: bool(names))
    ssc.stop(False)
    assert world.sc.textFile(names[0]).collect() == ["a"]


@program
def persistence_and_storage_levels(world: World) -> None:
    ssc, levels = StreamingContext(world.sc, BATCH_S), []
    stream = ssc.queueStream([[1]]).map(str).persist(StorageLevel.MEMORY_AND_DISK)
    stream.foreachRDD(lambda rdd: levels.append((rdd.collect(), rdd.getStorageLevel())))
    ssc.start()
    until(ssc, lambda: bool(levels))
    ssc.stop(False)
    assert levels[0] == (["1"], StorageLevel.MEMORY_AND_DISK)
