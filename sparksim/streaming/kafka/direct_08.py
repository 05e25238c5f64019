"""The direct stream of Kafka 0.8 (Spark: kafka.DirectKafkaInputDStream; PySpark: KafkaDStream).

No consumer, no group: the driver asks the leaders how far their logs reach, and tasks read them. Which partitions there
are is known from the start, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sparksim.core.conf import integer
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.client import Kafka, Offsets, Settings
from sparksim.kafka.errors import KafkaError, OffsetOutOfRange
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.streaming.direct_dstream import DirectInputDStream
from sparksim.streaming.kafka.arguments import whole
from sparksim.streaming.kafka.connection import Connection, leader_hosts, partitions_of
from sparksim.streaming.kafka.messages import Broker, Decoder, KafkaMessageAndMetadata, MessageHandler, decoded
from sparksim.streaming.kafka.rdd import Handle, KafkaRDD, Ranges
from sparksim.streaming.kafka.reading import SimpleReader
from sparksim.streaming.offset_ranges import OffsetRange

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

OWNER = "KafkaUtils.createDirectStream"
RETRIES, BACKOFF = "spark.streaming.kafka.maxRetries", "refresh.leader.backoff.ms"


class KafkaDStream(DirectInputDStream[Any]):
    """`begin` says for each of its partitions where a program that begins anew starts."""

    def __init__(
        self, ssc: StreamingContext, settings: Settings, begin: Offsets, handle: Handle, connection: Connection
    ) -> None:
        self._retries = integer(ssc._backend.conf, RETRIES, 1)
        self._backoff_ms = whole(settings, BACKOFF, 200)
        super().__init__(ssc)
        self._settings = settings
        self._begin = begin
        self._handle = handle
        self._connection = connection

    def first_offsets(self) -> Offsets:
        return self._begin

    def latest_offsets(self) -> Offsets:
        """As the leaders say, asked `spark.streaming.kafka.maxRetries` times more when that fails."""
        partitions = list(self._current)
        for retries in range(self._retries, 0, -1):
            try:
                return self._kafka.latest_offsets(partitions)
            except KafkaError as error:
                self._ssc._warn(f"the latest offsets cannot be had, and will be asked {retries} times more: {error}")
                self._ssc._clock.sleep(self._backoff_ms)
        return self._kafka.latest_offsets(partitions)

    def make_rdd(self, ranges: Ranges, range_ids: tuple[str, ...], again: bool) -> KafkaRDD:
        sc, kafka = self._ssc.sparkContext, self._kafka
        hosts = leader_hosts(kafka, [each.topicPartition() for each in ranges])
        return KafkaRDD(sc, ranges, range_ids, SimpleReader(kafka, self._settings), self._handle, hosts)

    @property
    def _kafka(self) -> Kafka:
        return self._connection.kafka(self._ssc._backend, self._settings, OWNER)


def offsets_to_begin(kafka: Kafka, topics: Sequence[str], settings: Settings, given: Offsets) -> Offsets:
    """Those given, or where `auto.offset.reset` says: "smallest" is the earliest, anything else the latest.

    Raises `IllegalStateError` when offsets are given for other topics, `UnknownTopicOrPartition` and what asking the
    cluster raises.
    """
    if given:
        if {partition.topic for partition in given} != set(topics):
            raise IllegalStateError(
                f"topics={list(topics)!r} are not those of fromOffsets={dict(given)!r}: give offsets for each topic, "
                "and for no other; or no offsets, to begin where auto.offset.reset says"
            )
        return dict(given)
    partitions = partitions_of(kafka, topics)
    if str(settings.get("auto.offset.reset")).lower() == "smallest":
        return kafka.earliest_offsets(partitions)
    return kafka.latest_offsets(partitions)


def handle_of(key: Decoder, value: Decoder, handler: MessageHandler | None) -> Handle:
    """What makes a pair, or what the handler answers, of a record."""
    return partial(_pair, key, value) if handler is None else partial(_handled, handler, key, value)


def ranges_as_rdd(
    sc: SparkContext,
    kafka: Kafka,
    settings: Settings,
    ranges: Ranges,
    leaders: Mapping[TopicPartition, Broker],
    handle: Handle,
) -> KafkaRDD:
    """An RDD of ranges outside of any stream. Raises `OffsetOutOfRange` for ranges that the logs do not hold."""
    partitions = sorted({each.topicPartition() for each in ranges})
    earliest, latest = kafka.earliest_offsets(partitions), kafka.latest_offsets(partitions)
    bad = [each for each in ranges if _is_outside(each, earliest, latest)]
    if bad:
        held = ", ".join(f"{each}: {earliest[each]} to {latest[each]}" for each in partitions)
        raise OffsetOutOfRange(f"offsetRanges={bad!r}: offsets not available on the leader. The logs hold {held}")
    if leaders:
        hosts = {partition: broker.host for partition, broker in leaders.items()}
        missing = [partition for partition in partitions if partition not in hosts]
        if missing:
            raise IllegalArgumentError(
                f"leaders={dict(leaders)!r}: no broker for {', '.join(map(str, missing))}. Give one for each partition "
                "of offsetRanges, or no leaders, to have them looked up"
            )
    else:
        hosts = leader_hosts(kafka, partitions)
    return KafkaRDD(sc, ranges, (), SimpleReader(kafka, settings), handle, hosts)


def _is_outside(offsets: OffsetRange, earliest: Offsets, latest: Offsets) -> bool:
    partition = offsets.topicPartition()
    return offsets.fromOffset < earliest[partition] or offsets.untilOffset > latest[partition]


def _pair(key: Decoder, value: Decoder, record: ConsumerRecord) -> tuple[Any, Any]:
    return decoded(record.key, key, "key", record), decoded(record.value, value, "value", record)


def _handled(handler: MessageHandler, key: Decoder, value: Decoder, record: ConsumerRecord) -> Any:
    message = KafkaMessageAndMetadata(
        record.topic, record.partition, record.offset, record.key, record.value, key, value
    )
    return handler(message)
