"""The queries that the tables of legality are about, as plans: small ones of each shape, made to be asked about.

A stream here has a time `t`, a key `k` and a value `v`, after a prefix where two are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

from sparksim.core.errors import IllegalStateError
from sparksim.sql import types as t
from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import (
    Aggregate,
    Deduplicate,
    EventTime,
    From,
    GroupState,
    Limit,
    Plan,
    Query,
    Refused,
    Scan,
    SetOperation,
    Sort,
    StaticJoin,
    StreamJoin,
    Union,
    View,
    Watermark,
)
from sparksim.sql.types import StructField, StructType

MARK = EventTime(600_000)
CONDITIONS = {
    "E": "lk = rk",
    "R": "lk = rk AND rt BETWEEN lt AND lt + INTERVAL 1 HOUR",
    "K": "lk = rk AND lt = rt",
    "upper": "lk = rk AND rt <= lt + INTERVAL 1 HOUR",
    "lower": "lk = rk AND rt >= lt",
}
"""Equality only, with a range, with an equality of times, and with either half of the range."""
SIDES = {"none": "", "left": "l", "right": "r", "both": "lr"}
HOW = {
    "inner": "inner",
    "left_outer": "left",
    "right_outer": "right",
    "full_outer": "full",
    "left_semi": "semi",
    "left_anti": "anti",
    "cross": "cross",
}
"""PySpark's names of joins and ours."""


def events(prefix: str = "") -> Plan:
    """A stream."""
    return Scan(_schema(prefix), (None, None, None), "rate", _no_source)


def marked(prefix: str = "") -> Plan:
    """A stream with a watermark of ten minutes."""
    return _watermark(events(prefix), 0)


def table(prefix: str = "") -> Plan:
    """A table that is no stream."""
    return Query(_schema(prefix), (None, None, None), _source(), (_tree(f"now() AS {prefix}t"),))


def select(plan: Plan, *columns: str, where: str = "", joins: tuple[StaticJoin, ...] = ()) -> Plan:
    """A SELECT without state; `joins` are with tables, and left out of its text."""
    return Query(plan.schema, plan.event_times, _source(plan, where, joins), tuple(map(_tree, columns)))


def grouped(plan: Plan, *keys: str, marks: bool, columns: str = "count(*)", **more: Any) -> Plan:
    """GROUP BY; `marks`: whether the first key carries the watermark."""
    times = tuple(MARK if marks and at == 0 else None for at in range(len(keys)))
    schema = StructType([StructField(f"c{at}", t.TimestampType()) for at in range(len(keys) + 1)])
    trees = tuple(map(_tree, keys))
    return Aggregate(schema, (*times, None), _source(plan), trees, times, (*trees, _tree(columns)), **more)


def windows(plan: Plan | None = None) -> Plan:
    """Counts in windows of the watermark's column."""
    return grouped(plan or marked(), "event_window(t)", marks=True)


def deduplicated(plan: Plan, *columns: int, **more: bool) -> Plan:
    """dropDuplicates."""
    return Deduplicate(plan.schema, plan.event_times, plan, columns, **more)


def stateful(plan: Plan, mode: str, timeout: str = "NoTimeout", **more: Any) -> Plan:
    """A function with a state per key."""
    schema = _schema("")
    return GroupState(schema, (None, None, None), plan, (1,), _no_source, schema, mode, timeout, **more)


def joined(how: str, condition: str, left: Plan, right: Plan) -> Plan:
    """Two streams joined by a text over their columns."""
    views = [View(plan, tuple(range(len(plan.schema)))) for plan in (left, right)]
    both = how not in ("left_semi", "left_anti")
    schema = StructType([*left.schema, *(right.schema if both else [])])
    times = (*left.event_times, *(right.event_times if both else ()))
    sides: tuple[dict[str, View], dict[str, View]] = ({"l": views[0]}, {"r": views[1]})
    return StreamJoin(schema, times, HOW[how], *sides, _tree(condition) if condition else None)


def streams_joined(how: str, condition: str, sides: str) -> Plan:
    """Two streams joined; `sides` says which of them have a watermark."""
    left, right = (marked(side) if side in SIDES[sides] else events(side) for side in "lr")
    return joined(how, CONDITIONS[condition], left, right)


def _sorted(plan: Plan) -> Plan:
    return Sort(plan.schema, plan.event_times, plan, _tree("SELECT * FROM this ORDER BY 1"))


def _limited(plan: Plan) -> Plan:
    return Limit(plan.schema, plan.event_times, plan, 5)


def _set_operation(kind: str, left: Plan, right: Plan) -> Plan:
    return SetOperation(left.schema, left.event_times, kind, (left, right))


def _union(left: Plan, right: Plan) -> Plan:
    return Union(left.schema, left.event_times, (left, right))


def _refused(what: str, plan: Plan | None = None) -> Plan:
    plan = plan or events()
    return Refused(plan.schema, plan.event_times, what, (plan,))


