"""A producer inside of Spark: a task gives it records while it computes them, and at its end waits for the cluster.

It sends by the cluster's calendar, like the producers outside (`producer.py`), and as they do puts on record what it
was given and how that ended. Each has a number from the cluster, so that a task that runs again is another producer,
and no broker takes its records for those of the first.
"""

from __future__ import annotations

from sparksim.core.errors import IllegalArgumentError
from sparksim.kafka.errors import BrokerNotAvailable, KafkaError, RecordTooLarge, UnknownTopicOrPartition
from sparksim.kafka.records import ProducerRecord, TopicPartition
from sparksim.sim.kafka.lane import Lane
from sparksim.sim.kafka.line import Line
from sparksim.sim.kafka.outgoing import Batch, Outgoing
from sparksim.sim.kafka.partitioner import Sticky, keyed
from sparksim.sim.kafka.settings import ProducerSettings
from sparksim.trace.events import ProduceEnded, ProducerStarted, RecordsProduced


class TaskProducer:
    """Used by the task's fiber. `line` is the way of its process to the cluster."""

    def __init__(self, line: Line, settings: ProducerSettings) -> None:
        self._line = line
        self._server = line.server
        self._settings = settings
        self._lanes: dict[TopicPartition, Lane] = {}
        self._partitioners: dict[str, Sticky] = {}
        self._given = self._ended = 0
        self._failure: KafkaError | None = None
        self._name = ""

    def send(self, record: ProducerRecord) -> None:
        """See `Producer`. While no broker answers, or the cluster does not know the topic, it waits for `max_block`."""
        end_ms = self._line.clock.now_ms + self._settings.max_block * 1000
        if not self._name:
            self._connect(end_ms)
        while not self._line.look(lambda: self._take(record, end_ms)):
            self._line.wait(self._settings.retry_backoff * 1000)

    def flush(self) -> None:
        """See `Producer`."""
        while self._line.look(lambda: self._given - self._ended):
            self._line.wait(self._settings.delivery_timeout * 1000)
        self._check()

    def abandon(self) -> None:
        """See `Producer`. It happens at this moment, whoever asks the cluster next."""
        self._server.calendar.at(self._line.clock.now_ms, self._give_up)

    def _connect(self, end_ms: float) -> None:
        while True:
            try:
                self._line.ask(self._start)
                return
            except BrokerNotAvailable:
                if self._line.clock.now_ms + self._settings.retry_backoff * 1000 > end_ms:
                    raise
                self._line.clock.sleep(self._settings.retry_backoff * 1000)

    # --- in the hub ---------------------------------------------------------------------------------------------------

    def _start(self) -> bool:
        self._server.brokers.check_any()
        self._server.producers += 1
        self._name = f"{self._settings.client}-{self._server.producers}"
        self._rng = self._server.generator(f"partitions of {self._name}")
        self._tell(ProducerStarted(self._server.calendar.now_ms, self._name, self._settings.told))
        return True

    def _take(self, record: ProducerRecord, end_ms: float) -> bool:
        """Whether it has a way to go: its topic is there."""
        self._check()
        partitions = len(self._server.controller.topics.get(record.topic, ()))
        now_ms = self._server.calendar.now_ms
        if not partitions and now_ms < end_ms:
            return False
        number, self._given = self._given, self._given + 1
        self._tell(RecordsProduced(now_ms, self._name, number, 1))
        try:
            outgoing = self._outgoing(record, number)
            lane = self._lane(self._partition(record, partitions))
        except KafkaError as error:
            self._ended += 1
            self._tell(ProduceEnded(now_ms, self._name, (number,), "", 0, f"{type(error).__name__}: {error}"))
            raise
        lane.put(outgoing)
        return True

    def _outgoing(self, record: ProducerRecord, number: int) -> Outgoing:
        outgoing = Outgoing(number, int(self._server.calendar.now_ms), record.key, record.value, record.headers)
        if outgoing.size > self._settings.max_request_bytes:
            raise RecordTooLarge(
                f"a record for {record.topic!r} has {outgoing.size} bytes, and max.request.size is "
                f"{self._settings.max_request_bytes}"
            )
        return outgoing

    def _partition(self, record: ProducerRecord, partitions: int) -> TopicPartition:
        topic, number = record.topic, record.partition
        if not partitions:
            seconds = self._settings.max_block
            raise UnknownTopicOrPartition(f"the cluster has no topic {topic!r}, not even after {seconds:g} s")
        if number is not None and number < 0:
            raise IllegalArgumentError(f"partition={number!r}: the partitions of {topic!r} are numbered from 0")
        if number is not None and number >= partitions:
            raise UnknownTopicOrPartition(f"{topic!r} has no partition {number}: it has {partitions}, numbered from 0")
        if number is None and record.key is not None:
            number = keyed(record.key, partitions)
        if number is None:
            number = self._partitioner(topic).choose(partitions)
        return TopicPartition(topic, number)

    def _partitioner(self, topic: str) -> Sticky:
        return self._partitioners.setdefault(topic, Sticky(self._rng))

    def _lane(self, partition: TopicPartition) -> Lane:
        if partition not in self._lanes:
            self._lanes[partition] = Lane(
                self._settings,
                self._name,
                partition,
                self._server.brokers,
                self._server.controller,
                self._partitioner(partition.topic).batch_ended,
                self._hear,
            )
        return self._lanes[partition]

    def _hear(self, batch: Batch, error: KafkaError | None) -> None:
        self._ended += len(batch.records)
        self._failure = self._failure or error

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _give_up(self) -> None:
        for lane in self._lanes.values():
            lane.abandon(BrokerNotAvailable("given up: the task that gave it failed or died"))

    def _tell(self, event: ProducerStarted | RecordsProduced | ProduceEnded) -> None:
        self._server.brokers.emit(event)
