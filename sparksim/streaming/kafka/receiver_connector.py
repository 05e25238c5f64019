"""Streams of messages for the threads of a receiver (Kafka 0.8: ZookeeperConsumerConnector).

Each thread reads one stream and is one member of the consumer group, which shares the partitions among them. A stream
has patience: while a broker is away or a topic is not there yet, it waits, as the consumer of 0.8 does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sparksim.kafka.client import Kafka, Offsets, connect
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    KafkaError,
    KafkaTimeout,
    LeaderNotAvailable,
    UnknownTopicOrPartition,
)
from sparksim.kafka.records import ConsumerRecord
from sparksim.streaming.kafka.receiver_settings import CONNECTION_TIMEOUT

if TYPE_CHECKING:
    from sparksim.cluster.clock import Fiber
    from sparksim.kafka.client import Consumer
    from sparksim.streaming.origins import FollowedConsumer
    from sparksim.streaming.supervisor import ReceiverSupervisor

POLL_MS = 100.0
"""How long a stream waits for a message at a stretch, and so how long at most for hearing that its receiver stops."""

TRY_AGAIN_MS = 1000.0
"""How long to wait for ZooKeeper before trying again to reach it."""

AWAY = (BrokerNotAvailable, LeaderNotAvailable, KafkaTimeout, UnknownTopicOrPartition)
"""What passes by itself, or when somebody sees to the cluster."""


class MessageStream:
    """The messages of one thread (Kafka 0.8: KafkaStream). Who iterates again goes on behind what came last."""

    def __init__(self, consumer: FollowedConsumer, waits: Callable[[Exception], None]) -> None:
        self._consumer = consumer
        self._waits = waits

    @property
    def over(self) -> bool:
        """Whether the receiver stops."""
        return self._consumer.closed

    def __iter__(self) -> Iterator[ConsumerRecord]:
        """What comes until the receiver stops. Raises what `Consumer.poll` raises, unless it is worth waiting."""
        while not self.over:
            try:
                record = self._consumer.poll(POLL_MS)
            except AWAY as error:
                self._waits(error)
            else:
                if record is not None:
                    yield record


Handler = Callable[[MessageStream], None]


class ConsumerConnector:
    """What one start of a receiver reads. Not in the hub."""

    def __init__(self, supervisor: ReceiverSupervisor, settings: Mapping[str, Any], owner: str) -> None:
        self.closed = False
        self._supervisor = supervisor
        self._clock = supervisor.clock
        self._settings = settings
        self._owner = owner
        self._members: list[Consumer] = []
        self._streams: list[tuple[FollowedConsumer, Fiber]] = []

    def start(self, topics: Mapping[str, int], handle: Handler) -> None:
        """Join the group; `handle(stream)` is called once for each of the topics' threads, in a thread of its own.

        Raises `BrokerNotAvailable` when nobody answers within `zookeeper.connection.timeout.ms`.
        """
        kafka, known = self._reach()
        for topic, threads in topics.items():
            if topic not in known:
                self._supervisor.warn(f"{self._owner}: there is no topic {topic!r} yet; its receiver waits for it")
            for _ in range(threads):
                if not self.closed:
                    self._open(kafka, topic, handle)

    def commit(self, offsets: Offsets) -> None:
        """Write these offsets to ZooKeeper. Raises as `Consumer.commit`."""
        self._members[0].commit(offsets)

    def shutdown(self) -> None:
        """Wait for the threads to come to their end, then leave the group; what was read is then committed.

        All leave together: none is given the partitions of another that was faster. A thread that has given up keeps
        its partitions until then, and nobody reads them: the receiver as a whole is in the group.
        """
        self.closed = True
        for consumer, _ in self._streams:
            self._clock.call(consumer.close)
        for _, thread in self._streams:
            self._clock.wait(thread.done)
        for consumer, _ in self._streams:
            try:
                consumer.leave()
            except KafkaError as error:
                self._supervisor.warn(f"{self._owner} could not say that it leaves the group: {error}")

    def pause(self) -> None:
        """Wait before trying again what has failed."""
        self._clock.sleep(float(self._settings["refresh.leader.backoff.ms"]))

    def _reach(self) -> tuple[Kafka, Collection[str]]:
        """The cluster, and its topics."""
        deadline_ms = self._clock.now_ms + self._settings[CONNECTION_TIMEOUT]
        while True:
            try:
                kafka = connect(self._supervisor.network, self._settings, self._owner)
                return kafka, kafka.topics()
            except (BrokerNotAvailable, KafkaTimeout):
                left_ms = deadline_ms - self._clock.now_ms
                if left_ms <= 0:
                    raise
                self._clock.sleep(min(TRY_AGAIN_MS, left_ms))

    def _open(self, kafka: Kafka, topic: str, handle: Handler) -> None:
        member = kafka.consumer(self._settings, self._supervisor.stream_id)
        member.subscribe([topic])
        consumer = self._supervisor.follow(member, bool(self._settings["enable.auto.commit"]))
        thread = self._supervisor.start_thread(handle, MessageStream(consumer, self._wait_for))
        self._members.append(member)
        self._streams.append((consumer, thread))

    def _wait_for(self, error: Exception) -> None:
        self._supervisor.warn(f"{self._owner} waits: {error}")
        self.pause()
