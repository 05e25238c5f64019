"""Two streams joined: a symmetric hash join with states (Spark: StreamingSymmetricHashJoinExec).

Each side remembers its rows by the equal keys of the condition. A batch's rows find their partners among the
remembered rows of their keys and among each other, so each pair comes out once; DuckDB does the finding. What cannot
find a partner any more, because the watermark has passed, is forgotten, and an outer join then writes it beside nulls.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.chunks import Statement, evaluate, joined_chunks
from sparksim.sql.duck_types import spark_type
from sparksim.sql.libraries import duckdb, pyarrow, sqlglot
from sparksim.sql.plan.nodes import StreamJoin
from sparksim.sql.streaming.operators.contract import Outcome, Table, Times
from sparksim.sql.streaming.operators.join_condition import (
    LEFT,
    RIGHT,
    SIDES,
    Condition,
    EquiKey,
    side_schema,
    side_time,
    split,
    state_offsets,
    time_key,
)
from sparksim.sql.streaming.operators.join_state import SideState, Stored, store_names
from sparksim.sql.streaming.operators.keys import event_column, event_us, keys_of, split_late, table_of, values_of
from sparksim.sql.streaming.store.contract import Key, StateStore
from sparksim.sql.translation import in_duckdb
from sparksim.sql.types import StructField, StructType
from sparksim.sql.utils import AnalysisException

Tree = Any
_PRESERVED = {
    "inner": (False, False),
    "left": (True, False),
    "right": (False, True),
    "full": (True, True),
    "semi": (False, False),
}
_NAMES = ("left", "right")
_EPOCH = datetime.datetime(1970, 1, 1)


@dataclass(frozen=True)
class _Side:
    """What is fixed about a side.

    `prepare` gives a chunk of its keys, whether its own conditions hold, and the row. `is_preserved`: its rows come
    out without a partner too. `time`: the column with its watermark. `state_offset_ms`: its rows go this far behind
    (so, negative) the watermark; None: never.
    """

    number: int
    views: tuple[str, ...]
    schema: StructType
    prepare: Statement
    is_preserved: bool
    time: int | None
    state_offset_ms: int | None

    def flat(self, tables: Mapping[str, Table]) -> Table:
        """The columns of all views side by side."""
        columns = [column for view in self.views for column in tables[view].columns]
        return pyarrow().table(columns, names=_count(len(columns)))

    def evicted_us(self, watermark_ms: int) -> int | None:
        """The event time through which this side's rows go."""
        return None if self.state_offset_ms is None else (watermark_ms + self.state_offset_ms) * 1000


