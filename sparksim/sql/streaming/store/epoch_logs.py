"""The two logs of a query in continuous processing (Spark: OffsetSeqLog, CommitLog, written by ContinuousExecution).

`offsets/<n>` says how far epoch n has read, written when it is over: after the line `v1`, an empty one where batches
have their plan, for epochs have none; then the offset. An epoch that was not committed is never run again, so its
number is missing in `commits`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sparksim.sql.streaming.source import Offset
from sparksim.sql.streaming.store.commit_log import CommitLog
from sparksim.sql.streaming.store.metadata_log import MetadataLog, json_value
from sparksim.sql.streaming.store.offset_log import offset_text


class EpochOffsetLog(MetadataLog[Offset]):
    """`path` is the folder `offsets` of a checkpoint, which a query of micro-batches may have begun."""

    may_have_gaps = True

    def _write(self, entry: Offset) -> list[str]:
        return ["", offset_text(entry)]

    def _read(self, lines: Sequence[str]) -> Offset:
        if len(lines) != 2:
            raise ValueError(f"it has offsets of {len(lines) - 1} sources, and continuous processing has one")
        return json_value(lines[1])


class EpochCommitLog(CommitLog):
    """`path` is the folder `commits` of a checkpoint."""

    may_have_gaps = True
