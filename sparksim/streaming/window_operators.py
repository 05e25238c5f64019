"""The window operators of a stream (PySpark: DStream). Durations are in seconds, multiples of the batch interval."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core.result_iterable import ResultIterable
from sparksim.streaming.operators import value_of, with_one
from sparksim.streaming.pair_operators import PairOperators
from sparksim.streaming.rules import Rule
from sparksim.streaming.windows import ReducedWindow, Window, window_ms

if TYPE_CHECKING:
    from sparksim.streaming.dstream import DStream

T = TypeVar("T")


class WindowOperators(PairOperators[T], Generic[T]):
    """Mixin of `DStream`."""

    def window(self, windowDuration: float, slideDuration: float | None = None) -> DStream[T]:
        """The records of the last `windowDuration`, every `slideDuration` (every batch by default)."""
        parent = self._stream()
        length_ms, slide_ms = window_ms(parent, windowDuration, slideDuration)
        return parent._ruled(Window(length_ms), slide_ms)

    def reduceByWindow(
        self,
        reduceFunc: Callable[[Any, Any], Any],
        invReduceFunc: Callable[[Any, Any], Any] | None,
        windowDuration: float,
        slideDuration: float,
    ) -> DStream[T]:
        """One record per window."""
        keyed = self.map(_under_one_key)
        reduced = keyed.reduceByKeyAndWindow(reduceFunc, invReduceFunc, windowDuration, slideDuration, 1)
        return reduced.map(value_of)

    def countByWindow(self, windowDuration: float, slideDuration: float) -> DStream[int]:
        """The number of records of each window; needs a checkpoint directory."""
        return self.map(_one).reduceByWindow(operator.add, operator.sub, windowDuration, slideDuration)

    def countByValueAndWindow(
        self, windowDuration: float, slideDuration: float, numPartitions: int | None = None
    ) -> DStream[tuple[T, int]]:
        """How often each record occurs in each window; needs a checkpoint directory."""
        counted = self.map(with_one).reduceByKeyAndWindow(
            operator.add, operator.sub, windowDuration, slideDuration, numPartitions
        )
        return counted.filter(_has_count)

    def reduceByKeyAndWindow(
        self,
        func: Callable[[Any, Any], Any],
        invFunc: Callable[[Any, Any], Any] | None,
        windowDuration: float,
        slideDuration: float | None = None,
        numPartitions: int | None = None,
        filterFunc: Callable[[Any], bool] | None = None,
    ) -> DStream[Any]:
        """One pair per key and window. With `invFunc` incrementally, which needs a checkpoint directory.

        `invFunc(value, gone)` takes away what has left the window. `filterFunc(pair)` drops keys; without it the keys
        that have no records any more stay.
        """
        partitions = self._partitions(numPartitions)
        length_ms, slide_ms = window_ms(self._stream(), windowDuration, slideDuration)
        reduced = self.reduceByKey(func, partitions)
        if invFunc is None:
            return reduced.window(windowDuration, slideDuration).reduceByKey(func, partitions)
        return reduced._ruled(ReducedWindow(length_ms, func, invFunc, partitions, filterFunc), slide_ms)

    def groupByKeyAndWindow(
        self, windowDuration: float, slideDuration: float, numPartitions: int | None = None
    ) -> DStream[Any]:
        """Per key, the values of each window; incrementally, so it needs a checkpoint directory (Scala's does not)."""
        lists = self.mapValues(_listed)
        grouped = lists.reduceByKeyAndWindow(_extended, _without_first, windowDuration, slideDuration, numPartitions)
        return grouped.mapValues(ResultIterable)

    def _stream(self) -> DStream[T]:
        """This stream; `DStream` says which."""
        raise NotImplementedError

    def _ruled(self, rule: Rule, slide_ms: int) -> DStream[Any]:
        """The stream that computes by `rule` from this one; `DStream` says how."""
        raise NotImplementedError


def _under_one_key(record: T) -> tuple[int, T]:
    return 1, record


def _one(_record: Any) -> int:
    return 1


def _has_count(pair: tuple[Any, int]) -> bool:
    return pair[1] > 0


def _listed(value: T) -> list[T]:
    return [value]


def _extended(first: list[Any], second: list[Any]) -> list[Any]:
    return first + second


def _without_first(values: list[Any], gone: list[Any]) -> list[Any]:
    return values[len(gone) :]
