"""What a producer has for one partition: batches that wait, batches on their way, and how each of them ends.

A batch that was not taken is sent again until it is, or until `delivery_timeout` or `retries` are over; then it ends
with an error. It goes before those that wait, and so behind those that are on their way: with several in flight,
records change places, unless the producer is idempotent (Kafka: RecordAccumulator, Sender). With `acks=0` nobody hears
how it ended; what does not arrive is an event all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from sparksim.kafka.errors import (
    BrokerNotAvailable,
    InvalidRecord,
    KafkaError,
    KafkaTimeout,
    LeaderNotAvailable,
    RecordTooLarge,
)
from sparksim.kafka.records import TopicPartition
from sparksim.sim.kafka.brokers import Brokers
from sparksim.sim.kafka.controller import Controller
from sparksim.sim.kafka.outgoing import Batch, Outgoing, Sending
from sparksim.sim.kafka.sequences import OutOfOrderSequence, Sender
from sparksim.trace.events import ProduceEnded, ProduceLost

FINAL = (RecordTooLarge, InvalidRecord)
"""Errors that another try does not mend."""


Ended = Callable[[Batch, KafkaError | None], None]
"""What hears how a batch ended: with an error, or with None when the cluster has it."""


def nobody_hears(batch: Batch, error: KafkaError | None) -> None:
    """An `Ended` for producers that leave it at the trace."""


class Lane:
    """`complete` is called whenever a batch takes no more records."""

    def __init__(
        self,
        producer: Sending,
        name: str,
        partition: TopicPartition,
        brokers: Brokers,
        controller: Controller,
        complete: Callable[[], None],
        ended: Ended = nobody_hears,
    ) -> None:
        self._producer = producer
        self._name = name
        self._partition = partition
        self._brokers = brokers
        self._calendar = brokers.calendar
        self._controller = controller
        self._complete = complete
        self._ended = ended
        self._waiting: deque[Batch] = deque()
        self._in_flight: list[Batch] = []
        self._batches = 0
        self._epoch = 0
        self._next_sequence = 0
        self._renewing = False
        self._abandoned = False

    def put(self, record: Outgoing) -> None:
        """Send this record with the next batch."""
        batch = self._waiting[-1] if self._waiting else None
        if batch is not None and batch.open and not batch.has_room(self._producer, record.size):
            self._close(batch)
        if batch is None or not batch.open:
            self._batches += 1
            batch = Batch(self._batches, self._calendar.now_ms)
            self._waiting.append(batch)
            self._calendar.after(self._producer.linger * 1000, self._drain)
        batch.add(record)
        if not batch.has_room(self._producer, 1):
            self._close(batch)
            self._drain()

    def abandon(self, reason: KafkaError) -> None:
        """Send nothing more. What is on its way may still arrive, and nobody hears of it."""
        self._abandoned = True
        for batch in self._waiting:
            self._end(batch, reason)
        self._waiting.clear()

    def _close(self, batch: Batch) -> None:
        batch.open = False
        self._complete()

    # --- sending -----------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Send what may be sent now."""
        while self._has_room() and self._waiting:
            batch, now_ms = self._waiting[0], self._calendar.now_ms
            lingers_ms = round(batch.created_ms + self._producer.linger * 1000, 3)
            if batch.retry_ms > now_ms or (batch.open and lingers_ms > now_ms):
                return
            self._waiting.popleft()
            if batch.open:
                self._close(batch)
            self._send(batch)

    def _has_room(self) -> bool:
        """Whether one more batch may be on its way; before a new epoch begins, all must have arrived."""
        if self._renewing and not self._in_flight:
            self._renew()
        return not self._renewing and len(self._in_flight) < self._producer.max_in_flight

    def _send(self, batch: Batch) -> None:
        batch.attempts += 1
        if self._producer.idempotent and batch.sequence is None:
            batch.sequence = (self._epoch, self._next_sequence)
            self._next_sequence += len(batch.records)
        self._in_flight.append(batch)
        try:
            leader = self._controller.partition(self._partition).leader
            if leader is None:
                raise LeaderNotAvailable(f"{self._partition} has no leader now")
            if self._producer.acks == 0:
                self._brokers.check_reachable(leader)  # nobody would answer, but there is no connection either
        except KafkaError as error:
            batch.answered = batch.attempts
            self._failed(batch, error)
            return
        self._calendar.after(self._brokers.request_ms / 2, self._arrive, batch, leader, self._calendar.now_ms)
        if self._producer.acks == 0:
            self._in_flight.remove(batch)
            self._end(batch, None)

    def _arrive(self, batch: Batch, leader: int, sent_ms: float) -> None:
        """At the broker."""
        attempt = batch.attempts
        answer = partial(self._answer, batch, attempt)
        try:
            partition = self._controller.partition(self._partition)
        except KafkaError as error:
            answer(error)
            return
        sender = Sender(self._name, batch.sequence)
        partition.produce(leader, sender, batch.records, self._producer.acks == "all", answer)
        if batch.answered < attempt:
            self._calendar.at(sent_ms + self._producer.request_timeout * 1000, self._time_out, batch, attempt)

    def _answer(self, batch: Batch, attempt: int, error: KafkaError | None) -> None:
        """The broker answers, or its death does."""
        if batch.answered >= attempt:
            return
        batch.answered = attempt
        if self._producer.acks == 0:
            if error is not None:
                self._brokers.emit(
                    ProduceLost(self._calendar.now_ms, self._name, batch.numbers, str(self._partition), _text(error))
                )
            return
        self._calendar.after(self._brokers.request_ms / 2, self._hear, batch, error)

    # --- hearing -----------------------------------------------------------------------------------------------------

    def _hear(self, batch: Batch, error: KafkaError | None) -> None:
        if self._brokers.away:
            error = BrokerNotAvailable("the connection broke before the answer came")
        if error is None:
            self._in_flight.remove(batch)
            self._end(batch, None)
        else:
            self._failed(batch, error)
        self._drain()

    def _time_out(self, batch: Batch, attempt: int) -> None:
        if batch.answered >= attempt:
            return
        batch.answered = attempt
        seconds = self._producer.request_timeout
        self._failed(batch, KafkaTimeout(f"no answer for {self._partition} within {seconds:g} s"))
        self._drain()

    def _failed(self, batch: Batch, error: KafkaError) -> None:
        """Try again, or give up."""
        self._in_flight.remove(batch)
        if isinstance(error, RecordTooLarge) and len(batch.records) > 1:
            self._waiting.extendleft(reversed(batch.halves()))
            self._drain()
            return
        producer, now_ms = self._producer, self._calendar.now_ms
        retry_ms = round(now_ms + producer.retry_backoff * 1000, 3)
        tried = producer.retries is not None and batch.attempts > producer.retries
        late = retry_ms >= batch.created_ms + producer.delivery_timeout * 1000
        if tried or late or self._abandoned or isinstance(error, FINAL):
            if late and not tried and not isinstance(error, FINAL):
                error = KafkaTimeout(f"given up after {producer.delivery_timeout:g} s; the last error: {_text(error)}")
            self._renewing = self._renewing or producer.idempotent
            self._end(batch, error)
            return
        if isinstance(error, OutOfOrderSequence) and self._is_first(batch):
            self._renewing = True  # what came before it was acknowledged, and the log has lost it
        batch.retry_ms = retry_ms
        self._requeue(batch)
        self._calendar.at(retry_ms, self._drain)

    def _requeue(self, batch: Batch) -> None:
        self._waiting.appendleft(batch)
        if self._producer.idempotent:
            self._waiting = deque(sorted(self._waiting, key=lambda each: each.order))

    def _is_first(self, batch: Batch) -> bool:
        return all(each.order > batch.order for each in (*self._in_flight, *self._waiting))

    def _renew(self) -> None:
        """Begin a new epoch: the leader expects no number any more that was given up."""
        self._renewing = False
        self._epoch += 1
        self._next_sequence = 0
        for batch in self._waiting:
            batch.sequence = None

    def _end(self, batch: Batch, error: KafkaError | None) -> None:
        text = "" if error is None else _text(error)
        self._brokers.emit(
            ProduceEnded(self._calendar.now_ms, self._name, batch.numbers, str(self._partition), batch.attempts, text)
        )
        self._ended(batch, error)


def _text(error: KafkaError) -> str:
    return f"{type(error).__name__}: {error}"
