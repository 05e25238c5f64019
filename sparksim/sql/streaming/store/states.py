"""One version of a partition's states in memory, with the way back to the version before it.

Applying a batch notes what stood under each key that it touches; undoing puts that back. Both cost what the batch
touched. Keys have numbers in the order in which they were created, which are part of the state: so all ways to one
version, by batches, from files or back again, give the same order.

Keys that expire stand in a heap. An entry is left where it is when its key changes, and passed over from then on; it is
thrown away when it comes to the top, or when most entries are such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from sparksim.sql.streaming.store.contract import Key


class State(NamedTuple):
    """What stands under a key. `number` says when it was created; `expires_us` is None for one that never expires."""

    number: int
    value: object
    expires_us: int | None


Changes = Mapping[Key, State | None]
"""What stands under each key that a batch touched; None: nothing any more."""

SPARE_ENTRIES = 64
"""So many entries of the heap that are passed over do not count."""


class States:
    """Version `version`. `next_number` is for the next key that is created."""

    def __init__(self, version: int = 0, next_number: int = 0, states: Iterable[tuple[Key, State]] = ()) -> None:
        self.version = version
        self.next_number = next_number
        self._states: dict[Key, State] = dict(states)
        self._before: tuple[dict[Key, State | None], int] | None = None
        self._heap: list[tuple[int, int, Key]] = []
        self._rebuild()

    @property
    def can_undo(self) -> bool:
        """Whether the version before this one is at hand."""
        return self._before is not None

    @property
    def index_entries(self) -> int:
        """How many entries the heap has."""
        return len(self._heap)

    def __len__(self) -> int:
        return len(self._states)

    def get(self, key: Key) -> State | None:
        """What stands under a key."""
        return self._states.get(key)

    def items(self) -> Iterator[tuple[Key, State]]:
        """All keys, in no order."""
        return iter(self._states.items())

    def expired(self, through_us: int) -> Iterator[tuple[Key, State]]:
        """The keys that expire until then, in no order, some perhaps twice; looks at no entry that is not due."""
        heap = self._heap
        unseen = [0]
        while unseen:
            at = unseen.pop()
            if at < len(heap) and heap[at][0] <= through_us:
                unseen += (2 * at + 1, 2 * at + 2)
                if self._is_current(heap[at]):
                    key = heap[at][2]
                    yield key, self._states[key]

    def apply(self, changes: Changes, next_number: int) -> None:
        """Become the next version."""
        self._before = {key: self._states.get(key) for key in changes}, self.next_number
        self._take(changes)
        self.version, self.next_number = self.version + 1, next_number

    def undo(self) -> None:
        """Become the version before; once, until `apply` is called again."""
        assert self._before is not None
        changes, next_number = self._before
        self._before = None
        self._take(changes)
        self.version, self.next_number = self.version - 1, next_number

    def _take(self, changes: Changes) -> None:
        for key, state in changes.items():
            if state is None:
                self._states.pop(key, None)
            else:
                self._states[key] = state
                if state.expires_us is not None:
                    heappush(self._heap, (state.expires_us, state.number, key))
        while self._heap and not self._is_current(self._heap[0]):
            heappop(self._heap)
        if len(self._heap) > 2 * len(self._states) + SPARE_ENTRIES:
            self._rebuild()

    def _is_current(self, entry: tuple[int, int, Key]) -> bool:
        expires_us, number, key = entry
        state = self._states.get(key)
        return state is not None and state.number == number and state.expires_us == expires_us

    def _rebuild(self) -> None:
        self._heap = [
            (state.expires_us, state.number, key) for key, state in self._states.items() if state.expires_us is not None
        ]
        heapify(self._heap)
