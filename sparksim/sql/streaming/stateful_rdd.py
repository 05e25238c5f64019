"""One stateful operator in one batch: rows by key beside a partition of states (Spark: StateStoreRDD).

A task opens its partition's stores at the batch's version, lets the operator process the rows that were moved there,
and commits the next version. Whoever computes a partition twice opens the same version twice, so rows and states come
out the same. Stores stay in their executor's memory; the driver knows where (Spark: StateStoreCoordinator) and asks for
the task to run there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sparksim.core.batching import same_number
from sparksim.core.closure import Closure
from sparksim.core.dependency import OneToOneDependency
from sparksim.core.nodes import ShuffledRDD
from sparksim.core.partitioner import Partitioner
from sparksim.core.rdd import RDD
from sparksim.core.serializer import load_records
from sparksim.core.steps import metered
from sparksim.sql.chunks import joined
from sparksim.sql.streaming.metrics import OperatorMetrics
from sparksim.sql.streaming.metrics_account import BatchAccount, StatesKept, shown_cells
from sparksim.sql.streaming.operators.contract import Outcome, StatefulOperator, Times
from sparksim.sql.streaming.store.provider import CommittedVersion, StateStoreProvider

if TYPE_CHECKING:
    from sparksim.core.task_context import TaskContext

Table = Any


@dataclass(frozen=True)
class Travelling:
    """An operator on its way to tasks. `run` and `number` name it: states of an earlier run are read from files.

    It lives as long as its executor, but a user's functions are a new copy in each task, as everywhere.
    `provider(partition, store, location)` makes the provider of one of its stores, on the executor at `location`.
    """

    run: str
    number: int
    closure: Closure
    has_user_functions: bool
    provider: Callable[[int, str, str], StateStoreProvider]

    def load(self, task: TaskContext) -> StatefulOperator:
        """The operator, on an executor."""
        operator: StatefulOperator
        if self.has_user_functions:
            (operator,) = self.closure.load()
        else:
            (operator,) = task.services.local((self.run, self.number), self.closure.load)
        return operator

    def store(self, partition: int, name: str, task: TaskContext) -> StateStoreProvider:
        """The provider of a store, with what it has in memory."""
        services = task.services
        make = partial(self.provider, partition, name, services.location)
        provider: StateStoreProvider = services.local((self.run, self.number, partition, name), make)
        return provider


class ChunksRDD(RDD[Any]):
    """One step of a plan over the chunks of another RDD: `work(chunks, index, task)`."""

    def __init__(self, parent: RDD[Any], work: Callable[[Iterator[Table], int, TaskContext], Iterator[Table]]) -> None:
        parent.freeze()
        super().__init__(parent.ctx, (OneToOneDependency(parent),))
        self._parent = parent
        self._work = work

    def getNumPartitions(self) -> int:
        return self._parent.getNumPartitions()

    def compute(self, index: int, task: TaskContext) -> Iterator[Table]:
        return self._work(self._parent.iterator(index, task), index, task)


class MovedRDD(ShuffledRDD[Any]):
    """The chunks of (partition, chunk) where they belong, in the order of the map side, paid for by their rows."""

    def __init__(self, pairs: RDD[Any], partitions: int) -> None:
        super().__init__(pairs, Partitioner(partitions, same_number))

    def compute(self, index: int, task: TaskContext) -> Iterator[Table]:
        buckets = task.services.read_shuffle(self.shuffle.shuffle_id, index)
        return metered(map(_chunks, buckets), task.services.meter, "shuffle")


class StatefulRDD(RDD[Any]):
    """A partition per partition of states, also when no rows came; its record is what the operator gives.

    `inputs`: the moved rows of each side; `empty`: a table without rows for each. `locations` says which executor has
    a partition in memory. `maintains`: afterwards it is time for a snapshot, if there are many deltas.
    """

    def __init__(
        self,
        inputs: Sequence[RDD[Any]],
        empty: Sequence[Table],
        operator: Travelling,
        version: int,
        times: Times,
        account: BatchAccount,
        locations: Mapping[int, str],
        maintains: bool,
    ) -> None:
        super().__init__(inputs[0].ctx, tuple(OneToOneDependency(rdd) for rdd in inputs))
        self._inputs = inputs
        self._empty = empty
        self._operator = operator
        self._version = version
        self._times = times
        self._account = account
        self._locations = locations
        self._maintains = maintains

    def getNumPartitions(self) -> int:
        return self._inputs[0].getNumPartitions()

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        return (self._locations[index],) if index in self._locations else ()

    def compute(self, index: int, task: TaskContext) -> Iterator[Table]:
        operator = self._operator.load(task)
        inputs = [
            empty if (rows := joined(rdd.iterator(index, task))) is None else rows
            for rdd, empty in zip(self._inputs, self._empty, strict=True)
        ]
        providers = {name: self._operator.store(index, name, task) for name in operator.stores}
        stores = {name: provider.open(self._version) for name, provider in providers.items()}
        outcome = operator.process(inputs, stores, self._times)
        committed = {name: provider.commit(stores[name]) for name, provider in providers.items()}
        if self._maintains:
            for provider in providers.values():
                provider.maintain()
        self._account.add([self._report(operator, index, task.services.location, outcome, committed)])
        if outcome.output.num_rows:
            yield outcome.output

    def _report(
        self,
        operator: StatefulOperator,
        index: int,
        location: str,
        outcome: Outcome,
        committed: Mapping[str, CommittedVersion],
    ) -> StatesKept:
        limit = self._account.sample
        total = outcome.total
        if total is None:
            total = sum(each.keys for each in committed.values())
        return StatesKept(
            self._operator.number,
            operator.name,
            index,
            location,
            OperatorMetrics(total, outcome.updated, outcome.removed, outcome.dropped, 1),
            tuple(committed.items()),
            self._times.late_ms,
            tuple(
                (late.num_rows, tuple(late.column_names), shown_cells(late, limit))
                for late in outcome.late
                if late.num_rows
            ),
        )


def _chunks(bucket: bytes) -> list[Table]:
    return [chunk for _, chunk in load_records(bucket)]
