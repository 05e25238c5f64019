"""The settings of Kafka 0.8's high-level consumer, which a receiver is, checked and in the terms of `kafka.client`.

The names that a program gives are those of 0.8 (`auto.commit.enable`, `zookeeper.session.timeout.ms`), and so are the
defaults. What is wrong in them would fail on the executor, again and again; so the driver says it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Settings

RESETS = {"smallest": "earliest", "largest": "latest"}

CONNECTION_TIMEOUT = "zookeeper.connection.timeout.ms"

NUMBERS = {
    "auto.commit.interval.ms": ("auto.commit.interval.ms", 60_000),
    "zookeeper.session.timeout.ms": ("session.timeout.ms", 6_000),
    "fetch.message.max.bytes": ("max.partition.fetch.bytes", 1_048_576),
    CONNECTION_TIMEOUT: (CONNECTION_TIMEOUT, 10_000),
    "refresh.leader.backoff.ms": ("refresh.leader.backoff.ms", 200),
}
"""0.8's name of a number, its name in `kafka.client`, and its default; PySpark sets the connection's time-out."""

OF_LATER_CONSUMERS = {"enable.auto.commit": "auto.commit.enable", "session.timeout.ms": "zookeeper.session.timeout.ms"}
"""What 0.8 does not know, and what it calls it."""


def receiver_settings(zk_quorum: str, group: str, params: Settings) -> dict[str, Any]:
    """What a receiver's consumers are made with. Raises `IllegalArgumentError` for values that 0.8 refuses."""
    made = {name: value for name, value in params.items() if name not in OF_LATER_CONSUMERS}
    for name, (ours, default) in NUMBERS.items():
        made[ours] = _number(params, name, default)
    if made.get("offsets.storage", "zookeeper") != "zookeeper":
        raise IllegalArgumentError(
            f"offsets.storage={made['offsets.storage']!r}: a receiver's offsets are in ZooKeeper; leave this out"
        )
    return made | {
        "zookeeper.connect": zk_quorum,
        "group.id": group,
        "offsets.storage": "zookeeper",
        "enable.auto.commit": _yes_or_no(params, "auto.commit.enable", True),
        "auto.offset.reset": _reset(params),
        # The offset that is committed is then that of the message in hand, as with 0.8's iterator of messages.
        "max.poll.records": 1,
    }


def later_names(params: Settings) -> list[str]:
    """What to say of settings that only consumers since 0.9 know, and a receiver therefore ignores."""
    return [
        f"{name}={params[name]!r} is not a setting of Kafka 0.8's consumer and has no effect on a receiver: use "
        f"{of_0_8!r}"
        for name, of_0_8 in OF_LATER_CONSUMERS.items()
        if name in params
    ]


def check_topics(topics: object) -> dict[str, int]:
    """The threads of each topic. Raises `TypeError` for what is no dict of names and whole numbers."""
    remedy = "give a number of threads for each topic, such as {'orders': 1}"
    if not isinstance(topics, Mapping):
        raise TypeError(f"topics should be dict: topics={topics!r}; {remedy}")
    for topic, threads in topics.items():
        if not isinstance(topic, str) or isinstance(threads, bool) or not isinstance(threads, int):
            raise TypeError(f"topics should be dict of str and int: topics={topics!r}; {remedy}")
    if not topics or "" in topics or any(threads < 1 for threads in topics.values()):
        raise IllegalArgumentError(f"topics={topics!r}: a receiver needs one thread at least for each topic; {remedy}")
    return dict(topics)


def _number(params: Settings, name: str, default: int) -> int:
    value = params.get(name, default)
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise IllegalArgumentError(f"kafkaParams: {name}={value!r}: give a whole number, 1 or more, such as {default}")
    return number


def _yes_or_no(params: Settings, name: str, default: bool) -> bool:
    text = str(params.get(name, default)).lower()
    if text not in ("true", "false"):
        raise IllegalArgumentError(f"kafkaParams: {name}={params[name]!r}: give 'true' or 'false'")
    return text == "true"


def _reset(params: Settings) -> str:
    value = params.get("auto.offset.reset", "largest")
    if value not in RESETS:
        raise IllegalArgumentError(
            f"kafkaParams: auto.offset.reset={value!r}: a receiver is a consumer of Kafka 0.8, which knows 'smallest' "
            "(begin with the oldest message) and 'largest' (begin with the next one)"
        )
    return RESETS[value]
