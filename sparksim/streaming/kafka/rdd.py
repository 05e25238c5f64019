"""The RDD of a direct stream of Kafka, and of `KafkaUtils.createRDD` (Spark: KafkaRDD of 0.8 and of 0.10)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.closure import Closure
from sparksim.core.context import SparkContext
from sparksim.core.storage_level import StorageLevel
from sparksim.core.task_context import TaskContext
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.streaming.direct_dstream import DirectRDD
from sparksim.streaming.kafka.reading import ConsumerReader, SimpleReader
from sparksim.streaming.offset_ranges import OffsetRange

Handle = Callable[[ConsumerRecord], Any]
"""What makes a record of the RDD of a record of the log, in the task."""

Ranges = tuple[OffsetRange, ...]


class KafkaRDD(DirectRDD[Any]):
    """Reads each range on the host of its partition's leader if it can. `hosts` are these."""

    def __init__(
        self,
        sc: SparkContext,
        ranges: Ranges,
        range_ids: tuple[str, ...],
        read: SimpleReader | ConsumerReader,
        handle: Handle,
        hosts: Mapping[TopicPartition, str],
    ) -> None:
        super().__init__(sc, ranges, range_ids, read)
        self._handle = Closure((handle,))
        self._hosts = hosts

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        """Raises also what the user's functions raise."""
        (handle,) = self._handle.load()
        return map(handle, super().compute(index, task))

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        host = self._hosts.get(self.ranges[index].topicPartition())
        return (host,) if host else ()


class ConsumerRecordRDD(KafkaRDD):
    """The RDD of 0.10: each range at the executor that always has its partition, on the preferred host if there is one.

    How many records there are stands in the ranges: as in Spark's KafkaRDD, `count` and `isEmpty` run no job, unless
    the log may have gaps.
    """

    def __init__(
        self,
        sc: SparkContext,
        ranges: Ranges,
        range_ids: tuple[str, ...],
        read: ConsumerReader,
        handle: Handle,
        hosts: Mapping[TopicPartition, str],
    ) -> None:
        super().__init__(sc, ranges, range_ids, read, handle, hosts)
        self._gaps = read.polling.gaps

    def count(self) -> int:
        """How many records there are."""
        return super().count() if self._gaps else sum(each.count() for each in self.ranges)

    def isEmpty(self) -> bool:
        """Whether there is no record."""
        return super().isEmpty() if self._gaps else self.count() == 0

    def take(self, num: int) -> list[Any]:
        """The first `num` records, with one job at most unless the log may have gaps."""
        if self._gaps:
            return super().take(num)
        wanted: dict[int, int] = {}
        for index, each in enumerate(self.ranges):
            taken = min(num - sum(wanted.values()), each.count())
            if taken > 0:
                wanted[index] = taken
        return self.ctx.runJob(self, _first_of(wanted), list(wanted)) if wanted else []

    def persist(self, storageLevel: StorageLevel = StorageLevel.MEMORY_ONLY) -> ConsumerRecordRDD:
        """Keep the records; with a warning, because Spark cannot."""
        backend = cast(ClusterBackend, self.ctx._backend)
        backend.clock.call(
            backend.warn,
            "kafka",
            "a ConsumerRecord cannot be serialised in Spark: use map to take what you need of it before persist, cache "
            "or window",
        )
        super().persist(storageLevel)
        return self

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        """The same executor for a partition as long as the executors are the same, to find its consumer there."""
        partition = self.ranges[index].topicPartition()
        return preferred_executor(cast(ClusterBackend, self.ctx._backend), partition, self._hosts.get(partition))


def preferred_executor(backend: ClusterBackend, partition: TopicPartition, host: str | None) -> tuple[str, ...]:
    """The location of the executor that always reads this partition, on `host` if one is there; none when live."""
    if backend.master.live:
        return ()
    executors = sorted(backend.executors, key=lambda each: (each.host, each.executor_id), reverse=True)
    near = [each for each in executors if each.host == host] or executors
    return (near[partition_hash(partition) % len(near)].location,) if near else ()


def partition_hash(partition: TopicPartition) -> int:
    """The hash code of a partition in Kafka's client: a signed number of 32 bits."""
    topic, number = partition
    text = 0
    for (unit,) in struct.iter_unpack("<H", topic.encode("utf-16-le")):
        text = 31 * text + unit
    return (31 * (31 + number) + text + 2**31) % 2**32 - 2**31


def _first_of(wanted: Mapping[int, int]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def take(records: Iterator[Any]) -> Iterator[Any]:
        task = TaskContext.get()
        assert task is not None
        return islice(records, wanted[task.partitionId()])

    return take
