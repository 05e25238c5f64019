"""A stateful operator told batch by batch: rows go in, rows and counts come out. Nodes are built by hand.

The stream has the columns `ts`, `k` and `v`; times are written `10:05` or `10:05:30`, on 1 January 2024.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlglot

from sparksim.sql import types as t
from sparksim.sql.chunks import chunk_of, named
from sparksim.sql.plan.nodes import Aggregate, EventTime, From, Scan, View
from sparksim.sql.streaming.operators.contract import Outcome, StatefulOperator, Times
from sparksim.sql.streaming.operators.keys import split_by_key

WINDOW = t.StructType([t.StructField("start", t.TimestampType()), t.StructField("end", t.TimestampType())])
EVENTS = t.StructType(
    [
        t.StructField("ts", t.TimestampType()),
        t.StructField("k", t.StringType()),
        t.StructField("v", t.IntegerType()),
        t.StructField("window", WINDOW),
    ]
)
"""`window` is the one of ten minutes that the time is in: what a Query below an aggregation would give."""


class DictStore:
    """A state store that forgets nothing between batches and writes nothing down."""

    def __init__(self) -> None:
        self.states: dict[Any, Any] = {}
        self.expiries: dict[Any, int] = {}
        self.asked: list[Any] = []

    def get(self, key: Any) -> Any:
        self.asked.append(key)
        return self.states.get(key)

    def put(self, key: Any, value: Any, expires_us: int | None = None) -> None:
        self.states[key] = value
        self.expiries.pop(key, None)
        if expires_us is not None:
            self.expiries[key] = expires_us

    def remove(self, key: Any) -> None:
        self.states.pop(key, None)
        self.expiries.pop(key, None)

    def items(self) -> Iterator[tuple[Any, Any]]:
        return iter(list(self.states.items()))

    def expired(self, through_us: int) -> list[Any]:
        return sorted((key for key, at in self.expiries.items() if at <= through_us), key=self.expiries.__getitem__)

    def __len__(self) -> int:
        return len(self.states)


class Story:
    """One operator, `partitions` stores, and what came out of the last batch."""

    def __init__(self, operator: StatefulOperator, partitions: int = 1) -> None:
        self.operator: StatefulOperator = pickle.loads(pickle.dumps(operator))  # as it travels to tasks
        self.stores = [DictStore() for _ in range(partitions)]
        self.outcomes: list[Outcome] = []

    def batch(self, *chunks: Sequence[Sequence[Any]], late: str | None = None, evict: str | None = None) -> list[Any]:
        """Run a batch of chunks of (time, k, v), with the watermarks that drop rows and states; gives its rows."""
        sent = [self.operator.prepare(0, {"this": chunk(rows)}, 0) for rows in chunks or ([],)]
        parts = [split_by_key(table, self.operator.partition_keys(0), len(self.stores)) for table in sent]
        times = Times(millis(late), millis(evict if evict is not None else late), 0)
        self.outcomes = [
            self.operator.process([_concat(tables)], {"default": store}, times)
            for tables, store in zip(zip(*parts, strict=True), self.stores, strict=True)
        ]
        return sorted((row for outcome in self.outcomes for row in rows_of(outcome.output)), key=repr)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """States, and those updated, removed and dropped in the last batch: as progress reports have them."""
        told = [(outcome.updated, outcome.removed, outcome.dropped) for outcome in self.outcomes]
        updated, removed, dropped = (sum(numbers) for numbers in zip(*told, strict=True))
        return sum(map(len, self.stores)), updated, removed, dropped


def when(text: str | None) -> datetime | None:
    """`10:05` or `10:05:30.5` of the day."""
    if text is None:
        return None
    hour, minute, second = (*text.split(":"), "0")[:3]
    return datetime(2024, 1, 1) + timedelta(hours=int(hour), minutes=int(minute), seconds=float(second))


def millis(text: str | None) -> int:
    """A watermark; 0 for none yet."""
    time = when(text)
    return 0 if time is None else round(time.replace(tzinfo=timezone.utc).timestamp() * 1000)


def window_of(time: datetime | None) -> Any:
    """The window of ten minutes that holds a time."""
    if time is None:
        return None
    start = time.replace(minute=time.minute // 10 * 10, second=0, microsecond=0)
    return start, start + timedelta(minutes=10)


def chunk(rows: Sequence[Sequence[Any]]) -> Any:
    """A chunk of (time, k, v) as the operator's FROM sees it."""
    records = [(when(time), key, value, window_of(when(time))) for time, key, value in rows]
    return named(chunk_of(records, EVENTS), EVENTS.names)


def rows_of(table: Any) -> list[tuple[Any, ...]]:
    """The rows of a result: times as `10:05` (with seconds only where there are some), windows as `10:00-10:10`."""
    return [tuple(map(_shown, row.values())) for row in table.to_pylist()]


def stream(*, delay_ms: int | None = None) -> Scan:
    """The stream, with a watermark if there is a delay."""
    mark = None if delay_ms is None else EventTime(delay_ms)
    return Scan(EVENTS, (mark, None, None, mark), "memory", _no_source)


def aggregate(
    keys: Sequence[str],
    columns: dict[str, t.DataType],
    *,
    delay_ms: int | None = None,
    having: str | None = None,
    where: str = "TRUE",
    sets: tuple[tuple[int, ...], ...] | None = None,
    session: int | None = None,
) -> Aggregate:
    """GROUP BY the keys, columns with their types; keys of time carry the watermark's mark if there is a delay."""
    source = stream(delay_ms=delay_ms)
    mark = source.event_times[0]
    return Aggregate(
        t.StructType([t.StructField(name, kind) for name, kind in columns.items()]),
        tuple(None for _ in columns),
        From(tree(f"SELECT * FROM this WHERE {where}"), {"this": View(source, tuple(range(len(EVENTS))))}),
        tuple(map(tree, keys)),
        tuple(mark if key.startswith(("window", "ts", "session_window")) else None for key in keys),
        tuple(map(tree, columns)),
        None if having is None else tree(having),
        sets,
        session,
    )


def tree(text: str) -> Any:
    """Spark SQL, parsed."""
    return sqlglot.parse_one(text, read="spark")


def _shown(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"start", "end"}:
        return f"{_shown(value['start'])}-{_shown(value['end'])}"
    if isinstance(value, datetime):
        return (
            value.strftime("%H:%M") if value == value.replace(second=0, microsecond=0) else value.strftime("%H:%M:%S")
        )
    return value


def _concat(tables: Sequence[Any]) -> Any:
    import pyarrow

    return pyarrow.concat_tables(tables)


def _no_source(context: Any) -> Any:
    raise AssertionError("stories have no source")
