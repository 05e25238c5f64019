"""What a direct stream of Kafka 0.10 is told: which partitions, at which executors, at which rates.

Spark: ConsumerStrategy, LocationStrategy, PerPartitionConfig. All are values that travel in checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Consumer, Offsets, Settings, bootstrap_servers
from sparksim.kafka.errors import NoOffsetForPartition
from sparksim.kafka.records import TopicPartition
from sparksim.streaming.kafka.arguments import check_offsets, check_partitions, check_settings, check_topics

RESET = "auto.offset.reset"


class ConsumerStrategy:
    """How the consumer on the driver gets its partitions. A subclass says what to subscribe to."""

    kafkaParams: Settings
    offsets: Offsets

    def onStart(self, consumer: Consumer, currentOffsets: Offsets) -> None:
        """Give a new consumer its partitions, and its positions in them.

        `currentOffsets` are those of a recovered stream, and win over the offsets that the program gave. Without
        either, positions are the group's stored offsets or what `auto.offset.reset` says.
        """
        self.subscribe(consumer)
        positions = currentOffsets or self.offsets
        if positions:
            self._get_assignment(consumer)
            for partition, offset in positions.items():
                consumer.seek(partition, offset)
            consumer.pause(consumer.assignment())

    def subscribe(self, consumer: Consumer) -> None:
        """Tell a new consumer what it is for."""
        raise NotImplementedError(f"{type(self).__name__} must define subscribe(consumer)")

    def _get_assignment(self, consumer: Consumer) -> None:
        """Only a poll gets a member of a group its partitions; it also asks for positions, which there may not be."""
        try:
            take_part(consumer)
        except NoOffsetForPartition:
            if str(self.kafkaParams.get(RESET)).lower() != "none":
                raise

    def _check(self, owner: str) -> None:
        check_settings(self.kafkaParams)
        bootstrap_servers(self.kafkaParams, owner)
        check_offsets(self.offsets, "offsets")


def take_part(consumer: Consumer) -> None:
    """Let the consumer take part in its group's life; records that come all the same are left to the tasks."""
    came: dict[TopicPartition, int] = {}
    for record in consumer.poll(0):
        partition = TopicPartition(record.topic, record.partition)
        came[partition] = min(record.offset, came.get(partition, record.offset))
    for partition, offset in came.items():
        consumer.seek(partition, offset)


@dataclass(frozen=True)
class Subscribe(ConsumerStrategy):
    """All partitions of these topics, now and later, shared with the other members of the group.

    `offsets` are where to begin, of partitions for which the group's stored offsets should not count. Raises
    `IllegalArgumentError` for settings without brokers, `TypeError` for arguments of wrong types.
    """

    topics: Collection[str]
    kafkaParams: Settings
    offsets: Offsets = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_topics(self.topics)
        self._check("ConsumerStrategies.Subscribe")

    def subscribe(self, consumer: Consumer) -> None:
        consumer.subscribe(tuple(sorted(set(self.topics))))


@dataclass(frozen=True)
class SubscribePattern(ConsumerStrategy):
    """All partitions of the topics whose whole name `pattern` matches, now and later. Else like `Subscribe`."""

    pattern: str
    kafkaParams: Settings
    offsets: Offsets = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except (re.error, TypeError) as error:
            raise IllegalArgumentError(
                f"pattern={self.pattern!r}: give a regular expression for whole names of topics ({error})"
            ) from error
        self._check("ConsumerStrategies.SubscribePattern")

    def subscribe(self, consumer: Consumer) -> None:
        consumer.subscribe_pattern(self.pattern)


@dataclass(frozen=True)
class Assign(ConsumerStrategy):
    """Exactly these partitions, shared with nobody. Else like `Subscribe`."""

    topicPartitions: Collection[TopicPartition]
    kafkaParams: Settings
    offsets: Offsets = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_partitions(self.topicPartitions, "topicPartitions")
        self._check("ConsumerStrategies.Assign")

    def subscribe(self, consumer: Consumer) -> None:
        consumer.assign(tuple(sorted(set(self.topicPartitions))))

    def _get_assignment(self, consumer: Consumer) -> None:
        """They are known."""


class ConsumerStrategies:
    """`ConsumerStrategies.Subscribe(topics, kafkaParams, offsets)` and so on."""

    Subscribe = Subscribe
    SubscribePattern = SubscribePattern
    Assign = Assign


@dataclass(frozen=True)
class LocationStrategy:
    """Where tasks prefer to run. `hosts` of partitions; `brokers`: on the hosts of the partitions' leaders."""

    hosts: Mapping[TopicPartition, str] = field(default_factory=dict)
    brokers: bool = False


def _prefer_fixed(hostMap: Mapping[TopicPartition, str]) -> LocationStrategy:
    """Prefer executors on these hosts; partitions that are not in the map are spread like with PreferConsistent.

    Raises `TypeError` for keys that are no `TopicPartition` and hosts that are no text.
    """
    if not isinstance(hostMap, Mapping):
        raise TypeError(f"hostMap={hostMap!r}: give a dict, such as {{TopicPartition('orders', 0): 'host-1'}}")
    check_partitions(hostMap, "hostMap")
    for host in hostMap.values():
        if not isinstance(host, str):
            raise TypeError(f"hostMap={dict(hostMap)!r}: {host!r} is no name of a host")
    return LocationStrategy(dict(hostMap))


class LocationStrategies:
    """`PreferConsistent` spreads partitions evenly over executors, each always to the same one."""

    PreferConsistent = LocationStrategy()
    PreferBrokers = LocationStrategy(brokers=True)
    PreferFixed = staticmethod(_prefer_fixed)


class PerPartitionConfig:
    """Limits of the rate for each partition of its own: give an instance of a subclass to `createDirectStream`.

    It travels in checkpoints, so it must be picklable.
    """

    def maxRatePerPartition(self, topicPartition: TopicPartition) -> float:
        """How many records per second a batch may take of this partition; 0: no limit, if all partitions say 0."""
        raise NotImplementedError(f"{type(self).__name__} must define maxRatePerPartition(topicPartition)")
