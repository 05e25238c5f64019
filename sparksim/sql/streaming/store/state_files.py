"""How versions of states lie in files.

A file begins with the line `sparksim states 1` (1 is the format) and goes on with a pickle, compressed by zlib, whose
checksum shows damage. `<v>.delta` holds what the batch that made version v changed, `<v>.snapshot` all of version v:

    (next number, [(key, number, value, expires_us), ...], [removed key, ...])

Numbers say in which order keys were created, and the next number is for the next key. Reading runs what pickle runs:
read checkpoints that you trust.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

from sparksim.core.errors import IllegalStateError
from sparksim.core.serializer import dumps, loads
from sparksim.sql.streaming.store.contract import Key
from sparksim.sql.streaming.store.folder import Folder
from sparksim.sql.streaming.store.states import Changes, State, States

HEADER = b"sparksim states 1\n"
DELTA, SNAPSHOT = "delta", "snapshot"
LEVEL = 1
"""Of zlib: fast; a batch waits for it."""

_NAME = re.compile(r"(\d+)\.(delta|snapshot)")


class StateFile(NamedTuple):
    """A file of a version."""

    version: int
    kind: str

    @property
    def name(self) -> str:
        return f"{self.version}.{self.kind}"


def state_files(folder: Folder) -> list[StateFile]:
    """All files of states in a folder, by version."""
    matches = filter(None, map(_NAME.fullmatch, folder.names()))
    return sorted(StateFile(int(match[1]), match[2]) for match in matches)


def encoded(changes: Changes, next_number: int) -> bytes:
    """The content of a delta."""
    put = [(key, *state) for key, state in changes.items() if state is not None]
    removed = [key for key, state in changes.items() if state is None]
    return HEADER + zlib.compress(dumps((next_number, put, removed)), LEVEL)


def snapshot_of(states: States) -> bytes:
    """The content of a snapshot: the delta that makes this version of nothing."""
    in_order = sorted(states.items(), key=lambda item: item[1].number)
    return encoded(dict(in_order), states.next_number)


def read_states(folder: Folder, file: StateFile) -> tuple[dict[Key, State | None], int]:
    """What a file changes, and the next number after it. Raises `IllegalStateError` when it is missing or damaged."""
    data = folder.read(file.name)
    where = folder.url_of(file.name)
    if data is None:
        raise IllegalStateError(
            f"{where} is missing: the states of version {file.version} cannot be read without it. Put the file back "
            "from a copy, or delete the whole checkpoint to begin anew"
        )
    if not data.startswith(HEADER):
        raise IllegalStateError(
            f"{where} does not begin with {HEADER.decode().strip()!r}: real Spark or another version of sparksim wrote "
            "it. States cannot be taken over: give the query a checkpointLocation of its own"
        )
    try:
        next_number, put, removed = loads(zlib.decompress(data[len(HEADER) :]))
    except Exception as error:
        raise IllegalStateError(
            f"{where} cannot be read ({type(error).__name__}: {error}). If a class in it was moved, put it back; if "
            "the file is damaged, put it back from a copy or delete the whole checkpoint to begin anew"
        ) from error
    changes: dict[Key, State | None] = dict.fromkeys(removed)
    for key, number, value, expires_us in put:
        changes[key] = State(number, value, expires_us)
    return changes, next_number
