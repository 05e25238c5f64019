"""Sinks: tables outside of every process, for programs whose results must outlive executors and drivers.

A program writes to a sink from its tasks or on its driver. Who dies takes nothing with it: what was committed stays,
and a transaction that was open has never been. A sink is only a name, so a function that captures one can be sent to
an executor. In a simulation the tables belong to the run; in a live program they are in the memory of its process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sparksim.cluster.task_set import BATCH_TIME
from sparksim.core import local_properties
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalStateError
from sparksim.core.task_context import TaskContext
from sparksim.kafka.records import TopicPartition
from sparksim.sim.sink_store import Connection, SinkStore, current_store
from sparksim.sim.sink_tables import INSERT, UPSERT, Range, SinkRow, SinkTable, made_write, spans
from sparksim.streaming.arguments import check_text
from sparksim.trace.table import Table

T = TypeVar("T")

_named: set[str] = set()


def sink(name: str) -> Sink:
    """The sink of this name. Raises `IllegalArgumentError` for what is no name.

    It takes no time to write to one; add `work(seconds)` where that matters.
    """
    check_text(name, "name", "give the name of a sink, such as 'totals'")
    _named.add(name)
    return Sink(name)


def named_sinks() -> frozenset[str]:
    """The names that programs of this process have asked for."""
    return frozenset(_named)


@dataclass(frozen=True)
class Sink:
    """A sink as a program uses it. Ask `sink(name)` for one."""

    name: str

    def insert(self, key: Any, value: Any, origin: Any = None) -> None:
        """Add a row, also where there is one with this key.

        `origin` is the record behind the row: a `ConsumerRecord` or anything else with topic, partition and offset, an
        offset range, or `("topic/partition", first, last)`; with it, `run.delivery` follows the record to its rows.
        Raises `IllegalArgumentError` for a key that cannot be looked up, a value that cannot be pickled or another
        origin, and `IllegalStateError` where there is no SparkContext.
        """
        self._change(SinkStore.write, made_write(self.name, INSERT, key, value, origin))

    def upsert(self, key: Any, value: Any, origin: Any = None) -> None:
        """Write the row of this key: the one that is there, or a new one. Raises as `insert`."""
        self._change(SinkStore.write, made_write(self.name, UPSERT, key, value, origin))

    def store_offsets(self, ranges: Iterable[Range] | Range) -> None:
        """Keep the ends of these offset ranges beside the rows; in a transaction: both or neither.

        Raises `OffsetConflict` where a range does not begin at the stored offset of its partition (the first one may
        begin anywhere): so a batch that runs again cannot count twice. Raises `IllegalArgumentError` for what is no
        offset range, and `IllegalStateError` where there is no SparkContext.
        """
        self._change(SinkStore.store_offsets, spans(ranges))

    @contextmanager
    def transaction(self) -> Iterator[Sink]:
        """What is written in a `with` block counts from its end on, all of it at once.

        An exception, or the death of the task, of its executor or of the driver rolls it back: nothing was written.
        Within the block one reads what one has written; others do not. Raises `IllegalStateError` inside another one
        on the same sink and where there is no SparkContext, and `OffsetConflict` as `store_offsets`.
        """
        self._change(SinkStore.begin)
        try:
            yield self
        except BaseException as error:
            self._change(SinkStore.roll_back, f"{type(error).__name__}: {error}")
            raise
        self._change(SinkStore.commit)

    @property
    def rows(self) -> Table[SinkRow]:
        """All rows, in the order in which they were first written."""
        return self._ask(lambda table: table.rows)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of the row with this key, the latest where there are several, or `default`."""
        return self._ask(lambda table: table.get(key, default))

    def offsets(self) -> dict[TopicPartition, int]:
        """Of each partition whose ranges were stored, the offset to start from; empty at the first start."""
        return self._ask(lambda table: table.offsets())

    def holds(self, ranges: Iterable[Range] | Range) -> bool:
        """Whether the results of all these offset ranges have been stored already."""
        asked = list(ranges) if isinstance(ranges, Iterable) else ranges
        return self._ask(lambda table: table.holds(asked))

    def _change(self, do: Callable[..., None], *args: Any) -> None:
        """In the hub, where a process that has died changes nothing any more."""
        backend = _backend()
        if backend is None:
            raise IllegalStateError(
                f"sink {self.name!r} is written by code that a SparkContext runs, and there is none"
            )
        backend.clock.call(do, current_store(), _connection(backend), self.name, *args)

    def _ask(self, question: Callable[[SinkTable], T]) -> T:
        """Of the table as this piece of code sees it."""
        store, backend = current_store(), _backend()
        if backend is None:
            return question(store.table(self.name))
        connection = _connection(backend)
        answer: T = backend.clock.call(lambda: question(store.seen_by(connection, self.name)))
        return answer


def _backend() -> Any:
    sc = SparkContext._active_spark_context
    return None if sc is None else sc._backend


def _connection(backend: Any) -> Connection:
    task = TaskContext.get()
    batch_time = local_properties.get(BATCH_TIME) if task is None else task.getLocalProperty(BATCH_TIME)
    owner = threading.get_ident(), backend.clock.current()
    return Connection(owner, backend.clock, backend.emit, None if batch_time is None else int(batch_time))
