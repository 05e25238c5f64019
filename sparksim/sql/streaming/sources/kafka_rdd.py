"""Ranges of offsets as rows: each is a partition, read by its task from the log (Spark: KafkaBatchPartitionReader).

A range was fixed when its batch was planned. Where the log does not hold it any more, the task fails, and with it the
query; or, without `failOnDataLoss`, it reads on behind the gap and tells the driver what is lost. Offsets that hold no
record because their topic is compacted, or written in transactions, are no loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from sparksim.core.accumulators import Accumulator, AccumulatorParam, new_id
from sparksim.core.errors import IllegalStateError
from sparksim.core.rdd import RDD
from sparksim.core.steps import metered
from sparksim.core.task_context import TaskContext
from sparksim.kafka.client import Kafka
from sparksim.kafka.errors import KafkaTimeout, OffsetOutOfRange, UnknownTopicOrPartition
from sparksim.kafka.records import ConsumerRecord
from sparksim.sql.chunks import chunk_of_columns
from sparksim.sql.streaming.sources.kafka_options import KafkaOptions
from sparksim.sql.types import (
    ArrayType,
    BinaryType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)
from sparksim.streaming.kafka.rdd import preferred_executor
from sparksim.streaming.offset_ranges import OffsetRange
from sparksim.trace.events import Event, Origin, RecordsLost, Warned

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend
    from sparksim.core.context import SparkContext

HEADERS = ArrayType(StructType([StructField("key", StringType()), StructField("value", BinaryType())]))
"""The type of the column `headers`."""

SCHEMA = StructType(
    [
        StructField("key", BinaryType()),
        StructField("value", BinaryType()),
        StructField("topic", StringType()),
        StructField("partition", IntegerType()),
        StructField("offset", LongType()),
        StructField("timestamp", TimestampType()),
        StructField("timestampType", IntegerType()),
    ]
)

CHUNK_ROWS = 10_000
"""So many records of a range become one chunk."""

ADVICE = (
    "Some data may have been lost because they are not available in Kafka any more; either the data was aged out by "
    "Kafka or the topic may have been deleted before all the data in the topic was processed. If you don't want your "
    'streaming query to fail on such cases, set the source option "failOnDataLoss" to "false"'
)


def schema_of(options: KafkaOptions) -> StructType:
    """The columns of a source."""
    return StructType([*SCHEMA, StructField("headers", HEADERS)]) if options.headers else SCHEMA


@dataclass(frozen=True)
class Loss:
    """Records that the log does not hold any more, and why they are missed."""

    origin: Origin
    reason: str

    @property
    def count(self) -> int:
        """How many offsets."""
        return self.origin[2] - self.origin[1] + 1

    def __str__(self) -> str:
        log, first, last = self.origin
        return f"offsets {first} to {last} of {log}: {self.reason}"


class LossAccount(Accumulator[list[Loss]]):
    """What tasks could not read. On the driver, where their shares arrive in the hub, each loss is told once."""

    def __init__(self, now_ms: Callable[[], float], emit: Callable[[Event], None]) -> None:
        super().__init__(new_id(), [], _Losses())
        self._now_ms = now_ms
        self._emit = emit
        self._told: set[Origin] = set()

    @staticmethod
    def of(backend: ClusterBackend) -> LossAccount:
        """An account whose losses go into the trace."""
        return LossAccount(lambda: backend.clock.now_ms, backend.emit)

    def add(self, term: list[Loss]) -> None:
        """In a task: report. On the driver: put on record; hub only."""
        if TaskContext.get() is not None:
            super().add(term)
        else:
            self.tell(term)

    def tell(self, losses: list[Loss]) -> None:
        """Put on record; hub only."""
        for loss in losses:
            if loss.origin not in self._told:
                self._told.add(loss.origin)
                now_ms = self._now_ms()
                self._emit(Warned(now_ms, "kafka", f"{loss}. They are left out, because failOnDataLoss is false"))
                self._emit(RecordsLost(now_ms, (loss.origin,), loss.count, loss.reason, None, ""))


class _Losses(AccumulatorParam[list[Loss]]):
    """Joins lists."""

    def zero(self, value: list[Loss]) -> list[Loss]:
        return []

    def addInPlace(self, value1: list[Loss], value2: list[Loss]) -> list[Loss]:
        value1.extend(value2)
        return value1


@dataclass(frozen=True)
class RangeReader:
    """How a task reads a range."""

    kafka: Kafka
    options: KafkaOptions
    losses: LossAccount

    def records(self, offsets: OffsetRange, task: TaskContext) -> Iterator[ConsumerRecord]:
        """What the log holds of it. Raises `IllegalStateError` for a loss that must not be, and what reading raises."""
        position, gaps = offsets.fromOffset, list[tuple[int, int]]()
        fresh = task.attemptNumber() > 0
        while position < offsets.untilOffset:
            try:
                for record in self._read(offsets, position, fresh):
                    if record.offset > position:
                        gaps.append((position, min(record.offset, offsets.untilOffset)))
                    position = record.offset + 1
                    if record.offset < offsets.untilOffset:
                        yield record
                    if position >= offsets.untilOffset:
                        break
            except (OffsetOutOfRange, UnknownTopicOrPartition) as error:
                first = self._first_behind(offsets, position)
                self._lose(offsets, position, first, f"{type(error).__name__}: {error}")
                position, fresh = first, True
        if gaps:
            self._look_into(offsets, gaps)

    def _read(self, offsets: OffsetRange, position: int, fresh: bool) -> Iterator[ConsumerRecord]:
        options, partition = self.options, offsets.topicPartition()
        try:
            yield from self.kafka.read(partition, position, options.settings, options.poll_ms, fresh=fresh)
        except KafkaTimeout as error:
            raise KafkaTimeout(
                f"failed to get records of {partition}, of the range {offsets.fromOffset} to {offsets.untilOffset}, "
                f"within {options.poll_ms} ms: {error}. Look whether its broker is up; kafkaConsumer.pollTimeoutMs is "
                "how long a task waits"
            ) from error

    def _first_behind(self, offsets: OffsetRange, position: int) -> int:
        """Where the log goes on within the range; the range's end when it does not."""
        partition = offsets.topicPartition()
        try:
            first = self.kafka.earliest_offsets([partition])[partition]
        except UnknownTopicOrPartition:
            return offsets.untilOffset
        return min(first, offsets.untilOffset) if first > position else offsets.untilOffset

    def _look_into(self, offsets: OffsetRange, gaps: list[tuple[int, int]]) -> None:
        """What lies before the log's beginning has aged out; other gaps are compaction's, or a transaction's."""
        partition = offsets.topicPartition()
        first = self.kafka.earliest_offsets([partition])[partition]
        for begin, end in gaps:
            if begin < first:
                self._lose(offsets, begin, min(end, first), f"the log begins at {first} now")

    def _lose(self, offsets: OffsetRange, begin: int, end: int, reason: str) -> None:
        loss = Loss((offsets.source, begin, end - 1), reason)
        if self.options.fails:
            raise IllegalStateError(f"{loss}. {ADVICE}")
        self.losses.add([loss])


