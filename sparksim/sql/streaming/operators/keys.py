"""Keys of states, and rows on their way to the partition of their key (Spark: HashPartitioning).

A state's key is a tuple of plain values, so that it can be hashed, written and compared: times are whole microseconds,
a struct is a tuple, so a window is (start, end). NaN, which equals nothing, is the text `NaN`; there is one zero.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from math import isnan, nan
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.chunks import Table, arrow_type
from sparksim.sql.libraries import compute, pyarrow
from sparksim.sql.streaming.store.contract import Key

_NAN = "NaN"


def keys_of(chunk: Table, columns: Sequence[int]) -> list[Key]:
    """The key of each row: the values of these columns."""
    if not columns:
        return [()] * chunk.num_rows
    return list(zip(*(values_of(chunk.column(at)) for at in columns), strict=True))


def values_of(column: Any) -> list[Any]:
    """A column of Arrow as plain values, which `column_of` turns back."""
    pa = pyarrow()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_timestamp(kind):
        return list(column.cast(pa.int64()).to_pylist())
    if pa.types.is_struct(kind):
        rows = zip(*(values_of(part) for part in column.flatten()), strict=True)
        return [row if there else None for row, there in zip(rows, column.is_valid().to_pylist(), strict=True)]
    if pa.types.is_list(kind):
        values, ends, at = values_of(column.flatten()), column.value_lengths().to_pylist(), 0
        lists: list[Any] = []
        for length in ends:
            lists.append(None if length is None else tuple(values[at : at + length]))
            at += length or 0
        return lists
    if pa.types.is_floating(kind):
        return [value if value is None else _NAN if isnan(value) else value + 0.0 for value in column.to_pylist()]
    return list(column.to_pylist())


def column_of(values: Sequence[Any], data_type: t.DataType) -> Any:
    """A column of Arrow from what `values_of` gave."""
    pa = pyarrow()
    if isinstance(data_type, t.StructType):
        parts = [
            column_of([None if value is None else value[at] for value in values], field.dataType)
            for at, field in enumerate(data_type)
        ]
        missing = pa.array([value is None for value in values], pa.bool_())
        return pa.StructArray.from_arrays(parts, fields=list(arrow_type(data_type)), mask=missing)
    if isinstance(data_type, t.ArrayType):
        inner = column_of([item for value in values if value is not None for item in value], data_type.elementType)
        offsets: list[int | None] = []
        at = 0
        for value in values:
            offsets.append(None if value is None else at)
            at += len(value or ())
        return pa.ListArray.from_arrays(pa.array([*offsets, at], pa.int32()), inner)
    if isinstance(data_type, t.DoubleType | t.FloatType):
        values = [nan if value == _NAN else value for value in values]
    return pa.array(values, arrow_type(data_type))


def table_of(rows: Sequence[Sequence[Any]], types: Sequence[t.DataType]) -> Table:
    """A chunk of rows of plain values."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    arrays = [column_of(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pyarrow().table(arrays, names=[f"c{at}" for at in range(len(arrays))])


def event_us(value: Any) -> int | None:
    """The event time of a key's value in microseconds: a timestamp, or the end of a window."""
    end: int | None = value[1] if isinstance(value, tuple) else value
    return end


def event_column(column: Any) -> Any:
    """The event times of a column of timestamps or windows, in microseconds."""
    pa = pyarrow()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return (column.flatten()[1] if pa.types.is_struct(column.type) else column).cast(pa.int64())


def split_late(chunk: Table, column: int | None, late_ms: int) -> tuple[Table, Table]:
    """The rows that are on time, and those whose event time is at or before the watermark. A null is never late."""
    if column is None or not chunk.num_rows:
        return chunk, chunk.slice(0, 0)
    pc = compute()
    is_late = pc.fill_null(pc.less_equal(event_column(chunk.column(column)), late_ms * 1000), False)
    if not pc.any(is_late).as_py():
        return chunk, chunk.slice(0, 0)
    return chunk.filter(pc.invert(is_late)), chunk.filter(is_late)


def partition_of(key: Key, count: int) -> int:
    """Which of `count` partitions a key belongs to: the same in every process and on every machine."""
    return zlib.crc32(ascii(key).encode()) % count


def split_by_key(chunk: Table, columns: Sequence[int], count: int) -> list[Table]:
    """A chunk's rows by the partition of their key, in their order. Each different key is hashed once."""
    if count == 1 or not columns or not chunk.num_rows:
        return [chunk, *[chunk.slice(0, 0)] * (count - 1)]
    pa, pc = pyarrow(), compute()
    codes = _codes(chunk, columns).dictionary_encode()
    rows = pa.table({"code": codes.indices, "row": pa.array(range(chunk.num_rows), pa.int64())})
    firsts = rows.group_by("code").aggregate([("row", "min")]).sort_by("code")
    keys = keys_of(chunk.take(firsts["row_min"]), columns)
    partitions = pa.array([partition_of(key, count) for key in keys], pa.int32()).take(codes.indices)
    return [chunk.filter(pc.equal(partitions, number)) for number in range(count)]


def _codes(chunk: Table, columns: Sequence[int]) -> Any:
    """A number for each row: rows with the same one have the same key."""
    pa, pc = pyarrow(), compute()
    codes = pa.array([0] * chunk.num_rows, pa.int64())
    for leaf in (leaf for at in columns for leaf in _leaves(chunk.column(at).combine_chunks())):
        encoded = leaf.dictionary_encode(null_encoding="encode")
        codes = pc.add(pc.multiply(codes, len(encoded.dictionary)), encoded.indices.cast(pa.int64()))
        codes = codes.dictionary_encode().indices.cast(pa.int64())
    return codes


def _leaves(column: Any) -> list[Any]:
    pa = pyarrow()
    if pa.types.is_struct(column.type):
        parts = [leaf for part in column.flatten() for leaf in _leaves(part)]
        return [column.is_valid(), *parts]
    if pa.types.is_nested(column.type):
        return [pa.array([ascii(value) for value in values_of(column)])]
    return [column]
