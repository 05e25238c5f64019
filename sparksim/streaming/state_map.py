"""The states of the keys of one partition, as layers (Spark: OpenHashMapBasedStateMap).

A copy costs nothing: it is a new, empty layer on top of the old ones. Maps live as objects from batch to batch, and
each batch reads the map of the one before; so a task that fails or runs twice must find that map as it was. Nothing in
the layers below ever changes, nor do the states in them: who may change a state in place gets a copy of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparksim.core.serializer import dumps, loads

MAX_LAYERS = 20
"""From how many layers on those below are merged when a map is serialised (StateMap.DELTA_CHAIN_LENGTH_THRESHOLD)."""

Entry = tuple[Any, int]
"""A state and the batch time it was last touched, in ms. A plain tuple: it costs less to make, keep and serialise."""

_REMOVED: Entry = (None, -1)
_UNCHANGEABLE = (int, str, float, bool, bytes, complex, type(None))


class StateMap:
    """Key to state. A map must not be changed any more once it was copied."""

    __slots__ = ("_before", "_below", "_layer")

    def __init__(self, below: StateMap | None = None) -> None:
        self._below = below
        self._layer: dict[Any, Entry] = {}
        self._before: dict[Any, Any] = {}

    def get(self, key: Any) -> Any:
        """The state, or None. Not to be changed in place: see `own`."""
        for layer in self._layers():
            entry = layer.get(key)
            if entry is not None:
                return entry[0]
        return None

    def own(self, key: Any) -> Any:
        """The state, or None; what is done to it in place stays in this map.

        A state that can be changed in place is copied once into the top layer, with the time it was last touched.
        """
        for layer in self._layers():
            entry = layer.get(key)
            if entry is None:
                continue
            if layer is self._layer:
                return entry[0]
            self._before[key] = entry[0]
            if _is_unchangeable(entry[0]):
                return entry[0]
            copy = loads(dumps(entry[0]))
            self._layer[key] = copy, entry[1]
            return copy
        return None

    def put(self, key: Any, state: Any, time_ms: int) -> None:
        """Set the state of a key and when it was touched."""
        self._layer[key] = state, time_ms

    def remove(self, key: Any) -> None:
        """Forget the key."""
        self._layer[key] = _REMOVED

    def all(self) -> Iterator[tuple[Any, Any, int]]:
        """Every `(key, state, time_ms)`."""
        for key, (state, time_ms) in self._merged().items():
            yield key, state, time_ms

    def older_than(self, time_ms: int) -> list[tuple[Any, Any, int]]:
        """Every entry that was last touched strictly before `time_ms`. Looks at all keys."""
        return [each for each in self.all() if each[2] < time_ms]

    def changes(self) -> Iterator[tuple[Any, Any, Any]]:
        """Every `(key, state before, state)` of the top layer, in the order in which its keys came; None for no state.

        The state before is known where somebody asked to `own` it.
        """
        before = self._before
        for key, (state, _time_ms) in self._layer.items():
            yield key, before.get(key), state

    def copy(self) -> StateMap:
        """A map of its own with the same content, at no cost."""
        return StateMap(self)

    @property
    def layers(self) -> int:
        """How many layers a look-up may have to search."""
        return sum(1 for _ in self._layers())

    def _layers(self) -> Iterator[dict[Any, Entry]]:
        """From the top down."""
        each: StateMap | None = self
        while each is not None:
            yield each._layer
            each = each._below

    def _merged(self) -> dict[Any, Entry]:
        merged: dict[Any, Entry] = {}
        for layer in reversed(list(self._layers())):
            merged.update(layer)
        return {key: entry for key, entry in merged.items() if entry is not _REMOVED}

    def __getstate__(self) -> dict[Any, Entry]:
        if self._below is not None and self.layers >= MAX_LAYERS:
            flat = StateMap()
            flat._layer = self._below._merged()
            self._below = flat  # the same content in one step, so that other tasks may be reading meanwhile
        return self._merged()

    def __setstate__(self, merged: dict[Any, Entry]) -> None:
        self._below, self._layer, self._before = None, merged, {}


def _is_unchangeable(state: Any) -> bool:
    if type(state) is tuple:
        return all(map(_is_unchangeable, state))
    return type(state) in _UNCHANGEABLE
