"""Reads of one partition from a given offset, by a consumer that stays where it is until the next read goes on there.

Mirrors Spark's CachedKafkaConsumer. librdkafka fetches ahead while a task works, so the next batch mostly finds its
records already here. A process keeps 64 such consumers, those used last; a consumer in use is nobody else's, and a
second read of the same partition at the same time gets another one.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator

import confluent_kafka

from sparksim.kafka.client import Settings
from sparksim.kafka.errors import KafkaError, KafkaTimeout, OffsetOutOfRange
from sparksim.kafka.live_contact import EARLIEST, LATEST, SLICE_S, Contact, offsets, record_of, theirs
from sparksim.kafka.live_errors import PASSING, ours
from sparksim.kafka.live_settings import Config, consumer_config, patience_s
from sparksim.kafka.records import ConsumerRecord, TopicPartition

KEPT = 64
BATCH = 10_000
"""How many messages are taken from librdkafka in one call."""

AHEAD: Config = {"queued.max.messages.kbytes": 16_384, "fetch.queue.backoff.ms": 10}
"""How far a consumer fetches ahead: of 64 MB, librdkafka's default, 64 consumers would need 4 GB."""

LOOK_S = 5.0
"""How long to look at least for the partition, and for the reason when no record came."""


class PartitionReader:
    """A consumer of one partition, outside of any group."""

    def __init__(self, partition: TopicPartition, config: Config, patience_s: float) -> None:
        self._partition = partition
        self._contact = Contact(config, patience_s, listens=True)
        self._client = self._contact.client
        self._here: deque[confluent_kafka.Message] = deque()
        self._next = -1
        try:
            self._ask_range()
        except KafkaError:
            self.close()
            raise

    def records(self, offset: int, wait_s: float) -> Iterator[ConsumerRecord]:
        """The records from `offset` on. Raises `OffsetOutOfRange`, `KafkaTimeout` and other errors of `Kafka.read`."""
        if not self._stands_at(offset):
            self._here.clear()
            self._next = offset
            self._client.assign([theirs(self._partition, offset)])
        while True:
            if not self._here:
                self._fetch(wait_s)
            message = self._here.popleft()
            error = message.error()
            if error is None:
                record = record_of(message)
                self._next = record.offset + 1
                yield record
            elif error.name() not in PASSING:
                raise self._refused(error)

    def close(self) -> None:
        self._client.close()

    def _stands_at(self, offset: int) -> bool:
        """Whether the next message is the one: also when offsets between are missing in the log."""
        following = self._here[0].offset() if self._here else None
        return offset == self._next or (following is not None and self._next <= offset <= following)

    def _fetch(self, wait_s: float) -> None:
        deadline = time.monotonic() + wait_s
        while True:
            self._here.extend(self._client.consume(BATCH, 0))
            if self._here:
                return
            left_s = deadline - time.monotonic()
            message = self._client.poll(max(0, min(SLICE_S, left_s)))
            if message is not None:
                self._here.append(message)
            elif left_s <= 0:
                raise self._missed(wait_s)

    def _ask_range(self) -> tuple[int, int]:
        """The offsets that the log holds, from and to before. Raises `UnknownTopicOrPartition` and others."""
        first, end = (offsets(self._contact, [self._partition], which) for which in (EARLIEST, LATEST))
        return first[self._partition], end[self._partition]

    def _refused(self, error: confluent_kafka.KafkaError) -> KafkaError:
        refusal = ours(error, f"reading {self._partition} from offset {self._next}")
        if not isinstance(refusal, OffsetOutOfRange):
            return refusal
        first, end = self._ask_range()
        return OffsetOutOfRange(
            f"reading {self._partition} from offset {self._next}: the log holds offsets {first} to before {end}"
        )

    def _missed(self, wait_s: float) -> KafkaError:
        """Why no record came: no brokers, no topic, no leader; or there is none yet."""
        self._contact.patience_s = min(LOOK_S, self._contact.patience_s)
        try:
            first, end = self._ask_range()
        except KafkaError as error:
            return error
        return KafkaTimeout(
            f"reading {self._partition} from offset {self._next}: no record came in {wait_s:g} s; "
            f"the log holds offsets {first} to before {end}"
        )


class _Kept:
    """The consumers of this process that nobody uses now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: OrderedDict[str, PartitionReader] = OrderedDict()

    def take(self, key: str) -> PartitionReader | None:
        with self._lock:
            return self._readers.pop(key, None)

    def give(self, key: str, reader: PartitionReader) -> None:
        with self._lock:
            surplus = [self._readers.pop(key)] if key in self._readers else []
            self._readers[key] = reader
            while len(self._readers) > KEPT:
                surplus.append(self._readers.popitem(last=False)[1])
        for each in surplus:
            each.close()


_kept = _Kept()


def read(
    servers: str, partition: TopicPartition, offset: int, settings: Settings, wait_ms: float, fresh: bool
) -> Iterator[ConsumerRecord]:
    """See `Kafka.read`. Consumers are kept per settings, the group among them, and partition."""
    config = {**AHEAD, **consumer_config(servers, settings)}
    key = f"{partition} {sorted(config.items())!r}"
    reader = _kept.take(key)
    if reader is not None and fresh:
        reader.close()
        reader = None
    if reader is None:
        patience = max(LOOK_S, wait_ms / 1000)
        reader = PartitionReader(partition, config, min(patience, patience_s(settings)))
    try:
        yield from reader.records(offset, wait_ms / 1000)
    except GeneratorExit:
        _kept.give(key, reader)
        raise
    except BaseException:
        reader.close()
        raise
