"""What a simulated Kafka cluster consists of: topics and producers, as values with checked arguments.

Times are in seconds, as everywhere in what a user types, but for `request_ms` and `replicate_ms`, which say so. The
defaults are Kafka's own where not said otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparksim.core.arguments import is_count, is_number, is_positive
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.loads import Acknowledged, Counted, Load, Retained

if TYPE_CHECKING:
    from sparksim.sim.kafka.changes import Change

MESSAGE_BYTES = 1_000_012
"""The broker's own limit for a batch of records (message.max.bytes)."""

REQUEST_BYTES = 1_048_576
"""The producer's own limit for a record (max.request.size)."""

BATCH_BYTES = 16_384

PARTITIONERS = ("sticky", "round-robin")

_TOPIC_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")
_ADDRESS = re.compile(r"[^\s,/:]+:\d{1,5}")


def check_name(owner: str, argument: str, name: object) -> None:
    """Raise for what cannot be a topic's name."""
    if not isinstance(name, str) or not _TOPIC_NAME.fullmatch(name) or name in (".", ".."):
        raise IllegalArgumentError(
            f"{owner}({argument}={name!r}): a topic's name consists of letters, digits, '.', '_' and '-'"
        )


def _require(owner: str, allowed: bool, name: str, value: object, remedy: str) -> None:
    if not allowed:
        raise IllegalArgumentError(f"{owner}({name}={value!r}): {remedy}")


def _is_address(value: object) -> bool:
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


@dataclass(frozen=True)
class Topic:
    """A topic with so many partitions, each with so many copies on different brokers.

    | argument | Kafka's name | what it says |
    |---|---|---|
    | `min_insync` | min.insync.replicas | with fewer copies in sync, records sent with `acks="all"` are refused |
    | `retention` | retention.ms | older records are deleted; in seconds, None: they stay for good |
    | `retention_records` | | of each partition only the newest so many stay |
    | `retention_bytes` | retention.bytes | of each partition only the newest so many bytes stay |
    | `compact` | cleanup.policy=compact | of each key only the last record stays; records without a key are refused |
    | `max_message_bytes` | max.message.bytes | larger records are refused |

    Kafka deletes and compacts whole segments; here it is record by record, every `cleanup` seconds of the cluster.
    Only what readers may see is deleted or compacted. Raises `IllegalArgumentError` for numbers that make no sense.
    """

    name: str
    partitions: int = 1
    replicas: int = 1
    min_insync: int = 1
    retention: float | None = None
    retention_records: int | None = None
    retention_bytes: int | None = None
    compact: bool = False
    max_message_bytes: int = MESSAGE_BYTES

    def __post_init__(self) -> None:
        check_name("Topic", "name", self.name)
        for name in ("partitions", "replicas", "min_insync", "max_message_bytes"):
            value = getattr(self, name)
            _require("Topic", is_count(value), name, value, "give a whole number, 1 or more")
        _require(
            "Topic",
            self.min_insync <= self.replicas,
            "min_insync",
            self.min_insync,
            f"there are only {self.replicas} replicas, so nothing with acks='all' would ever be taken",
        )
        allowed = self.retention is None or is_positive(self.retention)
        _require("Topic", allowed, "retention", self.retention, "give a positive number of seconds, or None for ever")
        for name in ("retention_records", "retention_bytes"):
            value = getattr(self, name)
            _require("Topic", value is None or is_count(value), name, value, "give 1 or more, or None for all")


