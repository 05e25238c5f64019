"""One replica's log of a partition: records by offset, with gaps where compaction took some away.

Replicas share their records. Two logs agree up to an offset if the same leader wrote what stands there, which the epoch
of each record says (KIP-101): so a follower knows where to cut before it follows.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import NamedTuple

from sparksim.kafka.records import Headers

Sequence = tuple[int, int]
"""A producer's epoch and the number of a record in it: what tells an idempotent producer's copies apart."""

_offset = attrgetter("offset")


class StoredRecord(NamedTuple):
    """A record in a log. `number` is its producer's number of it, `epoch` counts the leaders of the partition."""

    offset: int
    epoch: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    producer: str
    number: int
    sequence: Sequence | None
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")


class Log:
    """`start` is the first offset it may still hold, `end` the one that its next record gets."""

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self._records: list[StoredRecord] = []
        self._sequences: dict[str, Sequence] = {}

    def __len__(self) -> int:
        return len(self._records)

    def append(self, record: StoredRecord) -> None:
        """Add a record whose offset is `end` or more."""
        self._records.append(record)
        self.end = record.offset + 1
        if record.sequence is not None:
            self._sequences[record.producer] = record.sequence

    def sequence(self, producer: str) -> Sequence | None:
        """The last of this producer's that is in the log, or was until retention took it."""
        return self._sequences.get(producer)

    def between(self, first: int, end: int) -> list[StoredRecord]:
        """The records with offsets from `first` to before `end`."""
        return self._records[self._index(first) : self._index(end)]

    def fetch(self, offset: int, below: int, max_bytes: int) -> list[StoredRecord]:
        """Records from `offset` to before `below`, as many as have room; the first one in any case."""
        fetched: list[StoredRecord] = []
        for index in range(self._index(offset), self._index(below)):
            record = self._records[index]
            max_bytes -= record.size
            if fetched and max_bytes < 0:
                break
            fetched.append(record)
        return fetched

    def divergence(self, other: Log) -> int:
        """The first offset at which the two differ, or at which one of them ends."""
        agreed = min(self.end, other.end)
        mine, theirs = self._index(agreed) - 1, other._index(agreed) - 1
        while mine >= 0 and theirs >= 0:
            ours, its = self._records[mine], other._records[theirs]
            if (ours.offset, ours.epoch) == (its.offset, its.epoch):
                break
            agreed = max(ours.offset, its.offset)
            mine -= ours.offset == agreed
            theirs -= its.offset == agreed
        return agreed

    def follow(self, leader: Log, end: int) -> None:
        """Become a copy of the leader's log as far as `end`."""
        agreed = self.divergence(leader)
        if agreed < self.end:
            self._cut(agreed)
        for record in leader.between(self.end, end):
            self.append(record)
        self.end = max(self.end, min(end, leader.end))
        self.start = leader.start

    def delete(self, offsets: set[int], start: int) -> None:
        """Take these records away; the log begins at `start` from now on."""
        self._records = [record for record in self._records if record.offset not in offsets]
        self.start = max(self.start, start)
        self.end = max(self.end, self.start)

    def _cut(self, end: int) -> None:
        """Forget everything from this offset on."""
        index = self._index(end)
        gone = self._records[index:]
        del self._records[index:]
        self.end = end
        for producer in dict.fromkeys(record.producer for record in gone if record.sequence is not None):
            kept = (each.sequence for each in reversed(self._records) if each.producer == producer and each.sequence)
            last = next(kept, None)
            if last is None:
                self._sequences.pop(producer, None)
            else:
                self._sequences[producer] = last

    def _index(self, offset: int) -> int:
        return bisect_left(self._records, offset, key=_offset)
