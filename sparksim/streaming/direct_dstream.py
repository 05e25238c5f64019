"""Streams that read a log without a receiver (Spark: DirectKafkaInputDStream, KafkaRDD).

When a batch is made, the driver asks once how far the log reaches and fixes a range of offsets per partition. The
batch's RDD has one partition per partition of the log and holds these ranges, no data: a task reads its range when it
runs, and reads the same when it runs again. The ranges are part of the driver's checkpoint, so a restarted driver runs
an unfinished batch on the same records, and the next batch begins where the last one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.cluster.network import LogNetwork, RetainedLog
from sparksim.core.arguments import is_count
from sparksim.core.conf import SparkConf, integer
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, UnsupportedOperation
from sparksim.core.rdd import RDD
from sparksim.core.task_context import TaskContext
from sparksim.kafka.client import Offsets
from sparksim.kafka.records import TopicPartition
from sparksim.streaming.arguments import check_text
from sparksim.streaming.input_dstream import InputDStream
from sparksim.streaming.offset_ranges import OffsetRange, clamp, max_messages
from sparksim.streaming.rate import create_estimator
from sparksim.streaming.rate_controller import RateController, is_backpressure_enabled
from sparksim.trace.events import OffsetRangesAllocated, OffsetsSkipped

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

T = TypeVar("T")

MAX_RATE = "spark.streaming.kafka.maxRatePerPartition"
EARLIEST, LATEST = "earliest", "latest"

ReadRange = Callable[[OffsetRange, TaskContext], Iterator[T]]
"""The records of a range, fetched as they are asked for. Called in a task."""


class DirectRDD(RDD[T]):
    """One partition per offset range (Spark: KafkaRDD). `range_ids` name the ranges in the trace; () for no names."""

    def __init__(
        self, sc: SparkContext, ranges: tuple[OffsetRange, ...], range_ids: tuple[str, ...], read: ReadRange[T]
    ) -> None:
        super().__init__(sc)
        self.ranges = ranges
        self._range_ids = range_ids
        self._read = read

    def offsetRanges(self) -> list[OffsetRange]:
        """The ranges, one per partition."""
        return list(self.ranges)

    def getNumPartitions(self) -> int:
        return len(self.ranges)

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        """Raises what reading the log raises, `IllegalStateError` for a range that ends before it begins.

        A range that is empty reads nothing.
        """
        offsets = self.ranges[index]
        if offsets.count() < 0:
            raise IllegalStateError(_backwards(offsets))
        if offsets.count() == 0:
            return iter(())
        if self._range_ids:
            task.services.note_block(self._range_ids[index])
        return task.services.meter(self._read(offsets, task), "input")


class DirectInputDStream(InputDStream[T]):
    """What all logs have in common. A subclass knows one kind of log, and must keep nothing that cannot be pickled.

    `spark.streaming.kafka.maxRatePerPartition` (records per second, 0: no limit) and backpressure limit the ranges.
    Raises `IllegalArgumentError` for wrong settings of these.
    """

    def __init__(self, ssc: StreamingContext) -> None:
        conf = ssc._backend.conf
        self._max_rate = max_rate_per_partition(conf)
        super().__init__(ssc)
        self.ranges: dict[int, tuple[OffsetRange, ...]] = {}
        self._current: dict[TopicPartition, int] = {}
        self.rate_controller: RateController | None = None
        if is_backpressure_enabled(conf):
            self.rate_controller = RateController(self, create_estimator(conf, ssc._graph.batch_ms))

    # --- what a kind of log defines -----------------------------------------------------------------------------------

    def first_offsets(self) -> Offsets:
        """Where a program that begins anew starts to read. Raises what asking the log raises."""
        raise NotImplementedError

    def latest_offsets(self) -> Offsets:
        """Of each partition, the offset of its next record. Raises what asking the log raises.

        A partition that was not there before has to be given to `begin_at` first.
        """
        raise NotImplementedError

    def make_rdd(self, ranges: tuple[OffsetRange, ...], range_ids: tuple[str, ...], again: bool) -> DirectRDD[T]:
        """The RDD of a batch; `again`: of one that a driver made before this one. Raises what asking the log raises."""
        raise NotImplementedError

    def max_rate(self, partition: TopicPartition) -> float:
        """How many records per second a batch may take of this partition, 0 for no limit."""
        return self._max_rate

    def records_of(self, rdd: DirectRDD[T]) -> int:
        """How many records the batch is said to have."""
        return sum(each.count() for each in rdd.ranges)

    def ranges_taken(self) -> None:
        """A batch has its ranges, and the next one will go on behind them."""

    # --- a stream of RDDs ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The program begins anew: decide where to read from. A recovered one goes on where its checkpoint says."""
        self._listen()
        self.begin_at(self.first_offsets())

    def begin_at(self, offsets: Offsets) -> None:
        """Read these partitions too, from there on, and put on record what lies before."""
        self._current = {**self._current, **offsets}
        skipped = tuple((str(each), 0, offset - 1) for each, offset in offsets.items() if offset > 0)
        if skipped:
            reason = f"in the log before the offset from which stream {self.stream_id} began to read"
            self._emit(lambda now_ms: OffsetsSkipped(now_ms, skipped, self.stream_id, reason))

    def compute(self, batch_time_ms: int) -> RDD[T] | None:
        """The ranges of this batch, as an RDD. Raises what asking the log raises; the next batch then takes them."""
        latest = self.latest_offsets()
        rate = None if self.rate_controller is None else self.rate_controller.latest
        max_rates = {partition: self.max_rate(partition) for partition in latest}
        until = clamp(
            max_messages(self._ssc._graph.batch_ms, max_rates, rate, self._current, latest), self._current, latest
        )
        ranges = tuple(OffsetRange(*each, self._current[each], end) for each, end in sorted(until.items()))
        rdd = self._rdd_of(batch_time_ms, ranges)
        self._put_on_record(batch_time_ms, ranges)
        self._ssc._input_info.report(batch_time_ms, self.stream_id, self.records_of(rdd))
        self._current = until
        self.ranges[batch_time_ms] = ranges
        self.ranges_taken()
        return rdd

    def clear_metadata(self, batch_time_ms: int) -> None:
        """Forget also the ranges of the RDDs that are forgotten."""
        super().clear_metadata(batch_time_ms)
        self.ranges = {time_ms: ranges for time_ms, ranges in self.ranges.items() if time_ms in self.generated}

    def update_checkpoint_data(self, batch_time_ms: int) -> None:
        """Nothing: what a checkpoint says of this stream is which ranges its batches took."""

    def restore_checkpoint_data(self) -> None:
        """After a restart: batches that run again read the ranges they had."""
        self._listen()
        for time_ms, ranges in sorted(self.ranges.items()):
            self.generated[time_ms] = self._rdd_of(time_ms, ranges, again=True)

    def _rdd_of(self, batch_time_ms: int, ranges: tuple[OffsetRange, ...], again: bool = False) -> DirectRDD[T]:
        return self.make_rdd(ranges, self._range_ids(batch_time_ms, ranges), again)

    def _range_ids(self, batch_time_ms: int, ranges: tuple[OffsetRange, ...]) -> tuple[str, ...]:
        return tuple(f"offsets-{self.stream_id}-{batch_time_ms}-{index}" for index in range(len(ranges)))

    def _put_on_record(self, batch_time_ms: int, ranges: tuple[OffsetRange, ...]) -> None:
        named = zip(self._range_ids(batch_time_ms, ranges), ranges, strict=True)
        taken = [(range_id, each.origin) for range_id, each in named if each.count() > 0]
        if taken:
            ids, origins = zip(*taken, strict=True)
            self._emit(lambda now_ms: OffsetRangesAllocated(now_ms, batch_time_ms, self.stream_id, ids, origins))

    def _emit(self, event: Callable[[float], Any]) -> None:
        backend = self._ssc._backend
        backend.clock.call(lambda: backend.emit(event(backend.clock.now_ms)))

    def _listen(self) -> None:
        if self.rate_controller is not None:
            self._ssc._listeners.add(self.rate_controller)


