"""The versions of one partition's states: in files, and the newest in memory (HDFSBackedStateStoreProvider).

Batch n opens version n and commits n + 1 as `<n+1>.delta`. A batch that is run again finds version n + 1 in memory,
goes back to n by undoing what it did, and commits the same again; the file that is there stays. Other versions are read
from the newest snapshot before them and the deltas that follow. Nothing here has a thread of its own: whoever owns the
provider calls `maintain` now and then, as Spark's maintenance thread does every 60 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sql.streaming.store.contract import Key
from sparksim.sql.streaming.store.folder import Charge, Folder, no_time
from sparksim.sql.streaming.store.state_files import (
    DELTA,
    SNAPSHOT,
    StateFile,
    encoded,
    read_states,
    snapshot_of,
    state_files,
)
from sparksim.sql.streaming.store.state_store import StateTransaction
from sparksim.sql.streaming.store.states import State, States
from sparksim.trace.short_text import short_text

DEFAULT_STORE = "default"
MIN_DELTAS = 10
"""spark.sql.streaming.stateStore.minDeltasForSnapshot"""
RETAIN = 100
"""spark.sql.streaming.minBatchesToRetain"""
SHOWN = 100
"""spark.sparksim.stateKeys"""
WIDTH = 80
"""So many characters of a key and of a value are told: what has a window, which is two times, is whole."""


@dataclass(frozen=True)
class CommittedVersion:
    """What a commit made.

    `keys` are all keys, `updated` those that were put, `removed` those that are gone. `changes` tells single keys in
    the order in which they were touched, (key, created | updated | removed | expired, value) as short texts; `left_out`
    is how many more there were. `file` is the delta, below the checkpoint.
    """

    version: int
    file: str
    keys: int
    updated: int
    removed: int
    changes: tuple[tuple[str, str, str], ...]
    left_out: int


class StateStoreProvider:
    """Of the store `name` of an operator's partition, in `state/<operator>/<partition>[/<name>]` of a checkpoint.

    A snapshot is written when more than `min_deltas` deltas have followed the last; files that none of the last
    `retain` versions needs are deleted then. `charge` lets the time of a write pass. Of each commit, `shown` keys are
    told one by one. Raises `IllegalArgumentError` for negative numbers.
    """

    def __init__(
        self,
        path: str,
        operator: int,
        partition: int,
        name: str = DEFAULT_STORE,
        min_deltas: int = MIN_DELTAS,
        retain: int = RETAIN,
        charge: Charge = no_time,
        shown: int = SHOWN,
    ) -> None:
        for argument, value in (("min_deltas", min_deltas), ("retain", retain), ("shown", shown)):
            if value < 0:
                raise IllegalArgumentError(f"{argument}={value!r}: give a whole number, 0 or more")
        own = "" if name == DEFAULT_STORE else f"/{name}"
        self._place = f"state/{operator}/{partition}{own}"
        self._folder = Folder(f"{path.rstrip('/')}/{self._place}", charge)
        self._min_deltas = min_deltas
        self._retain = retain
        self._shown = shown
        self._states = States()
        self._snapshot = 0

    @property
    def index_entries(self) -> int:
        """How many entries the index of keys that expire has, those included that are passed over."""
        return self._states.index_entries

    def open(self, version: int) -> StateTransaction:
        """The states as the batch before left them; version 0 is empty.

        Raises `IllegalArgumentError` for a negative version, `IllegalStateError` for files that are missing or damaged.
        """
        if version < 0:
            raise IllegalArgumentError(f"version={version!r}: versions are numbered from 0, which is empty")
        if self._states.version == version + 1 and self._states.can_undo:
            self._states.undo()
        elif self._states.version != version:
            self._states = self._loaded(version)
        return StateTransaction(self._states, self._folder.url)

    def commit(self, transaction: StateTransaction) -> CommittedVersion:
        """Make the next version of what a transaction changed, in its file and then in memory.

        Raises `IllegalStateError` when the transaction has ended or another one was committed meanwhile, `OSError` when
        the file cannot be written.
        """
        self._check_own(transaction)
        changes = {
            key: state
            for key, state in transaction.changes.items()
            if state is not None or transaction.before(key) is not None
        }
        file = StateFile(transaction.version + 1, DELTA)
        self._folder.create(file.name, encoded(changes, transaction.next_number))
        self._check_own(transaction)
        told = tuple(self._told(transaction, changes))
        self._states.apply(changes, transaction.next_number)
        transaction.end("committed")
        removed = sum(state is None for state in changes.values())
        return CommittedVersion(
            file.version,
            f"{self._place}/{file.name}",
            len(self._states),
            len(changes) - removed,
            removed,
            told,
            len(changes) - len(told),
        )

    def abort(self, transaction: StateTransaction) -> None:
        """Give up what a transaction changed; nothing happens to one that has ended."""
        transaction.end("given up")

    def maintain(self) -> None:
        """Write a snapshot if it is time for one, and then delete what no version that is kept needs.

        Raises `OSError`. Costs nothing in between.
        """
        if self._states.version - self._snapshot <= self._min_deltas:
            return
        file = StateFile(self._states.version, SNAPSHOT)
        self._folder.create(file.name, snapshot_of(self._states))
        self._snapshot = file.version
        self._clean(file.version - self._retain)

    def _clean(self, oldest: int) -> None:
        """Delete what is older than the snapshot that version `oldest` is read from."""
        files = state_files(self._folder)
        needed = max((file.version for file in files if file.kind == SNAPSHOT and file.version <= oldest), default=0)
        for file in files:
            if file.version < needed:
                self._folder.remove(file.name)

    def _loaded(self, version: int) -> States:
        """A version from files. What is in memory is as good a beginning as a snapshot, if it is no older."""
        snapshots = [file.version for file in state_files(self._folder) if file.kind == SNAPSHOT]
        self._snapshot = max((each for each in snapshots if each <= version), default=0)
        if self._snapshot <= self._states.version <= version:
            states = self._states
        elif self._snapshot:
            states = self._read(StateFile(self._snapshot, SNAPSHOT))
        else:
            states = States()
        while states.version < version:
            states.apply(*read_states(self._folder, StateFile(states.version + 1, DELTA)))
        return states

    def _read(self, file: StateFile) -> States:
        changes, next_number = read_states(self._folder, file)
        present = ((key, state) for key, state in changes.items() if state is not None)
        return States(file.version, next_number, present)

    def _check_own(self, transaction: StateTransaction) -> None:
        """The states of a transaction are those in memory unless they were read anew for another."""
        transaction.check_open()
        if not transaction.is_of(self._states):
            raise IllegalStateError(
                f"the states of {self._folder.url} were opened again, at version {self._states.version}, while a task "
                f"was changing version {transaction.version}. Run this one again"
            )

    def _told(self, transaction: StateTransaction, changes: dict[Key, State | None]) -> Iterator[tuple[str, str, str]]:
        through_us = transaction.expired_through_us
        for key, state in list(changes.items())[: self._shown]:
            before, told = transaction.before(key), short_text(key, WIDTH)
            if state is not None:
                yield told, "created" if before is None else "updated", short_text(state.value, WIDTH)
                continue
            assert before is not None
            due = through_us is not None and before.expires_us is not None and before.expires_us <= through_us
            yield told, "expired" if due else "removed", ""
