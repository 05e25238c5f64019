"""Offsets of partitions: as JSON, as shares of a limit, and as a cluster tells them.

Spark: JsonUtils, KafkaOffsetReader, and the arithmetic of KafkaMicroBatchStream.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from math import ceil, floor
from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Kafka
from sparksim.kafka.errors import BrokerNotAvailable, KafkaError, LeaderNotAvailable, UnknownTopicOrPartition
from sparksim.kafka.records import TopicPartition

if TYPE_CHECKING:
    from sparksim.cluster.clock import Clock
    from sparksim.sql.streaming.sources.kafka_options import KafkaOptions

T = TypeVar("T")

Offsets = Mapping[TopicPartition, int]

LATEST, EARLIEST = -1, -2
"""What stands for the ends of a log in place of an offset."""

NAMES = {"earliest": EARLIEST, "latest": LATEST}

BACKOFF_MS = 100
"""How long a client waits before it asks again who leads (retry.backoff.ms)."""

EXAMPLE = '{"orders":{"0":23,"1":-2}}'


def offsets_json(offsets: Offsets) -> dict[str, dict[str, int]]:
    """As the offset log has them: partitions by topic, the offset to read next of each, in order."""
    nested: dict[str, dict[str, int]] = {}
    for topic, partition in sorted(offsets):
        nested.setdefault(topic, {})[str(partition)] = offsets[TopicPartition(topic, partition)]
    return nested


def offsets_of_json(value: Mapping[str, Mapping[str, int]]) -> dict[TopicPartition, int]:
    """The inverse."""
    return {
        TopicPartition(topic, int(partition)): offset for topic, of in value.items() for partition, offset in of.items()
    }


def offsets_of(text: str, name: str, *, lists: bool = False) -> dict[TopicPartition, int]:
    """What an option says: an offset for each partition, -1 the latest, -2 the earliest.

    With `lists`, which partitions: {"orders":[0,1]}. Raises `IllegalArgumentError` for another text.
    """
    example = '{"orders":[0,1]}' if lists else EXAMPLE
    remedy = f"{name}={text!r}: give a JSON text such as {example}"
    if not lists:
        remedy += ", or earliest, or latest"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise IllegalArgumentError(f"{remedy} ({error})") from None
    if (
        not isinstance(value, dict)
        or not value
        or not all(isinstance(of, list if lists else dict) for of in value.values())
    ):
        raise IllegalArgumentError(remedy)
    found: dict[TopicPartition, int] = {}
    for topic, of in value.items():
        for partition, offset in ((each, 0) for each in of) if lists else of.items():
            if not _is_count(partition) or not isinstance(offset, int) or isinstance(offset, bool) or offset < EARLIEST:
                raise IllegalArgumentError(remedy)
            found[TopicPartition(topic, int(partition))] = offset
    return found


def _is_count(value: Any) -> bool:
    return str(value).isascii() and str(value).isdigit()


def limited(limit: int, begin: Offsets, end: Offsets) -> dict[TopicPartition, int]:
    """How far a batch of so many offsets goes: each partition has the share that its backlog is of all.

    A share below 1 counts as 1, so that no partition waits for ever; others are rounded down.
    """
    backlog = {partition: max(last - begin[partition], 0) for partition, last in end.items()}
    total = sum(backlog.values())
    if total == 0:
        return dict(end)
    until = {}
    for partition, last in end.items():
        share = limit * (backlog[partition] / total)
        taken = ceil(share) if share < 1 else floor(share)
        until[partition] = min(last, begin[partition] + taken) if backlog[partition] else last
    return until


class OffsetReader:
    """Asks the cluster, and again when it does not answer. Used on the driver, where blocking is allowed."""

    def __init__(self, options: KafkaOptions, kafka: Kafka, clock: Clock, warn: Callable[[str], None]) -> None:
        self._subscription = options.subscription
        self._attempts = options.attempts
        self._retry_ms = options.retry_ms
        self._patience_ms = options.patience_ms
        self._clock = clock
        self._warn = warn
        self.kafka = kafka

    def partitions(self) -> list[TopicPartition]:
        """Those that are read, of those that there are."""
        return self._patiently(lambda: self._subscription.partitions(self.kafka))

    def first_partitions(self) -> list[TopicPartition]:
        """The same for a query that begins. Raises `UnknownTopicOrPartition` when one that it names is missing."""
        return self._patiently(self._all_there)

    def latest(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset of the next record of each."""
        return self._patiently(lambda: self.kafka.latest_offsets(partitions))

    def earliest(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that each log still has."""
        return self._patiently(lambda: self.kafka.earliest_offsets(partitions)) if partitions else {}

    def place(
        self, place: int | Offsets, partitions: Collection[TopicPartition], name: str
    ) -> dict[TopicPartition, int]:
        """What an option means now: offsets of all partitions. `name` is the option's.

        Raises `IllegalArgumentError` when it lists other partitions than there are.
        """
        if place == EARLIEST:
            return self.earliest(partitions)
        if isinstance(place, int):
            return self.latest(partitions)
        if set(place) != set(partitions):
            listed, there = (", ".join(map(str, sorted(each))) or "none" for each in (place, partitions))
            raise IllegalArgumentError(
                f"{name} must list all partitions that are read, -1 for the latest offset and -2 for the earliest. It "
                f"lists {listed}; there are {there}"
            )
        ends = {which: self.place(which, partitions, name) for which in (EARLIEST, LATEST) if which in place.values()}
        return {each: ends[offset][each] if offset in ends else offset for each, offset in place.items()}

    def _all_there(self) -> list[TopicPartition]:
        missing = self._subscription.missing(self.kafka)
        if missing:
            raise UnknownTopicOrPartition(
                f"{self._subscription}: the cluster has no {', '.join(missing)}, but "
                f"{', '.join(sorted(self.kafka.topics())) or 'nothing at all'}. Make the topic before the query"
            )
        return self._subscription.partitions(self.kafka)

    def _patiently(self, ask: Callable[[], T]) -> T:
        for attempt in range(1, self._attempts + 1):
            try:
                return self._answer(ask)
            except KafkaError as error:
                if attempt == self._attempts:
                    raise
                self._warn(f"attempt {attempt} of {self._attempts} to ask Kafka for offsets failed: {error}")
                self._clock.sleep(self._retry_ms)
        raise AssertionError("the last attempt returns or raises")

    def _answer(self, ask: Callable[[], T]) -> T:
        """Kafka's client waits for a leader to come back; only then does an attempt count as failed."""
        end_ms = self._clock.now_ms + self._patience_ms
        while True:
            try:
                return ask()
            except (BrokerNotAvailable, LeaderNotAvailable):
                if self._clock.now_ms + BACKOFF_MS > end_ms:
                    raise
                self._clock.sleep(BACKOFF_MS)
