"""Streams of numbers by the clock: so many per second (`rate`), or per batch (`rate-micro-batch`).

Spark: RateStreamProvider, RatePerMicroBatchProvider. Rows are made where they are needed, so that a range of offsets
always gives the same rows; partition p of n has every n-th of them, beginning with the p-th.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from sparksim.core.rdd import RDD
from sparksim.sql.chunks import chunk_of_columns
from sparksim.sql.streaming.source import ContinuousSource, Offset, SourceContext
from sparksim.sql.streaming.sources.options import Format, SourceOptions
from sparksim.sql.streaming.store.folder import Folder
from sparksim.sql.types import LongType, StructField, StructType, TimestampType

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend
    from sparksim.core.context import SparkContext
    from sparksim.core.task_context import TaskContext

SCHEMA = StructType([StructField("timestamp", TimestampType()), StructField("value", LongType())])

_EPOCH = datetime.datetime(1970, 1, 1)


def rate(options: SourceOptions) -> Format:
    """The format `rate`: `rowsPerSecond` (1), `rampUpTime` (0s), `numPartitions` (the default parallelism).

    Raises `IllegalArgumentError` for numbers that are too small, `UnsupportedOperation` for a schema.
    """
    options.refuse_schema()
    per_s = options.whole("rowsPerSecond", 1, least=1)
    ramp_up_s = options.seconds("rampUpTime", "0s")
    partitions = options.whole("numPartitions", options.session.sparkContext.defaultParallelism, least=1)
    return SCHEMA, lambda context: RateSource(context, per_s, ramp_up_s, partitions)


def rate_micro_batch(options: SourceOptions) -> Format:
    """The format `rate-micro-batch`: `rowsPerBatch` (needed), `startTimestamp` (0), `advanceMillisPerBatch` (1000) and
    `numPartitions`. Raises as `rate` does.
    """
    options.refuse_schema()
    per_batch = options.whole("rowsPerBatch", 0, least=1)
    start_ms = options.whole("startTimestamp", 0, least=0)
    advance_ms = options.whole("advanceMillisPerBatch", 1000, least=0)
    partitions = options.whole("numPartitions", options.session.sparkContext.defaultParallelism, least=1)
    return SCHEMA, lambda context: RatePerBatchSource(context, per_batch, start_ms, advance_ms, partitions)


class RateSource:
    """`rate`: offsets are whole seconds since the query first started, which its checkpoint remembers.

    `per_s` rows a second; if `ramp_up_s` is given, the speed grows to that from 0 within so many seconds.
    """

    def __init__(self, context: SourceContext, per_s: int, ramp_up_s: int, partitions: int) -> None:
        self._sc = context.session.sparkContext
        self._clock = cast("ClusterBackend", self._sc._backend).clock
        self._per_s = per_s
        self._ramp_up_s = ramp_up_s
        self._partitions = partitions
        self._frozen: int | None = None
        self._latest = 0
        self._start_ms = self._remembered(Folder(context.metadata_path))

    @property
    def description(self) -> str:
        return (
            f"RateStreamV2[rowsPerSecond={self._per_s}, rampUpTimeSeconds={self._ramp_up_s}, "
            f"numPartitions={self._partitions}]"
        )

    def latest_offset(self, start: Offset) -> Offset:
        """The second that it is; a clock that goes back is not followed."""
        if self._frozen is not None:
            return max(self._frozen, start or 0)
        self._latest = max(self._latest, start or 0, int(self._clock.now_ms - self._start_ms) // 1000)
        return self._latest

    def without_limits(self) -> None:
        """There are none."""

    def freeze(self) -> None:
        """No second after this one."""
        self._frozen = self.latest_offset(None)

    def batch(self, start: Offset, end: Offset) -> RDD[Any]:
        """The values of the seconds from `start` to `end`, spread evenly over them."""
        began = start or 0
        first, after = (value_at_second(second, self._per_s, self._ramp_up_s) for second in (began, end))
        spread = _Evenly(self._start_ms + began * 1000, first, max(after - first, 1), (end - began) * 1000)
        return _NumbersRDD(self._sc, range(first, after), spread, self._partitions)

    def commit(self, end: Offset) -> None:
        """Nothing is kept."""

    def stop(self) -> None:
        """Nothing to give back."""

    def continuous(self) -> ContinuousSource:
        """The same rows, but each when it is due. `rampUpTime` is ignored, as in Spark."""
        from sparksim.sql.streaming.sources.rate_continuous import ContinuousRateSource

        return ContinuousRateSource(self._clock, self._per_s, self._partitions, SCHEMA, self.description)

    def _remembered(self, folder: Folder) -> int:
        """When the query first started: written once, as Spark does (file 0 of the source's folder)."""
        folder.create("0", f"v1\n{int(self._clock.now_ms)}".encode())
        written = folder.read("0")
        assert written is not None, f"{folder.url_of('0')} was just written"
        return int(written.decode().splitlines()[1])


class RatePerBatchSource:
    """`rate-micro-batch`: `per_batch` rows in each batch, all with one timestamp, `advance_ms` after the one before."""

    def __init__(self, context: SourceContext, per_batch: int, start_ms: int, advance_ms: int, partitions: int) -> None:
        self._sc = context.session.sparkContext
        self._per_batch = per_batch
        self._start_ms = start_ms
        self._advance_ms = advance_ms
        self._partitions = partitions
        self._is_frozen = False
        self._last: Offset = None

    @property
    def description(self) -> str:
        return (
            f"RatePerMicroBatchStream[rowsPerBatch={self._per_batch}, numPartitions={self._partitions}, "
            f"startTimestamp={self._start_ms}, advanceMsPerBatch={self._advance_ms}]"
        )

    def latest_offset(self, start: Offset) -> Offset:
        """One batch after `start`: there is always one more, unless the stream was told to go no further."""
        if self._last is not None:
            return self._last
        begin = self._begin(start)
        end = {"offset": begin["offset"] + self._per_batch, "timestamp": begin["timestamp"] + self._advance_ms}
        if self._is_frozen:
            self._last = end
        return end

    def without_limits(self) -> None:
        """A batch has no more rows than ever."""

    def freeze(self) -> None:
        """One batch and no more."""
        self._is_frozen = True

    def batch(self, start: Offset, end: Offset) -> RDD[Any]:
        """The rows of one batch, or of several."""
        begin = self._begin(start)
        numbers = range(begin["offset"], end["offset"])
        return _NumbersRDD(self._sc, numbers, _AllAt(begin["timestamp"]), self._partitions)

    def commit(self, end: Offset) -> None:
        """Nothing is kept."""

    def stop(self) -> None:
        """Nothing to give back."""

    def _begin(self, start: Offset) -> Mapping[str, int]:
        return {"offset": 0, "timestamp": self._start_ms} if start is None else start


def value_at_second(second: int, per_s: int, ramp_up_s: int) -> int:
    """How many rows there are before this second has begun (Spark: RateStreamProvider.valueAtSecond)."""
    step = per_s // (ramp_up_s + 1)
    if second <= ramp_up_s:
        return step * second * (second + 1) // 2
    return value_at_second(ramp_up_s, per_s, ramp_up_s) + (second - ramp_up_s) * per_s


class _Times(Protocol):
    def ms(self, number: int) -> int:
        """When the row with this number is."""


class _Evenly:
    """`count` rows over `length_ms`."""

    def __init__(self, start_ms: int, first: int, count: int, length_ms: int) -> None:
        self._start_ms = start_ms
        self._first = first
        self._count = count
        self._length_ms = length_ms

    def ms(self, number: int) -> int:
        # Spark multiplies by a quotient of doubles and rounds half up.
        return self._start_ms + int((number - self._first) * (self._length_ms / self._count) + 0.5)


class _AllAt:
    """All rows at once."""

    def __init__(self, at_ms: int) -> None:
        self._at_ms = at_ms

    def ms(self, number: int) -> int:
        return self._at_ms


class _NumbersRDD(RDD[Any]):
    """Numbers with their times, one chunk per partition."""

    def __init__(self, sc: SparkContext, numbers: range, times: _Times, partitions: int) -> None:
        super().__init__(sc)
        self._numbers = numbers
        self._times = times
        self._partitions = partitions

    def getNumPartitions(self) -> int:
        return self._partitions

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        numbers = self._numbers[index :: self._partitions]
        times = [_EPOCH + datetime.timedelta(milliseconds=self._times.ms(number)) for number in numbers]
        return task.services.meter([chunk_of_columns([times, list(numbers)], SCHEMA)], "input")
