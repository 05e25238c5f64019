"""What a program sees of Kafka in PySpark's API for 0.8: partitions, brokers, messages and what decodes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sparksim.kafka.errors import SerializationError
from sparksim.kafka.records import ConsumerRecord, TopicPartition

Decoder = Callable[[Any], Any]
"""What makes a value of the bytes of a key or a value; None when there are none."""

MessageHandler = Callable[["KafkaMessageAndMetadata"], Any]

TopicAndPartition = TopicPartition
"""PySpark's name of it, of Kafka 0.8."""


class Broker(NamedTuple):
    """Where a broker listens."""

    host: str
    port: int


def utf8_decoder(s: bytes | None) -> str | None:
    """The text that is written in these bytes. Raises `UnicodeDecodeError` for bytes that are no UTF-8."""
    return None if s is None else s.decode("utf-8")


@dataclass(frozen=True, slots=True, repr=False)
class KafkaMessageAndMetadata:
    """A message and where it stood. `key` and `message` are decoded when they are asked for."""

    topic: str
    partition: int
    offset: int
    _key: bytes | None = field(repr=False)
    _message: bytes | None = field(repr=False)
    _key_decoder: Decoder = utf8_decoder
    _value_decoder: Decoder = utf8_decoder

    @property
    def key(self) -> Any:
        """The decoded key. Raises `SerializationError` when the decoder raises."""
        return decoded(self._key, self._key_decoder, "key", self)

    @property
    def message(self) -> Any:
        """The decoded value. Raises `SerializationError` when the decoder raises."""
        return decoded(self._message, self._value_decoder, "value", self)

    def __repr__(self) -> str:
        place = f"topic: {self.topic}, partition: {self.partition}, offset: {self.offset}"
        return f"KafkaMessageAndMetadata({place}, key: {self._key!r}, value: {self._message!r})"


def decoded(data: Any, decoder: Decoder, part: str, record: ConsumerRecord | KafkaMessageAndMetadata) -> Any:
    """What `decoder` makes of the key or the value of a record. Raises `SerializationError` when the decoder raises."""
    try:
        return decoder(data)
    except Exception as error:
        name = getattr(decoder, "__name__", repr(decoder))
        shown = repr(data) if len(repr(data)) <= 80 else repr(data)[:80] + "…"
        raise SerializationError(
            f"the {part} at offset {record.offset} of {record.topic}/{record.partition} is {shown}, and {name} raised "
            f"{type(error).__name__}: {error}. Give a decoder that answers for every record, for example with None"
        ) from error
