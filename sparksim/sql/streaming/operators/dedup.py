"""The first row of each key over the whole stream (Spark: StreamingDeduplicateExec and its -WithinWatermarkExec).

A state says no more than that its key was seen. It is forgotten when no row of the key can come any more, because the
key holds the event time; or, within the watermark, when the first row's time and delay have passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparksim.sql.chunks import Table
from sparksim.sql.libraries import pyarrow
from sparksim.sql.plan.nodes import Deduplicate
from sparksim.sql.streaming.operators.contract import Outcome, Times
from sparksim.sql.streaming.operators.keys import event_column, keys_of, split_late
from sparksim.sql.streaming.store.contract import StateStore


class DedupOperator:
    """A `Deduplicate`: `dropDuplicates`, `distinct`, `dropDuplicatesWithinWatermark`."""

    stores = ("default",)

    def __init__(self, node: Deduplicate) -> None:
        self.name = "dedupeWithinWatermark" if node.within else "dedupe"
        self.is_single = not node.columns
        self._columns = node.columns
        self._time = node.child.event_time
        mark = None if self._time is None else node.child.event_times[self._time]
        self._delay_us = mark.delay_ms * 1000 if mark is not None and node.within else None

    def prepare(self, side: int, tables: Mapping[str, Table], now_ms: int) -> Table:
        """The rows as they are: each late one counts."""
        return tables["this"]

    def partition_keys(self, side: int) -> Sequence[int]:
        """The columns that make rows duplicates."""
        return self._columns

    def process(self, inputs: Sequence[Table], stores: Mapping[str, StateStore], times: Times) -> Outcome:
        """Emit the rows whose key is new."""
        store = stores["default"]
        rows, late = split_late(inputs[0], self._time, times.late_ms)
        firsts: dict[object, int] = {}
        for row, key in enumerate(keys_of(rows, self._columns)):
            firsts.setdefault(key, row)
        new = {key: row for key, row in firsts.items() if store.get(key) is None}
        output = rows.take(pyarrow().array(new.values(), "int64"))
        for key, expires_us in zip(new, self._expiries(output), strict=True):
            store.put(key, True, expires_us)
        evicted = store.expired(times.evict_ms * 1000)
        for key in evicted:
            store.remove(key)
        return Outcome(
            output,
            updated=len(new),
            removed=len(evicted),
            dropped=late.num_rows,
            late=[late] if late.num_rows else [],
        )

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        """Whenever the watermark moved."""
        return watermark_ms > evicted_ms

    def output_watermark_ms(self, watermark_ms: int) -> int | None:
        """As it went in."""
        return watermark_ms

    def _expiries(self, rows: Table) -> Sequence[int | None]:
        """When each row's key is to be forgotten, in microseconds; a null time counts as 0 within the watermark."""
        if self._time is None or (self._delay_us is None and self._time not in self._columns):
            return [None] * rows.num_rows
        times: list[int | None] = event_column(rows.column(self._time)).to_pylist()
        delay_us = self._delay_us
        return times if delay_us is None else [(time or 0) + delay_us for time in times]
