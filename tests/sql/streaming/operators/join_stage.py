"""Two streams, left(lt, lk, lv) and right(rt, rk, rv), joined by the operator alone, batch after batch."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import sqlglot

from sparksim.sql.chunks import chunk_of, rows_of
from sparksim.sql.ddl import parse_schema
from sparksim.sql.plan.nodes import EventTime, Plan, StreamJoin, View
from sparksim.sql.streaming.operators.contract import Outcome, Times
from sparksim.sql.streaming.operators.join import StreamJoinOperator
from sparksim.sql.types import StructType

from .dict_store import DictStore

HOUR_RANGE = "lk = rk AND rt >= lt AND rt <= lt + interval 1 hour"
Rows = Sequence[tuple[Any, ...]]


def at(text: str) -> datetime.datetime:
    """A time of the first of January 2024, such as 10:05 or 10:05:00.001."""
    padded = text if text.count(":") == 2 else f"{text}:00"
    return datetime.datetime.fromisoformat(f"2024-01-01T{padded + '000' if '.' in padded else padded}")


def ms(text: str) -> int:
    """The same in milliseconds since the epoch."""
    return (at(text) - datetime.datetime(1970, 1, 1)) // datetime.timedelta(milliseconds=1)


def schema_of(text: str) -> StructType:
    schema = parse_schema(text)
    assert isinstance(schema, StructType)
    return schema


def stream_join(kind: str, condition: str | None, marks: str = "lr", time: str = "timestamp") -> StreamJoin:
    """The node; `marks`: which sides have a watermark, `time` the type of `lt` and `rt`."""
    views = {}
    for side in "lr":
        schema = schema_of(f"{side}t {time}, {side}k string, {side}v int")
        mark = EventTime(600_000) if side in marks else None
        views[side] = View(Plan(schema, (mark, None, None)), (0, 1, 2))
    columns = [*views["l"].plan.schema, *([] if kind == "semi" else views["r"].plan.schema)]
    tree = None if condition is None else sqlglot.parse_one(condition, read="spark")
    return StreamJoin(
        StructType(columns), (None,) * len(columns), kind, {"left": views["l"]}, {"right": views["r"]}, tree
    )


class Stage:
    """Runs batches one after the other over one partition; `late` is the watermark of the batch before."""

    def __init__(self, node: StreamJoin) -> None:
        self.operator = StreamJoinOperator(node)
        self.stores = {name: DictStore() for name in self.operator.stores}
        self._node = node
        self._late_ms = 0

    def batch(self, left: Rows = (), right: Rows = (), watermark: str | None = None) -> Outcome:
        evict_ms = ms(watermark) if watermark else self._late_ms
        sides = (("left", self._node.left, left), ("right", self._node.right, right))
        inputs = [
            self.operator.prepare(side, {name: chunk_of(_times(rows), views[name].plan.schema)}, 0)
            for side, (name, views, rows) in enumerate(sides)
        ]
        outcome = self.operator.process(inputs, self.stores, Times(self._late_ms, evict_ms, 0))
        self._late_ms = evict_ms
        return outcome

    def rows(self, left: Rows = (), right: Rows = (), watermark: str | None = None) -> list[tuple[Any, ...]]:
        """What a batch gives, times as 10:05."""
        return self.shown(self.batch(left, right, watermark))

    def shown(self, outcome: Outcome) -> list[tuple[Any, ...]]:
        return [tuple(map(_text, row)) for row in rows_of(outcome.output, self._node.schema)]


def _times(rows: Rows) -> list[tuple[Any, ...]]:
    return [tuple(at(value) if isinstance(value, str) and ":" in value else value for value in row) for row in rows]


def _text(value: Any) -> Any:
    if not isinstance(value, datetime.datetime):
        return value
    return value.strftime("%H:%M") if value.microsecond == value.second == 0 else value.strftime("%H:%M:%S.%f")[:-3]
