"""Windows: a batch that looks back over several (Spark: WindowedDStream, PythonReducedWindowedDStream).

A window that is computed anew costs as much as it is long. A reduced window with an inverse function takes the last
result, takes away what has left the window and adds what has come: its cost depends on the slide only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
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
        rdds = parent.slice_ms(batch_time_ms - self.length_ms + parent.slide_ms, batch_time_ms)
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
        batch_ms, before_ms = parent.slide_ms, batch_time_ms - stream.slide_ms
        last = stream.get_or_compute(before_ms)
        if last is None or self.length_ms < INCREMENTAL_FROM * stream.slide_ms:
            new = parent.slice_ms(batch_time_ms - self.length_ms + batch_ms, batch_time_ms)
            return self._add(None, union(scene.sparkContext, new)) if new else None
        begin_ms = batch_time_ms - self.length_ms
        old = parent.slice_ms(begin_ms - stream.slide_ms + batch_ms, begin_ms)
        if old:
            last = self._take_away(last, union(scene.sparkContext, old))
        new = parent.slice_ms(before_ms + batch_ms, batch_time_ms)
        return self._add(last, union(scene.sparkContext, new)) if new else last

    def _add(self, base: RDD[Any] | None, new: RDD[Any]) -> RDD[Any]:
        added = new.reduceByKey(self.reduce, self.partitions)
        if base is not None:
            added = base.union(added).reduceByKey(self.reduce, self.partitions)
        return added if self.keep is None else added.filter(self.keep)

    def _take_away(self, base: RDD[Any], old: RDD[Any]) -> RDD[Any]:
        inverse, gone = self.inverse, old.reduceByKey(self.reduce, self.partitions)
        joined = base.leftOuterJoin(gone, self.partitions)
        return joined.mapValues(lambda both: both[0] if both[1] is None else inverse(both[0], both[1]))
