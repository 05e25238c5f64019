"""Which part of a log a batch takes: ranges of offsets, and how rates limit them (Spark: OffsetRange, and the
arithmetic of DirectKafkaInputDStream 0.10).

Pure functions of offsets. A log without topics puts its address in their place.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import TypeVar

from sparksim.kafka.records import TopicPartition
from sparksim.trace.events import Origin

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The records of one partition from `fromOffset` to before `untilOffset` (PySpark: OffsetRange of KafkaUtils).

    Nothing is checked here: a range that ends before it begins, or that the log does not hold, fails who reads it.
    """

    topic: str
    partition: int
    fromOffset: int
    untilOffset: int

    def count(self) -> int:
        """How many offsets. Below 0 for a range that ends before it begins."""
        return self.untilOffset - self.fromOffset

    def topicPartition(self) -> TopicPartition:
        """The partition (Kafka 0.10)."""
        return TopicPartition(self.topic, self.partition)

    def topicAndPartition(self) -> TopicPartition:
        """The partition (PySpark's name, of Kafka 0.8)."""
        return self.topicPartition()

    @property
    def source(self) -> str:
        """The partition as the trace names it."""
        return str(self.topicPartition())

    @property
    def origin(self) -> Origin:
        """The records as the trace names them. Only of a range that is not empty."""
        return self.source, self.fromOffset, self.untilOffset - 1


def max_messages(
    batch_ms: int, max_rates: Mapping[P, float], rate: int | None, current: Mapping[P, int], latest: Mapping[P, int]
) -> dict[P, int] | None:
    """How many records of each partition a batch may take; None for no limit (maxMessagesPerPartition).

    `max_rates` are records per second of each partition, 0 for no limit. `rate`, that of backpressure, is shared out by
    how far each partition lags behind; None or below 1: there is none. The shares are rounded as in Spark 2.3, so a
    small one may become 0. Where all limits are 0, there is no limit.
    """
    if rate is not None and rate > 0:
        lags = {partition: max(latest[partition] - current[partition], 0) for partition in latest}
        total = sum(lags.values())
        shares = {partition: _share(lag, total, rate) for partition, lag in lags.items()}
        limits = {p: min(share, max_rates[p]) if max_rates[p] > 0 else share for p, share in shares.items()}
    else:
        limits = {partition: max_rates[partition] for partition in latest}
    if sum(limits.values()) <= 0:
        return None
    return {partition: floor(batch_ms / 1000 * limit) for partition, limit in limits.items()}


def _share(lag: int, total_lag: int, rate: int) -> int:
    """Computed in single precision, as Spark does, and rounded half up."""
    if total_lag == 0:
        return 0
    return floor(_single(_single(_single(lag) / _single(total_lag)) * _single(rate)) + 0.5)


def _single(value: float) -> float:
    single: float = struct.unpack("f", struct.pack("f", value))[0]
    return single


def clamp(limits: Mapping[P, int] | None, current: Mapping[P, int], latest: Mapping[P, int]) -> dict[P, int]:
    """Where the batch ends in each partition."""
    if limits is None:
        return dict(latest)
    return {partition: min(current[partition] + limits[partition], end) for partition, end in latest.items()}
