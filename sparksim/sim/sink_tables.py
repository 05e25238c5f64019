"""What a database outside of every process holds: rows, and the offsets that were stored with them.

Nothing changes but by a transaction, which counts whole or not at all; a single write is one of its own. Values are
kept as bytes, so that nobody who wrote or read one can change it afterwards.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.core.serializer import dumps, loads
from sparksim.kafka.records import TopicPartition
from sparksim.trace.event import Origin
from sparksim.trace.table import Table

INSERT, UPSERT = "insert", "upsert"
UNKNOWN: Origin = ("", -1, -1)
"""The origin of a row of which the program did not say it."""


class OffsetConflict(SparkException):
    """Offsets to be stored do not begin where the stored ones end: somebody has stored these results before."""


class Range(Protocol):
    """Offsets of one partition, `fromOffset` to before `untilOffset` (PySpark: OffsetRange)."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def fromOffset(self) -> int: ...
    @property
    def untilOffset(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SinkRow:
    """One row. `writes` is how often it was written, `time_ms` when that was last, `origin` then the record behind."""

    key: Any
    value: Any
    origin: Origin | None
    writes: int
    time_ms: float


class Span(NamedTuple):
    """The offsets `begin` to before `end` of a partition."""

    partition: TopicPartition
    begin: int
    end: int


class Write(NamedTuple):
    """One row to be written. `value` is in bytes."""

    operation: str
    key: Any
    value: bytes
    origin: Origin


@dataclass(slots=True)
class _Row:
    written: Write
    writes: int
    time_ms: float


class SinkTable:
    """One sink: what was committed. It can be read, pickled and compared; only `commit` changes it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rows: list[_Row] = []
        self._latest: dict[Any, int] = {}
        self._offsets: dict[TopicPartition, int] = {}

    @property
    def rows(self) -> Table[SinkRow]:
        """All rows, in the order in which they were first written."""
        return Table(SinkRow, (_shown(row) for row in self._rows))

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of the row with this key, the latest where there are several, or `default`."""
        at = self._latest.get(key)
        return default if at is None else loads(self._rows[at].written.value)

    def offsets(self) -> dict[TopicPartition, int]:
        """Of each partition whose ranges were stored, the offset to start from."""
        return dict(self._offsets)

    def holds(self, ranges: Iterable[Range] | Range) -> bool:
        """Whether the results of all these offset ranges have been stored already."""
        return all(self._offsets.get(each.partition, -1) >= each.end for each in spans(ranges))

    def commit(self, writes: Iterable[Write], spans: Iterable[Span], time_ms: float) -> None:
        """Do all of it. Raises `OffsetConflict`, and then nothing was done."""
        offsets = self.following(spans)
        for write in writes:
            at = self._latest.get(write.key)
            if write.operation == UPSERT and at is not None:
                self._rows[at] = _Row(write, self._rows[at].writes + 1, time_ms)
            else:
                self._latest[write.key] = len(self._rows)
                self._rows.append(_Row(write, 1, time_ms))
        self._offsets = offsets

    def following(self, spans: Iterable[Span]) -> dict[TopicPartition, int]:
        """The stored offsets after these. Raises `OffsetConflict` where one does not begin at the stored offset."""
        offsets = dict(self._offsets)
        for partition, begin, end in spans:
            stored = offsets.get(partition, begin)
            if stored != begin:
                raise OffsetConflict(
                    f"sink {self.name!r}: offsets {begin} to {end} of {partition} do not begin at {stored}, where the "
                    "stored ones end. These results were stored before, or others are missing: ask "
                    "holds(ranges) before you write, and start the stream from offsets()"
                )
            offsets[partition] = end
        return offsets

    def copy(self) -> SinkTable:
        """One of its own with the same content."""
        other = SinkTable(self.name)
        other._rows, other._latest, other._offsets = list(self._rows), dict(self._latest), dict(self._offsets)
        return other

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SinkTable) and (self.rows, self._offsets) == (other.rows, other._offsets)

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"sink {self.name!r}, {len(self)} rows\n{self.rows}"


def made_write(sink: str, operation: str, key: Any, value: Any, origin: Any) -> Write:
    """A write that a program asked for. Raises `IllegalArgumentError` for what cannot be one."""
    where = f"sink {sink!r}: {operation}(key={key!r}, ...)"
    if key is None or type(key).__hash__ is None or not _is_hashable(key):
        raise IllegalArgumentError(f"{where}: give a key that can be looked up, such as a text, a number or a tuple")
    try:
        data = dumps(value)
    except pickle.PicklingError as error:
        raise IllegalArgumentError(f"{where}: the value {error}; give plain data") from error
    return Write(operation, key, data, _origin(origin, where))


def spans(ranges: Iterable[Range] | Range) -> list[Span]:
    """What offset ranges say, or one. Raises `IllegalArgumentError` for what is no offset range."""
    listed: Any = [ranges] if hasattr(ranges, "untilOffset") else ranges
    try:
        return [Span(TopicPartition(each.topic, each.partition), each.fromOffset, each.untilOffset) for each in listed]
    except (TypeError, AttributeError):
        raise IllegalArgumentError(f"ranges={ranges!r}: give what offsetRanges() gives, or some of it") from None


def _shown(row: _Row) -> SinkRow:
    write = row.written
    origin = None if write.origin == UNKNOWN else write.origin
    return SinkRow(write.key, loads(write.value), origin, row.writes, row.time_ms)


def _is_hashable(key: Any) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return True


def _origin(origin: Any, where: str) -> Origin:
    """What the trace calls the record: of a record that has an origin, or topic, partition and offset."""
    if origin is None:
        return UNKNOWN
    told = getattr(origin, "origin", origin)
    if all(hasattr(told, name) for name in ("topic", "partition", "offset")):
        told = (str(TopicPartition(told.topic, told.partition)), told.offset, told.offset)
    if isinstance(told, tuple) and [type(part) for part in told] == [str, int, int]:
        return told[0], told[1], told[2]
    raise IllegalArgumentError(
        f'{where}: origin={origin!r}: give the record itself, an offset range, or ("topic/partition", first, last)'
    )
