"""What a stateful operator is to the engine: two functions on Arrow tables, and states between the batches.

A batch runs `prepare` where the rows are, moves them to the partition of their key, and runs `process` there once per
partition of states, also when no rows came. Operators are values that travel to the tasks: they can be pickled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sparksim.sql.streaming.store.contract import StateStore

Table = Any
"""A `pyarrow.Table` with columns `c0`, `c1`, ...; pyarrow is loaded at its first use."""


@dataclass(frozen=True)
class Times:
    """The watermarks of one operator in one batch. All 0 in the first batch.

    An input row is late iff its event time e (a window's end) satisfies `e <= late_ms`; a state goes iff
    `e <= evict_ms`; both compared in microseconds.
    """

    late_ms: int
    evict_ms: int
    batch_ms: int
    """The batch's timestamp: what current_timestamp() is."""


@dataclass(frozen=True)
class Outcome:
    """What a partition gave: `output` in the columns of the operator's schema; `late` the rows (or groups) dropped.

    `updated`: puts; `removed`: states that went. `late` has the columns of the operator's input, or of its keys where
    groups were dropped; `dropped` is how many by Spark's way of counting. `total`: how many states there are now, None
    where that is the number of keys in the stores.
    """

    output: Table
    updated: int = 0
    removed: int = 0
    dropped: int = 0
    late: Sequence[Table] = field(default_factory=tuple)
    total: int | None = None


class StatefulOperator(Protocol):
    """Made of one node of the plan, for one output mode. Holds no state itself."""

    @property
    def name(self) -> str:
        """As progress reports name it: stateStoreSave, dedupe, symmetricHashJoin, ..."""

    @property
    def stores(self) -> tuple[str, ...]:
        """The names of its stores in a partition: ("default",), or four for a join."""

    @property
    def is_single(self) -> bool:
        """Whether all rows belong to one partition (no keys)."""

    def prepare(self, side: int, tables: Mapping[str, Table], now_ms: int) -> Table:
        """On the map side: what is sent of one chunk of input `side` (0, or 1 for the right side of a join).

        `tables` is the chunk under the names of the node's FROM (and static tables in it), for a node without FROM
        under `this`.
        """

    def partition_keys(self, side: int) -> Sequence[int]:
        """By which columns of what `prepare` gives rows are moved."""

    def process(self, inputs: Sequence[Table], stores: Mapping[str, StateStore], times: Times) -> Outcome:
        """One partition, one batch; `inputs` has one table per side. All states are put into `stores`."""

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        """Whether a batch without data is wanted, now that the input watermark has gone from one to the other."""

    def output_watermark_ms(self, watermark_ms: int) -> int | None:
        """The watermark of what comes out when this one goes in; None for none (Spark: WatermarkPropagator)."""
