"""librdkafka's errors as ours: by the name of the error, with its words and what the program was about to do."""

from __future__ import annotations

import logging

import confluent_kafka

from sparksim.kafka import errors
from sparksim.kafka.client import Offsets

CLASSES: dict[type[errors.KafkaError], frozenset[str]] = {
    errors.BrokerNotAvailable: frozenset(
        {
            "_ALL_BROKERS_DOWN",
            "_DESTROY_BROKER",
            "_RESOLVE",
            "_TRANSPORT",
            "_WAIT_COORD",
            "BROKER_NOT_AVAILABLE",
            "COORDINATOR_NOT_AVAILABLE",
            "NETWORK_EXCEPTION",
        }
    ),
    errors.UnknownTopicOrPartition: frozenset(
        {"_UNKNOWN_PARTITION", "_UNKNOWN_TOPIC", "TOPIC_EXCEPTION", "UNKNOWN_TOPIC_ID", "UNKNOWN_TOPIC_OR_PART"}
    ),
    errors.LeaderNotAvailable: frozenset({"LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION"}),
    errors.OffsetOutOfRange: frozenset({"_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"}),
    errors.NoOffsetForPartition: frozenset({"_NO_OFFSET"}),
    errors.CommitFailed: frozenset(
        {
            "_ASSIGNMENT_LOST",
            "_FENCED",
            "_STATE",
            "FENCED_INSTANCE_ID",
            "ILLEGAL_GENERATION",
            "NON_EMPTY_GROUP",
            "REBALANCE_IN_PROGRESS",
            "UNKNOWN_MEMBER_ID",
        }
    ),
    errors.RecordTooLarge: frozenset({"INVALID_MSG_SIZE", "MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"}),
    errors.NotEnoughReplicas: frozenset({"NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "_ISR_INSUFF"}),
    errors.KafkaTimeout: frozenset({"_MSG_TIMED_OUT", "_TIMED_OUT", "_TIMED_OUT_QUEUE", "REQUEST_TIMED_OUT"}),
}
"""Which of librdkafka's names mean which of our classes."""

PASSING = frozenset({"_ALL_BROKERS_DOWN", "_MAX_POLL_EXCEEDED", "_PARTITION_EOF", "_RESOLVE", "_TRANSPORT"})
"""What a consumer may be told between records and goes on from by itself."""


LEADERLESS = confluent_kafka.KafkaError(confluent_kafka.KafkaError.LEADER_NOT_AVAILABLE)
"""What librdkafka would say, had it looked whether the partition exists."""


def kind_of(error: confluent_kafka.KafkaError) -> type[errors.KafkaError]:
    """The class of our own that means the same."""
    name = error.name()
    return next((kind for kind, names in CLASSES.items() if name in names), errors.KafkaError)


def ours(error: confluent_kafka.KafkaError, doing: str) -> errors.KafkaError:
    """The error of our own that means the same. `doing`: a phrase such as "reading orders/0"."""
    return kind_of(error)(f"{doing}: {error.str()}")


def warn_of_offsets(offsets: Offsets, error: Exception | None) -> None:
    """Java's client logs it when offsets cannot be committed by themselves, and goes on."""
    if error is not None:
        logging.getLogger("sparksim.kafka").warning("offsets not committed: %s", error)
