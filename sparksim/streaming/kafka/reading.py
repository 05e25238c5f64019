"""How a task reads its range of offsets (Spark: CachedKafkaConsumer, and the iterators of both KafkaRDDs).

The range was fixed long before. Here it shows whether the log still keeps the promise: whoever cannot have every record
of the range raises, so the task fails, is tried again, and at last fails its batch. Nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from sparksim.core.conf import SparkConf, boolean, integer, time_ms
from sparksim.core.task_context import TaskContext
from sparksim.kafka.client import Kafka, Settings
from sparksim.kafka.errors import KafkaError, KafkaTimeout
from sparksim.kafka.records import ConsumerRecord
from sparksim.streaming.kafka.arguments import whole
from sparksim.streaming.offset_ranges import OffsetRange

SOCKET_TIMEOUT_MS = 30_000
"""How long a consumer of 0.8 waits for an answer (`socket.timeout.ms`)."""

POLL, CACHE, GAPS = (
    "spark.streaming.kafka.consumer.poll.ms",
    "spark.streaming.kafka.consumer.cache.enabled",
    "spark.streaming.kafka.allowNonConsecutiveOffsets",
)


@dataclass(frozen=True)
class SimpleReader:
    """Reads as Kafka 0.8's simple consumer does: a log may have gaps, but the range must end where it says."""

    kafka: Kafka
    settings: Settings

    def __call__(self, offsets: OffsetRange, task: TaskContext) -> Iterator[ConsumerRecord]:
        """Raises what the log raises; `KafkaError` when the log ends, or goes on, elsewhere than the range."""
        wait_ms, partition = whole(self.settings, "socket.timeout.ms", SOCKET_TIMEOUT_MS), offsets.topicPartition()
        fresh, position = task.attemptNumber() > 0, offsets.fromOffset
        records = self.kafka.read(partition, position, self.settings, wait_ms, fresh=fresh)
        while position < offsets.untilOffset:
            try:
                record = next(records)
            except KafkaTimeout as error:
                raise KafkaError(
                    f"ran out of messages of {partition} at offset {position} before the end {offsets.untilOffset} of "
                    f"the range, which began at {offsets.fromOffset}: messages may have been lost. Look whether the "
                    "topic was made anew, or a broker without all of its records became leader"
                ) from error
            if record.offset == offsets.untilOffset:
                return
            if record.offset > offsets.untilOffset:
                raise KafkaError(
                    f"got offset {record.offset} of {partition} behind the end {offsets.untilOffset} of the range, "
                    f"which began at {offsets.fromOffset}: a message may have been skipped. Compaction may remove the "
                    "last messages of a range; do not compact topics that are read in Kafka 0.8's direct way"
                )
            position = record.offset + 1
            yield record


class Polling(NamedTuple):
    """What Spark's settings say of consumers in tasks.

    They wait for a record for `poll_ms`. `cached`: they are kept from one task to the next. `gaps`: a log may have
    gaps, as compaction and transactions leave them.
    """

    poll_ms: int
    cached: bool
    gaps: bool

    @classmethod
    def of(cls, conf: SparkConf) -> Polling:
        """Raises `IllegalArgumentError` for a wrong setting."""
        poll_ms = integer(conf, POLL, time_ms(conf, "spark.network.timeout", "120s"))
        return cls(poll_ms, boolean(conf, CACHE, True), boolean(conf, GAPS, False))


@dataclass(frozen=True)
class ConsumerReader:
    """Reads as Kafka 0.10's consumer does, with the settings of an executor."""

    kafka: Kafka
    settings: Settings
    polling: Polling

    def __call__(self, offsets: OffsetRange, task: TaskContext) -> Iterator[ConsumerRecord]:
        """Raises what the log raises, `KafkaTimeout` when no record came in time, `KafkaError` at a gap."""
        partition, position = offsets.topicPartition(), offsets.fromOffset
        fresh = not self.polling.cached or task.attemptNumber() > 0
        records = self.kafka.read(partition, position, self.settings, self.polling.poll_ms, fresh=fresh)
        while position < offsets.untilOffset:
            try:
                record = next(records)
            except KafkaTimeout as error:
                self._nothing_came(offsets, position, error)
            if record.offset != position and not self.polling.gaps:
                raise KafkaError(
                    f"got offset {record.offset} of {partition} where {position} was asked for, even after going there "
                    f"anew: the log has a gap. If its topic is compacted or written in transactions, set {GAPS}=true"
                )
            if record.offset >= offsets.untilOffset:
                return
            position = record.offset + 1
            yield record

    def _nothing_came(self, offsets: OffsetRange, position: int, error: KafkaTimeout) -> NoReturn:
        raise KafkaTimeout(
            f"failed to get records of {offsets.source} at offset {position}, of the range {offsets.fromOffset} to "
            f"{offsets.untilOffset}, after polling for {self.polling.poll_ms} ms as {self.settings['group.id']!r}: "
            f"{error}. Look whether its broker is up; {POLL} is how long a task waits"
        ) from error
