"""The states of the keys of one partition, as layers (Spark: OpenHashMapBasedStateMap).

A copy costs nothing: it is a new, empty layer on top of the old ones. The layers are merged when the map is serialised:
when it is checkpointed, and for now also when it is kept between batches (docs/fidelity.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """A state and the batch time it was last touched."""

    state: Any
    time_ms: int


_REMOVED = Entry(None, -1)


class StateMap:
    """Key to state. A map must not be changed any more once it was copied."""

    def __init__(self, below: StateMap | None = None) -> None:
        self._below = below
        self._layer: dict[Any, Entry] = {}

    def get(self, key: Any) -> Any:
        """The state, or None."""
        layer: StateMap | None = self
        while layer is not None:
            entry = layer._layer.get(key)
            if entry is not None:
                return entry.state
            layer = layer._below
        return None

    def put(self, key: Any, state: Any, time_ms: int) -> None:
        """Set the state of a key and when it was touched."""
        self._layer[key] = Entry(state, time_ms)

    def remove(self, key: Any) -> None:
        """Forget the key."""
        if self._below is None:
            self._layer.pop(key, None)
        else:
            self._layer[key] = _REMOVED

    def all(self) -> Iterator[tuple[Any, Any, int]]:
        """Every `(key, state, time_ms)`."""
        for key, entry in self._merged().items():
            yield key, entry.state, entry.time_ms

    def older_than(self, time_ms: int) -> list[tuple[Any, Any, int]]:
        """Every entry that was last touched strictly before `time_ms`. Looks at all keys."""
        return [each for each in self.all() if each[2] < time_ms]

    def copy(self) -> StateMap:
        """A map of its own with the same content, at no cost."""
        return StateMap(self)

    @property
    def layers(self) -> int:
        """How many layers a look-up may have to search."""
        return 1 if self._below is None else 1 + self._below.layers

    def _merged(self) -> dict[Any, Entry]:
        layers = []
        layer: StateMap | None = self
        while layer is not None:
            layers.append(layer._layer)
            layer = layer._below
        merged: dict[Any, Entry] = {}
        for each in reversed(layers):
            merged.update(each)
        return {key: entry for key, entry in merged.items() if entry is not _REMOVED}

    def __getstate__(self) -> dict[Any, Entry]:
        return self._merged()

    def __setstate__(self, merged: dict[Any, Entry]) -> None:
        self._below, self._layer = None, merged
