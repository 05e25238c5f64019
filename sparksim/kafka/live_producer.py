"""Records written over the wire by clients that stay for the life of the process (Spark: CachedKafkaProducer).

There is one per cluster and settings, and all tasks of the process share it: librdkafka sends in the background what
they give it. Each task keeps count of its own records; who hears how one ended may be another task that asks just then.
"""

from __future__ import annotations

import threading

import confluent_kafka

from sparksim.kafka.client import Settings
from sparksim.kafka.errors import KafkaError
from sparksim.kafka.live_errors import ours
from sparksim.kafka.live_settings import producer as new_client
from sparksim.kafka.live_settings import producer_config
from sparksim.kafka.records import ProducerRecord

LISTEN_S = 0.05
"""How long to wait for news at a stretch: another task may have heard it instead."""

ANY_PARTITION = -1

_clients: dict[str, confluent_kafka.Producer] = {}
_making = threading.Lock()


class LiveProducer:
    """One task's way to a client that it shares with others."""

    def __init__(self, client: confluent_kafka.Producer) -> None:
        self._client = client
        self._given = 0
        self._ended: list[KafkaError | None] = []
        self._failure: KafkaError | None = None

    def send(self, record: ProducerRecord) -> None:
        """See `Producer`. While librdkafka's queue is full it waits."""
        self._check()
        while True:
            try:
                self._client.produce(
                    record.topic,
                    record.value,
                    record.key,
                    ANY_PARTITION if record.partition is None else record.partition,
                    on_delivery=self._hear,
                    headers=list(record.headers),
                )
            except BufferError:
                self._client.poll(LISTEN_S)
            except confluent_kafka.KafkaException as error:
                raise ours(error.args[0], f"writing to {record.topic}") from error
            else:
                self._given += 1
                self._client.poll(0)
                return

    def flush(self) -> None:
        """See `Producer`. After `delivery.timeout.ms` a record is given up, so it does end."""
        while len(self._ended) < self._given:
            self._client.poll(LISTEN_S)
        self._check()

    def abandon(self) -> None:
        """librdkafka has them already, and they may still be written: as with a producer that is kept, in Spark."""

    def _hear(self, error: confluent_kafka.KafkaError | None, message: confluent_kafka.Message) -> None:
        """In whichever thread listens; of an addition one might be lost, of a list's ends none."""
        ending = None if error is None else ours(error, f"writing to {message.topic()}")
        self._failure = self._failure or ending
        self._ended.append(ending)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure


def producer(servers: str, settings: Settings) -> LiveProducer:
    """See `Kafka.producer`."""
    config = producer_config(servers, settings)
    key = repr(sorted(config.items()))
    with _making:
        if key not in _clients:
            _clients[key] = new_client(config)
        return LiveProducer(_clients[key])
