"""The first rows of the whole stream (Spark: StreamingGlobalLimitExec): a state says how many were given so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparksim.sql.chunks import Table
from sparksim.sql.plan.nodes import Limit
from sparksim.sql.streaming.operators.contract import Outcome, Times
from sparksim.sql.streaming.store.contract import StateStore


class LimitOperator:
    """A `Limit` in append mode. The limit of a complete result begins anew in each batch and needs no state."""

    name = "globalLimit"
    stores = ("default",)
    is_single = True

    def __init__(self, node: Limit) -> None:
        self._count = node.count

    def prepare(self, side: int, tables: Mapping[str, Table], now_ms: int) -> Table:
        """No more rows of one chunk than there may ever be."""
        return tables["this"].slice(0, self._count)

    def partition_keys(self, side: int) -> Sequence[int]:
        """None: all rows meet in one place."""
        return ()

    def process(self, inputs: Sequence[Table], stores: Mapping[str, StateStore], times: Times) -> Outcome:
        """Emit rows until there were enough."""
        [rows], store = inputs, stores["default"]
        given: int = store.get(()) or 0
        output = rows.slice(0, self._count - given)
        if output.num_rows:
            store.put((), given + output.num_rows)
        return Outcome(output, updated=1 if output.num_rows else 0)

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        """Never: time changes nothing."""
        return False

    def output_watermark_ms(self, watermark_ms: int) -> int | None:
        """As it went in."""
        return watermark_ms
