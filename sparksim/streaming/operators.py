"""The stateless operators of a stream, each an RDD operation per batch (PySpark: DStream)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.rdd import RDD
from sparksim.streaming.arguments import check_type

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext
    from sparksim.streaming.dstream import DStream

T = TypeVar("T")
U = TypeVar("U")


class Operators(Generic[T]):
    """Mixin of `DStream`: operators on records of any kind."""

    _ssc: StreamingContext
    slide_ms: int

    def map(self, f: Callable[[T], U], preservesPartitioning: bool = False) -> DStream[U]:
        """Apply `f` to each record."""
        return self._per_batch(lambda rdd: rdd.map(f, preservesPartitioning))

    def flatMap(self, f: Callable[[T], Iterable[U]], preservesPartitioning: bool = False) -> DStream[U]:
        """Apply `f` to each record and string its results together."""
        return self._per_batch(lambda rdd: rdd.flatMap(f, preservesPartitioning))

    def filter(self, f: Callable[[T], bool]) -> DStream[T]:
        """Keep the records for which `f` says yes."""
        return self._per_batch(lambda rdd: rdd.filter(f))

    def mapPartitions(self, f: Callable[[Iterator[T]], Iterable[U]], preservesPartitioning: bool = False) -> DStream[U]:
        """Apply `f` to the records of each partition."""
        return self._per_batch(lambda rdd: rdd.mapPartitions(f, preservesPartitioning))

    def mapPartitionsWithIndex(
        self, f: Callable[[int, Iterator[T]], Iterable[U]], preservesPartitioning: bool = False
    ) -> DStream[U]:
        """Apply `f` to the number and the records of each partition."""
        return self._per_batch(lambda rdd: rdd.mapPartitionsWithIndex(f, preservesPartitioning))

    def glom(self) -> DStream[list[T]]:
        """One list per partition."""
        return self._per_batch(lambda rdd: rdd.glom())

    def repartition(self, numPartitions: int) -> DStream[T]:
        """Shuffle each batch into exactly `numPartitions` partitions."""
        return self._per_batch(lambda rdd: rdd.repartition(numPartitions))

    def count(self) -> DStream[int]:
        """The number of records of each batch; no element for an RDD without partitions (as PySpark; Scala gives 0)."""
        return self.mapPartitions(_count_records).reduce(operator.add)

    def reduce(self, func: Callable[[T, T], T]) -> DStream[T]:
        """One record per batch, or none for an empty batch."""
        return self.map(_without_key).reduceByKey(func, 1).map(value_of)

    def countByValue(self) -> DStream[tuple[T, int]]:
        """How often each record occurs in its batch."""
        return self.map(with_one).reduceByKey(operator.add)

    def union(self, other: DStream[T]) -> DStream[T]:
        """The records of both streams. Raises when their slides differ."""
        check_stream(other)
        if self.slide_ms != other.slide_ms:
            raise IllegalArgumentError(
                f"the two DStream should have same slide duration: {self.slide_ms} ms is not {other.slide_ms} ms"
            )
        return self.transformWith(lambda ours, theirs: ours.union(theirs), other)

    def transform(self, func: Callable[..., RDD[U] | None]) -> DStream[U]:
        """`func(rdd)` or `func(time, rdd)` on the driver, once per batch, when the batch's jobs are generated."""
        timed = with_time(func, 1, "transform")
        return self._derive((), lambda time_ms, rdds: timed(self._ssc._datetime(time_ms), *rdds))

    def transformWith(
        self, func: Callable[..., RDD[U] | None], other: DStream[Any], keepSerializer: bool = False
    ) -> DStream[U]:
        """`func(rdd, other_rdd)` or `func(time, rdd, other_rdd)` on the driver, once per batch."""
        check_stream(other)
        timed = with_time(func, 2, "transformWith")
        return self._derive((other,), lambda time_ms, rdds: timed(self._ssc._datetime(time_ms), *rdds))

    def _per_batch(self, func: Callable[[RDD[Any]], RDD[U]]) -> DStream[U]:
        return self._derive((), lambda _time_ms, rdds: func(rdds[0]))

    def _derive(
        self, others: tuple[DStream[Any], ...], func: Callable[[int, tuple[RDD[Any], ...]], RDD[U] | None]
    ) -> DStream[U]:
        """The stream of `func(batch_time_ms, (own rdd, *rdds of the others))`; `DStream` says how."""
        raise NotImplementedError


def check_stream(other: object) -> None:
    """Raise `IllegalArgumentError` for what is no stream, such as an RDD."""
    check_type(
        other, Operators, "other", "give another DStream; for an RDD: stream.transform(lambda rdd: rdd.join(other))"
    )


def with_time(func: Callable[..., Any], rdds: int, name: str) -> Callable[..., Any]:
    """`func` as a function of (time, rdds...), whichever of the two forms it has. Raises when it has neither.

    As in PySpark, the number of parameters decides, those with a default included.
    """
    if not callable(func):
        raise IllegalArgumentError(f"{name}({func!r}): give a function of {_forms(rdds)}")
    try:
        parameters = signature(func).parameters.values()
    except ValueError:  # some builtins have no signature
        return lambda _time, *given: func(*given)
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return func
    positional = [p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    required = sum(parameter.default is Parameter.empty for parameter in positional)
    if len(positional) == rdds:
        return lambda _time, *given: func(*given)
    if required <= rdds + 1 <= len(positional):
        return func
    raise IllegalArgumentError(f"{name}: the function takes {len(positional)} arguments; give one of {_forms(rdds)}")


def _forms(rdds: int) -> str:
    return "(rdd) or (time, rdd)" if rdds == 1 else "(rdd, other) or (time, rdd, other)"


def _count_records(records: Iterator[Any]) -> list[int]:
    return [sum(1 for _ in records)]


def _without_key(record: T) -> tuple[None, T]:
    return None, record


def value_of(pair: tuple[Any, T]) -> T:
    """The second of a pair."""
    return pair[1]


def with_one(record: T) -> tuple[T, int]:
    """The record, ready to be counted."""
    return record, 1
