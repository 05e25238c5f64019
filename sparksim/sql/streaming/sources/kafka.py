"""Topics of Kafka as a stream of rows, and as a table (Spark: KafkaSourceProvider, KafkaMicroBatchStream).

A batch is a range of offsets per partition. Where a query stands is in its checkpoint and nowhere else: nothing is
committed to Kafka. Where it began is in the source's own folder, written before the first batch, so that a batch that
runs again reads what it read the first time, whatever `startingOffsets` would mean now.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from sparksim.core.errors import IllegalStateError
from sparksim.core.rdd import RDD
from sparksim.kafka.client import Kafka, connect
from sparksim.kafka.records import TopicPartition
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.streaming.sinks.foreach_batch import batch_frame
from sparksim.sql.streaming.source import ContinuousSource, Offset, SourceContext
from sparksim.sql.streaming.sources.kafka_offsets import (
    OffsetReader,
    Offsets,
    limited,
    offsets_json,
    offsets_of_json,
)
from sparksim.sql.streaming.sources.kafka_options import KafkaOptions, batch_options, stream_options
from sparksim.sql.streaming.sources.kafka_rdd import ADVICE, KafkaSourceRDD, Loss, LossAccount, RangeReader, schema_of
from sparksim.sql.streaming.sources.options import Format, SourceOptions
from sparksim.sql.streaming.store.disk_time import driver_disk
from sparksim.sql.streaming.store.folder import Folder
from sparksim.sql.types import StructType
from sparksim.streaming.offset_ranges import OffsetRange
from sparksim.trace.events import OffsetsSkipped

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend
    from sparksim.sql.frame import DataFrame
    from sparksim.sql.session import SparkSession

OWNER = "format('kafka')"
NO_STREAM = -1
"""The number of a stream that is no DStream, in the trace."""

VERSION_LINE = "v1"


def kafka(options: SourceOptions) -> Format:
    """The format `kafka`; see `stream_options` for what it raises."""
    understood = stream_options(options)
    return schema_of(understood), partial(KafkaSource, understood)


def kafka_batch(session: SparkSession, options: Mapping[str, str], schema: StructType | None = None) -> DataFrame:
    """What the topics hold between two places, which are looked up now. `options` by names in lower case.

    A `schema` is refused: a topic has its own.

    Raises as `batch_options`, `IllegalStateError` for a loss that must not be, and what asking the cluster raises.
    """
    understood = batch_options(SourceOptions(session, "kafka", dict(options), schema))
    log = KafkaLog(session, understood)
    if understood.limit is not None:
        log.warn("maxOffsetsPerTrigger is ignored: a batch query reads all that lies between its two ends")
    begin = log.beginning()
    end = log.reader.place(understood.ending, begin, "endingOffsets")
    return batch_frame(BatchRows(session, schema_of(understood), log.rows(begin, end)))


class KafkaSource:
    """One query's reading of its topics. An offset is the offset of the next record of each partition."""

    def __init__(self, options: KafkaOptions, context: SourceContext) -> None:
        self._options = options
        self._log = KafkaLog(context.session, options)
        self._reader = self._log.reader
        self._folder = Folder(context.metadata_path, driver_disk(self._log.backend))
        self._limit = options.limit
        self._initial: dict[TopicPartition, int] | None = None
        self._frozen: dict[TopicPartition, int] | None = None

    @property
    def description(self) -> str:
        return f"KafkaV2[{self._options.subscription}]"

    def latest_offset(self, start: Offset) -> Offset:
        """The ends of all logs that there are now, or how far the limit allows; None while there is no partition.

        The first batch, which may be empty, fixes where the query began.
        """
        begin = self._begin(start)
        end = self._ends() if self._frozen is None else self._frozen
        if self._limit is not None and end:
            new = self._reader.earliest([each for each in end if each not in begin])
            end = limited(self._limit, {**begin, **new}, end)
        return offsets_json(end) or None

    def without_limits(self) -> None:
        """Take everything at once."""
        self._limit = None

    def freeze(self) -> None:
        """Go no further than the logs reach now."""
        self._frozen = self._ends()

    def batch(self, start: Offset, end: Offset) -> RDD[Any]:
        """One partition for each log that has something new.

        Raises `IllegalStateError` for a loss that must not be. A log that was not there before begins at its earliest.
        """
        begin, until = self._begin(start), offsets_of_json(end)
        gone = sorted(set(begin) - set(until))
        if gone:
            self._log.lose(f"{', '.join(map(str, gone))} are gone, and what they still held")
        new = self._first_of(set(until) - set(begin))
        for partition, first in new.items():
            if first > 0:
                self._log.miss(Loss((str(partition), 0, first - 1), f"the new partition begins at {first}, not at 0"))
        return self._log.rows({**begin, **new}, until)

    def commit(self, end: Offset) -> None:
        """Nothing is committed to Kafka."""

    def stop(self) -> None:
        """Nothing to give back."""

    def continuous(self) -> ContinuousSource:
        """The same topics for continuous processing. `maxOffsetsPerTrigger` is ignored: nothing is triggered."""
        from sparksim.sql.streaming.sources.kafka_continuous import ContinuousKafkaSource

        return ContinuousKafkaSource(self._log, self._options, self.description)

    def _first_of(self, new: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Where partitions begin that are there still."""
        return self._reader.earliest([each for each in self._reader.partitions() if each in new]) if new else {}

    def _ends(self) -> dict[TopicPartition, int]:
        return self._reader.latest(self._reader.partitions())

    def _begin(self, start: Offset) -> dict[TopicPartition, int]:
        if start is not None:
            return offsets_of_json(start)
        if self._initial is None:
            self._initial = self._remembered()
        return self._initial

    def _remembered(self) -> dict[TopicPartition, int]:
        """Where the query began: file 0 of the source's folder, which its first run writes."""
        written = self._folder.read("0")
        if written is None:
            found = self._log.beginning()
            self._folder.create("0", initial_file(found))
            self._log.tell_skipped(found)
            return found
        return _initial_offsets(written, self._folder.url_of("0"))


class KafkaLog:
    """The cluster as a query's driver has it: offsets, rows of ranges, and what is done about losses."""

    def __init__(self, session: SparkSession, options: KafkaOptions) -> None:
        self._sc = session.sparkContext
        self.backend = cast("ClusterBackend", self._sc._backend)
        self._options = options
        self.kafka: Kafka = connect(self.backend.network, options.settings, OWNER)
        self.reader = OffsetReader(options, self.kafka, self.backend.clock, self.warn)
        self.losses = LossAccount.of(self.backend)

    def warn(self, message: str) -> None:
        """Say it on the driver and in the trace."""
        self.backend.clock.call(self.backend.warn, "kafka", message)

    def rows(self, begin: Offsets, end: Offsets) -> RDD[Any]:
        """What lies between, of every partition that both know."""
        ranges = []
        for partition, until in sorted(end.items()):
            if partition not in begin:
                self.lose(f"{partition} was deleted before anything was read of it, and what it held")
            elif until < begin[partition]:
                self.lose(
                    f"the offset of {partition} was changed from {begin[partition]} to {until}, and what lies between"
                )
            elif until > begin[partition]:
                ranges.append(OffsetRange(*partition, begin[partition], until))
        return KafkaSourceRDD(self._sc, tuple(ranges), RangeReader(self.kafka, self._options, self.losses))

    def beginning(self) -> dict[TopicPartition, int]:
        """Where `startingOffsets` says. An offset that its log does not hold becomes the nearest one that it does."""
        places = self.reader.place(self._options.starting, self.reader.first_partitions(), "startingOffsets")
        return places if isinstance(self._options.starting, int) else self._existing(places)

    def _existing(self, places: Offsets) -> dict[TopicPartition, int]:
        first, after = self.reader.earliest(sorted(places)), self.reader.latest(sorted(places))
        for partition, offset in places.items():
            if offset < first[partition]:
                reason = f"startingOffsets says {offset}, and the log begins at {first[partition]}"
                self.miss(Loss((str(partition), offset, first[partition] - 1), reason))
            elif offset > after[partition]:
                self.lose(
                    f"startingOffsets says {offset} for {partition}, whose log ends at {after[partition]}: the rest"
                )
        return {each: max(first[each], min(offset, after[each])) for each, offset in places.items()}

    def miss(self, loss: Loss) -> None:
        """These records cannot be read. Raises `IllegalStateError` if that must not be."""
        if self._options.fails:
            raise IllegalStateError(f"{loss}. {ADVICE}")
        self.backend.clock.call(self.losses.add, [loss])

    def lose(self, what: str) -> None:
        """The same of what has no offsets that anybody knows."""
        if self._options.fails:
            raise IllegalStateError(f"{what} may have been missed. {ADVICE}")
        self.warn(f"{what} may have been missed. The query goes on, because failOnDataLoss is false")

    def tell_skipped(self, places: Offsets) -> None:
        """Put on record what lies before the places at which a query begins."""
        skipped = tuple((str(each), 0, offset - 1) for each, offset in sorted(places.items()) if offset > 0)
        if skipped:
            reason = "in the log before the offset from which a query began to read"
            backend = self.backend
            backend.clock.call(lambda: backend.emit(OffsetsSkipped(backend.clock.now_ms, skipped, NO_STREAM, reason)))


def initial_file(offsets: Offsets) -> bytes:
    """What Spark writes: a zero byte, which tells Spark 2.1.0 to stay away, the version, and the offsets."""
    return b"\0" + f"{VERSION_LINE}\n{json.dumps(offsets_json(offsets), separators=(',', ':'))}".encode()


def _initial_offsets(written: bytes, path: str) -> dict[TopicPartition, int]:
    version, _, text = written.lstrip(b"\0").decode(errors="replace").partition("\n")
    try:
        if version != VERSION_LINE:
            raise ValueError(f"its version is {version[:40]!r}, and {VERSION_LINE} is the only one known here")
        return offsets_of_json(json.loads(text))
    except (ValueError, AttributeError, TypeError) as error:
        raise IllegalStateError(
            f"{path} should have the offsets at which the query began, and cannot be read: {error}. Put it back from a "
            "copy, or give the query a new checkpointLocation"
        ) from None
