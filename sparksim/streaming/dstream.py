"""A stream as a sequence of RDDs, one per batch (Spark: DStream).

A DStream is a function of the batch time and remembers, for a while, what it answered. It knows no clock: whoever asks
`get_or_compute(batch_time_ms)` decides what time it is. The operators live in `operators.py` and `pair_operators.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core import call_site, local_properties
from sparksim.core.errors import IllegalArgumentError, SparkException, UnsupportedOperation
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.checkpoint_data import CheckpointData
from sparksim.streaming.job import StreamingJob
from sparksim.streaming.map_with_state import mapped_records, snapshot
from sparksim.streaming.outputs import Outputs
from sparksim.streaming.receiver_rdd import BlockRDD
from sparksim.streaming.rules import Rule
from sparksim.streaming.state_operators import StateOperators
from sparksim.streaming.times import floor_ms, times_to, to_ms

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

T = TypeVar("T")
U = TypeVar("U")

CHECKPOINT_FLOOR_MS = 10_000
"""A stream that must checkpoint does so every so many slides as make at least 10 s (DStream.initialize)."""


class DStream(StateOperators[T], Outputs[T], Generic[T]):
    """Made by a StreamingContext or by an operator on another stream; never by hand."""

    driver_only = True
    must_checkpoint = False

    def __init__(self, ssc: StreamingContext, parents: tuple[DStream[Any], ...], slide_ms: int) -> None:
        ssc._validate_at_init()
        self._ssc = ssc
        self.parents = parents
        self.slide_ms = slide_ms
        self.zero_ms: int | None = None
        self.remember_duration_ms: int | None = None
        self.checkpoint_ms: int | None = None
        self.storage_level = StorageLevel.NONE
        self.generated: dict[int, RDD[T]] = {}
        self.checkpoint_data = CheckpointData()
        self.call_site = self.name = call_site.current()

    # --- PySpark's face -----------------------------------------------------------------------------------------------

    def context(self) -> StreamingContext:
        """The StreamingContext of this stream."""
        return self._ssc

    @property
    def is_cached(self) -> bool:
        """Whether this stream keeps its RDDs, because of `persist`, `cache`, `checkpoint` or what it computes."""
        return self.storage_level != StorageLevel.NONE

    @property
    def is_checkpointed(self) -> bool:
        """Whether this stream's RDDs are checkpointed from time to time."""
        return self.checkpoint_ms is not None

    def cache(self) -> DStream[T]:
        """Keep this stream's RDDs in memory while they are remembered."""
        return self.persist(StorageLevel.MEMORY_ONLY)

    def persist(self, storageLevel: StorageLevel) -> DStream[T]:
        """Keep this stream's RDDs at this level while they are remembered. Not after the start."""
        if self.zero_ms is not None:
            raise UnsupportedOperation(
                "Cannot change storage level of a DStream after streaming context has started: call persist() before "
                "start()"
            )
        self.storage_level = storageLevel
        return self

    def checkpoint(self, interval: float) -> DStream[T]:
        """Checkpoint this stream's RDDs every `interval` seconds. Not after the start."""
        if self.zero_ms is not None:
            raise UnsupportedOperation(
                "Cannot change checkpoint interval of a DStream after streaming context has started: call checkpoint() "
                "before start()"
            )
        self.persist(StorageLevel.MEMORY_ONLY)
        self.checkpoint_ms = to_ms(interval, "interval")
        return self

    def slice(self, begin: Any, end: Any) -> list[RDD[T]]:
        """The RDDs between two times, both included: datetimes, or seconds on the run's clock."""
        return self.slice_ms(self._ssc._time_ms(begin), self._ssc._time_ms(end))

    # --- one RDD per time ---------------------------------------------------------------------------------------------

    def compute(self, batch_time_ms: int) -> RDD[T] | None:
        """The RDD of a valid time, or None for no answer. What each kind of stream defines."""
        raise NotImplementedError

    def get_or_compute(self, batch_time_ms: int) -> RDD[T] | None:
        """The RDD of that time: remembered, or computed now if the time is one of this stream's."""
        if batch_time_ms in self.generated:
            return self.generated[batch_time_ms]
        if not self.is_time_valid(batch_time_ms):
            return None
        # The RDDs of a stream are named after the line that made the stream.
        with local_properties.overlay({local_properties.CALL_SITE: self.call_site}):
            rdd = self.compute(batch_time_ms)
        if rdd is None:
            return None
        if self.storage_level != StorageLevel.NONE and rdd.getStorageLevel() == StorageLevel.NONE:
            rdd.persist(self.storage_level)
        assert self.zero_ms is not None
        if self.checkpoint_ms is not None and (batch_time_ms - self.zero_ms) % self.checkpoint_ms == 0:
            rdd.checkpoint()
        self.generated[batch_time_ms] = rdd
        return rdd

    def is_time_valid(self, time_ms: int) -> bool:
        """Whether the time is one of this stream's slides. Raises `SparkException` before the start."""
        if self.zero_ms is None:
            raise SparkException(f"{self} has not been initialized: its context was not started")
        return time_ms > self.zero_ms and (time_ms - self.zero_ms) % self.slide_ms == 0

    def slice_ms(self, begin_ms: int, end_ms: int) -> list[RDD[T]]:
        """The RDDs from `begin_ms` to `end_ms`, both included and floored to this stream's slides."""
        if self.zero_ms is None:
            raise SparkException(f"{self} has not been initialized: its context was not started")
        begin, end = (floor_ms(time_ms, self.slide_ms, self.zero_ms) for time_ms in (begin_ms, end_ms))
        rdds = [self.get_or_compute(time) for time in times_to(begin, end, self.slide_ms) if time >= self.zero_ms]
        return [rdd for rdd in rdds if rdd is not None]

    # --- start, clean-up ----------------------------------------------------------------------------------------------

    @property
    def parent_remember_ms(self) -> int | None:
        """How long the parents have to remember because of this stream."""
        return self.remember_duration_ms

    def initialize(self, zero_ms: int) -> None:
        """Fix the zero time here and in all streams above."""
        if self.zero_ms is not None and self.zero_ms != zero_ms:
            raise SparkException(f"ZeroTime is already initialized to {self.zero_ms} ms, cannot initialize it again")
        self.zero_ms = zero_ms
        if self.must_checkpoint and self.checkpoint_ms is None:
            self.checkpoint_ms = self._default_checkpoint_ms()
        least_ms = self.slide_ms
        if self.checkpoint_ms is not None and least_ms <= self.checkpoint_ms:
            least_ms = self.checkpoint_ms * 2
        self.remember_duration_ms = max(self.remember_duration_ms or 0, least_ms)
        for parent in self.parents:
            parent.initialize(zero_ms)

    def remember(self, duration_ms: int | None) -> None:
        """Remember at least this long, and let the parents remember what that takes."""
        if duration_ms is not None and (self.remember_duration_ms is None or duration_ms > self.remember_duration_ms):
            self.remember_duration_ms = duration_ms
        for parent in self.parents:
            parent.remember(self.parent_remember_ms)

    def validate_at_start(self) -> None:
        """Raise `IllegalArgumentError` where Spark's DStream.validateAtStart would."""
        every, slide = self.checkpoint_ms, self.slide_ms
        kind = type(self).__name__
        if every is not None:
            if self._ssc.sparkContext._checkpoint_dir is None:
                raise IllegalArgumentError(
                    "The checkpoint directory has not been set. Please set it by "
                    "StreamingContext.checkpoint(directory)."
                )
            if every < slide:
                raise IllegalArgumentError(
                    f"The checkpoint interval for {kind} has been set to {every} ms which is lower than its slide time "
                    f"({slide} ms). Please set it to at least {slide} ms."
                )
            if every % slide != 0:
                raise IllegalArgumentError(
                    f"The checkpoint interval for {kind} has been set to {every} ms which is not a multiple of its "
                    f"slide time ({slide} ms). Please set it to a multiple of {slide} ms."
                )
            if self.storage_level == StorageLevel.NONE:
                raise IllegalArgumentError(
                    f"{kind} has been marked for checkpointing but the storage level has not been set to enable "
                    "persisting. Please use DStream.persist() to set the storage level."
                )
            if self.remember_duration_ms is not None and self.remember_duration_ms <= every:
                raise IllegalArgumentError(
                    f"The remember duration for {kind} has been set to {self.remember_duration_ms} ms which is not "
                    f"more than the checkpoint interval ({every} ms). Please set it to a value higher than {every} ms."
                )
        for parent in self.parents:
            parent.validate_at_start()

    def clear_metadata(self, batch_time_ms: int) -> None:
        """Forget RDDs older than the remember duration; unpersist them and delete their received blocks."""
        assert self.remember_duration_ms is not None
        old = [time for time in self.generated if time <= batch_time_ms - self.remember_duration_ms]
        for time in old:
            rdd = self.generated.pop(time)
            if self._ssc._unpersists:
                rdd.unpersist()
                if isinstance(rdd, BlockRDD):
                    rdd.remove_blocks()
        for parent in self.parents:
            parent.clear_metadata(batch_time_ms)

    # --- what a driver checkpoint says of this stream (the graph asks every stream) -----------------------------------

    def update_checkpoint_data(self, batch_time_ms: int) -> None:
        """Note which RDDs lie in files by now."""
        self.checkpoint_data.update(self.generated, batch_time_ms)

    def clear_checkpoint_data(self, batch_time_ms: int) -> None:
        """Delete files of RDDs that no checkpoint needs any more. Raises `OSError` when that fails."""
        self.checkpoint_data.cleanup(batch_time_ms)

    def restore_checkpoint_data(self) -> None:
        """After a restart: remember the RDDs that lie in files."""
        self.generated.update(self.checkpoint_data.restore(self._ssc.sparkContext))

    def generate_job(self, batch_time_ms: int) -> StreamingJob | None:
        """The job of this stream as an output; None when there is nothing to do at this time."""
        raise NotImplementedError

    def input_ids(self) -> tuple[int, ...]:
        """The ids of all input streams this one reads."""
        found: set[int] = set()
        waiting: list[DStream[Any]] = [self]
        while waiting:
            each = waiting.pop()
            found.update(each._own_ids())
            waiting.extend(each.parents)
        return tuple(sorted(found))

    def _default_checkpoint_ms(self) -> int:
        return self.slide_ms * -(-CHECKPOINT_FLOOR_MS // self.slide_ms)

    def _own_ids(self) -> tuple[int, ...]:
        return ()

    def _derive(
        self, others: tuple[DStream[Any], ...], func: Callable[[int, tuple[RDD[Any], ...]], RDD[U] | None]
    ) -> DStream[U]:
        return TransformedDStream(self._ssc, (self, *others), func)

    def _stream(self) -> DStream[T]:
        return self

    def _ruled(self, rule: Rule, slide_ms: int) -> DStream[Any]:
        return RuledDStream(self, rule, slide_ms)

    def _mapped_with_state(self) -> MappedWithStateDStream[Any]:
        return MappedWithStateDStream(self)

    def _register(self, func: Callable[[int, RDD[T]], None]) -> None:
        self._ssc._graph.add_output(ForEachDStream(self, func))

    def __getstate__(self) -> dict[str, Any]:
        raise SparkException(
            f"a {type(self).__name__} exists on the driver only: a function that runs on the executors cannot use it. "
            "Refer to plain values inside such functions."
        )


class TransformedDStream(DStream[T]):
    """`func(batch_time_ms, rdds of the parents)`.

    When a parent has no answer, a single parent's child has none either; of two parents, the missing one counts as
    empty (PySpark's PythonTransformed2DStream); with `strict` it is an error (Spark's own TransformedDStream).
    """

    def __init__(
        self,
        ssc: StreamingContext,
        parents: tuple[DStream[Any], ...],
        func: Callable[[int, tuple[RDD[Any], ...]], RDD[T] | None],
        strict: bool = False,
    ) -> None:
        slides = {parent.slide_ms for parent in parents}
        if len(slides) > 1:
            raise IllegalArgumentError(f"Some of the DStreams have different slide durations: {sorted(slides)} ms")
        if any(parent._ssc is not ssc for parent in parents):
            raise IllegalArgumentError("Some of the DStreams have different contexts")
        super().__init__(ssc, parents, parents[0].slide_ms)
        self._func = func
        self._strict = strict

    def compute(self, batch_time_ms: int) -> RDD[T] | None:
        found = [parent.get_or_compute(batch_time_ms) for parent in self.parents]
        missing = sum(rdd is None for rdd in found)
        if missing and self._strict:
            raise SparkException(f"Couldn't generate RDD from parent at time {batch_time_ms} ms")
        if missing and len(found) == 1:
            return None
        rdds = tuple(self._ssc.sparkContext.emptyRDD() if rdd is None else rdd for rdd in found)
        return self._checked(self._func(batch_time_ms, rdds))

    def _derive(
        self, others: tuple[DStream[Any], ...], func: Callable[[int, tuple[RDD[Any], ...]], RDD[U] | None]
    ) -> DStream[U]:
        """Fuse two transformations of one stream into one, unless this one is kept (PySpark: TransformedDStream).

        So a function given to `transform` runs once per batch for every stream that is made from the transformed one.
        """
        kept = self.storage_level != StorageLevel.NONE or self.checkpoint_ms is not None
        if others or kept or self._strict or len(self.parents) > 1:
            return super()._derive(others, func)

        def both(batch_time_ms: int, rdds: tuple[RDD[Any], ...]) -> RDD[U] | None:
            with local_properties.overlay({local_properties.CALL_SITE: self.call_site}):
                first = self._checked(self._func(batch_time_ms, rdds))
            return None if first is None else func(batch_time_ms, (first,))

        return TransformedDStream(self._ssc, self.parents, both)

    def _checked(self, result: object) -> RDD[T] | None:
        if result is None or isinstance(result, RDD):
            return result
        raise SparkException(f"a transform function must return an RDD or None, not a {type(result).__name__}")


class RuledDStream(DStream[T]):
    """A stream that looks back in time: a window, or a state. Its rule says how."""

    def __init__(self, parent: DStream[Any], rule: Rule, slide_ms: int) -> None:
        super().__init__(parent._ssc, (parent,), slide_ms)
        self.name = parent._ssc._graph.distinct(self.call_site)
        self.rule = rule
        self.must_checkpoint = rule.must_checkpoint
        if rule.level is not None:
            self.storage_level = rule.level
        if rule.parent_level is not None and parent.storage_level == StorageLevel.NONE:
            parent.persist(rule.parent_level)

    def persist(self, storageLevel: StorageLevel) -> DStream[T]:
        """Keep the RDDs; a plain window keeps none of its own, so its parent does."""
        if self.rule.level is None:
            self.parents[0].persist(storageLevel)
            return self
        return super().persist(storageLevel)

    @property
    def parent_remember_ms(self) -> int | None:
        own_ms = self.remember_duration_ms
        return None if own_ms is None else own_ms + self.rule.parents_remember_ms

    def compute(self, batch_time_ms: int) -> RDD[T] | None:
        return self.rule.compute(self, self.parents[0], batch_time_ms, self._ssc)

    def _default_checkpoint_ms(self) -> int:
        return self.rule.checkpoint_ms(self.slide_ms) or super()._default_checkpoint_ms()


class MappedWithStateDStream(TransformedDStream[T]):
    """What the function of `mapWithState` returned; the states themselves are in `internal`."""

    def __init__(self, internal: DStream[Any]) -> None:
        super().__init__(internal._ssc, (internal,), lambda _time_ms, rdds: rdds[0].mapPartitions(mapped_records))
        self.internal = internal

    def checkpoint(self, interval: float) -> DStream[T]:
        """Checkpoint the states every `interval` seconds: idle keys time out then."""
        self.internal.checkpoint(interval)
        return self

    def stateSnapshots(self) -> DStream[Any]:
        """Every (key, state), every batch."""
        return self.internal.mapPartitions(snapshot)


class ForEachDStream(DStream[None]):
    """An output operation: calls `func(batch_time_ms, rdd)` on the driver for each batch."""

    def __init__(self, parent: DStream[Any], func: Callable[[int, RDD[Any]], None]) -> None:
        super().__init__(parent._ssc, (parent,), parent.slide_ms)
        self._func = func

    def compute(self, batch_time_ms: int) -> RDD[None] | None:
        return None

    def generate_job(self, batch_time_ms: int) -> StreamingJob | None:
        rdd = self.parents[0].get_or_compute(batch_time_ms)
        if rdd is None:
            return None
        return StreamingJob(batch_time_ms, lambda: self._func(batch_time_ms, rdd), self.call_site, self.input_ids())
