"""`mapWithState`: the function is called per record, for touched keys only (Spark: MapWithStateDStream).

PySpark never had it; the form here follows Spark's Java API. Each partition of the internal stream holds one record:
the map of states, and what the function has returned in this batch. Idle keys are looked for only in batches whose
RDD is checkpointed, every ten slides unless `checkpoint(interval)` says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from inspect import signature
from itertools import islice
from typing import Any

from sparksim.core.arguments import is_count
from sparksim.core.backend import StateChange
from sparksim.core.closure import Closure
from sparksim.core.context import SparkContext
from sparksim.core.dependency import OneToOneDependency
from sparksim.core.errors import IllegalArgumentError, NoSuchElementError
from sparksim.core.partitioner import Partitioner, portable_hash
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.core.task_context import TaskContext
from sparksim.streaming.rules import Past, Rule, Scene
from sparksim.streaming.state_account import CREATED, REMOVED, TIMED_OUT, UPDATED, KeyAccount, Watch, size_of
from sparksim.streaming.state_map import StateMap
from sparksim.streaming.times import to_ms

CHECKPOINT_SLIDES = 10
"""MapWithStateDStream's DEFAULT_CHECKPOINT_DURATION_MULTIPLIER."""


class State:
    """What the function sees of one key's state (Spark: State)."""

    def __init__(self, state: Any, timing_out: bool = False) -> None:
        self._state = state
        self._timing_out = timing_out
        self.updated = False
        self.removed = False

    def exists(self) -> bool:
        """Whether the key has a state now."""
        return self._state is not None

    def get(self) -> Any:
        """The state. Raises `NoSuchElementError` when there is none."""
        if self._state is None:
            raise NoSuchElementError("State is not set: ask state.exists() first, or use state.getOption()")
        return self._state

    def getOption(self) -> Any:
        """The state, or None."""
        return self._state

    def update(self, newState: Any) -> None:
        """Set the state. Not after `remove`, and not while the key is timing out."""
        self._refuse("update")
        self._state = newState
        self.updated = True

    def remove(self) -> None:
        """Forget the key. Not twice, and not while it is timing out."""
        self._refuse("remove")
        self._state = None
        self.updated, self.removed = False, True

    def isTimingOut(self) -> bool:
        """Whether this call is the last one for an idle key, without a value."""
        return self._timing_out

    def _refuse(self, what: str) -> None:
        if self.removed:
            raise IllegalArgumentError(f"Cannot {what} the state after it has been removed")
        if self._timing_out:
            raise IllegalArgumentError(f"Cannot {what} the state that is timing out")


