"""Windows: a batch that looks back over several (Spark: WindowedDStream, PythonReducedWindowedDStream).

A window that is computed anew costs as much as it is long. A reduced window with an inverse function takes the last
result, takes away what has left the window and adds what has come: its cost depends on the slide only. As all of these
are partitioned alike, one pass per partition does it (`SlidRDD`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from sparksim.core.closure import Closure
from sparksim.core.combine import combine_values
from sparksim.core.dependency import Aggregator, OneToOneDependency
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.core.task_context import TaskContext
from sparksim.streaming.rules import Past, Rule, Scene, union
from sparksim.streaming.times import to_ms

if TYPE_CHECKING:
    from sparksim.streaming.dstream import DStream

INCREMENTAL_FROM = 5
"""PySpark works incrementally only when the window is at least this many slides long (PythonReducedWindowedDStream)."""


def window_ms(parent: DStream[Any], windowDuration: float, slideDuration: float | None) -> tuple[int, int]:
    """Window and slide in ms. Raises unless both are multiples of the parent's slide."""
    length_ms = to_ms(windowDuration, "windowDuration")
    slide_ms = parent.slide_ms if slideDuration is None else to_ms(slideDuration, "slideDuration")
    for name, given_ms in (("windowDuration", length_ms), ("slideDuration", slide_ms)):
        if given_ms % parent.slide_ms:
            raise IllegalArgumentError(
                f"{name} must be multiple of the parent dstream's slide (batch) duration ({parent.slide_ms} ms): "
                f"{given_ms} ms is not"
            )
    return length_ms, slide_ms


class Window(Rule):
    """All records of the last `length_ms`: the union of the parent's RDDs."""

    parent_level = StorageLevel.MEMORY_ONLY

    def __init__(self, length_ms: int) -> None:
        self.length_ms = self.parents_remember_ms = length_ms

    def compute(self, stream: Past, parent: Past, batch_time_ms: int, scene: Scene) -> RDD[Any] | None:
        begin_ms = batch_time_ms - self.length_ms
        rdds = parent.slice_ms(begin_ms + parent.slide_ms, batch_time_ms)
        span = (begin_ms, batch_time_ms)
        scene._note_window(stream, parent, window=span, added=span, removed=(begin_ms, begin_ms))
        return union(scene.sparkContext, rdds) if rdds else scene.sparkContext.emptyRDD()


class ReducedWindow(Rule):
    """The parent's reduced pairs of the last `length_ms`, reduced again; `inverse` takes away what has left.

    Times belong to the window `(t - length, t]`. A key leaves only when `keep` says so: without a filter the keys that
    have no records any more stay, with whatever the inverse function has left of their value.
    """

    must_checkpoint = True
    level = parent_level = StorageLevel.MEMORY_ONLY

    def __init__(
        self,
        length_ms: int,
        reduce: Callable[[Any, Any], Any],
        inverse: Callable[[Any, Any], Any],
        partitions: int,
        keep: Callable[[Any], bool] | None,
    ) -> None:
        self.length_ms = self.parents_remember_ms = length_ms
        self.reduce = reduce
        self.inverse = inverse
        self.partitions = partitions
        self.keep = keep

    def compute(self, stream: Past, parent: Past, batch_time_ms: int, scene: Scene) -> RDD[Any] | None:
        sc, batch_ms, before_ms = scene.sparkContext, parent.slide_ms, batch_time_ms - stream.slide_ms
        begin_ms = batch_time_ms - self.length_ms
        span, nothing = (begin_ms, batch_time_ms), (begin_ms, begin_ms)
        last = stream.get_or_compute(before_ms)
        if last is None or self.length_ms < INCREMENTAL_FROM * stream.slide_ms:
            scene._note_window(stream, parent, window=span, added=span, removed=nothing)
            whole = parent.slice_ms(begin_ms + batch_ms, batch_time_ms)
            return self._kept(union(sc, whole).reduceByKey(self.reduce, self.partitions)) if whole else None
        left, come = (begin_ms - stream.slide_ms, begin_ms), (before_ms, batch_time_ms)
        scene._note_window(stream, parent, window=span, added=come, removed=left)
        old = parent.slice_ms(begin_ms - stream.slide_ms + batch_ms, begin_ms)
        new = parent.slice_ms(before_ms + batch_ms, batch_time_ms)
        if not (old or new):
            return last
        [last], old, new = ([rdd.partitionBy(self.partitions) for rdd in rdds] for rdds in ([last], old, new))
        slid = SlidRDD(last, old, new, self.reduce, self.inverse)
        return self._kept(slid) if new else slid  # PySpark asks the filter only when something has come

    def _kept(self, pairs: RDD[Any]) -> RDD[Any]:
        return pairs if self.keep is None else pairs.filter(self.keep)


class SlidRDD(RDD[Any]):
    """The last window without the pairs of `old` and with those of `new`; all RDDs are partitioned alike, keys unique.

    PySpark joins and unions to the same effect: the values that leave are reduced, then taken away once per key; those
    that come are reduced, then added. Keys keep their places, new ones come last.
    """

    runs_functions = True

    def __init__(
        self,
        last: RDD[Any],
        old: Sequence[RDD[Any]],
        new: Sequence[RDD[Any]],
        reduce: Callable[[Any, Any], Any],
        inverse: Callable[[Any, Any], Any],
    ) -> None:
        rdds = (last, *old, *new)
        for rdd in rdds:
            rdd.freeze()
        super().__init__(last.ctx, tuple(map(OneToOneDependency, rdds)), last.partitioner)
        self._partitions = last.getNumPartitions()
        self._old = len(old)
        self._closure = Closure((reduce, inverse))

    def getNumPartitions(self) -> int:
        return self._partitions

    def freeze(self) -> Closure:
        return self._closure

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        reduce, inverse = self._closure.load()
        last, *others = (dependency.rdd.iterator(index, task) for dependency in self._dependencies)
        pairs = dict(last)
        for key, gone in _reduced(reduce, others[: self._old]):
            if key in pairs and gone is not None:
                pairs[key] = inverse(pairs[key], gone)
        for key, come in _reduced(reduce, others[self._old :]):
            pairs[key] = reduce(pairs[key], come) if key in pairs else come
        return iter(pairs.items())


def _reduced(reduce: Callable[[Any, Any], Any], parts: list[Iterator[Any]]) -> Iterator[Any]:
    """The pairs of one or several reduced partitions, each key once."""
    if len(parts) == 1:
        return parts[0]
    return iter(combine_values(Aggregator(None, reduce, reduce), chain.from_iterable(parts)).items())
