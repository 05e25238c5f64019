"""The settings of a Kafka program, as librdkafka wants them.

Programs give the names of Java's clients, of 0.8 and of 0.10 on. Most are librdkafka's names too; some have another
name there; some are for Spark, for ZooKeeper or for our own side of the client, which moves and commits positions as
Java's does. What is left over goes to librdkafka, and what that does not know is dropped, with one warning per process.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, TypeVar

import confluent_kafka

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import BOOTSTRAP, Settings

Config = dict[str, Any]

Client = TypeVar("Client")

RENAMED = {
    "receive.buffer.bytes": "socket.receive.buffer.bytes",
    "send.buffer.bytes": "socket.send.buffer.bytes",
    "max.partition.fetch.bytes": "fetch.message.max.bytes",
    "fetch.max.wait.ms": "fetch.wait.max.ms",
}

RENAMED_FOR_PRODUCERS = {"max.request.size": "message.max.bytes", "send.buffer.bytes": "socket.send.buffer.bytes"}

HERE = frozenset(
    {
        *BOOTSTRAP,
        "auto.commit.enable",
        "auto.commit.interval.ms",
        "auto.offset.reset",
        "default.api.timeout.ms",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.partition.eof",
        "group.id",
        "max.poll.records",
        "request.timeout.ms",
    }
)
"""What the live client itself acts on."""

ELSEWHERE = re.compile(
    r"(key|value)\.(de)?serializer|zookeeper\..*|offsets\.(storage|.*\.ms|commit\.max\.retries)|dual\.commit\.enabled"
    r"|consumer\.(id|timeout\.ms)|num\.consumer\.fetchers|queued\.max\.message\.chunks|rebalance\..*"
    r"|refresh\.leader\.backoff\.ms|exclude\.internal\.topics"
)
"""What Spark acts on, and what Kafka 0.8 needed that librdkafka does by itself."""

RESETS = {
    "smallest": "earliest",
    "earliest": "earliest",
    "largest": "latest",
    "latest": "latest",
    "none": "none",
}
"""The values of `auto.offset.reset`, of 0.8 and since."""

PATIENCE_MS = 30_000
"""How long an answer may take: Java's `request.timeout.ms`."""

ZOOKEEPER_COMMITS_MS, COMMITS_MS = 60_000, 5_000
"""`auto.commit.interval.ms` of the consumer of 0.8, and since."""

DELIVERY_MS = 120_000
"""After which a producer gives a record up: Java's `delivery.timeout.ms`."""

LIBRARY_ERRORS_ONLY = 2
"""The log level: what concerns the program comes as an exception, so librdkafka need not print it as well."""

NO_GROUP = "sparksim"
"""librdkafka wants a group also of those that join none and commit nothing."""

_unknown: set[str] = set()
_REFUSED = re.compile(r'No such configuration property: "([^"]+)"')


def consumer_config(servers: str, settings: Settings) -> Config:
    """What a consumer is made with. It neither resets nor commits offsets by itself.

    Transactions that are not committed can be read (`read_uncommitted`), which is Java's default, not librdkafka's.
    """
    theirs = {
        RENAMED.get(name, name): _value(value)
        for name, value in settings.items()
        if name not in HERE and value is not None and not ELSEWHERE.fullmatch(name)
    }
    return {
        "isolation.level": "read_uncommitted",
        "log_level": LIBRARY_ERRORS_ONLY,
        **theirs,
        "bootstrap.servers": servers,
        "group.id": group_id(settings) or NO_GROUP,
        "auto.offset.reset": "error",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
    }


def producer_config(servers: str, settings: Settings) -> Config:
    """What a producer is made with: keys go to the partitions, and records are given up, as with Java's client.

    Unless the settings say otherwise, all replicas in sync acknowledge and no retry writes twice.
    """
    theirs = {
        RENAMED_FOR_PRODUCERS.get(name, name): _value(value)
        for name, value in settings.items()
        if name not in BOOTSTRAP and value is not None and not ELSEWHERE.fullmatch(name)
    }
    return {
        "log_level": LIBRARY_ERRORS_ONLY,
        "partitioner": "murmur2_random",
        "delivery.timeout.ms": DELIVERY_MS,
        "enable.idempotence": str(theirs.get("acks", "all")) in ("all", "-1"),
        **theirs,
        "bootstrap.servers": servers,
    }


def consumer(config: Config) -> confluent_kafka.Consumer:
    """A client of librdkafka that reads, without the settings that it does not know. Raises as `producer`."""
    return _client(confluent_kafka.Consumer, config)


def producer(config: Config) -> confluent_kafka.Producer:
    """One that writes. Raises `IllegalArgumentError` for values that librdkafka refuses, in its words."""
    return _client(confluent_kafka.Producer, config)


def _client(kind: Callable[[Config], Client], config: Config) -> Client:
    while True:
        try:
            return kind({name: value for name, value in config.items() if name not in _unknown})
        except confluent_kafka.KafkaException as error:
            said = error.args[0].str().strip()
            refused = _REFUSED.match(said)
            if refused is None:
                raise IllegalArgumentError(f"kafkaParams: {said}") from error
            _drop(refused[1])


def group_id(settings: Settings) -> str:
    """The group, "" for none."""
    return str(settings.get("group.id") or "")


def auto_offset_reset(settings: Settings) -> str:
    """ "earliest", "latest" or "none". Raises `IllegalArgumentError` for anything else."""
    given = settings.get("auto.offset.reset", "latest")
    if given not in RESETS:
        raise IllegalArgumentError(f"auto.offset.reset={given!r}: give 'earliest', 'latest' or 'none'")
    return RESETS[given]


def commits_every_ms(settings: Settings) -> float | None:
    """How often positions are committed by themselves; None for never."""
    wanted = settings.get("enable.auto.commit", settings.get("auto.commit.enable", True))
    if not _truth(wanted, "enable.auto.commit"):
        return None
    in_zookeeper = settings.get("offsets.storage") == "zookeeper"
    return number(settings, "auto.commit.interval.ms", ZOOKEEPER_COMMITS_MS if in_zookeeper else COMMITS_MS, least=0)


def patience_s(settings: Settings) -> float:
    """How long an answer of the cluster may take: `default.api.timeout.ms`, else `request.timeout.ms`."""
    longest_ms = number(settings, "request.timeout.ms", PATIENCE_MS, least=1)
    return number(settings, "default.api.timeout.ms", longest_ms, least=1) / 1000


def number(settings: Settings, name: str, default: float, least: float) -> float:
    """A setting that is a number. Raises `IllegalArgumentError` when it is none, or less than `least`."""
    given = settings.get(name, default)
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = least - 1
    if not value >= least:
        raise IllegalArgumentError(f"{name}={given!r}: give a number from {least} on")
    return value


def _truth(given: Any, name: str) -> bool:
    text = str(given).lower()
    if text not in {"true", "false"}:
        raise IllegalArgumentError(f"{name}={given!r}: give True or False")
    return text == "true"


def _value(value: Any) -> Any:
    """Whole numbers as such; a list, as Java takes it, with commas."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _drop(name: str) -> None:
    _unknown.add(name)
    logging.getLogger("sparksim.kafka").warning("kafkaParams: librdkafka has no setting %r, so it is dropped", name)