class StreamJoinOperator:
    """Made of a `StreamJoin`, where the first batch is planned.

    Raises `AnalysisException` without an equality between the sides, as Spark does when it plans that batch.
    """

    name = "symmetricHashJoin"
    stores = (*store_names("left"), *store_names("right"))
    is_single = False

    def __init__(self, node: StreamJoin) -> None:
        condition = split(node)
        if not condition.keys:
            raise AnalysisException(
                f"stream-stream join (kind={node.kind!r}) without equality predicate: give a condition that says which "
                f"columns of both sides are equal, such as left.id = right.id"
            )
        self._schema = node.schema
        self._is_semi = node.kind == "semi"
        # Nothing keeps NULL keys from a full outer join's state, where they are equal like any other (Spark).
        self._matches_null = tuple(key.matches_null or node.kind == "full" for key in condition.keys)
        self._time_key = time_key(node)
        self._pairs = Statement(_pairs_select(condition), _longs("part", "l", "r"))
        types = _key_types(node, condition.keys)
        self._sides = tuple(_side(node, side, condition, types) for side in (LEFT, RIGHT))

    def prepare(self, side: int, tables: Mapping[str, Table], now_ms: int) -> Table:
        """The rows of a chunk that may match or must come out anyway. `tables` has the columns of each view."""
        half = self._sides[side]
        return half.prepare.run({SIDES[side]: half.flat(tables)}, now_ms)

    def partition_keys(self, side: int) -> Sequence[int]:
        """The equal keys stand first."""
        return range(len(self._matches_null))

    def process(self, inputs: Sequence[Table], stores: Mapping[str, StateStore], times: Times) -> Outcome:
        """One partition, one batch: match, remember, forget."""
        halves = [self._half(side, inputs[side.number], stores, times) for side in self._sides]
        for half, other in (halves, reversed(halves)):
            half.recall(other.wanted)
        pairs = self._matched(halves, times.batch_ms)
        for half, partners in zip(halves, zip(*pairs, strict=True) if pairs else ((), ()), strict=True):
            half.is_matched = set(partners)
        chunks = [self._beside(halves, pairs), *(self._alone(half, half.unmatchable()) for half in halves)]
        done = sum(half.forget_matched() for half in halves) if self._is_semi else 0
        updated = sum(half.remember(skips_matched=self._is_semi and half.side.number == LEFT) for half in halves)
        gone = [half.evict(times.evict_ms) for half in halves]
        chunks += [self._alone(half, half.unmatched(rows)) for half, rows in zip(halves, gone, strict=True)]
        return Outcome(
            joined_chunks(chunks, self._schema),
            updated=updated,
            removed=done + sum(map(len, gone)),
            dropped=sum(half.late.num_rows for half in halves),
            late=[half.late for half in halves if half.late.num_rows],
            total=sum(len(half.state) for half in halves),
        )

    def wants_batch(self, evicted_ms: int, watermark_ms: int) -> bool:
        """When a side's rows can go and the watermark has moved."""
        return watermark_ms > evicted_ms and any(side.state_offset_ms is not None for side in self._sides)

    def output_watermark_ms(self, watermark_ms: int) -> int:
        """The input's, or what either side may still remember if that is earlier."""
        offsets = [side.state_offset_ms for side in self._sides if side.state_offset_ms is not None]
        return watermark_ms + min([0, *offsets])

    def _half(self, side: _Side, chunk: Table, stores: Mapping[str, StateStore], times: Times) -> _Half:
        width = len(self._matches_null)
        time = None if side.time is None else width + 1 + side.time
        kept, late = split_late(chunk, time, times.late_ms)
        keys = keys_of(kept, range(width))
        row = range(width + 1, width + 1 + len(side.schema))
        expires: list[int | None] = [None] * len(keys)
        if side.state_offset_ms is not None and self._time_key is not None:
            expires = [event_us(key[self._time_key]) for key in keys]
        elif side.state_offset_ms is not None and time is not None:
            expires = event_column(kept.column(time)).to_pylist()
        passes = kept.column(width).to_pylist()
        joins = [passing and self._may_match(key) for key, passing in zip(keys, passes, strict=True)]
        state = SideState(_NAMES[side.number], stores)
        return _Half(side, state, _rows(kept, row), _rows(late, row), keys, passes, joins, expires, times.evict_ms)

    def _may_match(self, key: Key) -> bool:
        return all(part is not None or null for part, null in zip(key, self._matches_null, strict=True))

    def _matched(self, halves: Sequence[_Half], now_ms: int) -> list[tuple[int, int]]:
        """The pairs of rows, by their places in `_Half.rows`: new left rows with old right ones, then the rest."""
        if not all(half.rows.num_rows for half in halves):
            return []
        codes: dict[Key, int] = {}
        tables = {SIDES[half.side.number]: half.numbered(codes) for half in halves}
        found = zip(*(column.to_pylist() for column in self._pairs.run(tables, now_ms).columns), strict=True)
        in_order = sorted((part, (left, right)[part], (left, right)[1 - part]) for part, left, right in found)
        return [(second, first) if part else (first, second) for part, first, second in in_order]

    def _beside(self, halves: Sequence[_Half], pairs: Sequence[tuple[int, int]]) -> Table:
        """The rows of pairs side by side; in a semi join the left row of the first pair of each."""
        left, right = halves
        if self._is_semi:
            return left.rows.take(pyarrow().array(sorted(left.is_matched), pyarrow().int64()))
        places = [pyarrow().array([pair[side] for pair in pairs], pyarrow().int64()) for side in (LEFT, RIGHT)]
        columns = [*left.rows.take(places[LEFT]).columns, *right.rows.take(places[RIGHT]).columns]
        return pyarrow().table(columns, names=_count(len(columns)))

    def _alone(self, half: _Half, rows: Table) -> Table:
        """Rows of one side beside nulls."""
        other = self._sides[1 - half.side.number].schema
        nulls = table_of([[None] * len(other)] * rows.num_rows, _types(other)).columns
        columns = [*nulls, *rows.columns] if half.side.number == RIGHT else [*rows.columns, *nulls]
        if self._is_semi:
            columns = rows.columns
        return pyarrow().table(columns, names=_count(len(columns)))


