"""Messages through the wire protocol: what reading them as our records costs beside librdkafka's own messages."""

from __future__ import annotations

from itertools import islice

import confluent_kafka

from bench.measure import Row, medians_s, timed
from sparksim.kafka.live import LiveKafka
from sparksim.kafka.records import TopicPartition
from tests.kafka.mock_broker import mock_brokers, produce

MESSAGES = 200_000
PARTITIONS = 2
BATCH = 10_000
WAIT_MS = 10_000


def rows() -> list[Row]:
    with mock_brokers({"numbers": PARTITIONS}) as brokers:
        produce(brokers.servers, "numbers", ((number % PARTITIONS, str(number)) for number in range(MESSAGES)))
        ours, theirs = medians_s(
            timed(lambda: read(brokers.servers)),
            timed(lambda: consume(brokers.servers)),
        )
    return [
        Row(
            f"{MESSAGES:,} messages read from Kafka",
            MESSAGES / ours,
            "bare confluent-kafka",
            MESSAGES / theirs,
            "messages/s",
            ours / theirs,
        )
    ]


def read(servers: str) -> None:
    """By new consumers, so that nothing has been fetched ahead."""
    kafka = LiveKafka(servers, {})
    for number in range(PARTITIONS):
        records = kafka.read(TopicPartition("numbers", number), 0, {}, WAIT_MS, fresh=True)
        count = sum(1 for _ in islice(records, MESSAGES // PARTITIONS))
        assert count == MESSAGES // PARTITIONS


def consume(servers: str) -> None:
    for number in range(PARTITIONS):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": servers, "group.id": "bench", "log_level": 2})
        consumer.assign([confluent_kafka.TopicPartition("numbers", number, 0)])
        count = 0
        while count < MESSAGES // PARTITIONS:
            count += len(consumer.consume(BATCH, 0) or consumer.consume(1, 0.1))
        consumer.close()
