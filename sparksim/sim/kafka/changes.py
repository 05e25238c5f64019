"""What somebody does to a cluster's topics in the course of a run: values, each with its second `at`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sparksim.core.arguments import is_count, is_number
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.kafka.values import Topic, check_name


def _check(change: Any) -> None:
    owner = type(change).__name__
    if not is_number(change.at):
        raise IllegalArgumentError(f"{owner}(at={change.at!r}): give the moment in seconds from the start, 0 or more")
    topic = change.topic
    if isinstance(change, CreateTopic):
        if not isinstance(topic, Topic):
            raise IllegalArgumentError(f"{owner}(topic={topic!r}): give a topic, such as Topic('orders', partitions=4)")
    else:
        check_name(owner, "topic", topic)


@dataclass(frozen=True)
class CreateTopic:
    """A new topic. Does nothing when there is one of that name."""

    topic: Topic
    at: float

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class DeleteTopic:
    """The topic goes, with all its records and with the offsets that groups have stored for it in the cluster."""

    topic: str
    at: float

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class AddPartitions:
    """The topic has so many partitions from now on. The records that it has stay where they are; keys may move."""

    topic: str
    partitions: int
    at: float

    def __post_init__(self) -> None:
        _check(self)
        if not is_count(self.partitions):
            raise IllegalArgumentError(
                f"AddPartitions(partitions={self.partitions!r}): give how many the topic has from then on"
            )


@dataclass(frozen=True)
class DeleteRecords:
    """The records before offset `before` go; None: all that readers may see (Kafka: Admin.deleteRecords)."""

    topic: str
    partition: int
    at: float
    before: int | None = None

    def __post_init__(self) -> None:
        _check(self)
        if not is_count(self.partition, least=0):
            raise IllegalArgumentError(f"DeleteRecords(partition={self.partition!r}): partitions are counted from 0")
        if self.before is not None and not is_count(self.before, least=0):
            raise IllegalArgumentError(
                f"DeleteRecords(before={self.before!r}): give the first offset that stays, or None for all"
            )


Change = CreateTopic | DeleteTopic | AddPartitions | DeleteRecords
