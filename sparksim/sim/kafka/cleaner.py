"""Which records of a log are to go: too old, too many, or followed by another one with the same key.

Only what readers may see goes. Each function gives the records, the oldest first.
"""

from __future__ import annotations

from sparksim.sim.kafka.log import Log, StoredRecord
from sparksim.sim.kafka.values import Topic


def expired(topic: Topic, log: Log, high_watermark: int, now_ms: float) -> tuple[list[StoredRecord], str]:
    """What retention takes from the start of the log, and which limit it is that takes the last of them."""
    visible = log.between(log.start, high_watermark)
    hidden = log.between(high_watermark, log.end)
    limits = {
        "retention.ms": _too_old(topic, visible, now_ms),
        "retention records": _too_many(topic, visible, len(hidden)),
        "retention.bytes": _too_large(topic, visible, sum(record.size for record in hidden)),
    }
    reason = max(limits, key=lambda name: limits[name])
    return visible[: limits[reason]], reason


def _too_old(topic: Topic, visible: list[StoredRecord], now_ms: float) -> int:
    if topic.retention is None:
        return 0
    oldest_ms = now_ms - topic.retention * 1000
    return next((index for index, record in enumerate(visible) if record.timestamp >= oldest_ms), len(visible))


def _too_many(topic: Topic, visible: list[StoredRecord], hidden: int) -> int:
    if topic.retention_records is None:
        return 0
    return min(max(len(visible) + hidden - topic.retention_records, 0), len(visible))


def _too_large(topic: Topic, visible: list[StoredRecord], hidden_bytes: int) -> int:
    if topic.retention_bytes is None:
        return 0
    room = topic.retention_bytes - hidden_bytes
    for index in range(len(visible) - 1, -1, -1):
        room -= visible[index].size
        if room < 0:
            return index + 1
    return 0


def superseded(log: Log, high_watermark: int) -> list[StoredRecord]:
    """What compaction takes: records behind which there is another one with the same key. Offsets stay as they are."""
    last: dict[bytes | None, int] = {}
    visible = log.between(log.start, high_watermark)
    for record in visible:
        last[record.key] = record.offset
    return [record for record in visible if last[record.key] != record.offset]