@dataclass(frozen=True)
class Producer:
    """A program outside of Spark that writes the records of `load` to a topic.

    What the load sends becomes the value, a text as UTF-8; a pair is `(key, value)`; or `key` is a function that gives
    a record's key. Records with a key go to the partition that Kafka's hash says, others where `partitioner` says:
    "sticky" (one partition per batch) or "round-robin".

    | argument | Kafka's name | what it says |
    |---|---|---|
    | `acks` | acks | who has to have it before the producer hears of it: 0 nobody, 1 the leader, "all" in sync |
    | `idempotent` | enable.idempotence | the leader knows a record that is sent twice; needs `acks="all"` |
    | `linger` | linger.ms | seconds that a batch waits for more records |
    | `batch_records`, `batch_bytes` | batch.size | a batch with so much is sent at once |
    | `max_in_flight` | max.in.flight.requests.per.connection | unanswered batches; above 1, retries reorder |
    | `retries` | retries | None: as many as fit into `delivery_timeout` |
    | `retry_backoff` | retry.backoff.ms | seconds before the next try |
    | `request_timeout` | request.timeout.ms | seconds until an unanswered request counts as failed |
    | `delivery_timeout` | delivery.timeout.ms | seconds after which a record is given up |
    | `max_request_bytes` | max.request.size | larger records are refused by the producer itself |

    In flight are batches of one partition, not of one broker as in Kafka. Raises `IllegalArgumentError` for values that
    make no sense, alone or together.
    """

    topic: str
    load: Load
    acks: int | str = 1
    idempotent: bool = False
    key: Callable[[Any], Any] | None = None
    partitioner: str = "sticky"
    linger: float = 0.0
    batch_records: int | None = None
    batch_bytes: int = BATCH_BYTES
    max_in_flight: int = 5
    retries: int | None = None
    retry_backoff: float = 0.1
    request_timeout: float = 30.0
    delivery_timeout: float = 120.0
    max_request_bytes: int = REQUEST_BYTES
    name: str = ""

    def __post_init__(self) -> None:
        check_name("Producer", "topic", self.topic)
        plain = hasattr(self.load, "arrivals") and not isinstance(self.load, Acknowledged | Counted | Retained)
        _require("Producer", plain, "load", self.load, "give a load with real records, such as Poisson(50)")
        known = self.acks == "all" or (self.acks in (0, 1) and is_count(self.acks, least=0))
        _require("Producer", known, "acks", self.acks, "give 0, 1 or 'all'")
        _require(
            "Producer",
            not self.idempotent or self.acks == "all",
            "idempotent",
            self.idempotent,
            f"an idempotent producer needs acks='all', and this one has acks={self.acks!r}",
        )
        _require(
            "Producer",
            not self.idempotent or self.max_in_flight <= 5,
            "max_in_flight",
            self.max_in_flight,
            "an idempotent producer has 5 at most",
        )
        _require("Producer", self.key is None or callable(self.key), "key", self.key, "give a function of a record")
        _require(
            "Producer",
            self.partitioner in PARTITIONERS,
            "partitioner",
            self.partitioner,
            f"use one of {', '.join(map(repr, PARTITIONERS))}",
        )
        _require("Producer", isinstance(self.name, str), "name", self.name, "give a text")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name in ("linger", "retry_backoff"):
            value = getattr(self, name)
            _require("Producer", is_number(value), name, value, "give a number of seconds, 0 or more")
        for name in ("request_timeout", "delivery_timeout"):
            value = getattr(self, name)
            _require("Producer", is_positive(value), name, value, "give a positive number of seconds")
        for name in ("batch_bytes", "max_in_flight", "max_request_bytes"):
            value = getattr(self, name)
            _require("Producer", is_count(value), name, value, "give a whole number, 1 or more")
        _require(
            "Producer",
            self.batch_records is None or is_count(self.batch_records),
            "batch_records",
            self.batch_records,
            "give 1 or more, or None for as many as batch_bytes allows",
        )
        _require(
            "Producer",
            self.retries is None or is_count(self.retries, least=0),
            "retries",
            self.retries,
            "give 0 or more, or None for as many as fit into delivery_timeout",
        )

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """What decides about delivery, by Kafka's names."""
        return (
            ("acks", str(self.acks)),
            ("enable.idempotence", str(self.idempotent).lower()),
            ("retries", "2147483647" if self.retries is None else str(self.retries)),
            ("max.in.flight.requests.per.connection", str(self.max_in_flight)),
        )


