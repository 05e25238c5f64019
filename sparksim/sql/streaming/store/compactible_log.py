"""A log of lists that grows for ever and is still read quickly (Spark: CompactibleFileStreamLog).

Every tenth entry, 9, 19, ..., is `<n>.compact` and holds all lines so far; whoever wants everything reads the newest of
them and the few entries after it. Older files go once they are ten minutes old and more than `retain` batches back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sql.streaming.store.folder import Charge, no_time
from sparksim.sql.streaming.store.metadata_log import MetadataLog

COMPACT = ".compact"
INTERVAL = 10
RETAIN = 100
"""spark.sql.streaming.minBatchesToRetain"""
CLEANUP_DELAY_MS = 600_000
"""spark.sql.streaming.fileSource.log.cleanupDelay, and fileSink"""

Line = TypeVar("Line")


class CompactibleLog(MetadataLog[Sequence[Line]]):
    """An entry is a list of what a subclass writes as one line each (`_write`, `_read`).

    `now_ms` says what time it is, by the clock that the files' times come from. Raises `IllegalArgumentError`.
    """

    def __init__(
        self,
        path: str,
        now_ms: Callable[[], float],
        charge: Charge = no_time,
        interval: int = INTERVAL,
        retain: int = RETAIN,
        cleanup_delay_ms: float = CLEANUP_DELAY_MS,
    ) -> None:
        super().__init__(path, charge)
        if interval < 1:
            raise IllegalArgumentError(f"interval={interval!r}: give 1 or more, every so many entries are compacted")
        self._now_ms = now_ms
        self._interval = interval
        self._retain = retain
        self._cleanup_delay_ms = cleanup_delay_ms

    def add(self, batch_id: int, entry: Sequence[Line]) -> bool:
        if not self._is_compact(batch_id):
            return super().add(batch_id, entry)
        added = super().add(batch_id, [*self._lines_until(batch_id - 1), *entry])
        if added:
            self._clean(batch_id)
        return added

    def get(self, batch_id: int) -> Sequence[Line] | None:
        """An entry; a compacted one holds all lines up to it. None when there is none."""
        found = self._content(str(batch_id))
        return self._content(f"{batch_id}{COMPACT}") if found is None else found

    def all_entries(self) -> list[Line]:
        """All lines of all entries, oldest first. Raises `IllegalStateError` for a gap or a file that is no entry."""
        ids = self.ids()
        return self._lines_until(ids[-1]) if ids else []

    def _number(self, name: str) -> int | None:
        return super()._number(name.removesuffix(COMPACT))

    def _name(self, batch_id: int) -> str:
        return f"{batch_id}{COMPACT}" if self._is_compact(batch_id) else str(batch_id)

    def _is_compact(self, batch_id: int) -> bool:
        return (batch_id + 1) % self._interval == 0

    def _lines_until(self, last: int) -> list[Line]:
        """Of the newest compacted entry up to `last`, and of all after it."""
        newest_first: list[Sequence[Line]] = []
        for batch_id in range(last, -1, -1):
            found = self._content(f"{batch_id}{COMPACT}")
            if found is not None:
                newest_first.append(found)
                break
            newest_first.append(self._plain(batch_id))
        return [line for entry in reversed(newest_first) for line in entry]

    def _plain(self, batch_id: int) -> Sequence[Line]:
        found = self._content(str(batch_id))
        if found is None:
            raise IllegalStateError(
                f"{self._folder.url_of(self._name(batch_id))} is missing: nobody knows which files belong to this "
                "batch. Put the file back from a copy, or delete the whole folder to begin anew"
            )
        return found

    def _clean(self, batch_id: int) -> None:
        """Delete what lies before the compacted entry that a reader `retain` batches back would need."""
        needed = batch_id - self._retain
        needed -= (needed + 1) % self._interval
        for number, name in self._files().items():
            if number >= needed or self._now_ms() - self._folder.modified_ms(name) < self._cleanup_delay_ms:
                return
            self._folder.remove(name)
