"""How a program gets at Kafka (PySpark: KafkaUtils; Scala: KafkaUtils of kafka-0-8 and of kafka-0-10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast, overload

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.context import SparkContext
from sparksim.core.storage_level import StorageLevel
from sparksim.kafka.client import Offsets, Settings, connect
from sparksim.kafka.records import TopicPartition
from sparksim.streaming.arguments import check_type
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.kafka.arguments import (
    check_function,
    check_offsets,
    check_partitions,
    check_ranges,
    check_settings,
    check_topics,
)
from sparksim.streaming.kafka.connection import Connection
from sparksim.streaming.kafka.direct_010 import DirectKafkaInputDStream, ranges_as_consumer_rdd
from sparksim.streaming.kafka.direct_08 import OWNER, KafkaDStream, handle_of, offsets_to_begin, ranges_as_rdd
from sparksim.streaming.kafka.messages import Broker, Decoder, MessageHandler, utf8_decoder
from sparksim.streaming.kafka.rdd import ConsumerRecordRDD, KafkaRDD
from sparksim.streaming.kafka.receiver import create_stream
from sparksim.streaming.kafka.strategies import ConsumerStrategy, LocationStrategy, PerPartitionConfig
from sparksim.streaming.offset_ranges import OffsetRange

if TYPE_CHECKING:
    from sparksim.streaming.dstream import DStream


class KafkaUtils:
    """Streams and RDDs of what stands in Kafka."""

    @staticmethod
    def createStream(
        ssc: StreamingContext,
        zkQuorum: str,
        groupId: str,
        topics: Mapping[str, int],
        kafkaParams: Settings | None = None,
        storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2,
        keyDecoder: Decoder = utf8_decoder,
        valueDecoder: Decoder = utf8_decoder,
    ) -> DStream[tuple[Any, Any]]:
        """The messages of `topics`, a dict of topic to number of threads, as (key, value): read by one receiver.

        All threads are in the receiver, which takes one core. A batch has one partition per received block, however
        many threads and partitions of Kafka there are; several streams with `ssc.union` receive in parallel. Offsets
        are in ZooKeeper, at one of the addresses of a simulated cluster; a live program's Kafka keeps them itself, so
        give its brokers as kafkaParams['bootstrap.servers']. With `spark.streaming.receiver.writeAheadLog.enable` the
        receiver is a reliable one. The decoders are called in tasks, with None where there is no key or value.

        Raises `TypeError` for arguments of wrong types, `IllegalArgumentError` for what Kafka 0.8 refuses.
        """
        return create_stream(ssc, zkQuorum, groupId, topics, kafkaParams, storageLevel, keyDecoder, valueDecoder)

    @overload
    @staticmethod
    def createDirectStream(
        ssc: StreamingContext,
        topics: Sequence[str],
        kafkaParams: Settings,
        fromOffsets: Offsets | None = None,
        keyDecoder: Decoder = utf8_decoder,
        valueDecoder: Decoder = utf8_decoder,
        messageHandler: MessageHandler | None = None,
    ) -> KafkaDStream: ...

    @overload
    @staticmethod
    def createDirectStream(
        ssc: StreamingContext,
        locationStrategy: LocationStrategy,
        consumerStrategy: ConsumerStrategy,
        perPartitionConfig: PerPartitionConfig | None = None,
    ) -> DirectKafkaInputDStream: ...

    @staticmethod
    def createDirectStream(ssc: StreamingContext, *given: Any, **named: Any) -> Any:
        """A stream that reads Kafka without a receiver, in one of two forms.

        `(ssc, topics, kafkaParams, fromOffsets=None, keyDecoder=utf8_decoder, valueDecoder=utf8_decoder,
        messageHandler=None)` is PySpark's, for Kafka 0.8. Records are (key, value), or what `messageHandler` answers
        for a `KafkaMessageAndMetadata`. It begins at `fromOffsets`, a dict of TopicAndPartition to int, or where
        `auto.offset.reset` says: "smallest", or else the latest.

        `(ssc, locationStrategy, consumerStrategy, perPartitionConfig=None)` is that of Kafka 0.10 in Scala and Java.
        Records are `ConsumerRecord`, whose key and value `kafkaParams["key.deserializer"]` and `["value.deserializer"]`
        make: functions of bytes, or the names of Kafka's own, such as "StringDeserializer".

        Raises `TypeError` for arguments of wrong types, `IllegalArgumentError` for wrong values and settings, and in
        the form for 0.8 what asking the cluster raises; that for 0.10 asks when the context starts.
        """
        check_type(ssc, StreamingContext, "ssc", "give a StreamingContext: StreamingContext(sc, 1)")
        if isinstance(given[0] if given else None, LocationStrategy) or "locationStrategy" in named:
            return _consumer_stream(ssc, *given, **named)
        return _simple_stream(ssc, *given, **named)

    @overload
    @staticmethod
    def createRDD(
        sc: SparkContext,
        kafkaParams: Settings,
        offsetRanges: Sequence[OffsetRange],
        leaders: Mapping[TopicPartition, Broker] | None = None,
        keyDecoder: Decoder = utf8_decoder,
        valueDecoder: Decoder = utf8_decoder,
        messageHandler: MessageHandler | None = None,
    ) -> KafkaRDD: ...

    @overload
    @staticmethod
    def createRDD(
        sc: SparkContext, kafkaParams: Settings, offsetRanges: Sequence[OffsetRange], locationStrategy: LocationStrategy
    ) -> ConsumerRecordRDD: ...

    @staticmethod
    def createRDD(
        sc: SparkContext, kafkaParams: Settings, offsetRanges: Sequence[OffsetRange], *given: Any, **named: Any
    ) -> Any:
        """The records of these ranges, for a batch program: one partition per range. In one of two forms.

        `(sc, kafkaParams, offsetRanges, leaders=None, keyDecoder=utf8_decoder, valueDecoder=utf8_decoder,
        messageHandler=None)` is PySpark's, for Kafka 0.8; it raises `OffsetOutOfRange` for a range that the log does
        not hold. `leaders` is a dict of TopicAndPartition to Broker; without it they are looked up.

        `(sc, kafkaParams, offsetRanges, locationStrategy)` is that of Kafka 0.10; there the tasks raise
        `OffsetOutOfRange`. PreferBrokers is an `IllegalArgumentError`.

        Both raise `TypeError` for arguments of wrong types, and what asking the cluster raises.
        """
        check_type(sc, SparkContext, "sc", "give a SparkContext")
        check_settings(kafkaParams)
        check_ranges(offsetRanges, "offsetRanges")
        if isinstance(given[0] if given else None, LocationStrategy) or "locationStrategy" in named:
            return _consumer_rdd(sc, kafkaParams, tuple(offsetRanges), *given, **named)
        return _simple_rdd(sc, kafkaParams, tuple(offsetRanges), *given, **named)


def _simple_stream(
    ssc: StreamingContext,
    topics: Sequence[str],
    kafkaParams: Settings,
    fromOffsets: Offsets | None = None,
    keyDecoder: Decoder = utf8_decoder,
    valueDecoder: Decoder = utf8_decoder,
    messageHandler: MessageHandler | None = None,
) -> KafkaDStream:
    check_topics(topics)
    check_settings(kafkaParams)
    given: Offsets = {} if fromOffsets is None else fromOffsets
    check_offsets(given, "fromOffsets")
    _check_functions(keyDecoder, valueDecoder, messageHandler)
    settings, connection = dict(kafkaParams), Connection()
    kafka = connection.kafka(ssc._backend, settings, OWNER)
    begin = offsets_to_begin(kafka, topics, settings, given)
    return KafkaDStream(ssc, settings, begin, handle_of(keyDecoder, valueDecoder, messageHandler), connection)


def _consumer_stream(
    ssc: StreamingContext,
    locationStrategy: LocationStrategy,
    consumerStrategy: ConsumerStrategy,
    perPartitionConfig: PerPartitionConfig | None = None,
) -> DirectKafkaInputDStream:
    _check_location(locationStrategy)
    if not isinstance(consumerStrategy, ConsumerStrategy):
        raise TypeError(
            f"consumerStrategy={consumerStrategy!r}: give one of ConsumerStrategies, such as "
            "ConsumerStrategies.Subscribe(['orders'], kafkaParams)"
        )
    if perPartitionConfig is not None and not isinstance(perPartitionConfig, PerPartitionConfig):
        raise TypeError(f"perPartitionConfig={perPartitionConfig!r}: give an instance of a subclass of it, or None")
    return DirectKafkaInputDStream(ssc, locationStrategy, consumerStrategy, perPartitionConfig)


def _simple_rdd(
    sc: SparkContext,
    settings: Settings,
    ranges: tuple[OffsetRange, ...],
    leaders: Mapping[TopicPartition, Broker] | None = None,
    keyDecoder: Decoder = utf8_decoder,
    valueDecoder: Decoder = utf8_decoder,
    messageHandler: MessageHandler | None = None,
) -> KafkaRDD:
    _check_functions(keyDecoder, valueDecoder, messageHandler)
    if leaders:
        check_partitions(leaders, "leaders")
        for broker in leaders.values():
            if not isinstance(broker, Broker):
                raise TypeError(f"leaders={dict(leaders)!r}: {broker!r} should be a Broker, such as Broker('h', 9092)")
    backend = cast(ClusterBackend, sc._backend)
    kafka = connect(backend.network, settings, "KafkaUtils.createRDD")
    handle = handle_of(keyDecoder, valueDecoder, messageHandler)
    return ranges_as_rdd(sc, kafka, dict(settings), ranges, leaders or {}, handle)


def _consumer_rdd(
    sc: SparkContext, settings: Settings, ranges: tuple[OffsetRange, ...], locationStrategy: LocationStrategy
) -> ConsumerRecordRDD:
    _check_location(locationStrategy)
    backend = cast(ClusterBackend, sc._backend)

    def warn(message: str) -> None:
        backend.clock.call(backend.warn, "kafka", message)

    kafka = connect(backend.network, settings, "KafkaUtils.createRDD")
    return ranges_as_consumer_rdd(sc, kafka, settings, ranges, locationStrategy, warn)


def _check_location(location: object) -> None:
    if not isinstance(location, LocationStrategy):
        raise TypeError(
            f"locationStrategy={location!r}: give one of LocationStrategies, such as "
            "LocationStrategies.PreferConsistent"
        )


def _check_functions(key: object, value: object, handler: object) -> None:
    check_function(key, "keyDecoder", "the bytes of a key, or None")
    check_function(value, "valueDecoder", "the bytes of a value, or None")
    if handler is not None:
        check_function(handler, "messageHandler", "a KafkaMessageAndMetadata")
