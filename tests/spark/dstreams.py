"""DStream vectors on real Spark: many in one StreamingContext, on a clock that is moved by hand.

Spark generates all batches at once when the clock jumps, and processes them one after another: nothing waits for time
to pass, and no batch comes that nobody asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.conformance.dstream_runner import BatchClock, Run, Vector, build
from tests.conformance.probes import directory

BATCH_S = 1
GROUP_SIZE = 20
PATIENCE_S = 240


def needs_its_own_context(vector: Vector) -> bool:
    """Whether the vector looks at the context as a whole: its error, its remember duration, its slices, its order."""
    return any(key in vector for key in ("expected_error", "remember", "expected_slices", "expected_order"))


def groups(vectors: Sequence[Vector]) -> Iterator[list[Vector]]:
    """The vectors in groups that may share a context."""
    together = [vector for vector in vectors if not needs_its_own_context(vector)]
    for first in range(0, len(together), GROUP_SIZE):
        yield together[first : first + GROUP_SIZE]
    for vector in vectors:
        if needs_its_own_context(vector):
            yield [vector]


def run_group(vectors: Sequence[Vector], sc: Any) -> list[tuple[Run, list[list[Any]], BaseException | None]]:
    """Run the vectors in one context: each run, its slices, and the error of a context that had only one vector."""
    from pyspark.streaming import StreamingContext

    with directory() as checkpoints:
        if any(vector["checkpoint"] for vector in vectors):
            # Not ssc.checkpoint: that would write the streams too, and their functions hold this very test.
            sc.setCheckpointDir(str(checkpoints))
        with _manual_clock(sc):
            ssc = StreamingContext(sc, BATCH_S)
        clock = BatchClock(BATCH_S)
        clock.watch(ssc, sc)
        runs = [build(vector, sc, ssc, clock) for vector in vectors]
        batches = max(vector["batches"] for vector in vectors)
        ssc.start()
        try:
            ssc._jssc.ssc().scheduler().clock().advance((batches + 1) * BATCH_S * 1000)
            _wait_for_batches(batches, clock, ssc if len(vectors) > 1 else None)
            slices, error = (runs[0].slices(), _failure(ssc)) if len(vectors) == 1 else ([], None)
        finally:
            ssc.stop(stopSparkContext=False, stopGraceFully=False)
    return [(run, slices, error) for run in runs]


@contextmanager
def _manual_clock(sc: Any) -> Iterator[None]:
    """Streaming contexts that are made inside take Spark's clock for tests, which stands still until it is moved."""
    conf = sc._jsc.sc().conf()
    conf.set("spark.streaming.clock", "org.apache.spark.util.ManualClock")
    try:
        yield
    finally:
        conf.remove("spark.streaming.clock")


def _wait_for_batches(batches: int, clock: BatchClock, sound: Any) -> None:
    """Until the batch after these has begun to be processed: one output at a time, so these are done.

    Raises what a batch of the context `sound` raised: it is shared, and none of its vectors expects an error.
    """
    deadline = time.monotonic() + PATIENCE_S
    while clock.last_started <= batches:
        assert time.monotonic() < deadline, f"after {PATIENCE_S} s Spark has not run {batches} batches"
        time.sleep(0.05)
        if sound is not None and (error := _failure(sound)) is not None:
            raise error


def _failure(ssc: Any) -> BaseException | None:
    """What went wrong in a batch of the context, if anything did."""
    try:
        ssc.awaitTerminationOrTimeout(0.05)
    except Exception as error:
        return error
    return None
