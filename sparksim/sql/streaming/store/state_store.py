"""What one task does to the states of a partition, before it is committed (Spark: HDFSBackedStateStore).

A transaction notes what it puts and removes beside the version that it was opened at, and reads through its notes. So
the version stays as it is until `StateStoreProvider.commit`, and a transaction that is given up leaves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sql.streaming.store.contract import Key
from sparksim.sql.streaming.store.states import State, States


class StateTransaction:
    """A `StateStore`, made by `StateStoreProvider.open`.

    Every call raises `IllegalStateError` after the transaction has ended, or when another one was committed meanwhile.
    """

    def __init__(self, states: States, where: str) -> None:
        self.version = states.version
        self.changes: dict[Key, State | None] = {}
        self.next_number = states.next_number
        self.expired_through_us: int | None = None
        """Until when expired keys were asked for: what is removed of them has expired."""
        self._states = states
        self._where = where
        self._length = len(states)
        self._ended = ""

    def get(self, key: Key) -> Any:
        """The value of a key, None without one."""
        state = self._state(key)
        return None if state is None else state.value

    def put(self, key: Key, value: Any, expires_us: int | None = None) -> None:
        """Give a key a value. Raises `IllegalArgumentError` for None, which is no value."""
        if value is None:
            raise IllegalArgumentError(f"put({key!r}, None): None is no state; remove the key instead")
        state = self._state(key)
        if state is None:
            number = self.next_number
            self.next_number += 1
            self._length += 1
        else:
            number = state.number
        self.changes[key] = State(number, value, expires_us)

    def remove(self, key: Key) -> None:
        """Forget a key; nothing happens when there is none."""
        if self._state(key) is not None:
            self.changes[key] = None
            self._length -= 1

    def items(self) -> Iterator[tuple[Key, Any]]:
        """All keys and values, in the order in which the keys were created."""
        self.check_open()
        merged = {**dict(self._states.items()), **self.changes}
        present = [(key, state) for key, state in merged.items() if state is not None]
        present.sort(key=lambda item: item[1].number)
        return ((key, state.value) for key, state in present)

    def expired(self, through_us: int) -> list[Key]:
        """The keys with `expires_us <= through_us`, earliest first, of two at one time the one created first."""
        self.check_open()
        if self.expired_through_us is None or through_us > self.expired_through_us:
            self.expired_through_us = through_us
        due = {key: state for key, state in self._states.expired(through_us) if key not in self.changes}
        for key, state in self.changes.items():
            if state is not None and state.expires_us is not None and state.expires_us <= through_us:
                due[key] = state
        return sorted(due, key=lambda key: (due[key].expires_us, due[key].number))

    def __len__(self) -> int:
        self.check_open()
        return self._length

    def before(self, key: Key) -> State | None:
        """What stands under a key in the version that the transaction was opened at."""
        return self._states.get(key)

    def is_of(self, states: States) -> bool:
        """Whether these are the states that it changes."""
        return self._states is states

    def end(self, how: str) -> None:
        """From now on every call raises."""
        self._ended = how

    def check_open(self) -> None:
        """Raise `IllegalStateError` unless the transaction can go on."""
        if self._ended:
            raise IllegalStateError(f"the states of {self._where} were {self._ended}: open the next version")
        if self._states.version != self.version:
            raise IllegalStateError(
                f"the states of {self._where} were opened at version {self.version} and are at "
                f"{self._states.version} now: another task of the same partition has moved them. Run this one again"
            )

    def _state(self, key: Key) -> State | None:
        if self._ended or self._states.version != self.version:
            self.check_open()
        return self.changes[key] if key in self.changes else self._states.get(key)
