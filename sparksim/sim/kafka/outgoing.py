"""What a producer sends: records as bytes, in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sparksim.kafka.errors import SerializationError
from sparksim.kafka.records import Headers
from sparksim.sim.kafka.log import Sequence


class Sending(Protocol):
    """How a producer sends: what `Producer` and `ProducerSettings` have in common, as described there."""

    @property
    def acks(self) -> int | str: ...

    @property
    def idempotent(self) -> bool: ...

    @property
    def linger(self) -> float: ...

    @property
    def batch_records(self) -> int | None: ...

    @property
    def batch_bytes(self) -> int: ...

    @property
    def max_in_flight(self) -> int: ...

    @property
    def retries(self) -> int | None: ...

    @property
    def retry_backoff(self) -> float: ...

    @property
    def request_timeout(self) -> float: ...

    @property
    def delivery_timeout(self) -> float: ...


class Outgoing(NamedTuple):
    """A record on its way. `number` counts the producer's records from 0; `timestamp` is when it was given, in ms."""

    number: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")


@dataclass(eq=False, slots=True)
class Batch:
    """Records that go to one partition together, in the order `place`. `open` while it takes more of them.

    `attempts` is how often it was sent, `answered` the last attempt of which the outcome is known. Before `retry_ms` it
    is not sent again. `sequence` is its first record's, once an idempotent producer has sent it.
    """

    place: int
    created_ms: float
    records: list[Outgoing] = field(default_factory=list)
    size: int = 0
    open: bool = True
    attempts: int = 0
    answered: int = 0
    retry_ms: float = 0.0
    sequence: Sequence | None = None

    def add(self, record: Outgoing) -> None:
        """Put it at the end."""
        self.records.append(record)
        self.size += record.size

    def has_room(self, producer: Sending, size: int) -> bool:
        """Whether a record of this size fits. The first one always does."""
        full = producer.batch_records is not None and len(self.records) >= producer.batch_records
        return not self.records or (not full and self.size + size <= producer.batch_bytes)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The producer's numbers of its records."""
        return tuple(record.number for record in self.records)

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands among the batches of its partition."""
        return self.place, self.records[0].number

    def halves(self) -> tuple[Batch, Batch]:
        """The batch as two; it has to have two records or more."""
        middle = len(self.records) // 2
        parts = []
        for begin, records in ((0, self.records[:middle]), (middle, self.records[middle:])):
            sequence = None if self.sequence is None else (self.sequence[0], self.sequence[1] + begin)
            part = Batch(self.place, self.created_ms, open=False, attempts=self.attempts, answered=self.answered)
            part.sequence = sequence
            for record in records:
                part.add(record)
            parts.append(part)
        return parts[0], parts[1]


def serialized(content: Any, key: Callable[[Any], Any] | None) -> tuple[bytes | None, bytes | None]:
    """Key and value of what a load sends. Raises `SerializationError` for what is neither text nor bytes."""
    if key is not None:
        try:
            return _bytes("key", key(content)), _bytes("value", content)
        except SerializationError:
            raise
        except Exception as error:
            raise SerializationError(f"the producer's key function raised {error!r} for {content!r}") from error
    if isinstance(content, tuple) and len(content) == 2:
        return _bytes("key", content[0]), _bytes("value", content[1])
    return None, _bytes("value", content)


def _bytes(what: str, value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if value is None or isinstance(value, bytes):
        return value
    raise SerializationError(f"the {what} {value!r} is neither a text nor bytes: let the load send one of these")
