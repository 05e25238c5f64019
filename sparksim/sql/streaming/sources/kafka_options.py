"""What a program says of the Kafka it reads: which partitions, from where to where, and settings of the client.

Spark: KafkaSourceProvider, ConsumerStrategy, KafkaOffsetRangeLimit. Everything is checked before anything is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sparksim.core.conf import SparkConf, time_ms
from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.kafka.client import Kafka
from sparksim.kafka.records import TopicPartition
from sparksim.sql.streaming.micro_batch import RULES
from sparksim.sql.streaming.sources.kafka_offsets import EARLIEST, LATEST, NAMES, Offsets, offsets_of
from sparksim.sql.streaming.sources.options import SourceOptions

PREFIX = "kafka."
SERVERS = "bootstrap.servers"
WAYS = ("subscribe", "subscribepattern", "assign")
INTERNAL_TOPICS = frozenset({"__consumer_offsets", "__transaction_state"})

REFUSED = {
    "auto.offset.reset": "use startingOffsets, which says where a query without a checkpoint begins",
    "key.deserializer": "keys are bytes: cast them, as in selectExpr('cast(key as string)')",
    "value.deserializer": "values are bytes: cast them, as in selectExpr('cast(value as string)')",
    "enable.auto.commit": "nothing is committed to Kafka: a query's place is in its checkpoint",
    "interceptor.classes": "keys and values are bytes as they come, and an interceptor might change them",
}
"""Settings of a consumer that no source takes, and what to do instead."""

NOT_HERE = (
    "startingtimestamp",
    "endingtimestamp",
    "startingoffsetsbytimestamp",
    "endingoffsetsbytimestamp",
    "startingoffsetsbytimestampstrategy",
    "minoffsetspertrigger",
    "maxtriggerdelay",
    "minpartitions",
    "maxrecordsperpartition",
)
"""Options of later versions of Spark."""


class Subscription(Protocol):
    """Which partitions are read. `str()` of it is how Spark describes it."""

    def partitions(self, kafka: Kafka) -> list[TopicPartition]:
        """Those that there are now, sorted. Raises what asking the cluster raises."""

    def missing(self, kafka: Kafka) -> list[str]:
        """What was named and is not there."""


@dataclass(frozen=True)
class Subscribe:
    """All partitions of some topics, now and later."""

    topics: tuple[str, ...]

    def partitions(self, kafka: Kafka) -> list[TopicPartition]:
        return _partitions(kafka, lambda topic: topic in self.topics)

    def missing(self, kafka: Kafka) -> list[str]:
        known = kafka.topics()
        return [topic for topic in self.topics if topic not in known]

    def __str__(self) -> str:
        return f"Subscribe[{', '.join(self.topics)}]"


@dataclass(frozen=True)
class SubscribePattern:
    """All partitions of the topics whose whole name a regular expression matches, now and later."""

    pattern: str

    def partitions(self, kafka: Kafka) -> list[TopicPartition]:
        name = re.compile(self.pattern)
        return _partitions(kafka, lambda topic: topic not in INTERNAL_TOPICS and name.fullmatch(topic) is not None)

    def missing(self, kafka: Kafka) -> list[str]:
        return []

    def __str__(self) -> str:
        return f"SubscribePattern[{self.pattern}]"


@dataclass(frozen=True)
class Assign:
    """These partitions and no others."""

    assigned: tuple[TopicPartition, ...]

    def partitions(self, kafka: Kafka) -> list[TopicPartition]:
        there = set(_partitions(kafka, lambda topic: True))
        return [each for each in self.assigned if each in there]

    def missing(self, kafka: Kafka) -> list[str]:
        there = set(_partitions(kafka, lambda topic: True))
        return [str(each) for each in self.assigned if each not in there]

    def __str__(self) -> str:
        return f"Assign[{', '.join(f'{topic}-{partition}' for topic, partition in self.assigned)}]"


def _partitions(kafka: Kafka, wanted: Callable[[str], bool]) -> list[TopicPartition]:
    return sorted(info.partition for topic, infos in kafka.topics().items() if wanted(topic) for info in infos)


@dataclass(frozen=True)
class KafkaOptions:
    """All options, understood. `starting` and `ending` are -2, -1 or an offset for every partition.

    `settings` are those of consumers in tasks. `limit`: so many offsets per batch, None for all. Times in ms: a task
    waits `poll_ms` for a record, the driver `patience_ms` for an answer, in each of so many `attempts`.
    """

    subscription: Subscription
    settings: Mapping[str, Any]
    starting: int | Offsets
    ending: int | Offsets
    fails: bool
    limit: int | None
    poll_ms: int
    attempts: int
    retry_ms: int
    patience_ms: int
    headers: bool


def stream_options(options: SourceOptions) -> KafkaOptions:
    """For `readStream`. Raises `IllegalArgumentError`, and `UnsupportedOperation` for what only Spark can."""
    if options.get("endingOffsets") is not None:
        raise IllegalArgumentError("endingOffsets: a stream has no end. Leave it out, or read a batch with spark.read")
    return _understood(options, _place(options, "startingOffsets", LATEST), LATEST)


def batch_options(options: SourceOptions) -> KafkaOptions:
    """For `read`, which needs two ends. Raises as `stream_options`."""
    starting = _place(options, "startingOffsets", EARLIEST)
    ending = _place(options, "endingOffsets", LATEST)
    _refuse(starting, LATEST, "startingOffsets", "begin there: nothing would be read")
    _refuse(ending, EARLIEST, "endingOffsets", "end there: nothing would be read")
    return _understood(options, starting, ending)


def client_settings(options: Mapping[str, str], owner: str) -> dict[str, Any]:
    """The settings for Kafka's client, without their prefix. Raises `IllegalArgumentError` when no broker is named."""
    settings = {name.removeprefix(PREFIX): text for name, text in options.items() if name.startswith(PREFIX)}
    if not settings.get(SERVERS, "").strip():
        raise IllegalArgumentError(
            f"Option 'kafka.bootstrap.servers' must be specified for configuring {owner}: name a broker at least, such "
            "as 'localhost:9092'"
        )
    return settings