class StateSpec:
    """What to do with the state: made by `StateSpec.function(f)`, refined by the methods.

    `f(key, value_or_None, state) -> mapped`, or `f(batch_time, key, value_or_None, state) -> mapped`, None for nothing.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise IllegalArgumentError(f"StateSpec.function({function!r}): give a function of (key, value, state)")
        arguments = len(signature(function).parameters)
        if arguments not in (3, 4):
            raise IllegalArgumentError(
                f"StateSpec.function: the function takes {arguments} arguments; give one of (key, value, state) or "
                "(time, key, value, state)"
            )
        self._function = function
        self._timed = arguments == 4
        self._initial: Any = None
        self._partitions: int | None = None
        self._timeout_ms: int | None = None

    @staticmethod
    def function(function: Callable[..., Any]) -> StateSpec:
        """A specification with this mapping function."""
        return StateSpec(function)

    def initialState(self, pairs: Any) -> StateSpec:
        """States to begin with: an RDD or a list of (key, state)."""
        self._initial = pairs
        return self

    def numPartitions(self, numPartitions: int) -> StateSpec:
        """How many partitions the states have (the default parallelism by default)."""
        if not is_count(numPartitions):
            raise IllegalArgumentError(f"numPartitions({numPartitions!r}): give a whole number, 1 or more")
        self._partitions = numPartitions
        return self

    def timeout(self, seconds: float) -> StateSpec:
        """Drop keys that were not touched for this long; noticed when the states are checkpointed."""
        self._timeout_ms = to_ms(seconds, "timeout")
        return self


@dataclass(slots=True)
class Tally:
    """What a batch did to the states of a partition: keys that it updated, and how many came and went.

    `changed` says what became of each key, in the order in which the batch came to them.
    """

    updated: set[Any] = field(default_factory=set)
    changed: dict[Any, str] = field(default_factory=dict)
    added: int = 0
    removed: int = 0
    timed_out: int = 0


class MapWithStateRDD(RDD[Any]):
    """One record per partition, `(StateMap, mapped records, keys, bytes of the states)` (Spark: MapWithStateRDD).

    A task works on a copy of the last map: whatever becomes of the task, the next attempt finds the last map unchanged.
    """

    keeps_objects = True

    def __init__(
        self,
        sc: SparkContext,
        last: RDD[Any] | None,
        batch: RDD[Any],
        update: Callable[..., Any],
        time_ms: int,
        stream: str,
        watch: Watch,
    ) -> None:
        parents = tuple(OneToOneDependency(rdd) for rdd in (last, batch) if rdd is not None)
        super().__init__(sc, parents, batch.partitioner)
        self.full_scan = False
        self._partitions = batch.getNumPartitions()
        self._last = last
        self._batch: RDD[Any] | None = batch
        self._closure = Closure((update,))
        self._time_ms = time_ms
        self._stream = stream
        self._watch = watch

    def getNumPartitions(self) -> int:
        return self._partitions

    def checkpoint(self) -> None:
        self.full_scan = True
        super().checkpoint()

    def freeze(self) -> Closure:
        return self._closure

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        assert self._batch is not None
        if self._last is None:
            before, keys, before_bytes = None, 0, 0 if self._watch.bytes else None
        else:
            before, _, keys, before_bytes = next(self._last.iterator(index, task))
        states = StateMap(before)
        (update,) = self._closure.load()
        tally = Tally()
        mapped = update(states, self._batch.iterator(index, task), self.full_scan, tally)
        keys += tally.added - tally.removed - tally.timed_out
        size_bytes = None if before_bytes is None else before_bytes + _growth(states)
        account = _account(self._watch.keys, states, tally)
        done = (keys, len(tally.updated), tally.removed, tally.timed_out)
        told = (size_bytes, tuple(account.changes), account.left_out)
        task.services.note_state(StateChange(self._time_ms, self._stream, index, *done, *told))
        yield states, mapped, keys, size_bytes

    def _forget_parents(self) -> None:
        super()._forget_parents()
        self._last = self._batch = None


def _account(limit: int, states: StateMap, tally: Tally) -> KeyAccount:
    """Only the keys that are told are looked at again."""
    account = KeyAccount(limit)
    for key, change in islice(tally.changed.items(), limit):
        account.tell(key, change, states.get(key))
    account.left_out = len(tally.changed) - len(account.changes)
    return account


def _growth(states: StateMap) -> int:
    """By how many bytes these states are more than those of the last map."""
    return sum(_weight(now) - _weight(before) for _key, before, now in states.changes())


def _weight(state: Any) -> int:
    return 0 if state is None else size_of(state)


class MapWithState(Rule):
    """The internal stream: states and mapped records, partition by partition."""

    must_checkpoint = True
    level = StorageLevel(False, True, False, True, 1)  # as objects: a batch costs as much as it touches

    def __init__(self, spec: StateSpec, partitions: int, initial: RDD[Any] | None, watch: Watch) -> None:
        self.spec = spec
        self.partitioner = Partitioner(partitions, portable_hash)
        self.initial = initial
        self.watch = watch

    def checkpoint_ms(self, slide_ms: int) -> int | None:
        return CHECKPOINT_SLIDES * slide_ms

    def compute(self, stream: Past, parent: Past, batch_time_ms: int, scene: Scene) -> RDD[Any] | None:
        sc, count = scene.sparkContext, self.partitioner.numPartitions
        last = stream.get_or_compute(batch_time_ms - stream.slide_ms)
        if last is None and self.initial is not None:
            # States that were there from the start count as touched in the first batch.
            begin = _begin(batch_time_ms)
            first = self.initial.partitionBy(count)
            last = MapWithStateRDD(sc, None, first, begin, batch_time_ms, stream.name, self.watch)
        batch = parent.get_or_compute(batch_time_ms)
        data = (sc.emptyRDD() if batch is None else batch).partitionBy(count)
        spec = self.spec
        moment = scene._datetime(batch_time_ms) if spec._timed else None
        update = _update(spec._function, moment, batch_time_ms, spec._timeout_ms)
        return MapWithStateRDD(sc, last, data, update, batch_time_ms, stream.name, self.watch)


def _begin(time_ms: int) -> Callable[..., list[Any]]:
    """Put the initial states in place; of several for one key the last stays."""

    def begin(states: StateMap, pairs: Iterator[Any], full_scan: bool, tally: Tally) -> list[Any]:
        for key, state in pairs:
            states.put(key, state, time_ms)
            tally.updated.add(key)
            tally.changed[key] = CREATED
        tally.added = len(tally.updated)
        return []

    return begin


def _update(
    function: Callable[..., Any], moment: Any, time_ms: int, timeout_ms: int | None
) -> Callable[[StateMap, Iterator[Any], bool, Tally], list[Any]]:
    """Call the function for each record and, in a full scan, for each idle key (MapWithStateRDDRecord)."""

    def call(mapped: list[Any], key: Any, value: Any, state: State) -> None:
        if moment is None:
            mapped.append(function(key, value, state))
        elif (result := function(moment, key, value, state)) is not None:
            mapped.append(result)

    def update(states: StateMap, records: Iterator[Any], full_scan: bool, tally: Tally) -> list[Any]:
        mapped: list[Any] = []
        for key, value in records:
            state = State(states.own(key))
            had_state = state.exists()
            call(mapped, key, value, state)
            if state.removed:
                states.remove(key)
                if had_state:
                    tally.removed += 1
                    tally.changed[key] = REMOVED
            elif state.updated or (timeout_ms is not None and state.exists()):
                states.put(key, state.get(), time_ms)
                tally.added += not had_state
                if state.updated:
                    tally.updated.add(key)
                    if had_state:
                        tally.changed.setdefault(key, UPDATED)
                    else:
                        tally.changed[key] = CREATED
        if full_scan and timeout_ms is not None:
            for key, _state, _touched_ms in states.older_than(time_ms - timeout_ms):
                call(mapped, key, None, State(states.own(key), timing_out=True))
                states.remove(key)
                tally.timed_out += 1
                tally.changed[key] = TIMED_OUT
        return mapped

    return update


def mapped_records(partition: Iterator[Any]) -> Iterator[Any]:
    """What the function returned, out of the internal stream's partition."""
    for _states, mapped, *_size in partition:
        yield from mapped


def snapshot(partition: Iterator[Any]) -> Iterator[Any]:
    """Every (key, state), out of the internal stream's partition."""
    for states, *_rest in partition:
        for key, state, _touched_ms in states.all():
            yield key, state
