"""The operators with state (PySpark: updateStateByKey; Spark's Java API: mapWithState)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import signature
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.rdd import RDD
from sparksim.streaming.arguments import check_type
from sparksim.streaming.map_with_state import MapWithState, StateSpec
from sparksim.streaming.state_account import Watch
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
        initial = self._initial_states(initialRDD, "initialRDD")
        rule = UpdateState(updateFunc, self._partitions(numPartitions), initial, self._watch())
        return stream._ruled(rule, stream.slide_ms)

    def mapWithState(self, spec: StateSpec) -> MappedWithStateDStream[Any]:
        """What `spec`'s function returns for each record; `.stateSnapshots()` of the result gives all states."""
        if not isinstance(spec, StateSpec):
            raise IllegalArgumentError(f"mapWithState({spec!r}): give StateSpec.function(f)")
        stream = self._stream()
        initial = self._initial_states(spec._initial, "initialState")
        rule = MapWithState(spec, self._partitions(spec._partitions), initial, self._watch())
        return stream._ruled(rule, stream.slide_ms)._mapped_with_state()

    def _watch(self) -> Watch:
        return Watch.of(self._ssc.sparkContext._conf)

    def _initial_states(self, pairs: Any, name: str) -> RDD[Any] | None:
        """Raises `IllegalArgumentError` for a list of anything but pairs; what is in an RDD, its tasks find out."""
        if pairs is None or isinstance(pairs, RDD):
            return pairs
        remedy = "give an RDD or a list of (key, state)"
        check_type(pairs, Iterable, name, remedy)
        listed = list(pairs)
        for pair in listed:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise IllegalArgumentError(f"{name} holds {pair!r}: {remedy}")
        return self._ssc.sparkContext.parallelize(listed)


def _require_two_arguments(update: Callable[..., Any]) -> None:
    try:
        signature(update).bind([], None)
    except TypeError:
        name = getattr(update, "__name__", repr(update))
        raise IllegalArgumentError(
            f"updateStateByKey({name}): give a function of two arguments, (new values, last state or None)"
        ) from None
    except ValueError:
        return  # some builtins have no signature