def _understood(options: SourceOptions, starting: int | Offsets, ending: int | Offsets) -> KafkaOptions:
    options.refuse_schema()
    for name in NOT_HERE:
        if options.get(name) is not None:
            raise UnsupportedOperation(
                f"{name}={options.get(name)!r}: sparksim reads Kafka by offsets, one partition of a batch for each of "
                "a topic. Use startingOffsets, endingOffsets or maxOffsetsPerTrigger"
            )
    subscription = _subscription(options)
    limit = None if options.get("maxOffsetsPerTrigger") is None else options.whole("maxOffsetsPerTrigger", 1, least=1)
    timeout = str(options.session.conf.get("spark.network.timeout", "120s"))
    poll_ms = time_ms(SparkConf(loadDefaults=False).set("spark.network.timeout", timeout), "spark.network.timeout", "0")
    return KafkaOptions(
        subscription,
        _consumer_settings(options),
        starting,
        ending,
        _flag(options, "failOnDataLoss", "true"),
        limit,
        options.whole("kafkaConsumer.pollTimeoutMs", poll_ms, least=0),
        options.whole("fetchOffset.numRetries", 3, least=1),
        options.whole("fetchOffset.retryIntervalMs", 1000, least=0),
        options.whole("kafka.default.api.timeout.ms", 60_000, least=0),
        _flag(options, "includeHeaders", "false"),
    )


def _subscription(options: SourceOptions) -> Subscription:
    given = [way for way in WAYS if options.get(way) is not None]
    if len(given) != 1:
        said = f"not {' and '.join(given)}" if given else "and none is there"
        raise IllegalArgumentError(
            f"kafka: exactly one of the options subscribe, subscribePattern and assign must be specified, {said}"
        )
    [way] = given
    text = (options.get(way) or "").strip()
    if way == "assign":
        assigned = offsets_of(text, "assign", lists=True)
        return Assign(tuple(sorted(assigned)))
    if way == "subscribe":
        topics = tuple(sorted({topic.strip() for topic in text.split(",")} - {""}))
        if not topics:
            raise IllegalArgumentError(f"subscribe={text!r}: give a topic at least; several as 'orders,returns'")
        return Subscribe(topics)
    try:
        re.compile(text)
    except re.error as error:
        raise IllegalArgumentError(f"subscribePattern={text!r}: give a regular expression ({error})") from error
    if not text:
        raise IllegalArgumentError("subscribePattern='': give a regular expression for whole names of topics")
    return SubscribePattern(text)


def _consumer_settings(options: SourceOptions) -> dict[str, Any]:
    settings = client_settings(options.options, "Kafka consumer")
    for name, remedy in REFUSED.items():
        if name in settings:
            raise IllegalArgumentError(f"Kafka option 'kafka.{name}' is not supported: {remedy}")
    if "group.id" in settings and options.session.conf.get(RULES, "current") == "2.3":
        raise IllegalArgumentError(
            "Kafka option 'kafka.group.id' is not supported: Spark 2.3 gives every query a group of its own"
        )
    group = settings.get("group.id") or options.get("groupIdPrefix") or "spark-kafka-source"
    return {**settings, "group.id": f"{group}-executor", "enable.auto.commit": False, "auto.offset.reset": "none"}


def _place(options: SourceOptions, name: str, default: int) -> int | Offsets:
    text = (options.get(name) or "").strip()
    if not text:
        return default
    if text.lower() in NAMES:
        return NAMES[text.lower()]
    return offsets_of(text, name)


def _refuse(place: int | Offsets, which: int, name: str, why: str) -> None:
    """A place that makes no sense at this end, for all partitions or for one."""
    word = next(word for word, number in NAMES.items() if number == which)
    if place == which:
        raise IllegalArgumentError(f"{name}={word!r}: a batch query on Kafka cannot {why}")
    if not isinstance(place, int):
        for partition, offset in place.items():
            if offset == which:
                raise IllegalArgumentError(
                    f"{name}: {partition} is {which} ({word}): a batch query on Kafka cannot {why}"
                )


def _flag(options: SourceOptions, name: str, default: str) -> bool:
    text = (options.get(name, default) or "").lower()
    if text not in ("true", "false"):
        raise IllegalArgumentError(f"{name}={text!r}: give true or false")
    return text == "true"
