"""What makes values of bytes in Kafka 0.10: the settings "key.deserializer" and "value.deserializer".

Each is a function of bytes, or the name of one of the deserialisers that come with Kafka. As in Kafka's consumer, what
has no bytes (a key that was not given, a tombstone) is None without asking anybody.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Settings
from sparksim.kafka.records import ConsumerRecord
from sparksim.streaming.kafka.messages import decoded

Deserializer = Callable[[bytes], Any]

KEY, VALUE = "key.deserializer", "value.deserializer"
PACKAGE = "org.apache.kafka.common.serialization."


def string(data: bytes) -> str:
    """The text; bytes that are no UTF-8 become replacement characters, as in Java."""
    return data.decode("utf-8", "replace")


def byte_array(data: bytes) -> bytes:
    """The bytes as they are."""
    return data


def integer(data: bytes) -> int:
    """Four bytes as a signed number, the highest first. Raises `ValueError` for another number of bytes."""
    return int.from_bytes(_exactly(4, data), "big", signed=True)


def long(data: bytes) -> int:
    """Eight bytes as a signed number, the highest first. Raises `ValueError` for another number of bytes."""
    return int.from_bytes(_exactly(8, data), "big", signed=True)


def double(data: bytes) -> float:
    """Eight bytes as a number of IEEE 754. Raises `ValueError` for another number of bytes."""
    number: float = struct.unpack(">d", _exactly(8, data))[0]
    return number


WELL_KNOWN: dict[str, Deserializer] = {
    "StringDeserializer": string,
    "ByteArrayDeserializer": byte_array,
    "IntegerDeserializer": integer,
    "LongDeserializer": long,
    "DoubleDeserializer": double,
}


def deserializers(settings: Settings) -> tuple[Deserializer, Deserializer]:
    """Those of keys and of values. Raises `IllegalArgumentError` when one is missing or unknown."""
    return _named(settings, KEY), _named(settings, VALUE)


def deserialized(key: Deserializer, value: Deserializer, record: ConsumerRecord) -> ConsumerRecord:
    """The record with its key and value. Raises `SerializationError` when a deserialiser raises."""
    # `dataclasses.replace` takes four times as long, and there may be millions.
    return ConsumerRecord(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        None if record.key is None else decoded(record.key, key, "key", record),
        None if record.value is None else decoded(record.value, value, "value", record),
        record.headers,
        record.timestamp_type,
    )


def record_deserializer(settings: Settings) -> Callable[[ConsumerRecord], ConsumerRecord]:
    """What makes records with keys and values of records with bytes. Raises like `deserializers`."""
    return partial(deserialized, *deserializers(settings))


def _named(settings: Settings, name: str) -> Deserializer:
    given: Deserializer | str | None = settings.get(name)
    if callable(given):
        return given
    if isinstance(given, str) and given.removeprefix(PACKAGE) in WELL_KNOWN:
        return WELL_KNOWN[given.removeprefix(PACKAGE)]
    raise IllegalArgumentError(
        f"kafkaParams[{name!r}]={given!r}: give a function of bytes, or one of these names: {', '.join(WELL_KNOWN)}"
    )


def _exactly(count: int, data: bytes) -> bytes:
    if len(data) != count:
        raise ValueError(f"{count} bytes are needed, not {len(data)}")
    return data
