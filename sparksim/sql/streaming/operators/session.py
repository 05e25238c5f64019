"""Windows that last as long as rows keep coming (Spark: MergingSessionsExec, SessionWindowStateStoreSaveExec).

A row is a session of its own, from its time until a gap later; sessions of one key that overlap or touch become one, be
they new or stored. The sessions of a key are numbered by their start, and each is a state: (key, number).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sparksim.sql.chunks import Table
from sparksim.sql.libraries import sqlglot
from sparksim.sql.plan.nodes import Aggregate, Tree
from sparksim.sql.streaming.operators.aggregate import AggregateOperator
from sparksim.sql.streaming.operators.aggregate_statements import Values
from sparksim.sql.streaming.operators.contract import Outcome, Times
from sparksim.sql.streaming.operators.keys import split_late
from sparksim.sql.streaming.store.contract import Key, StateStore

Session = tuple[tuple[int, int], Values]
"""A window (start, end) and its buffers."""


class SessionOperator(AggregateOperator):
    """An `Aggregate` with a `session_window` among its keys, in append or complete mode."""

    name = "sessionWindowStateStoreSaveExec"

    def __init__(self, node: Aggregate, mode: str) -> None:
        assert node.session is not None
        window = _window(node.keys[node.session])
        # A gap that is not positive makes no session.
        select = node.source.select.copy().where(_is_open(window), copy=False)
        keys = [window if at == node.session else key for at, key in enumerate(node.keys)]
        super().__init__(replace(node, source=replace(node.source, select=select)), mode, keys)
        self._at = node.session
        self.is_single = not self.partition_keys(0)

    def partition_keys(self, side: int) -> Sequence[int]:
        """The columns of the key without the window."""
        return [at for at in range(self._statements.key_count) if at != self._at]

    def process(self, inputs: Sequence[Table], stores: Mapping[str, StateStore], times: Times) -> Outcome:
        """Join new sessions to stored ones; emit those that are over, or all."""
        statements, store = self._statements, stores["default"]
        groups, late = split_late(inputs[0], self._time, times.late_ms)
        updated, removed = self._merge_into(store, groups)
        evicted = [] if self._time is None else self._evicted(store, times.evict_ms * 1000)
        shown = ((key[:-1], session) for key, session in store.items()) if self._mode == "complete" else evicted
        table = statements.table((self._key(owner, window), values) for owner, (window, values) in shown)
        return Outcome(
            statements.result(table, times.batch_ms),
            updated=updated,
            removed=removed + len(evicted),
            dropped=late.num_rows,
            late=[late.select(range(statements.key_count))] if late.num_rows else [],
        )

    def _merge_into(self, store: StateStore, groups: Table) -> tuple[int, int]:
        """Put the sessions of all touched keys; gives how many, and how many places of sessions became free."""
        sessions: dict[Key, list[Session]] = {}
        for key, values in self._statements.groups(groups):
            sessions.setdefault(self._owner(key), []).append((key[self._at], values))
        stored = {owner: _stored(store, owner) for owner in sessions}
        rows = [
            (self._key(owner, window), values)
            for owner, new in sessions.items()
            for window, values in _together([*stored[owner], *new])
        ]
        merged: dict[Key, list[Session]] = {owner: [] for owner in sessions}
        for key, values in self._statements.groups(self._statements.merged(self._statements.table(rows))):
            merged[self._owner(key)].append((key[self._at], values))
        for owner, found in merged.items():
            self._put(store, owner, found, len(stored[owner]))
        free = sum(max(0, len(old) - len(merged[owner])) for owner, old in stored.items())
        return sum(map(len, merged.values())), free

    def _evicted(self, store: StateStore, through_us: int) -> list[tuple[Key, Session]]:
        evicted: list[tuple[Key, Session]] = []
        for owner in dict.fromkeys(key[:-1] for key in store.expired(through_us)):
            sessions = _stored(store, owner)
            gone = [session for session in sessions if session[0][1] <= through_us]
            self._put(store, owner, sessions[len(gone) :], len(sessions))
            evicted += [(owner, session) for session in gone]
        return evicted

    def _put(self, store: StateStore, owner: Key, sessions: Iterable[Session], before: int) -> None:
        """These are the sessions of a key from now on; there were `before` of them."""
        found = sorted(sessions)
        for number, session in enumerate(found):
            store.put((*owner, number), session, None if self._time is None else session[0][1])
        for number in range(len(found), before):
            store.remove((*owner, number))

    def _owner(self, key: Key) -> Key:
        return key[: self._at] + key[self._at + 1 :]

    def _key(self, owner: Key, window: tuple[int, int]) -> Key:
        return (*owner[: self._at], window, *owner[self._at :])


def _stored(store: StateStore, owner: Key) -> list[Session]:
    sessions: list[Session] = []
    while (session := store.get((*owner, len(sessions)))) is not None:
        sessions.append(session)
    return sessions


def _together(sessions: Sequence[Session]) -> list[Session]:
    """The same sessions, where those that overlap or touch have one window."""
    ordered = sorted(sessions, key=lambda session: session[0])
    windows: list[list[Any]] = []
    for (start, end), values in ordered:
        if windows and start <= windows[-1][1]:
            windows[-1][1] = max(windows[-1][1], end)
            windows[-1][2].append(values)
        else:
            windows.append([start, end, [values]])
    return [((start, end), values) for start, end, parts in windows for values in parts]


def _window(call: Tree) -> Tree:
    """`session_window(time, gap)` as the window of one row; the gap may be a text."""
    exp = sqlglot().exp
    time, gap = call.expressions
    end = exp.Add(this=time.copy(), expression=exp.Cast(this=gap.copy(), to=exp.DataType.build("interval")))
    fields = {"start": time.copy(), "end": end}
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=tree) for name, tree in fields.items()]
    )


def _is_open(window: Tree) -> Tree:
    exp = sqlglot().exp
    start, end = (part.expression.copy() for part in window.expressions)
    return exp.GT(this=exp.Paren(this=end), expression=exp.Paren(this=start))
