"""What each batch is going to read, written before anything is read (Spark: OffsetSeqLog).

`offsets/<n>` has the line `v1`; a JSON object with the batch's watermark, its timestamp and the settings that it is run
with; then a line for each source in the order of the plan: the JSON of the offset it is read to, or `-` for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sparksim.sql.streaming.source import Offset
from sparksim.sql.streaming.store.metadata_log import MetadataLog, json_object, json_text, json_value, whole_number

NOTHING = "-"
"""Stands for the offset of a source that has none yet."""


@dataclass(frozen=True)
class OffsetEntry:
    """The plan of one batch: run again, it is run with exactly these values. None is the offset of an empty source."""

    watermark_ms: int
    batch_ms: int
    conf: Mapping[str, str] = field(default_factory=dict)
    offsets: Sequence[Offset] = ()


class OffsetLog(MetadataLog[OffsetEntry]):
    """`path` is the folder `offsets` of a checkpoint."""

    def _write(self, entry: OffsetEntry) -> list[str]:
        plan = {
            "batchWatermarkMs": entry.watermark_ms,
            "batchTimestampMs": entry.batch_ms,
            "conf": dict(entry.conf),
        }
        return [json_text(plan), *map(offset_text, entry.offsets)]

    def _read(self, lines: Sequence[str]) -> OffsetEntry:
        if not lines:
            raise ValueError("it ends after its first line")
        if not lines[0]:
            raise ValueError("it is of an epoch of continuous processing, behind which no batch can begin")
        plan = json_object(lines[0])
        conf = plan.get("conf", {})
        if not isinstance(conf, dict):
            raise ValueError(f"conf is {conf!r} and not an object")
        return OffsetEntry(
            whole_number(plan, "batchWatermarkMs"),
            whole_number(plan, "batchTimestampMs"),
            {str(key): str(value) for key, value in conf.items()},
            tuple(None if line == NOTHING else json_value(line) for line in lines[1:]),
        )


def offset_text(offset: Offset) -> str:
    """An offset as it stands in the log and in the trace."""
    return NOTHING if offset is None else json_text(offset)