@dataclass(eq=False)
class _Half:
    """One side in one batch. `rows`: the remembered ones that may match, at `places` in the state, then the new ones.

    Of the new rows: `passes` says whether the conditions on this side alone hold, `joins` whether it may match.
    """

    side: _Side
    state: SideState
    new: Table
    late: Table
    keys: list[Key]
    passes: list[bool]
    joins: list[bool]
    expires_us: list[int | None]
    evict_ms: int

    def __post_init__(self) -> None:
        self.rows = self.new
        self.places: list[tuple[Key, int]] = []
        self.is_matched: set[int] = set()

    @property
    def wanted(self) -> list[Key]:
        """The keys of the new rows that may match, each once."""
        return list(dict.fromkeys(key for key, joins in zip(self.keys, self.joins, strict=True) if joins))

    def recall(self, keys: Sequence[Key]) -> None:
        """Fetch the remembered rows of these keys."""
        found = [((key, number), row) for key in keys for number, row in enumerate(self.state.rows(key))]
        self.places = [place for place, _ in found]
        old = table_of([row.values for _, row in found], _types(self.side.schema))
        self.rows = joined_chunks([old, self.new], self.side.schema)

    def numbered(self, codes: dict[Key, int]) -> Table:
        """The rows, with a number for each key that may match, their place, and whether they are new."""
        pa, old = pyarrow(), len(self.places)
        new = [key if joins else None for key, joins in zip(self.keys, self.joins, strict=True)]
        keys = [key for key, _ in self.places] + new
        numbers = [None if key is None else codes.setdefault(key, len(codes)) for key in keys]
        table = self.rows.append_column("k", pa.array(numbers, pa.int64()))
        table = table.append_column("i", pa.array(range(len(keys)), pa.int64()))
        return table.append_column("n", pa.array([at >= old for at in range(len(keys))], pa.bool_()))

    def unmatchable(self) -> Table:
        """The new rows that come out alone at once: a condition on this side alone does not hold."""
        chosen = [self.side.is_preserved and not passes for passes in self.passes]
        return self.new.filter(pyarrow().array(chosen, pyarrow().bool_()))

    def forget_matched(self) -> int:
        """Of a semi join's left side, forget the rows that have come out; how many."""
        gone = [self.places[at] for at in sorted(self.is_matched) if at < len(self.places)]
        if self.side.number == RIGHT:
            return 0
        self.state.remove(gone)
        return len(gone)

    def remember(self, skips_matched: bool) -> int:
        """Note which remembered rows have matched, if that matters later, and store the new ones; how many."""
        old, stored = len(self.places), 0
        if self.side.is_preserved:
            for at in sorted(each for each in self.is_matched if each < old):
                self.state.mark(*self.places[at])
        values = list(zip(*(values_of(column) for column in self.new.columns), strict=True))
        for at, (key, row, expires_us) in enumerate(zip(self.keys, values, self.expires_us, strict=True)):
            is_matched = old + at in self.is_matched
            if not self.passes[at] or (is_matched and skips_matched) or self._is_done(expires_us, is_matched):
                continue
            self.state.append(key, Stored(row, expires_us, is_matched))
            stored += 1
        return stored

    def _is_done(self, expires_us: int | None, is_matched: bool) -> bool:
        """Whether a right row is past its time, so that nothing later can need it."""
        through_us = self.side.evicted_us(self.evict_ms)
        if self.side.number == LEFT or through_us is None or expires_us is None or expires_us > through_us:
            return False
        return is_matched or not self.side.is_preserved

    def evict(self, watermark_ms: int) -> list[Stored]:
        """Forget the rows whose time has come, and give them."""
        through_us = self.side.evicted_us(watermark_ms)
        return [] if through_us is None else self.state.evict(through_us)

    def unmatched(self, rows: Sequence[Stored]) -> Table:
        """Of forgotten rows, those that come out alone."""
        alone = [row.values for row in rows if self.side.is_preserved and not row.is_matched]
        return table_of(alone, _types(self.side.schema))


