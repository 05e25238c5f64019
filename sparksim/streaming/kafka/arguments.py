"""Checks of what a program gives to `KafkaUtils`: as in PySpark, a wrong type is a `TypeError`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.records import TopicPartition
from sparksim.streaming.offset_ranges import OffsetRange


def check_settings(settings: object) -> None:
    """Raise `TypeError` unless these are Kafka's settings by name."""
    if not isinstance(settings, Mapping) or not all(isinstance(name, str) for name in settings):
        raise TypeError(
            f"kafkaParams={settings!r}: kafkaParams should be a dict, such as {{'bootstrap.servers': 'localhost:9092'}}"
        )


def check_topics(topics: object) -> None:
    """Raise `TypeError` unless these are names of topics, `IllegalArgumentError` for none at all."""
    if not isinstance(topics, (list, tuple, set, frozenset)) or not all(isinstance(each, str) for each in topics):
        raise TypeError(f"topics={topics!r}: topics should be a list of names, such as ['orders']")
    if not topics or "" in topics:
        raise IllegalArgumentError(f"topics={topics!r}: give the name of a topic at least, such as ['orders']")


def check_partitions(partitions: Any, name: str) -> None:
    """Raise `TypeError` unless each is a partition of a topic, `IllegalArgumentError` for none at all."""
    if not isinstance(partitions, Collection) or isinstance(partitions, (str, bytes)):
        raise TypeError(f"{name}={partitions!r}: give a list of TopicPartition, such as [TopicPartition('orders', 0)]")
    for each in partitions:
        if not isinstance(each, TopicPartition):
            raise TypeError(
                f"{name}={partitions!r}: {each!r} is a {type(each).__name__}, and should be a TopicPartition (or "
                "TopicAndPartition, which is the same), such as TopicPartition('orders', 0)"
            )
    if not partitions:
        raise IllegalArgumentError(f"{name}={partitions!r}: give one partition at least")


def check_offsets(offsets: object, name: str) -> None:
    """Raise `TypeError` unless these are offsets of partitions, `IllegalArgumentError` for one below 0."""
    if not isinstance(offsets, Mapping):
        raise TypeError(f"{name}={offsets!r}: {name} should be a dict, such as {{TopicPartition('orders', 0): 42}}")
    if offsets:
        check_partitions(offsets, name)
    for partition, offset in offsets.items():
        if isinstance(offset, bool) or not isinstance(offset, int):
            raise TypeError(f"{name}={dict(offsets)!r}: the offset of {partition} should be an int, not {offset!r}")
        if offset < 0:
            raise IllegalArgumentError(f"{name}={dict(offsets)!r}: the offset {offset} of {partition} is below 0")


def check_ranges(ranges: object, name: str) -> None:
    """Raise `TypeError` unless this is a list of offset ranges."""
    if not isinstance(ranges, (list, tuple)) or not all(isinstance(each, OffsetRange) for each in ranges):
        raise TypeError(f"{name}={ranges!r}: {name} should be a list of OffsetRange, such as rdd.offsetRanges()")


def check_function(value: object, name: str, of: str) -> None:
    """Raise `TypeError` unless this can be called."""
    if not callable(value):
        raise TypeError(f"{name}={value!r}: {name} should be a function of {of}")


def whole(settings: Mapping[str, Any], name: str, default: int) -> int:
    """A setting of Kafka that is a number. Raises `IllegalArgumentError` for another."""
    given = settings.get(name, default)
    try:
        return int(given)
    except (TypeError, ValueError):
        raise IllegalArgumentError(f"kafkaParams[{name!r}]={given!r}: give a whole number") from None


Warn = Callable[[str], None]
