"""A user's function per key with a state of its own (Spark: FlatMapGroupsWithStateExec, ...InPandasWithStateExec).

In a batch each key with data is called once, in the order of keys; then each key whose timeout has passed, with
nothing. A key's timeout is cleared before its call, so a function that wants another one says so each time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparksim.sql.chunks import chunk_of, empty_chunk, joined_chunks, rows_of
from sparksim.sql.libraries import pyarrow
from sparksim.sql.plan.nodes import GroupState as GroupStateNode
from sparksim.sql.streaming.operators.contract import Outcome, Table, Times
from sparksim.sql.streaming.operators.keys import keys_of, split_late, table_of
from sparksim.sql.streaming.operators.pandas_frames import chunk_of_frames, frame_of
from sparksim.sql.streaming.state import GroupState, GroupStateTimeout
from sparksim.sql.streaming.store.contract import Key, StateStore
from sparksim.sql.types import StructType
from sparksim.sql.verify import verify


@dataclass
class _Batch:
    """The states of a partition in a batch, and what was done to them."""

    store: StateStore
    times: Times
    updated: int = 0
    removed: int = 0

    def keep(self, key: Key, state: GroupState, old_timeout_ms: int | None) -> None:
        """Store what a call left: nothing changes where it changed neither value nor timeout."""
        timeout_ms = state._timeout_ms
        if state._is_removed and timeout_ms is None:
            self.removed += self.store.get(key) is not None
            self.store.remove(key)
        elif state._is_updated or state._is_removed or timeout_ms != old_timeout_ms:
            expires_us = None if timeout_ms is None else timeout_ms * 1000
            self.store.put(key, (state.getOption, timeout_ms), expires_us)
            self.updated += 1


class GroupStateOperator:
    """Made of a `GroupState` node. A state is (value or None, timeout in ms or None).

    Options of the node, for functions on rows: `scalar_key` gives the only key as such, not as a tuple; `values` is how
    many columns the function sees, the first ones (by default all).
    """

    stores = ("default",)
    is_single = False

    def __init__(self, node: GroupStateNode) -> None:
        self.name = "applyInPandasWithState" if node.form == "pandas" else "flatMapGroupsWithState"
        self._func, self._form, self._is_map = node.func, node.form, node.is_map
        self._schema, self._input = node.schema, node.child.schema
        self._keys, self._time = node.keys, node.child.event_time
        self._state_schema, self._timeout = node.state_schema, node.timeout
        self._scalar_key = bool(node.options.get("scalar_key"))
        self._values = int(node.options.get("values", len(node.child.schema)))

    def prepare(self, side: int, tables: Mapping[str, Table], now_ms: int) -> Table:
        """The rows as they are."""
        [chunk] = tables.values()
        return chunk.rename_columns([f"c{at}" for at in range(chunk.num_columns)])

    def partition_keys(self, side: int) -> Sequence[int]:
        """The columns that the user grouped by."""
        return self._keys

    def process(self, inputs: Sequence[Table], stores: Mapping[str, StateStore], times: Times) -> Outcome:
        """One partition, one batch: call the function for keys with data, then for those that have timed out."""
        [chunk], [store] = inputs, stores.values()
        by_event_time = self._timeout == GroupStateTimeout.EventTimeTimeout
        kept, late = split_late(chunk, self._time if by_event_time else None, times.late_ms)
        batch = _Batch(store, times)
        results = self._called(list(self._groups(kept)), False, batch)
        results += self._called([(key, None) for key in self._timed_out(batch)], True, batch)
        return Outcome(
            self._output(results), batch.updated, batch.removed, late.num_rows, [late] if late.num_rows else []
        )

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        """By processing time always, by event time when the watermark has moved."""
        if self._timeout == GroupStateTimeout.EventTimeTimeout:
            return watermark_ms > evicted_ms
        return self._timeout == GroupStateTimeout.ProcessingTimeTimeout

    def output_watermark_ms(self, watermark_ms: int) -> None:
        """None: a function may give rows of any time."""

    def _groups(self, chunk: Table) -> Iterator[tuple[Key, Any]]:
        """Each key and its data, a frame or rows, in the order of keys."""
        places: dict[Key, list[int]] = {}
        for at, key in enumerate(keys_of(chunk, self._keys)):
            places.setdefault(key, []).append(at)
        shown = StructType(self._input.fields[: self._values])
        rows = rows_of(chunk.select(list(range(self._values))), shown) if self._form == "python" else None
        for key in sorted(places, key=_rank):
            if rows is None:
                yield key, frame_of(chunk.take(pyarrow().array(places[key])), self._input)
            else:
                yield key, [rows[at] for at in places[key]]

    def _timed_out(self, batch: _Batch) -> list[Key]:
        """The keys whose timeout lies before the present; one that is the present itself has not passed."""
        if self._timeout == GroupStateTimeout.NoTimeout:
            return []
        by_event_time = self._timeout == GroupStateTimeout.EventTimeTimeout
        now_ms = batch.times.evict_ms if by_event_time else batch.times.batch_ms
        return batch.store.expired(now_ms * 1000 - 1)

    def _called(self, groups: Sequence[tuple[Key, Any]], has_timed_out: bool, batch: _Batch) -> list[Any]:
        """Call the function for each key with its data; None is no data."""
        types = StructType([self._input.fields[at] for at in self._keys])
        shown = rows_of(table_of([key for key, _ in groups], [field.dataType for field in types]), types)
        results = []
        for (key, data), values in zip(groups, shown, strict=True):
            value, timeout_ms = batch.store.get(key) or (None, None)
            state = GroupState(
                copy.deepcopy(value),  # what is stored stays as it is until it is put
                batch_ms=batch.times.batch_ms,
                watermark_ms=None if self._time is None else batch.times.evict_ms,
                timeout=self._timeout,
                has_timed_out=has_timed_out,
                schema=self._state_schema,
            )
            results += self._results(tuple(values), data, state)
            batch.keep(key, state, timeout_ms)
        return results

    def _results(self, key: tuple[Any, ...], data: Any, state: GroupState) -> list[Any]:
        """What the function gives, all of it: only then is its state what it shall be."""
        if self._form == "pandas":
            frame = frame_of(empty_chunk(self._input), self._input) if data is None else data
            return list(self._func(key, iter([frame]), state))
        result = self._func(key[0] if self._scalar_key else key, iter(data or ()), state)
        return [result] if self._is_map else list(result)

    def _output(self, results: Iterable[Any]) -> Table:
        if self._form == "pandas":
            return joined_chunks(chunk_of_frames(results, self._schema), self._schema)
        rows = list(results)
        for row in rows:
            verify(row, self._schema, nullable=False)
        return chunk_of(rows, self._schema)


def _rank(value: Any) -> tuple[Any, ...]:
    """Puts keys in order: nulls first, the text for NaN behind all numbers."""
    if isinstance(value, tuple):
        return (1, tuple(map(_rank, value)))
    return (0,) if value is None else (2 if isinstance(value, str) else 1, value)