def _watermark(plan: Plan, column: int) -> Plan:
    times = tuple(MARK if at == column else mark for at, mark in enumerate(plan.event_times))
    return Watermark(plan.schema, times, plan, column, MARK.delay_ms, 0)


def _counted_join(how: str) -> Plan:
    return windows(streams_joined(how, "R", "both"))


def _joined_with_table(kind: str, stream_is_left: bool) -> Plan:
    return select(events(), "*", joins=(StaticJoin(kind, stream_is_left),))


def _joined_windows() -> Plan:
    left, right = windows(marked("l")), grouped(marked("r"), "event_window(t)", marks=True)
    return joined("inner", "l.c0 = r.c0", left, right)


SINGLE: dict[str, Callable[[], Plan]] = {
    "select": lambda: select(events(), "k", "v"),
    "filtered": lambda: select(events(), where="v > 3"),
    "exploded": lambda: select(events(), "explode(array(k, v))"),
    "union": lambda: _union(events(), events()),
    "counted": lambda: grouped(events(), "k", marks=False),
    "counted_without_keys": lambda: grouped(marked(), marks=False),
    "counted_beside_the_watermark": lambda: grouped(marked(), "k", marks=False),
    "counted_by_the_watermark": lambda: grouped(marked(), "t", marks=True),
    "counted_in_windows": windows,
    "counted_in_windows_without_watermark": lambda: grouped(events(), "event_window(t)", marks=False),
    "watermark_after_the_aggregation": lambda: _watermark(grouped(events(), "event_window(t)", marks=False), 0),
    "session_windows": lambda: grouped(marked(), "session_window(t)", "k", marks=True, session=0),
    "session_windows_without_another_key": lambda: grouped(marked(), "session_window(t)", marks=True, session=0),
    "rolled_up": lambda: grouped(events(), "k", "v", marks=False, sets=((0, 1), (0,), ())),
    "windows_rolled_up": lambda: grouped(marked(), "event_window(t)", "k", marks=True, sets=((0, 1), (0,), ())),
    "cubed": lambda: grouped(events(), "k", "v", marks=False, sets=((0, 1), (0,), (1,), ())),
    "grouping_sets": lambda: grouped(events(), "k", "v", marks=False, sets=((0,), (1,))),
    "duplicates_dropped": lambda: deduplicated(events(), 1),
    "duplicates_dropped_by_the_watermark": lambda: deduplicated(marked(), 1, 0),
    "distinct": lambda: deduplicated(select(events(), "k"), 0, 1, 2, is_distinct=True),
    "distinct_in_sql": lambda: grouped(events(), "k", marks=False),
    "duplicates_dropped_within_watermark": lambda: deduplicated(marked(), 1, within=True),
    "duplicates_dropped_within_no_watermark": lambda: deduplicated(events(), 1, within=True),
    "limited": lambda: _limited(events()),
    "aggregation_limited": lambda: _limited(grouped(events(), "k", marks=False)),
    "windows_limited": lambda: _limited(windows()),
    "aggregation_sorted": lambda: _sorted(grouped(events(), "k", marks=False)),
    "windows_sorted": lambda: _sorted(windows()),
    "sorted_rows": lambda: _sorted(events()),
    "sorted_before_the_aggregation": lambda: grouped(_sorted(events()), "k", marks=False),
    "windows_of_windows": lambda: grouped(windows(), "event_window(c0)", marks=True),
    "aggregation_of_an_aggregation": lambda: grouped(grouped(events(), "k", "v", marks=False), "c0", marks=False),
    "aggregation_of_windows_by_another_key": lambda: grouped(windows(), "c1", marks=False),
    "windows_of_an_unmarked_aggregation": lambda: windows(
        _watermark(grouped(events(), "t", "k", marks=False), 0),
    ),
    "duplicates_dropped_then_windows": lambda: windows(deduplicated(marked(), 1, 0)),
    "duplicates_dropped_then_counted": lambda: grouped(deduplicated(events(), 2), "k", marks=False),
    "distinct_then_counted": lambda: grouped(deduplicated(events(), 0, 1, 2, is_distinct=True), "k", marks=False),
    "windows_then_duplicates_dropped": lambda: deduplicated(windows(), 0),
    "windows_then_duplicates_dropped_by_another_key": lambda: deduplicated(windows(), 1),
    "windows_then_distinct": lambda: deduplicated(windows(), 0, 1, is_distinct=True),
    "windows_then_duplicates_dropped_within_watermark": lambda: deduplicated(windows(), 1, within=True),
    "no_stream": table,
    "distinct_counted": lambda: grouped(events(), "k", marks=False, columns="count(DISTINCT v)"),
    "distinct_summed": lambda: grouped(events(), "k", marks=False, columns="sum(DISTINCT v)"),
    "about_distinct_counted": lambda: grouped(events(), "k", marks=False, columns="approx_count_distinct(v)"),
    "ranked": lambda: select(events(), "row_number() OVER (PARTITION BY k ORDER BY v)"),
    "counts_ranked": lambda: select(grouped(events(), "k", marks=False), "row_number() OVER (ORDER BY c1)"),
    "sampled": lambda: _refused("sample"),
    "numbered": lambda: select(events(), "monotonically_increasing_id()"),
    "rows_skipped": lambda: _refused("offset"),
    "union_with_a_table": lambda: _union(events(), table()),
    "stream_except_stream": lambda: _set_operation("except", events(), events()),
    "table_except_stream": lambda: _set_operation("except", table(), events()),
    "stream_except_table": lambda: _set_operation("except", events(), table()),
    "stream_intersect_stream": lambda: _set_operation("intersect", events(), events()),
    "stream_intersect_table": lambda: _set_operation("intersect", events(), table()),
    "in_a_table": lambda: select(events(), "k", where="k IN (SELECT count(DISTINCT x) FROM names)"),
    "pivoted": lambda: grouped(grouped(events(), "k", "v", marks=False), "c0", marks=False),
    "windows_pivoted": lambda: grouped(grouped(marked(), "event_window(t)", "k", marks=True), "c0", marks=True),
    "watermark_twice": lambda: windows(_watermark(marked(), 0)),
    "watermark_twice_without_state": lambda: _watermark(marked(), 0),
    "two_event_times_counted": lambda: windows(joined("inner", CONDITIONS["K"], marked("l"), marked("r"))),
    "two_event_times_deduplicated": lambda: deduplicated(joined("inner", CONDITIONS["K"], marked("l"), marked("r")), 1),
    "state_in_append": lambda: stateful(events(), "append"),
    "state_in_update": lambda: stateful(events(), "update"),
    "state_with_event_time": lambda: stateful(marked(), "append", "EventTimeTimeout"),
    "state_with_event_time_without_watermark": lambda: stateful(events(), "append", "EventTimeTimeout"),
    "state_in_append_then_counted": lambda: grouped(stateful(events(), "append"), "k", marks=False),
    "state_in_update_then_counted": lambda: grouped(stateful(events(), "update"), "k", marks=False),
    "state_with_event_time_then_counted": lambda: grouped(
        stateful(marked(), "append", "EventTimeTimeout"), "k", marks=False
    ),
    "counted_then_state_in_append": lambda: stateful(grouped(events(), "k", marks=False), "append"),
    "counted_then_state_in_update": lambda: stateful(grouped(events(), "k", marks=False), "update"),
    "state_twice": lambda: stateful(stateful(events(), "append"), "append"),
}


