"""The three statements of a GROUP BY that goes on from batch to batch: partial values of a chunk, partial and stored
values merged, and what is selected of merged ones (Spark: the Partial, PartialMerge and Final modes of AggUtils).

Between them groups are chunks: first the columns of the key, then those of the buffers. A grouping set adds a column to
the key that says which keys were rolled up, so that these differ from null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.chunks import Statement, Table, column_types, empty_chunk, evaluate
from sparksim.sql.duck_types import duckdb_type
from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Aggregate, Tree
from sparksim.sql.streaming.operators.aggregate_functions import Buffers
from sparksim.sql.streaming.operators.keys import keys_of, table_of
from sparksim.sql.streaming.store.contract import Key
from sparksim.sql.types import StructField, StructType

Values = tuple[Any, ...]
"""The buffers of one group."""


class AggregateStatements:
    """Made of a node; `keys` are its keys as DuckDB can evaluate them. Raises `AnalysisException`."""

    def __init__(self, node: Aggregate, keys: Sequence[Tree]) -> None:
        buffers = Buffers()
        results = [_over_groups(column, node, buffers) for column in node.columns]
        having = None if node.having is None else _over_groups(node.having, node, buffers)
        schemas = {name: _view_schema(view) for name, view in node.source.tables.items()}
        columns = [*keys, *_grouping_ids(node, keys)]
        self.key_count = len(columns)
        self.types = column_types(_partial(node, keys, [*columns, *buffers.partials]), schemas)
        columns = [_with_one_zero(key, kind) for key, kind in zip(columns, self.types, strict=False)]
        self._partial = Statement(_partial(node, keys, [*columns, *buffers.partials]), _schema(self.types))
        self._merge = self._merge_text(buffers.merges)
        self._names = [f"k{at}" for at in range(self.key_count)] + [f"b{at}" for at in range(len(buffers.merges))]
        self._schema = node.schema
        self._result = Statement(_result(results, having), node.schema)

    def partial(self, tables: Mapping[str, Table], now_ms: int) -> Table:
        """The groups of a chunk."""
        return self._partial.run(tables, now_ms)

    def merged(self, groups: Table) -> Table:
        """Groups of one key as one; without keys there is one group, also of no rows."""
        if self.key_count and not groups.num_rows:
            return groups
        return evaluate(self._merge, {"groups": groups})

    def result(self, groups: Table, now_ms: int) -> Table:
        """What is selected of merged groups."""
        if not groups.num_rows:
            return empty_chunk(self._schema)
        return self._result.run({"groups": groups.rename_columns(self._names)}, now_ms)

    def table(self, groups: Iterable[tuple[Key, Values]]) -> Table:
        """Groups as a chunk."""
        return table_of([(*key, *values) for key, values in groups], self.types)

    def keys(self, groups: Table) -> list[Key]:
        """The key of each group of a chunk."""
        return keys_of(groups, range(self.key_count))

    def groups(self, groups: Table) -> list[tuple[Key, Values]]:
        """The groups of a chunk as plain values."""
        values = keys_of(groups, range(self.key_count, len(self.types)))
        return list(zip(self.keys(groups), values, strict=True))

    def _merge_text(self, merges: Sequence[str]) -> str:
        keys = [f"c{at}" for at in range(self.key_count)]
        places = {f"b{at}": f"c{self.key_count + at}" for at in range(len(merges))}
        kinds = self.types[self.key_count :]
        values = [
            f"CAST({text.format_map(places)} AS {duckdb_type(kind)}) AS c{self.key_count + at}"
            for at, (text, kind) in enumerate(zip(merges, kinds, strict=True))
        ]
        grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
        return f"SELECT {', '.join([*keys, *values])} FROM groups{grouped}"


def _over_groups(tree: Tree, node: Aggregate, buffers: Buffers) -> Tree:
    """An expression over keys and aggregates as one over `k0`, `k1`, ... and `b0`, `b1`, ..."""
    exp = sqlglot().exp

    def replaced(part: Tree) -> Tree:
        for at, key in enumerate(node.keys):
            if _same(part, key):
                return exp.column(f"k{at}")
            if _is_field(part, key):
                return exp.Dot(this=exp.column(f"k{at}"), expression=part.this.copy())
        if isinstance(part, exp.Grouping | exp.GroupingId):
            return _grouping(part, node)
        result = buffers.result_of(part)
        return part if result is None else result

    return tree.copy().transform(replaced)


def _same(part: Tree, key: Tree) -> bool:
    """Whether a part of an expression is a key, written with the name of its table or without."""
    exp = sqlglot().exp
    if isinstance(part, exp.Column) and isinstance(key, exp.Column):
        return _is_name(_names(part), _names(key))
    return type(part) is type(key) and bool(_without_case(part) == _without_case(key))


def _is_field(part: Tree, key: Tree) -> bool:
    """Whether a part is a field of a key: `window.start`."""
    exp = sqlglot().exp
    if not isinstance(part, exp.Column) or not isinstance(key, exp.Column):
        return False
    *owner, _ = _names(part)
    return bool(owner) and _is_name(owner, _names(key))


def _is_name(names: list[str], others: list[str]) -> bool:
    length = min(len(names), len(others))
    return names[-length:] == others[-length:]


def _names(column: Tree) -> list[str]:
    return [part.name.lower() for part in column.parts]


def _without_case(tree: Tree) -> Tree:
    exp = sqlglot().exp
    return tree.copy().transform(
        lambda part: exp.to_identifier(part.name.lower(), quoted=True) if isinstance(part, exp.Identifier) else part
    )


def _grouping(call: Tree, node: Aggregate) -> Tree:
    """`grouping(key)` or `grouping_id(keys...)` out of the column that says which keys were rolled up."""
    exp = sqlglot().exp
    width = len(node.keys)
    bits = f"k{width}"
    if isinstance(call, exp.GroupingId) and not call.expressions:
        return exp.column(bits)
    numbers = [next(at for at, key in enumerate(node.keys) if _same(part, key)) for part in call.expressions]
    terms = [
        f"(({bits} DIV {1 << (width - 1 - number)}) % 2) * {1 << (len(numbers) - 1 - at)}"
        for at, number in enumerate(numbers)
    ]
    return exp.Paren(this=sqlglot().parse_one(" + ".join(terms), read="spark"))


def _grouping_ids(node: Aggregate, keys: Sequence[Tree]) -> list[Tree]:
    if node.sets is None:
        return []
    exp = sqlglot().exp
    return [exp.Cast(this=exp.Grouping(expressions=[key.copy() for key in keys]), to=exp.DataType.build("bigint"))]


def _partial(node: Aggregate, keys: Sequence[Tree], columns: Sequence[Tree]) -> Tree:
    exp = sqlglot().exp
    select = node.source.select.copy()
    select.set("expressions", [exp.alias_(column.copy(), f"c{at}") for at, column in enumerate(columns)])
    if node.sets is None:
        return select.group_by(*(exp.Literal.number(at + 1) for at in range(len(keys)))) if keys else select
    different = dict.fromkeys(tuple(sorted(set(numbers))) for numbers in node.sets)
    sets = [exp.Tuple(expressions=[keys[at].copy() for at in numbers]) for numbers in different]
    select.set("group", exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)]))
    # The set without keys would have a group of no rows; rows are what Spark expands into sets.
    return select.having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0)))


def _with_one_zero(key: Tree, kind: t.DataType) -> Tree:
    """-0.0 and 0.0 are one key."""
    exp = sqlglot().exp
    if not isinstance(kind, t.DoubleType | t.FloatType):
        return key
    zero = exp.Literal.number(0)
    return exp.Case(ifs=[exp.If(this=exp.EQ(this=exp.Paren(this=key.copy()), expression=zero), true=zero)], default=key)


def _result(columns: Sequence[Tree], having: Tree | None) -> Tree:
    exp = sqlglot().exp
    select = exp.select(*columns).from_("groups")
    return select if having is None else select.where(having)


def _view_schema(view: Any) -> StructType:
    return StructType([view.plan.schema[at] for at in view.columns])


def _schema(kinds: Sequence[t.DataType]) -> StructType:
    return StructType([StructField(f"c{at}", kind) for at, kind in enumerate(kinds)])
