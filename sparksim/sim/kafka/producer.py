"""A producer outside of Spark: turns what its load sends into records, and gives them to partitions."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from typing import Any

from sparksim.kafka.errors import KafkaError, RecordTooLarge, SerializationError, UnknownTopicOrPartition
from sparksim.kafka.records import TopicPartition
from sparksim.sim.kafka.brokers import Brokers
from sparksim.sim.kafka.controller import Controller
from sparksim.sim.kafka.lane import Lane
from sparksim.sim.kafka.outgoing import Outgoing, serialized
from sparksim.sim.kafka.partitioner import Partitioner, RoundRobin, Sticky, keyed
from sparksim.sim.kafka.values import Producer
from sparksim.trace.events import ProduceEnded, ProducerStarted, RecordsProduced


class SimulatedProducer:
    """Works off its load by the cluster's calendar, whoever lives."""

    def __init__(
        self,
        producer: Producer,
        name: str,
        arrivals: Iterator[tuple[float, Any]],
        rng: random.Random,
        brokers: Brokers,
        controller: Controller,
    ) -> None:
        self._producer = producer
        self._name = name
        self._arrivals = arrivals
        self._brokers = brokers
        self._calendar = brokers.calendar
        self._controller = controller
        self._partitioner: Partitioner = RoundRobin() if producer.partitioner == "round-robin" else Sticky(rng)
        self._lanes: dict[int, Lane] = {}
        self._waiting: deque[Outgoing] = deque()
        self._asks_again = False
        self._given = 0
        self._calendar.at(0, self._start)

    def _start(self) -> None:
        self._brokers.emit(ProducerStarted(self._calendar.now_ms, self._name, self._producer.settings))
        self._await_next()

    def _await_next(self) -> None:
        arrival = next(self._arrivals, None)
        if arrival is not None:
            self._calendar.at(arrival[0], self._take, arrival[1])

    def _take(self, content: Any) -> None:
        """The program gives the producer a record."""
        number, self._given = self._given, self._given + 1
        self._brokers.emit(RecordsProduced(self._calendar.now_ms, self._name, number, 1))
        self._await_next()
        try:
            record = self._record(number, content)
        except KafkaError as error:
            self._refuse(number, error)
        else:
            self._waiting.append(record)
            self._route()

    def _record(self, number: int, content: Any) -> Outgoing:
        try:
            key, value = serialized(content, self._producer.key)
        except SerializationError as error:
            raise SerializationError(f"record {number} of {self._name}: {error}") from error
        record = Outgoing(number, int(self._calendar.now_ms), key, value)
        if record.size > self._producer.max_request_bytes:
            raise RecordTooLarge(
                f"record {number} of {self._name} has {record.size} bytes, and max.request.size is "
                f"{self._producer.max_request_bytes}"
            )
        return record

    def _route(self) -> None:
        """All records that wait for their topic, in order; try again later when it is not there yet."""
        producer = self._producer
        partitions = len(self._controller.topics.get(producer.topic, ()))
        while self._waiting and partitions:
            record = self._waiting.popleft()
            number = self._partitioner.choose(partitions) if record.key is None else keyed(record.key, partitions)
            self._lane(number).put(record)
        while self._waiting and self._calendar.now_ms >= self._waiting[0].timestamp + producer.delivery_timeout * 1000:
            error = f"the cluster has no topic {producer.topic!r}, not even after {producer.delivery_timeout:g} s"
            self._refuse(self._waiting.popleft().number, UnknownTopicOrPartition(error))
        if self._waiting and not self._asks_again:
            self._asks_again = True
            self._calendar.after(max(producer.retry_backoff * 1000, 1), self._ask_again)

    def _ask_again(self) -> None:
        self._asks_again = False
        self._route()

    def _lane(self, number: int) -> Lane:
        if number not in self._lanes:
            partition = TopicPartition(self._producer.topic, number)
            self._lanes[number] = Lane(
                self._producer, self._name, partition, self._brokers, self._controller, self._partitioner.batch_ended
            )
        return self._lanes[number]

    def _refuse(self, number: int, error: KafkaError) -> None:
        """The producer itself does not take the record."""
        text = f"{type(error).__name__}: {error}"
        self._brokers.emit(ProduceEnded(self._calendar.now_ms, self._name, (number,), "", 0, text))