class RetainedLogDStream(DirectInputDStream[T]):
    """Reads a log of the simulated network."""

    def __init__(self, ssc: StreamingContext, address: str, start: str | Mapping[int, int]) -> None:
        check_text(address, "address", "give the address of a log, such as 'localhost:9092'")
        _check_start(start)
        _log(ssc, address)
        super().__init__(ssc)
        self._address = address
        self._start = start if isinstance(start, str) else dict(start)

    def first_offsets(self) -> Offsets:
        """Raises `IllegalArgumentError` for offsets to start from that the log does not have."""
        latest = _log(self._ssc, self._address).latest_offsets()
        if isinstance(self._start, str):
            begin = {partition: 0 if self._start == EARLIEST else offset for partition, offset in latest.items()}
        else:
            begin = self._start
            if begin.keys() != latest.keys() or any(begin[partition] > latest[partition] for partition in begin):
                raise IllegalArgumentError(
                    f"start={begin!r}: {self._address} has these partitions, with these offsets at most: "
                    f"{dict(latest)}. Give an offset for each of them"
                )
        return {TopicPartition(self._address, partition): offset for partition, offset in begin.items()}

    def latest_offsets(self) -> Offsets:
        latest = _log(self._ssc, self._address).latest_offsets()
        return {TopicPartition(self._address, partition): offset for partition, offset in latest.items()}

    def make_rdd(self, ranges: tuple[OffsetRange, ...], range_ids: tuple[str, ...], again: bool) -> DirectRDD[T]:
        log = _log(self._ssc, self._address)

        def read(offsets: OffsetRange, task: TaskContext) -> Iterator[T]:
            return log.read(offsets.partition, offsets.fromOffset, offsets.untilOffset)

        return DirectRDD(self._ssc.sparkContext, ranges, range_ids, read)


