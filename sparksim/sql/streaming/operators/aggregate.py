"""GROUP BY over a stream (Spark: StateStoreRestoreExec and StateStoreSaveExec): a key's state is its buffers. A batch
touches the keys of its rows; the output mode says what is emitted and what is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparksim.sql.chunks import Table
from sparksim.sql.libraries import pyarrow
from sparksim.sql.plan.nodes import Aggregate, Tree
from sparksim.sql.streaming.operators.aggregate_statements import AggregateStatements, Values
from sparksim.sql.streaming.operators.contract import Outcome, Times
from sparksim.sql.streaming.operators.keys import event_us, split_late
from sparksim.sql.streaming.store.contract import Key, StateStore


class AggregateOperator:
    """An `Aggregate` in one output mode. Raises `AnalysisException` for functions that no stream supports."""

    name = "stateStoreSave"
    stores = ("default",)

    def __init__(self, node: Aggregate, mode: str, keys: Sequence[Tree] | None = None) -> None:
        """`keys`: the node's keys as DuckDB can evaluate them, where it cannot as they are."""
        self.is_single = not node.keys
        self._mode = mode
        marked = (at for at, mark in enumerate(node.key_times) if mark is not None)
        self._time = None if mode == "complete" else next(marked, None)
        """The key by whose time groups are late and go; nothing is or does in a complete result."""
        self._statements = AggregateStatements(node, node.keys if keys is None else keys)

    def prepare(self, side: int, tables: Mapping[str, Table], now_ms: int) -> Table:
        """One row per group of the chunk: its key and partial values."""
        return self._statements.partial(tables, now_ms)

    def partition_keys(self, side: int) -> Sequence[int]:
        """The columns of the key."""
        return range(self._statements.key_count)

    def process(self, inputs: Sequence[Table], stores: Mapping[str, StateStore], times: Times) -> Outcome:
        """Merge, then emit by mode: touched keys, evicted ones, or all."""
        statements, store = self._statements, stores["default"]
        groups, late = split_late(inputs[0], self._time, times.late_ms)
        touched = self._merged(groups, store)
        changes = statements.groups(touched)
        for key, values in changes:
            store.put(key, values, None if self._time is None else event_us(key[self._time]))
        evicted = [] if self._time is None else _taken(store, times)
        if self._mode == "complete":
            touched = statements.table(store.items())
        elif self._mode == "append":
            touched = statements.table(evicted)
        return Outcome(
            statements.result(touched, times.batch_ms),
            updated=len(changes),
            removed=len(evicted),
            dropped=late.num_rows,
            late=[late.select(range(statements.key_count))] if late.num_rows else [],
        )

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        """Whenever the watermark moved, even if no key carries it: as Spark asks."""
        return self._mode != "complete" and watermark_ms > evicted_ms

    def output_watermark_ms(self, watermark_ms: int) -> int | None:
        """As it went in."""
        return watermark_ms

    def _merged(self, groups: Table, store: StateStore) -> Table:
        keys = dict.fromkeys(self._statements.keys(groups) if not self.is_single else [()])
        stored = [(key, values) for key in keys if (values := store.get(key)) is not None]
        tables = [self._statements.table(stored), groups] if stored else [groups]
        return self._statements.merged(pyarrow().concat_tables(tables))


def _taken(store: StateStore, times: Times) -> list[tuple[Key, Values]]:
    """The groups that no row can change any more; they are removed."""
    evicted = [(key, store.get(key)) for key in store.expired(times.evict_ms * 1000)]
    for key, _ in evicted:
        store.remove(key)
    return evicted
