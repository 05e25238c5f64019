"""What the settings of a client say, by Kafka's names for them: a consumer's of 0.10, and of 0.8 where they differ; a
producer's of 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.client import Settings

EARLIEST, LATEST, NONE = "earliest", "latest", "none"

_RESETS = {EARLIEST: EARLIEST, LATEST: LATEST, NONE: NONE, "smallest": EARLIEST, "largest": LATEST}


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """Times in ms. `background`: a thread of its own keeps the member alive, and `poll` has nothing to do with it.

    That is so since 0.10.1, which the setting max.poll.interval.ms tells, and with ZooKeeper. The client of Spark 2.3
    is 0.10.0: a member that does not call for session.timeout.ms is dead.
    """

    group: str
    client: str
    storage: str
    reset: str
    auto_commit: bool
    auto_commit_ms: float
    session_ms: float
    heartbeat_ms: float
    rebalance_ms: float
    request_ms: float
    background: bool
    max_records: int
    partition_bytes: int
    fetch_bytes: int
    metadata_ms: float

    @staticmethod
    def of(settings: Settings) -> ConsumerSettings:
        """Raises `IllegalArgumentError` for values that cannot be read."""
        storage = str(settings.get("offsets.storage", "kafka"))
        if storage not in ("kafka", "zookeeper"):
            raise IllegalArgumentError(f"offsets.storage={storage!r}: use 'kafka' or 'zookeeper'")
        old = storage == "zookeeper"
        session_ms = _number(
            settings, "zookeeper.session.timeout.ms" if old else "session.timeout.ms", 6000 if old else 30_000
        )
        poll_ms = _number(settings, "max.poll.interval.ms", session_ms)
        return ConsumerSettings(
            group=str(settings.get("group.id") or ""),
            client=str(settings.get("client.id") or "consumer"),
            storage=storage,
            reset=_reset(settings),
            auto_commit=_flag(settings, "enable.auto.commit", _flag(settings, "auto.commit.enable", True)),
            auto_commit_ms=_number(settings, "auto.commit.interval.ms", 60_000 if old else 5000),
            session_ms=session_ms,
            heartbeat_ms=_number(settings, "heartbeat.interval.ms", min(3000, session_ms / 3), least=1),
            rebalance_ms=max(poll_ms, session_ms),
            request_ms=_number(settings, "request.timeout.ms", 305_000),
            background=old or "max.poll.interval.ms" in settings,
            max_records=int(_number(settings, "max.poll.records", 500, least=1)),
            partition_bytes=partition_bytes(settings),
            fetch_bytes=int(_number(settings, "fetch.max.bytes", 52_428_800, least=1)),
            metadata_ms=0 if old else _number(settings, "metadata.max.age.ms", 300_000),
        )


@dataclass(frozen=True, slots=True)
class ProducerSettings:
    """Of a producer inside of Spark; the fields are those of `Producer`, times in seconds.

    `max_block`: so long a record waits for a broker that answers, and for its topic (max.block.ms).
    """

    client: str
    acks: int | str
    idempotent: bool
    linger: float
    batch_bytes: int
    max_in_flight: int
    retries: int | None
    retry_backoff: float
    request_timeout: float
    delivery_timeout: float
    max_request_bytes: int
    max_block: float
    batch_records: int | None = None

    @staticmethod
    def of(settings: Settings) -> ProducerSettings:
        """Raises `IllegalArgumentError` for values that cannot be read, or do not go together."""
        given = str(settings.get("acks", "all"))
        if given not in ("0", "1", "all", "-1"):
            raise IllegalArgumentError(f"acks={settings['acks']!r}: use 0, 1 or all")
        acks: int | str = int(given) if given in ("0", "1") else "all"
        idempotent = _flag(settings, "enable.idempotence", acks == "all")
        if idempotent and acks != "all":
            raise IllegalArgumentError(f"enable.idempotence=true: it needs acks=all, and acks={given}")
        return ProducerSettings(
            client=str(settings.get("client.id") or "spark-producer"),
            acks=acks,
            idempotent=idempotent,
            linger=_number(settings, "linger.ms", 0) / 1000,
            batch_bytes=int(_number(settings, "batch.size", 16_384, least=1)),
            max_in_flight=int(_number(settings, "max.in.flight.requests.per.connection", 5, least=1)),
            retries=int(_number(settings, "retries", 0)) if "retries" in settings else None,
            retry_backoff=_number(settings, "retry.backoff.ms", 100) / 1000,
            request_timeout=_number(settings, "request.timeout.ms", 30_000, least=1) / 1000,
            delivery_timeout=_number(settings, "delivery.timeout.ms", 120_000, least=1) / 1000,
            max_request_bytes=int(_number(settings, "max.request.size", 1_048_576, least=1)),
            max_block=_number(settings, "max.block.ms", 60_000) / 1000,
        )

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """What decides about delivery, by Kafka's names."""
        return (
            ("acks", str(self.acks)),
            ("enable.idempotence", str(self.idempotent).lower()),
            ("retries", "2147483647" if self.retries is None else str(self.retries)),
            ("max.in.flight.requests.per.connection", str(self.max_in_flight)),
        )


def partition_bytes(settings: Settings) -> int:
    """How much of one partition a fetch brings at most."""
    old = _number(settings, "fetch.message.max.bytes", 1_048_576, least=1)
    return int(_number(settings, "max.partition.fetch.bytes", old, least=1))


def _reset(settings: Settings) -> str:
    value = settings.get("auto.offset.reset", LATEST)
    if str(value) not in _RESETS:
        raise IllegalArgumentError(
            f"auto.offset.reset={value!r}: use 'earliest', 'latest' or 'none' ('smallest' or 'largest' in Kafka 0.8)"
        )
    return _RESETS[str(value)]


def _number(settings: Settings, name: str, default: float, least: float = 0) -> float:
    value: Any = settings.get(name, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not number >= least:
        raise IllegalArgumentError(f"{name}={value!r}: give a number, {least:g} or more")
    return number


def _flag(settings: Settings, name: str, default: bool) -> bool:
    value = str(settings.get(name, default)).lower()
    if value not in ("true", "false"):
        raise IllegalArgumentError(f"{name}={settings[name]!r}: use true or false")
    return value == "true"
