"""How a stream that looks back in time computes its RDDs: a rule is a value, and knows no stream class.

`RuledDStream` (in `dstream.py`) asks its rule. Windows and state are rules; what they remember, they remember in the
RDDs of the stream itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sparksim.core.context import SparkContext
from sparksim.core.nodes import union as unite
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel

if TYPE_CHECKING:
    from datetime import datetime


class Past(Protocol):
    """What a rule may ask of a stream: its own, or its parent."""

    slide_ms: int
    zero_ms: int | None
    name: str

    def get_or_compute(self, batch_time_ms: int) -> RDD[Any] | None:
        """The RDD of that time, or None."""

    def slice_ms(self, begin_ms: int, end_ms: int) -> list[RDD[Any]]:
        """The RDDs from `begin_ms` to `end_ms`, both included."""


class Rule:
    """One way to compute. `must_checkpoint`: the lineage would grow for ever without data checkpoints."""

    must_checkpoint = False
    parents_remember_ms = 0
    """How much longer than the stream itself its parents have to remember."""

    level: StorageLevel | None = None
    """How the stream keeps its RDDs; None: it keeps none, and `persist` goes to the parent."""

    parent_level: StorageLevel | None = None
    """How the parent keeps its RDDs because of this stream, unless it was told otherwise; None: as it does."""

    def checkpoint_ms(self, slide_ms: int) -> int | None:
        """This rule's own default checkpoint interval; None for the general one."""
        return None

    def compute(self, stream: Past, parent: Past, batch_time_ms: int, scene: Scene) -> RDD[Any] | None:
        """The RDD of `batch_time_ms`, or None."""
        raise NotImplementedError


class Scene(Protocol):
    """The surroundings a rule computes in."""

    @property
    def sparkContext(self) -> SparkContext:
        """Where RDDs are made."""

    def _datetime(self, time_ms: int) -> datetime:
        """A batch time as user functions see it."""

    def _note_window(
        self, stream: Past, parent: Past, window: tuple[int, int], added: tuple[int, int], removed: tuple[int, int]
    ) -> None:
        """Put on record of which batches a window is made. Spans `(begin, end]` of times, in ms."""


def union(sc: SparkContext, rdds: Sequence[RDD[Any]]) -> RDD[Any]:
    """All records of some RDDs, partitioned as these are if they are all partitioned alike (Spark: SparkContext.union).

    The union of one RDD is another RDD: what becomes of the union when it is forgotten must not happen to its parent.
    """
    return unite(sc, list(rdds))
