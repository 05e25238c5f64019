"""The direct stream of Kafka 0.10 (Spark: kafka010.DirectKafkaInputDStream).

A consumer on the driver is a member of the group. It says which partitions there are, where to begin and how far the
logs reach, and never keeps a record: its partitions are paused. Tasks read with consumers of their own, in a group of
another name. So `auto.offset.reset` and `enable.auto.commit` concern the driver's consumer alone; whose position, after
each batch was made, is the end of the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sparksim.core.arguments import is_number
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.client import CommitCallback, Consumer, Kafka, Offsets, Settings
from sparksim.kafka.errors import BrokerNotAvailable, KafkaError, LeaderNotAvailable
from sparksim.kafka.records import TopicPartition
from sparksim.streaming.direct_dstream import DirectInputDStream, DirectRDD
from sparksim.streaming.kafka.arguments import Warn, check_function, check_ranges, whole
from sparksim.streaming.kafka.connection import Connection, leader_hosts
from sparksim.streaming.kafka.deserializers import record_deserializer
from sparksim.streaming.kafka.rdd import ConsumerRecordRDD, Ranges
from sparksim.streaming.kafka.reading import ConsumerReader, Polling
from sparksim.streaming.kafka.strategies import ConsumerStrategy, LocationStrategy, PerPartitionConfig, take_part
from sparksim.streaming.offset_ranges import OffsetRange

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

OWNER = "KafkaUtils.createDirectStream"
PATIENCE_MS = 305_000.0
"""Default of `request.timeout.ms` in 0.10.0."""

RETRY_MS = 100.0
"""How long the consumer waits before it asks again (retry.backoff.ms)."""

BUFFER, LEAST_BUFFER = "receive.buffer.bytes", 65_536


class DirectKafkaInputDStream(DirectInputDStream[Any]):
    """Made by `KafkaUtils.createDirectStream`. Its records are `ConsumerRecord`s."""

    def __init__(
        self,
        ssc: StreamingContext,
        location: LocationStrategy,
        strategy: ConsumerStrategy,
        rates: PerPartitionConfig | None,
    ) -> None:
        self._handle = record_deserializer(strategy.kafkaParams)
        self._settings = executor_settings(strategy.kafkaParams, ssc._warn)
        self._polling = Polling.of(ssc._backend.conf)
        super().__init__(ssc)
        self._connection = Connection()
        self._location = location
        self._strategy = strategy
        self._rates = rates
        self._to_commit: Ranges = ()
        self._committed: CommitCallback | None = None

    # --- committing to Kafka ------------------------------------------------------------------------------------------

    def commitAsync(self, offsetRanges: Sequence[OffsetRange], callback: CommitCallback | None = None) -> None:
        """Have the ends of these ranges stored for the group, when the next batch is made.

        What is queued after the last batch was made is never stored. `callback(offsets, error)` is called at the batch
        after that, once for all that was queued between two batches: of several callbacks, the last.
        """
        check_ranges(offsetRanges, "offsetRanges")
        if callback is not None:
            check_function(callback, "callback", "offsets and an error, which is None for success")

        def queue() -> None:
            self._to_commit += tuple(offsetRanges)
            self._committed = callback

        self._ssc._clock.call(queue)

    def ranges_taken(self) -> None:
        """Commit what was queued since the last batch."""

        def take() -> tuple[Ranges, CommitCallback | None]:
            queued, self._to_commit = self._to_commit, ()
            return queued, self._committed

        queued, callback = self._ssc._clock.call(take)
        if queued:
            offsets, told = ends(queued), callback or self._say_if_failed
            try:
                self._consumer().commit_async(offsets, told)
            except KafkaError as error:
                told(offsets, error)

    def _say_if_failed(self, offsets: Offsets, error: Exception | None) -> None:
        if error is not None:
            self._ssc._warn(f"offsets {dict(offsets)} could not be committed: {error}")

    # --- what a kind of log defines -----------------------------------------------------------------------------------

    def first_offsets(self) -> Offsets:
        consumer = self._consumer()
        take_part(consumer)
        assigned = sorted(consumer.assignment())
        consumer.pause(assigned)
        if not assigned:
            self._ssc._warn(
                f"stream {self.stream_id} has no partition: there is no such topic yet, or other members of the group "
                f"have all. It looks again at each batch: {self._strategy}"
            )
        return {partition: consumer.position(partition) for partition in assigned}

    def latest_offsets(self) -> Offsets:
        """Looks for new partitions first, as the group's rebalances bring them. While nobody answers, the batch waits.

        Raises `IllegalStateError` when a partition was taken away, and what the cluster raises when it does not answer
        for `request.timeout.ms`. (A consumer of 0.10.0 asks for ever: Fetcher.listOffset.)
        """
        clock = self._ssc._clock
        end_ms = clock.now_ms + float(self._strategy.kafkaParams.get("request.timeout.ms", PATIENCE_MS))
        while True:
            try:
                return self._latest_offsets()
            except (BrokerNotAvailable, LeaderNotAvailable):
                if clock.now_ms + RETRY_MS > end_ms:
                    raise
                clock.sleep(RETRY_MS)

    def _latest_offsets(self) -> Offsets:
        consumer = self._consumer()
        take_part(consumer)
        assigned = sorted(consumer.assignment())
        consumer.pause(assigned)
        revoked = [str(each) for each in sorted(self._current) if each not in assigned]
        if revoked:
            raise IllegalStateError(
                f"no current assignment for {', '.join(revoked)}: the group "
                f"{self._strategy.kafkaParams.get('group.id')!r} has given them to another member, or their topic was "
                "deleted. Two streams must not have the same group.id: give each one of its own"
            )
        new = [partition for partition in assigned if partition not in self._current]
        self.begin_at({partition: consumer.position(partition) for partition in new})
        latest = self._kafka.latest_offsets(assigned)
        for partition, offset in latest.items():
            consumer.seek(partition, offset)
        return latest

    def make_rdd(self, ranges: Ranges, range_ids: tuple[str, ...], again: bool) -> DirectRDD[Any]:
        polling = self._polling._replace(cached=self._polling.cached and not again)
        reader = ConsumerReader(self._kafka, self._settings, polling)
        hosts: Mapping[TopicPartition, str] = self._location.hosts
        if self._location.brokers:
            hosts = leader_hosts(self._kafka, [each.topicPartition() for each in ranges])
        return ConsumerRecordRDD(self._ssc.sparkContext, ranges, range_ids, reader, self._handle, hosts)

    def max_rate(self, partition: TopicPartition) -> float:
        if self._rates is None:
            return super().max_rate(partition)
        rate = self._rates.maxRatePerPartition(partition)
        if not is_number(rate, least=0):
            raise IllegalArgumentError(
                f"{type(self._rates).__name__}.maxRatePerPartition answered {rate!r}: let it answer records per "
                "second, or 0 for no limit"
            )
        return rate

    def records_of(self, rdd: DirectRDD[Any]) -> int:
        """Where the log may have gaps, a job counts them."""
        return rdd.count()

    def stop(self) -> None:
        """Leave the group."""
        if self._connection.consumer is not None:
            try:
                self._connection.consumer.close()
            except KafkaError as error:
                self._ssc._warn(f"stream {self.stream_id} could not leave its group in order: {error}")

    # --- the driver's consumer ----------------------------------------------------------------------------------------

    @property
    def _kafka(self) -> Kafka:
        return self._connection.kafka(self._ssc._backend, self._strategy.kafkaParams, OWNER)

    def _consumer(self) -> Consumer:
        """Made when it is first needed; that of a recovered stream goes on where the checkpoint says."""
        if self._connection.consumer is None:
            consumer = self._kafka.consumer(self._strategy.kafkaParams, self.stream_id)
            backend = self._ssc._backend
            backend.clock.call(backend.on_driver_death, lambda _restarts: consumer.abandon())
            self._connection.consumer = consumer
            self._strategy.onStart(consumer, self._current)
        return self._connection.consumer


def ends(ranges: Sequence[OffsetRange]) -> dict[TopicPartition, int]:
    """The highest end of each partition: what is committed of ranges that were queued."""
    highest: dict[TopicPartition, int] = {}
    for each in ranges:
        partition = each.topicPartition()
        highest[partition] = max(each.untilOffset, highest.get(partition, each.untilOffset))
    return highest


def executor_settings(settings: Settings, warn: Warn) -> dict[str, Any]:
    """The settings of the consumers that read in tasks, with a warning for each that the program set otherwise.

    They commit nothing, reset nothing and belong to a group of their own. Raises `IllegalArgumentError` for a size of
    the buffer that is no number.
    """
    fixed: dict[str, Any] = {
        "enable.auto.commit": False,
        "auto.offset.reset": "none",
        "group.id": f"spark-executor-{settings.get('group.id', 'null')}",
    }
    if settings.get("group.id") is None:
        warn("kafkaParams have no 'group.id': give one, or offsets cannot be committed and groups cannot be told apart")
    if whole(settings, BUFFER, 0) < LEAST_BUFFER:
        fixed[BUFFER] = LEAST_BUFFER
    for name, value in fixed.items():
        said = f"although kafkaParams say {settings[name]!r}" if name in settings else "whatever its default is"
        if settings.get(name) != value:
            warn(f"the consumers of executors use {name}={value!r}, {said}")
    return {**settings, **fixed}


def ranges_as_consumer_rdd(
    sc: SparkContext, kafka: Kafka, settings: Settings, ranges: Ranges, location: LocationStrategy, warn: Warn
) -> ConsumerRecordRDD:
    """An RDD of ranges outside of any stream. Raises `IllegalArgumentError` for PreferBrokers."""
    if location.brokers:
        raise IllegalArgumentError(
            "locationStrategy=PreferBrokers: an RDD has no consumer on the driver that could look up the brokers. Give "
            "LocationStrategies.PreferFixed with the host of each partition, or PreferConsistent"
        )
    reader = ConsumerReader(kafka, executor_settings(settings, warn), Polling.of(sc.getConf()))
    return ConsumerRecordRDD(sc, ranges, (), reader, record_deserializer(settings), location.hosts)