def _joins() -> Iterator[tuple[str, Callable[[], Plan]]]:
    for how in list(HOW)[:-1]:
        for condition in CONDITIONS:
            for sides in SIDES if condition in "ERK" else ("both",):
                yield f"streams_{how}_{condition}_{sides}", partial(streams_joined, how, condition, sides)
    for how, kind in HOW.items():
        for left in (True, False):
            name = f"{'stream_table' if left else 'table_stream'}_{how}"
            yield name, partial(_joined_with_table, kind, left)
    for how in list(HOW)[:5]:
        yield f"streams_{how}_counted", partial(_counted_join, how)
    yield "cross_join_of_streams", lambda: joined("cross", "", events("l"), events("r"))
    yield "join_without_equality", lambda: joined("inner", "rt >= lt", marked("l"), marked("r"))
    yield "windows_joined", _joined_windows
    yield "windows_joined_with_a_stream", lambda: joined("inner", "c1 = rk", windows(marked("l")), marked("r"))
    yield (
        "duplicates_dropped_then_joined",
        lambda: joined("inner", CONDITIONS["R"], deduplicated(marked("l"), 1, 0), marked("r")),
    )
    yield "join_of_a_join", lambda: joined("inner", "lk = ck", streams_joined("inner", "K", "left"), events("c"))


JOINED: dict[str, Callable[[], Plan]] = dict(_joins())
PLANS: dict[str, Callable[[], Plan]] = SINGLE | JOINED
"""By the names of their shapes."""


def _schema(prefix: str) -> StructType:
    columns = {"t": t.TimestampType(), "k": t.LongType(), "v": t.LongType()}
    return StructType([StructField(prefix + name, data_type) for name, data_type in columns.items()])


def _tree(text: str) -> Any:
    return sqlglot().parse_one(text, dialect="spark")


def _source(plan: Plan | None = None, where: str = "", joins: tuple[StaticJoin, ...] = ()) -> From:
    tables = {} if plan is None else {"this": View(plan, tuple(range(len(plan.schema))))}
    return From(_tree("SELECT * FROM this" + (f" WHERE {where}" if where else "")), tables, joins)


def _no_source(*arguments: object) -> NoReturn:
    raise IllegalStateError("a standard plan is made to be asked about and never runs")
