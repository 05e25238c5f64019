"""Batches of a plan without the engine that fires triggers: what each gives, as tuples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparksim.sql import DataFrame
from sparksim.sql.chunks import rows_of
from sparksim.sql.plan.nodes import Plan, Scan
from sparksim.sql.streaming.operators.contract import Times
from sparksim.sql.streaming.physical import PhysicalPlan
from sparksim.sql.streaming.request import BatchInput
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.streaming.source import SourceContext


class Batches:
    """A run of `frame`'s plan whose states are in `path`. Its first batch has the number `first`."""

    def __init__(
        self, frame: DataFrame, mode: str, path: Any, partitions: int = 2, run: str = "run-1", first: int = 0
    ) -> None:
        session = frame.sparkSession
        self._sources = {
            scan: scan.create(SourceContext(session, f"{path}/sources/{at}"))
            for at, scan in enumerate(_scans(frame._plan))
        }
        self.physical = PhysicalPlan(session, frame._plan, mode, self._sources, str(path), partitions, run)
        self._schema = frame.schema
        self._ends: dict[Scan, Any] = {}
        self._id = first

    def next(self, late_ms: int = 0, evict_ms: int = 0, batch_ms: int = 0) -> BatchRows:
        """The next batch, with all that is new in its sources."""
        ranges: dict[Scan, tuple[Any, Any] | None] = {}
        for scan, source in self._sources.items():
            start = self._ends.get(scan)
            end = source.latest_offset(start)
            ranges[scan] = None if end is None or end == start else (start, end)
            self._ends[scan] = end
        times = {each.number: Times(late_ms, evict_ms, batch_ms) for each in self.physical.operators}
        self._id += 1
        return self.physical.rows(BatchInput(self._id - 1, batch_ms, ranges, times))

    def rows(self, late_ms: int = 0, evict_ms: int = 0) -> list[tuple[Any, ...]]:
        """What the next batch gives, sorted."""
        return self.given(self.next(late_ms, evict_ms))

    def given(self, batch: BatchRows) -> list[tuple[Any, ...]]:
        """Compute a batch."""
        rows = [row for chunk in batch.tables.collect() for row in rows_of(chunk, self._schema)]
        return sorted((tuple(row) for row in rows), key=repr)


def _scans(plan: Plan) -> Iterator[Scan]:
    if isinstance(plan, Scan):
        yield plan
    for child in plan.children:
        yield from _scans(child)
