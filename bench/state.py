"""State and windows, live on local[2]: what a batch costs that touches little of what there is.

A batch of `mapWithState` costs as much as it touches, one of `updateStateByKey` as much as there is; a window with an
inverse function looks at what comes and goes, a plain one at all it holds. Batches whose RDD is checkpointed have rows
of their own. Times are the processing times of the batches, as any listener would see them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.measure import Row
from sparksim import SparkContext
from sparksim.streaming import State, StateSpec, StreamingContext
from sparksim.trace import batches

KEYS, TOUCHED = 100_000, 1_000
BATCH_S, CHECKPOINT_BATCHES = 0.2, 10
SLIDES, SERVICES, BUCKETS = 60, 1_000, 50
MEASURED = 20
"""Batches after the warm-up, two of them with a checkpoint."""

Pairs = list[tuple[int, Any]]
Histogram = tuple[int, ...]


def processing_times_ms(build: Callable[[Any], Any], source: list[Pairs]) -> dict[bool, list[float]]:
    """Processing time of the last `MEASURED` batches, keyed by whether they checkpoint.

    An empty batch behind them says that they are complete.
    """
    with TemporaryDirectory() as directory:
        sc = SparkContext("local[2]", "bench")
        ssc = StreamingContext(sc, BATCH_S)
        ssc.checkpoint(directory)
        stream = build(ssc.queueStream(source))
        sizes: list[int] = []
        stream.foreachRDD(lambda rdd: sizes.append(rdd.count()))
        ssc.start()
        while len(sizes) <= len(source) and not ssc.awaitTerminationOrTimeout(BATCH_S):
            pass
        ssc.stop(stopSparkContext=False)
        rows = batches(sc._backend.trace)[: len(source)]
        sc.stop()
    times: dict[bool, list[float]] = {True: [], False: []}
    for number, row in enumerate(rows, start=1):
        if number > len(source) - MEASURED:
            assert row.processing_time_ms is not None
            times[number % CHECKPOINT_BATCHES == 0].append(row.processing_time_ms)
    return times


def _add(values: list[int], state: int | None) -> int:
    return (state or 0) + sum(values)


def _count(key: int, value: int, state: State) -> tuple[int, int]:
    state.update((state.getOption() or 0) + value)
    return key, state.get()


def touches() -> list[Pairs]:
    """First every key, then a thousand of them per batch."""
    first = [(key, 1) for key in range(KEYS)]
    return [first] + [
        [(key % KEYS, 1) for key in range(batch * TOUCHED, (batch + 1) * TOUCHED)] for batch in range(MEASURED)
    ]


def slides() -> list[Pairs]:
    """Every slide has a histogram of response times for every service."""
    rng = Random(1)
    histograms = [tuple(rng.choices(range(100), k=BUCKETS)) for _ in range(SERVICES + SLIDES + MEASURED)]
    return [list(enumerate(histograms[slide : slide + SERVICES])) for slide in range(SLIDES + MEASURED)]


def _plus(a: Histogram, b: Histogram) -> Histogram:
    return tuple(map(operator.add, a, b))


def _minus(a: Histogram, b: Histogram) -> Histogram:
    return tuple(map(operator.sub, a, b))


def _row(what: str, ours_ms: list[float], beside: str, theirs_ms: list[float]) -> Row:
    ours, theirs = median(ours_ms), median(theirs_ms)
    return Row(what, ours, beside, theirs, "ms/batch", ours / theirs)


def rows() -> list[Row]:
    """Medians over batches."""
    touched, histograms, length_s = touches(), slides(), SLIDES * BATCH_S
    every_s = CHECKPOINT_BATCHES * BATCH_S
    mapped = processing_times_ms(lambda s: s.mapWithState(StateSpec.function(_count)), touched)
    updated = processing_times_ms(lambda s: s.updateStateByKey(_add).checkpoint(every_s), touched)
    inverse = processing_times_ms(
        lambda s: s.reduceByKeyAndWindow(_plus, _minus, length_s, BATCH_S).checkpoint(every_s), histograms
    )
    plain = processing_times_ms(lambda s: s.reduceByKeyAndWindow(_plus, None, length_s, BATCH_S), histograms)
    state = f"mapWithState, {TOUCHED:,} of {KEYS:,} keys"
    window = f"inverse window, {SLIDES} slides"
    every_plain = plain[True] + plain[False]  # it never checkpoints
    return [
        _row(state, mapped[False], "updateStateByKey", updated[False]),
        _row(f"{state}, checkpoint", mapped[True], "updateStateByKey, checkpoint", updated[True]),
        _row(window, inverse[False], "plain window", every_plain),
        _row(f"{window}, checkpoint", inverse[True], "plain window", every_plain),
    ]