class KafkaSourceRDD(RDD[Any]):
    """One partition per range; its records are chunks. Each topic's partition always goes to the same executor."""

    def __init__(self, sc: SparkContext, ranges: tuple[OffsetRange, ...], reader: RangeReader) -> None:
        super().__init__(sc)
        self.ranges = ranges
        self._reader = reader

    def getNumPartitions(self) -> int:
        return len(self.ranges)

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        chunks = chunks_of(self._reader.records(self.ranges[index], task), self._reader.options)
        return metered(([chunk] for chunk in chunks), task.services.meter, "input")

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        return preferred_executor(cast("ClusterBackend", self.ctx._backend), self.ranges[index].topicPartition(), None)


def chunks_of(records: Iterator[ConsumerRecord], options: KafkaOptions) -> Iterator[Any]:
    """Records as rows, so many at once."""
    schema = schema_of(options)
    while taken := list(islice(records, CHUNK_ROWS)):
        columns: list[list[Any]] = [
            [record.key for record in taken],
            [record.value for record in taken],
            [record.topic for record in taken],
            [record.partition for record in taken],
            [record.offset for record in taken],
            [record.timestamp * 1000 for record in taken],
            [record.timestamp_type for record in taken],
        ]
        if options.headers:
            columns.append([_pairs(record) for record in taken])
        yield chunk_of_columns(columns, schema)


def _pairs(record: ConsumerRecord) -> list[dict[str, Any]] | None:
    return [{"key": key, "value": value} for key, value in record.headers] or None
