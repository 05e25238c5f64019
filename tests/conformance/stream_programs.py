"""Streaming programs in the way people write them, for what a vector cannot say: driver variables, static RDDs, files.

A program makes its streams on `ssc` and appends JSON values to `out`, one for each batch or output it looks at. The
first `entries` of them are the answer. It imports neither pyspark nor sparksim.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.probes import directory, raises


@dataclass(frozen=True)
class StreamProgram:
    """`entries` is how much of `out` is compared."""

    name: str
    run: Callable[[Any, Any, list[Any]], None]
    entries: int


PROGRAMS: dict[str, StreamProgram] = {}


def program(entries: int) -> Callable[[Callable[[Any, Any, list[Any]], None]], None]:
    def register(function: Callable[[Any, Any, list[Any]], None]) -> None:
        PROGRAMS[function.__name__] = StreamProgram(function.__name__, function, entries)

    return register


def answer_so_far(of: StreamProgram, out: list[Any]) -> Any:
    return json.loads(json.dumps(out[: of.entries]))


def _numbers(sc, ssc):
    return ssc.queueStream([sc.parallelize(batch, 2) for batch in ([1, 2, 3], [4], [5, 6])])


@program(entries=3)
def foreach_rdd_with_one_argument(sc, ssc, out):
    _numbers(sc, ssc).foreachRDD(lambda rdd: out.append(rdd.sum()))


@program(entries=2)
def batch_times_are_evenly_spaced_datetimes(sc, ssc, out):
    times = []

    def note(time, rdd):
        times.append(time)
        if len(times) > 2:
            out.append([type(time).__name__, times[-1] - times[-2] == times[-2] - times[-3]])

    _numbers(sc, ssc).foreachRDD(note)


@program(entries=3)
def driver_state_is_kept_between_batches(sc, ssc, out):
    total = {"sum": 0}

    def add(rdd):
        total["sum"] += rdd.sum()
        out.append(total["sum"])

    _numbers(sc, ssc).foreachRDD(add)


@program(entries=3)
def tasks_of_every_batch_start_from_a_copy(sc, ssc, out):
    seen = []

    def remember(x):
        seen.append(x)
        return len(seen)

    _numbers(sc, ssc).map(remember).foreachRDD(lambda rdd: out.append([rdd.glom().collect(), seen]))


@program(entries=3)
def a_driver_variable_is_read_anew_for_every_batch_in_foreach_rdd(sc, ssc, out):
    factor = {"now": 1}

    def scale(rdd):
        out.append(rdd.map(lambda x: x * factor["now"]).collect())
        factor["now"] *= 10

    _numbers(sc, ssc).foreachRDD(scale)


@program(entries=3)
def an_accumulator_counts_over_batches(sc, ssc, out):
    count = sc.accumulator(0)

    def add(rdd):
        rdd.foreach(lambda x: count.add(1))
        out.append(count.value)

    _numbers(sc, ssc).foreachRDD(add)


@program(entries=3)
def an_accumulator_shows_how_often_an_uncached_stream_is_computed(sc, ssc, out):
    computed = sc.accumulator(0)
    numbers = _numbers(sc, ssc).map(lambda x: computed.add(1) or x)
    numbers.foreachRDD(lambda rdd: rdd.count())
    numbers.foreachRDD(lambda rdd: out.append([rdd.count(), computed.value]))


@program(entries=3)
def an_accumulator_shows_that_a_cached_stream_is_computed_once(sc, ssc, out):
    computed = sc.accumulator(0)
    numbers = _numbers(sc, ssc).map(lambda x: computed.add(1) or x).cache()
    numbers.foreachRDD(lambda rdd: rdd.count())
    numbers.foreachRDD(lambda rdd: out.append([rdd.count(), computed.value]))


@program(entries=3)
def a_stream_without_an_action_computes_nothing(sc, ssc, out):
    computed = sc.accumulator(0)
    _numbers(sc, ssc).map(lambda x: computed.add(1) or x).foreachRDD(lambda rdd: out.append(computed.value))


@program(entries=3)
def a_broadcast_used_by_every_batch(sc, ssc, out):
    names = sc.broadcast({1: "one", 4: "four", 5: "five"})
    named = _numbers(sc, ssc).map(lambda x: names.value.get(x, "?"))
    named.foreachRDD(lambda rdd: out.append(rdd.collect()))


@program(entries=3)
def a_stream_joined_with_a_static_rdd(sc, ssc, out):
    names = sc.parallelize([(1, "one"), (4, "four"), (5, "five")], 2)
    joined = _numbers(sc, ssc).map(lambda x: (x, x * x)).transform(lambda rdd: rdd.join(names, 2))
    joined.foreachRDD(lambda rdd: out.append(rdd.glom().collect()))


def _numbered(sc, ssc):
    """Numbers with the count of calls that the function of `transform` has seen."""
    calls = []

    def number(rdd):
        calls.append(1)
        call = len(calls)
        return rdd.map(lambda x: (call, x))

    return _numbers(sc, ssc).transform(number)


@program(entries=6)
def transform_runs_again_for_every_stream_made_from_it(sc, ssc, out):
    numbered = _numbered(sc, ssc)
    numbered.foreachRDD(lambda rdd: out.append(rdd.collect()))
    numbered.filter(lambda pair: pair[1] % 2 == 0).foreachRDD(lambda rdd: out.append(rdd.collect()))


@program(entries=6)
def transform_of_a_cached_stream_runs_once_per_batch(sc, ssc, out):
    numbered = _numbered(sc, ssc).cache()
    numbered.foreachRDD(lambda rdd: out.append(rdd.collect()))
    numbered.filter(lambda pair: pair[1] % 2 == 0).foreachRDD(lambda rdd: out.append(rdd.collect()))


@program(entries=6)
def transform_runs_once_for_two_outputs_of_the_same_stream(sc, ssc, out):
    numbered = _numbered(sc, ssc)
    numbered.foreachRDD(lambda rdd: out.append(rdd.collect()))
    numbered.foreachRDD(lambda rdd: out.append(rdd.count()))


@program(entries=3)
def an_action_inside_transform(sc, ssc, out):
    def share(rdd):
        total = rdd.sum()
        return rdd.map(lambda x: round(x / total, 3))

    _numbers(sc, ssc).filter(lambda x: x > 0).transform(lambda rdd: rdd if rdd.isEmpty() else share(rdd)).foreachRDD(
        lambda rdd: out.append(rdd.collect())
    )


@program(entries=3)
def zip_with_index_in_transform(sc, ssc, out):
    _numbers(sc, ssc).transform(lambda rdd: rdd.zipWithIndex()).foreachRDD(lambda rdd: out.append(rdd.collect()))


@program(entries=3)
def top_words_of_every_batch(sc, ssc, out):
    lines = ssc.queueStream(
        [sc.parallelize(["a b a c a b"], 1), sc.parallelize(["c c", "b"], 2), sc.parallelize([], 1)]
    )
    counts = lines.flatMap(lambda line: line.split(" ")).countByValue()
    ranked = counts.transform(lambda rdd: rdd.sortBy(lambda pair: (-pair[1], pair[0]), numPartitions=1))
    ranked.foreachRDD(lambda rdd: out.append(rdd.take(2)))


@program(entries=4)
def a_queue_of_plain_lists(sc, ssc, out):
    stream = ssc.queueStream([[1, 2, 3], [4, 5]])
    stream.foreachRDD(lambda rdd: out.append([rdd.getNumPartitions(), rdd.collect()]))


@program(entries=2)
def a_queue_holding_one_rdd_twice(sc, ssc, out):
    twice = sc.parallelize([1, 2], 2).map(lambda x: x * 3)
    ssc.queueStream([twice, twice]).foreachRDD(lambda rdd: out.append(rdd.collect()))


@program(entries=1)
def what_streams_refuse(sc, ssc, out):
    numbers = _numbers(sc, ssc)
    refusals = [
        raises(Exception, ssc.union),
        raises(Exception, lambda: numbers.transform(lambda a, b, c: a)),
        raises(AttributeError, lambda: [numbers.collect()]),
        raises(TypeError, lambda: list(numbers)),
        raises(Exception, lambda: numbers.slice(0, 1)),
    ]
    numbers.foreachRDD(lambda rdd: out.append(refusals))


@program(entries=3)
def saved_text_files(sc, ssc, out):
    numbers = _numbers(sc, ssc)
    with directory() as path:
        target = path
    numbers.saveAsTextFiles(f"{target}/batch", "txt")

    def read(rdd):
        (batch,) = target.iterdir()
        files = sorted((file.name, file.read_text()) for file in batch.iterdir() if not file.name.startswith("."))
        out.append([re.fullmatch(r"batch-\d+\.txt", batch.name) is not None, files])
        shutil.rmtree(target)

    numbers.foreachRDD(read)