def direct_stream(
    ssc: StreamingContext, address: str, start: str | Mapping[int, int] = LATEST
) -> RetainedLogDStream[Any]:
    """The records of a log of the simulated network (`Retained(load)`), read without a receiver.

    `start` says where a program that begins anew starts: "latest", "earliest", or an offset for each partition. Raises
    `IllegalArgumentError` for arguments that make no sense and an address without a log, `UnsupportedOperation` in a
    live program. Not in PySpark: what `KafkaUtils.createDirectStream` does, without Kafka.
    """
    return RetainedLogDStream(ssc, address, start)


def offset_ranges(rdd: RDD[Any]) -> list[OffsetRange]:
    """The ranges that an RDD of a direct stream reads (PySpark: KafkaRDD.offsetRanges).

    Only the RDDs of the stream itself know them. Raises `IllegalArgumentError` for any other, also for one made from
    these by `map` and the like.
    """
    if not isinstance(rdd, DirectRDD):
        raise IllegalArgumentError(
            f"offset_ranges({rdd}): only an RDD of the direct stream itself has offset ranges. Ask in the first "
            "transform or foreachRDD on that stream, before any other transformation"
        )
    return rdd.offsetRanges()


def max_rate_per_partition(conf: SparkConf) -> int:
    """`spark.streaming.kafka.maxRatePerPartition`, records per second; 0 for no limit. Raises below 0."""
    rate = integer(conf, MAX_RATE, 0)
    if rate < 0:
        raise IllegalArgumentError(f"{MAX_RATE}={rate}: give records per second, or 0 for no limit")
    return rate


def _backwards(offsets: OffsetRange) -> str:
    return (
        f"{offsets}: the range ends before it begins. Either the stream was told to start behind the end of the log, "
        f"or the log of {offsets.source} has become shorter: its topic was deleted and made anew, or records were lost "
        "with a broker. Give offsets that the log holds; after such a change, start without the old checkpoint"
    )


def _log(ssc: StreamingContext, address: str) -> RetainedLog:
    network = ssc._backend.network
    if not isinstance(network, LogNetwork):
        raise UnsupportedOperation(
            f"direct_stream(address={address!r}): logs to read directly exist in simulations alone: "
            f'Simulation(program, network={{"{address}": Retained(load)}}). A live program needs a client of its log'
        )
    return network.log(address)


def _check_start(start: object) -> None:
    if start in (EARLIEST, LATEST):
        return
    if isinstance(start, Mapping) and start and all(is_count(n, 0) for entry in start.items() for n in entry):
        return
    raise IllegalArgumentError(
        f"start={start!r}: give 'latest', 'earliest', or the offset to start from for each partition, such as {{0: 9}}"
    )