def _side(node: StreamJoin, side: int, condition: Condition, key_types: StructType) -> _Side:
    """Rows of a side that nobody preserves are dropped early: with null keys, or against a condition on them alone."""
    exp, schema, is_preserved = sqlglot().exp, side_schema(node, side), _PRESERVED[node.kind][side]
    holds = reduce(exp.and_, condition.one_sided[side], exp.true())
    columns = [exp.column(name, table=SIDES[side]) for name in _count(len(schema))]
    passes = exp.Coalesce(this=exp.Paren(this=holds.copy()), expressions=[exp.false()])
    select = exp.select(*(key.of(side).copy() for key in condition.keys), passes, *columns).from_(SIDES[side])
    if not is_preserved:
        present = [
            exp.Not(this=exp.Is(this=exp.Paren(this=key.of(side).copy()), expression=exp.null()))
            for key in condition.keys
            if not key.matches_null
        ]
        select = select.where(holds, *present)
    given = StructType([*key_types, StructField("passes", t.BooleanType()), *schema])
    return _Side(
        number=side,
        views=tuple(node.right if side else node.left),
        schema=schema,
        prepare=Statement(select, given),
        is_preserved=is_preserved,
        time=side_time(node, side),
        state_offset_ms=state_offsets(node)[side],
    )


def _key_types(node: StreamJoin, keys: Sequence[EquiKey]) -> StructType:
    """The type in which both sides of each equality are compared, as DuckDB finds it on empty tables."""
    exp = sqlglot().exp
    common = [exp.func("typeof", exp.If(this=exp.true(), true=key.left, false=key.right)) for key in keys]
    select = exp.select(*common).from_(exp.select("1 AS one").subquery("o"))
    for side in (LEFT, RIGHT):
        select = select.join(SIDES[side], on=exp.false(), join_type="left")
    tables = {SIDES[side]: table_of([], _types(side_schema(node, side))) for side in (LEFT, RIGHT)}
    # current_timestamp() in a key has the same type at any time
    [names] = evaluate(in_duckdb(select, _EPOCH), tables).to_pylist()
    return StructType([StructField("key", spark_type(duckdb().type(name))) for name in names.values()])


def _pairs_select(condition: Condition) -> Tree:
    """Pairs of places: part 0 of new left rows and old right ones, part 1 of new right rows and all left ones."""
    exp = sqlglot().exp
    parts = []
    for part, which in enumerate(("l.n AND NOT r.n", "r.n")):
        on = [sqlglot().parse_one(f"l.k = r.k AND {which}"), *condition.two_sided]
        parts.append(exp.select(f"{part}", "l.i", "r.i").from_("l").join("r", on=exp.and_(*on)))
    return exp.union(*parts, distinct=False)


def _rows(chunk: Table, columns: Sequence[int]) -> Table:
    """These columns, counted from c0."""
    return chunk.select(list(columns)).rename_columns(_count(len(columns)))


def _count(width: int) -> list[str]:
    return [f"c{at}" for at in range(width)]


def _types(schema: StructType) -> list[t.DataType]:
    return [field.dataType for field in schema]


def _longs(*names: str) -> StructType:
    return StructType([StructField(name, t.LongType()) for name in names])