@dataclass(frozen=True)
class KafkaCluster:
    """Brokers with topics, the producers that fill them, and what happens to them: the value for a network's address.

    The address in `Simulation(network={"localhost:9092": KafkaCluster(...)})` is the bootstrap address. `brokers` is
    how many there are, numbered from 0, at that address and the ports after it; or a list of their addresses.
    `zookeeper` is the address where programs of Kafka 0.8 look.

    | argument | what it says |
    |---|---|
    | `changes` | what is done to topics meanwhile: `CreateTopic`, `AddPartitions`, `DeleteTopic`, `DeleteRecords` |
    | `request_ms` | from a client's request to the answer, in ms, half of it each way |
    | `replicate_ms` | until the leader knows that followers have a record, in ms; they have it after half of it |
    | `detect` | seconds until the others know of a broker's death (zookeeper.session.timeout.ms) |
    | `unclean` | whether a copy that was not in sync may lead when no other is left (unclean.leader.election.enable) |
    | `rebalance_delay` | seconds that a new group waits for more members (group.initial.rebalance.delay.ms; there 3) |
    | `cleanup` | seconds between two looks at retention and compaction (log.retention.check.interval.ms; there 300) |

    Raises `IllegalArgumentError` for values that make no sense, alone or together.
    """

    topics: Sequence[Topic] = ()
    producers: Sequence[Producer] = ()
    brokers: int | Sequence[str] = 3
    zookeeper: str = "localhost:2181"
    changes: Sequence[Change] = ()
    request_ms: float = 2.0
    replicate_ms: float = 2.0
    detect: float = 6.0
    unclean: bool = False
    rebalance_delay: float = 0.0
    cleanup: float = 1.0

    def __post_init__(self) -> None:
        for name, kind in (("topics", Topic), ("producers", Producer)):
            values = getattr(self, name)
            fits = isinstance(values, list | tuple) and all(isinstance(each, kind) for each in values)
            _require("KafkaCluster", fits, name, values, f"give a list of {kind.__name__}(...)")
        fits = isinstance(self.changes, list | tuple) and all(
            hasattr(each, "at") and hasattr(each, "topic") for each in self.changes
        )
        _require("KafkaCluster", fits, "changes", self.changes, "give a list, such as [DeleteTopic('orders', at=30)]")
        self._check_brokers()
        for name in ("request_ms", "replicate_ms", "detect", "rebalance_delay"):
            value = getattr(self, name)
            _require("KafkaCluster", is_number(value), name, value, "give a number, 0 or more")
        _require(
            "KafkaCluster", is_positive(self.cleanup), "cleanup", self.cleanup, "give a positive number of seconds"
        )
        self._check_names()

    def _check_brokers(self) -> None:
        remedy = "give how many brokers there are, or their addresses as ['host-1:9092', ...]"
        listed = (
            isinstance(self.brokers, list | tuple) and len(self.brokers) > 0 and all(map(_is_address, self.brokers))
        )
        _require("KafkaCluster", is_count(self.brokers) or listed, "brokers", self.brokers, remedy)
        fits = _is_address(self.zookeeper)
        _require("KafkaCluster", fits, "zookeeper", self.zookeeper, "give an address, such as 'localhost:2181'")

    def _check_names(self) -> None:
        count = self.brokers if isinstance(self.brokers, int) else len(self.brokers)
        names = [topic.name for topic in self.topics]
        for topic in (*self.topics, *(each.topic for each in self.changes if isinstance(each.topic, Topic))):
            if topic.replicas > count:
                raise IllegalArgumentError(
                    f"Topic({topic.name!r}, replicas={topic.replicas}): the cluster has {count} brokers, and each can "
                    f"hold one copy; give {count} or less, or KafkaCluster(brokers={topic.replicas})"
                )
        for kind, named in (("topics", names), ("producers", [each.name for each in self.producers if each.name])):
            twice = next((name for name in named if named.count(name) > 1), None)
            if twice is not None:
                raise IllegalArgumentError(
                    f"KafkaCluster({kind}=...): {twice!r} is there twice; give each its own name"
                )
