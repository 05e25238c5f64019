"""Streams of Kafka with a receiver, and the receiver that does without a write-ahead log (Spark: KafkaReceiver).

What this receiver has read is committed to ZooKeeper once in a while, whatever became of it. So when it dies, what was
committed and was only in memory is lost, and what was stored and not yet committed is read again by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sparksim.cluster.network import LiveNetwork
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.storage_level import StorageLevel
from sparksim.kafka.client import BOOTSTRAP, KafkaNetwork
from sparksim.streaming.arguments import check_text, check_type
from sparksim.streaming.input_dstream import ReceiverInputDStream
from sparksim.streaming.kafka.arguments import check_function, check_settings
from sparksim.streaming.kafka.messages import Decoder, utf8_decoder
from sparksim.streaming.kafka.receiver_connector import ConsumerConnector, MessageStream
from sparksim.streaming.kafka.receiver_settings import check_topics, later_names, receiver_settings
from sparksim.streaming.kafka.reliable_receiver import ReliableKafkaReceiver
from sparksim.streaming.received_block_handler import is_log_enabled
from sparksim.streaming.receiver import Receiver

if TYPE_CHECKING:
    from sparksim.cluster.network import Network
    from sparksim.streaming.context import StreamingContext
    from sparksim.streaming.dstream import DStream


class KafkaReceiver(Receiver):
    """Stores messages one by one, as (key, value). `topics` says how many threads read each topic."""

    def __init__(self, settings: Mapping[str, Any], topics: Mapping[str, int], storageLevel: StorageLevel) -> None:
        super().__init__(storageLevel)
        self.settings = settings
        self.topics = topics
        self._connector: ConsumerConnector | None = None

    def onStart(self) -> None:
        """Join the group. Raises `BrokerNotAvailable`."""
        self._connector = ConsumerConnector(self._attached(), self.settings, f"Receiver {self.streamId}")
        self._connector.start(self.topics, self._handle)

    def onStop(self) -> None:
        """Leave the group; what was read is committed."""
        if self._connector is not None:
            self._connector.shutdown()

    def _handle(self, messages: MessageStream) -> None:
        try:
            for message in messages:
                self.store((message.key, message.value))
        except Exception as error:
            self.reportError("Error handling message; exiting", error)


def create_stream(
    ssc: StreamingContext,
    zkQuorum: str,
    groupId: str,
    topics: Mapping[str, int],
    kafkaParams: Mapping[str, Any] | None = None,
    storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2,
    keyDecoder: Decoder = utf8_decoder,
    valueDecoder: Decoder = utf8_decoder,
) -> DStream[tuple[Any, Any]]:
    """What `KafkaUtils.createStream` does."""
    check_text(zkQuorum, "zkQuorum", "give the address of ZooKeeper, such as 'localhost:2181'")
    check_text(groupId, "groupId", "give the name of the consumer group, such as 'my-group'")
    threads = check_topics(topics)
    params: Mapping[str, Any] = {} if kafkaParams is None else kafkaParams
    check_settings(params)
    check_type(storageLevel, StorageLevel, "storageLevel", "give one such as StorageLevel.MEMORY_AND_DISK_2")
    check_function(keyDecoder, "keyDecoder", "the bytes of a key, or None")
    check_function(valueDecoder, "valueDecoder", "the bytes of a value, or None")
    settings = receiver_settings(zkQuorum, groupId, _found(ssc._backend.network, zkQuorum, params))
    for warning in later_names(params):
        ssc._backend.clock.call(ssc._backend.warn, "receiver", warning)
    kind = ReliableKafkaReceiver if is_log_enabled(ssc._backend.conf) else KafkaReceiver
    stream = ReceiverInputDStream[tuple[Any, Any]](ssc, kind(settings, threads, storageLevel))
    return stream.map(_decoding(keyDecoder, valueDecoder))


def _found(network: Network, zk_quorum: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, and in them where the cluster is."""
    if isinstance(network, KafkaNetwork):
        return {**params, BOOTSTRAP[0]: zk_quorum}
    if not isinstance(network, LiveNetwork):
        raise IllegalArgumentError(
            f"zkQuorum={zk_quorum!r}: this simulated network has no Kafka. Give the simulation a cluster there"
        )
    if not any(params.get(name) for name in BOOTSTRAP):
        raise IllegalArgumentError(
            f"zkQuorum={zk_quorum!r}: a Kafka of today keeps offsets itself and shows its clients no ZooKeeper. Say "
            "also where its brokers are: kafkaParams={'bootstrap.servers': 'localhost:9092'}"
        )
    return dict(params)


def _decoding(key: Decoder, value: Decoder) -> Callable[[tuple[Any, Any]], tuple[Any, Any]]:
    return lambda pair: (key(pair[0]), value(pair[1]))
