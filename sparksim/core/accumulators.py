"""Accumulators: variables that tasks only add to and only the driver reads (PySpark: Accumulator).

A task adds to its own share; the driver merges the shares of tasks that succeeded.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from sparksim.core.errors import PySparkRuntimeError
from sparksim.core.task_context import TaskContext

T = TypeVar("T")

_ids = itertools.count()
_registry: WeakValueDictionary[int, Accumulator[Any]] = WeakValueDictionary()


class AccumulatorParam(Generic[T]):
    """How values of one type are added up. Subclass it for types of your own."""

    def zero(self, value: T) -> T:
        """The neutral value for something like `value`."""
        raise NotImplementedError(f"{type(self).__name__} must define zero(value)")

    def addInPlace(self, value1: T, value2: T) -> T:
        """The sum of two values; may change `value1` and return it."""
        raise NotImplementedError(f"{type(self).__name__} must define addInPlace(value1, value2)")


class AddingAccumulatorParam(AccumulatorParam[Any]):
    """Adds with `+=`, starting from `zero_value`."""

    def __init__(self, zero_value: Any) -> None:
        self.zero_value = zero_value

    def zero(self, value: Any) -> Any:
        return self.zero_value

    def addInPlace(self, value1: Any, value2: Any) -> Any:
        value1 += value2
        return value1


_DEFAULT_PARAMS = {kind: AddingAccumulatorParam(kind()) for kind in (int, float, complex)}


class Accumulator(Generic[T]):
    """A shared variable that is only added to. Made by `SparkContext.accumulator`."""

    def __init__(self, aid: int, value: T, accum_param: AccumulatorParam[T]) -> None:
        self.aid = aid
        self.accum_param = accum_param
        self.initial = value
        self._value = value
        _registry[aid] = self

    @property
    def value(self) -> T:
        """The sum so far. Raises `PySparkRuntimeError` inside a task, which knows its own share only."""
        self._driver_only()
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        self._driver_only()
        self._value = value

    def add(self, term: T) -> None:
        """Add `term`; inside a task it counts once the task has succeeded."""
        task = TaskContext.get()
        if task is None:
            self._value = self.accum_param.addInPlace(self._value, term)
        else:
            task.accumulate(self, term)

    def __iadd__(self, term: T) -> Accumulator[T]:
        self.add(term)
        return self

    def __reduce__(self) -> tuple[Callable[..., Accumulator[T]], tuple[int, T, AccumulatorParam[T]]]:
        return _find, (self.aid, self.initial, self.accum_param)

    def __str__(self) -> str:
        return str(self._value)

    def __repr__(self) -> str:
        return f"Accumulator<id={self.aid}, value={self._value}>"

    def _driver_only(self) -> None:
        if TaskContext.get() is not None:
            raise PySparkRuntimeError(
                "Accumulator.value cannot be read or set inside a task: a task can only add. Read it on the driver, "
                "after an action."
            )


def create(value: T, accum_param: AccumulatorParam[T] | None) -> Accumulator[T]:
    """A new accumulator. Without a param, `value` must be an int, float or complex; else raises `TypeError`."""
    if accum_param is None:
        kind = next((kind for kind in _DEFAULT_PARAMS if isinstance(value, kind)), None)
        if kind is None:
            raise TypeError(
                f"no accumulator param for {value!r}: only int, float and complex need none; pass accum_param, an "
                "AccumulatorParam that knows how to add such values"
            )
        accum_param = _DEFAULT_PARAMS[kind]
    return Accumulator(new_id(), value, accum_param)


def new_id() -> int:
    """A number that no other accumulator has."""
    return next(_ids)


def merge(updates: Mapping[int, Any]) -> None:
    """Add what a successful task accumulated. On the driver."""
    for aid, update in updates.items():
        if aid in _registry:
            _registry[aid].add(update)


def forget_all() -> None:
    """The process that made them is gone: what is unpickled from now on starts anew."""
    _registry.clear()


def _find(aid: int, initial: T, accum_param: AccumulatorParam[T]) -> Accumulator[T]:
    known = _registry.get(aid)
    return known if known is not None else Accumulator(aid, initial, accum_param)
