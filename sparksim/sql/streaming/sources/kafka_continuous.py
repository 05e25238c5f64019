"""Topics of Kafka, read continuously (Spark: KafkaContinuousStream): a task per partition of a topic, for ever.

A record's arrival is its own timestamp: unless a program sets another one, the time at which it was produced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sparksim.core.errors import IllegalStateError
from sparksim.kafka.errors import BrokerNotAvailable, KafkaTimeout, LeaderNotAvailable, OffsetOutOfRange
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.sql.streaming.source import Arrived, Offset, PartitionReader
from sparksim.sql.streaming.sources.kafka_offsets import offsets_json, offsets_of_json
from sparksim.sql.streaming.sources.kafka_options import KafkaOptions
from sparksim.sql.streaming.sources.kafka_rdd import ADVICE, Loss, chunks_of

if TYPE_CHECKING:
    from sparksim.sql.streaming.sources.kafka import KafkaLog


class ContinuousKafkaSource:
    """An offset is the offset of the next record of each partition. Partitions that come and go mean a new job."""

    def __init__(self, log: KafkaLog, options: KafkaOptions, description: str) -> None:
        self.description = description
        self._log = log
        self._options = options
        self._initial: dict[TopicPartition, int] | None = None
        self._known: list[TopicPartition] = []

    def readers(self, start: Offset) -> Sequence[Callable[[], PartitionReader]]:
        """One for each partition that there is now. Raises `IllegalStateError` for a loss that must not be."""
        begin = self._begin() if start is None else offsets_of_json(start)
        there = self._log.reader.partitions()
        gone = sorted(set(begin) - set(there))
        if gone:
            self._log.lose(f"{', '.join(map(str, gone))} are gone, and what they still held")
        places = {**begin, **self._log.reader.earliest([each for each in there if each not in begin])}
        self._known = sorted(there)
        return [partial(_KafkaReader, self._log, self._options, each, places[each]) for each in self._known]

    def merged(self, shares: Sequence[Offset]) -> Offset:
        """By topic and partition."""
        return offsets_json(dict(zip(self._known, shares, strict=True)))

    def has_other_partitions(self) -> bool:
        """Asks the cluster."""
        return sorted(self._log.reader.partitions()) != self._known

    def commit(self, end: Offset) -> None:
        """Nothing is committed to Kafka."""

    def stop(self) -> None:
        """Nothing to give back."""

    def _begin(self) -> dict[TopicPartition, int]:
        if self._initial is None:
            self._initial = self._log.beginning()
            self._log.tell_skipped(self._initial)
        return self._initial


class _KafkaReader:
    """Waits for records as long as it must: no answer from Kafka is no reason to give up.

    Raises `IllegalStateError` when the log does not hold the next record any more, unless that may be.
    """

    def __init__(self, log: KafkaLog, options: KafkaOptions, partition: TopicPartition, position: int) -> None:
        self._log = log
        self._options = options
        self._partition = partition
        self._position = position
        self._records: Iterator[ConsumerRecord] | None = None

    @property
    def offset(self) -> Offset:
        return self._position

    def next(self, until_ms: float) -> Arrived | None:
        clock = self._log.backend.clock
        if self._records is None:
            wait_ms = max(until_ms - clock.now_ms, 1)
            self._records = self._log.kafka.read(self._partition, self._position, self._options.settings, wait_ms)
        try:
            record = next(self._records)
        except (KafkaTimeout, LeaderNotAvailable, BrokerNotAvailable):
            self._records = None
            clock.sleep(until_ms - clock.now_ms)
            return None
        except OffsetOutOfRange as error:
            self._records = None
            self._skip(f"{type(error).__name__}: {error}")
            return None
        self._position = record.offset + 1
        return Arrived(next(chunks_of(iter([record]), self._options)), record.timestamp)

    def _skip(self, reason: str) -> None:
        """Go on behind the gap."""
        [first] = self._log.kafka.earliest_offsets([self._partition]).values()
        loss = Loss((str(self._partition), self._position, first - 1), reason)
        if self._options.fails or first <= self._position:
            raise IllegalStateError(f"{loss}. {ADVICE}")
        self._log.backend.clock.call(self._log.losses.tell, [loss])
        self._position = first

    def close(self) -> None:
        self._records = None
