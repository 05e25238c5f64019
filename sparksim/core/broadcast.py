"""Broadcast variables: read-only values sent once, not with every task (PySpark: Broadcast)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from sparksim.core import serializer
from sparksim.core.errors import PySparkRuntimeError, SparkException
from sparksim.core.task_context import TaskContext

T = TypeVar("T")

_ids = itertools.count()
_registry: WeakValueDictionary[int, Broadcast[Any]] = WeakValueDictionary()
_MISSING = object()


class Broadcast(Generic[T]):
    """A value that tasks can read. Made by `SparkContext.broadcast`.

    The value is serialised when it is made: later changes of the driver's object do not reach it. Driver and tasks
    each see a copy of their own. Raises `pickle.PicklingError` for a value that plain pickle refuses, such as a lambda.
    """

    def __init__(self, value: T) -> None:
        self.id = next(_ids)
        self._data: bytes | None = serializer.dump_by_reference(value)
        self._copies: dict[str, Any] = {}
        _registry[self.id] = self

    @property
    def value(self) -> T:
        """The value. Raises `SparkException` after `destroy`."""
        side = "driver" if TaskContext.get() is None else "tasks"
        copy = self._copies.get(side, _MISSING)
        if copy is _MISSING:
            copy = self._copies[side] = serializer.loads(self.require_usable())
        return copy  # type: ignore[no-any-return]  # the copy of a T is a T

    def unpersist(self, blocking: bool = False) -> None:
        """Drop the copies of the executors; the next task that reads the value gets it anew."""
        self._driver_only("unpersisted")
        self._copies.pop("tasks", None)

    def destroy(self, blocking: bool = False) -> None:
        """Drop all data: no task can use the variable any more."""
        self._driver_only("destroyed")
        self._data = None
        self._copies.pop("tasks", None)

    def __reduce__(self) -> tuple[Callable[[int], Broadcast[T]], tuple[int]]:
        self._driver_only("serialised")
        self.require_usable()
        return _find, (self.id,)

    def require_usable(self) -> bytes:
        """The serialised value. Raises `SparkException` after `destroy`."""
        if self._data is None:
            raise SparkException(f"Broadcast({self.id}) was destroyed and cannot be used any more")
        return self._data

    def __repr__(self) -> str:
        return f"Broadcast({self.id})"

    def _driver_only(self, operation: str) -> None:
        if TaskContext.get() is not None:
            raise PySparkRuntimeError(f"a broadcast variable can only be {operation} on the driver, not inside a task")


def forget_all() -> None:
    """The process that made them is gone: no broadcast variable is found any more."""
    _registry.clear()


def _find(broadcast_id: int) -> Broadcast[Any]:
    found = _registry.get(broadcast_id)
    if found is None:
        raise SparkException(f"Broadcast({broadcast_id}) does not exist any more")
    return found
