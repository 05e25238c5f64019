"""Which batches are done, and the watermark of the one after (Spark: CommitLog).

`commits/<n>` has the line `v1` and `{"nextBatchWatermarkMs":...}`. Spark 2.3 writes `{}`: it keeps no watermark here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sparksim.sql.streaming.store.metadata_log import MetadataLog, json_object, json_text, whole_number


@dataclass(frozen=True)
class CommitEntry:
    """A batch is done. `next_watermark_ms` is 0 in an entry of Spark 2.3."""

    next_watermark_ms: int = 0


class CommitLog(MetadataLog[CommitEntry]):
    """`path` is the folder `commits` of a checkpoint."""

    def _write(self, entry: CommitEntry) -> list[str]:
        return [json_text({"nextBatchWatermarkMs": entry.next_watermark_ms})]

    def _read(self, lines: Sequence[str]) -> CommitEntry:
        if not lines:
            raise ValueError("it ends after its first line")
        values = json_object(lines[0])
        return CommitEntry(whole_number(values, "nextBatchWatermarkMs") if values else 0)
