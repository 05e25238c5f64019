"""The operators with state (PySpark: updateStateByKey; Spark's Java API: mapWithState)."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.rdd import RDD
from sparksim.streaming.map_with_state import MapWithState, StateSpec
from sparksim.streaming.update_state import UpdateState
from sparksim.streaming.window_operators import WindowOperators

if TYPE_CHECKING:
    from sparksim.streaming.dstream import DStream, MappedWithStateDStream

T = TypeVar("T")


class StateOperators(WindowOperators[T], Generic[T]):
    """Mixin of `DStream`. Both need a checkpoint directory: `ssc.checkpoint(directory)`."""

    def updateStateByKey(
        self,
        updateFunc: Callable[[list[Any], Any], Any],
        numPartitions: int | None = None,
        initialRDD: Any = None,
    ) -> DStream[Any]:
        """One (key, state) per key that has a state: `updateFunc(new values, state or None)`, None to drop the key.

        `initialRDD` is an RDD, or a list, of (key, state). The function is called for every key in every batch.
        """
        _require_two_arguments(updateFunc)
        stream = self._stream()
        initial = self._rdd_of(initialRDD)
        return stream._ruled(UpdateState(updateFunc, self._partitions(numPartitions), initial), stream.slide_ms)

    def mapWithState(self, spec: StateSpec) -> MappedWithStateDStream[Any]:
        """What `spec`'s function returns for each record; `.stateSnapshots()` of the result gives all states."""
        if not isinstance(spec, StateSpec):
            raise IllegalArgumentError(f"mapWithState({spec!r}): give StateSpec.function(f)")
        stream = self._stream()
        rule = MapWithState(spec, self._partitions(spec._partitions), self._rdd_of(spec._initial))
        return stream._ruled(rule, stream.slide_ms)._mapped_with_state()

    def _rdd_of(self, pairs: Any) -> RDD[Any] | None:
        if pairs is None or isinstance(pairs, RDD):
            return pairs
        return self._ssc.sparkContext.parallelize(pairs)


def _require_two_arguments(update: Callable[..., Any]) -> None:
    try:
        signature(update).bind([], None)
    except TypeError:
        raise IllegalArgumentError(
            f"updateStateByKey({update!r}): give a function of two arguments, (new values, last state or None)"
        ) from None
    except ValueError:
        return  # some builtins have no signature
