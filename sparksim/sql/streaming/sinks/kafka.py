"""Rows become records of Kafka, written where the rows are (Spark: KafkaStreamingWrite, KafkaWriter, KafkaWriteTask).

A task gives its records to a producer as it computes them and at its end waits until the cluster has them all. There is
no transaction around a batch: what a task wrote before it failed stays, and is written again with the next attempt, or
when a batch runs again after a crash. So every row is there at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.client import Kafka, Producer, Settings, connect
from sparksim.kafka.records import Headers, ProducerRecord
from sparksim.sql.streaming.sink import BatchRows, WriterFactory
from sparksim.sql.streaming.sources.kafka_options import client_settings
from sparksim.sql.streaming.stateful_rdd import ChunksRDD
from sparksim.sql.types import ArrayType, BinaryType, DataType, IntegerType, StringType, StructType
from sparksim.sql.utils import AnalysisException

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend
    from sparksim.core.rdd import RDD
    from sparksim.core.task_context import TaskContext
    from sparksim.sql.frame import DataFrame
    from sparksim.sql.session import SparkSession
    from sparksim.sql.streaming.sinks.registry import SinkContext

OWNER = "format('kafka')"
TOPIC = "topic"
HEADERS = "array<struct<key:string,value:binary>>"
MODES = ("append", "error", "errorifexists", "default")

REFUSED = {
    "key.serializer": "keys are texts or bytes as they stand in the column key",
    "value.serializer": "values are texts or bytes as they stand in the column value",
}
"""Settings of a producer that no sink takes, and what to do instead."""


class KafkaSink:
    """Writes each batch. See `writer_of` for what it raises."""

    description = "KafkaSink"
    shows_at_commit = False

    def __init__(self, context: SinkContext) -> None:
        self._writer = writer_of(context.session, context.options, context.schema)

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Let the tasks write. Raises `SparkJobError` when one could not, too often."""
        self._writer.write(rows.tables, _rows_of_chunks)

    def epoch_writers(self, schema: StructType) -> WriterFactory:
        """Each partition and epoch has a producer of its own."""
        return lambda partition, epoch: _EpochProducer(self._writer)

    def commit_epoch(self, epoch: int, schema: StructType, messages: Sequence[Any]) -> None:
        """The tasks have written."""


def write_kafka_batch(df: DataFrame, mode: str, options: Mapping[str, str]) -> None:
    """Write the rows of a DataFrame once. `mode` is that of `df.write`; `options` by names in lower case.

    Raises `AnalysisException` for a mode that would replace or keep what is there, and as `writer_of`, and
    `SparkJobError` when a task could not write, too often.
    """
    if mode.lower() not in MODES:
        raise AnalysisException(
            f"Save mode {mode} not allowed for Kafka. Allowed save modes are append and errorifexists (the default): a "
            "topic can only be added to"
        )
    writer_of(df.sparkSession, options, df.schema).write(df.rdd, lambda rows: rows)


@dataclass(frozen=True)
class RecordLayout:
    """Where in a row a record's parts are; None: nowhere. `option` is the topic for all rows, if there is one."""

    value: int
    key: int | None
    topic: int | None
    headers: int | None
    partition: int | None
    option: str | None

    @staticmethod
    def of(schema: StructType, option: str | None) -> RecordLayout:
        """Raises `AnalysisException` for a column that is missing or of the wrong type. Other columns are left out."""
        if option is None and TOPIC not in schema.names:
            raise AnalysisException(
                "topic option required when no 'topic' attribute is present. Use the topic option for setting a topic."
            )
        if "value" not in schema.names:
            raise AnalysisException(
                "Required attribute 'value' not found: name a column so, as in selectExpr('w as value')"
            )
        plain = (StringType, BinaryType)
        return RecordLayout(
            cast(int, _place(schema, "value", plain, "string or binary")),
            _place(schema, "key", plain, "string or binary"),
            _place(schema, TOPIC, (StringType,), "string"),
            _headers(schema),
            _place(schema, "partition", (IntegerType,), "int"),
            option,
        )

    def record(self, row: Any) -> ProducerRecord:
        """A row as a record. Raises `IllegalStateError` when it has no topic."""
        topic = self.option if self.option is not None else _at(row, self.topic)
        if topic is None:
            raise IllegalStateError(
                "null topic present in the data. Use the topic option for setting a topic, or filter such rows out"
            )
        headers: Headers = tuple((each["key"], each["value"]) for each in _at(row, self.headers) or ())
        return ProducerRecord(
            topic, _bytes(row[self.value]), _bytes(_at(row, self.key)), _at(row, self.partition), headers
        )


@dataclass(frozen=True)
class KafkaWriter:
    """What writes rows into a cluster."""

    kafka: Kafka
    settings: Settings
    layout: RecordLayout

    def write(self, rdd: RDD[Any], rows_of: Callable[[Iterator[Any]], Iterable[Any]]) -> None:
        """One job. `rows_of` gives the rows of a partition's records, columns by position."""

        def work(records: Iterator[Any], index: int, task: TaskContext) -> Iterator[Any]:
            self._write(rows_of(records))
            return iter(())

        ChunksRDD(rdd, work).collect()

    def producer(self) -> Producer:
        """A producer for one task."""
        return self.kafka.producer(self.settings)

    def _write(self, rows: Iterable[Any]) -> None:
        producer = self.producer()
        try:
            for row in rows:
                producer.send(self.layout.record(row))
            producer.flush()
        except BaseException:
            producer.abandon()
            raise


class _EpochProducer:
    """Sends each row as it comes, and waits at the end of the epoch until the cluster has all."""

    def __init__(self, writer: KafkaWriter) -> None:
        self._layout = writer.layout
        self._producer = writer.producer()

    def write(self, chunk: Any) -> None:
        for row in _rows_of_chunks(iter([chunk])):
            self._producer.send(self._layout.record(row))

    def commit(self) -> None:
        self._producer.flush()

    def abort(self, error: BaseException) -> None:
        self._producer.abandon()


def writer_of(session: SparkSession, options: Mapping[str, str], schema: StructType) -> KafkaWriter:
    """The writer for rows of this schema. `options`: `topic`, and `kafka.*` for the producer.

    Raises `IllegalArgumentError` for settings that are missing or refused, `AnalysisException` for columns that do not
    fit, and what asking the cluster raises.
    """
    settings = client_settings(options, "Kafka producer")
    for name, remedy in REFUSED.items():
        if name in settings:
            raise IllegalArgumentError(f"Kafka option 'kafka.{name}' is not supported: {remedy}")
    layout = RecordLayout.of(schema, options.get(TOPIC))
    backend = cast("ClusterBackend", session.sparkContext._backend)
    return KafkaWriter(connect(backend.network, settings, OWNER), settings, layout)


def _place(schema: StructType, name: str, types: tuple[type[DataType], ...], said: str) -> int | None:
    if name not in schema.names:
        return None
    found = schema[name].dataType
    if not isinstance(found, types):
        raise AnalysisException(f"{name} attribute type must be a {said}, not {found.simpleString()}: cast it")
    return schema.names.index(name)


def _headers(schema: StructType) -> int | None:
    at = _place(schema, "headers", (ArrayType,), HEADERS)
    if at is not None:
        of = cast(ArrayType, schema[at].dataType).elementType
        fields = [(each.name, type(each.dataType)) for each in of] if isinstance(of, StructType) else []
        if fields != [("key", StringType), ("value", BinaryType)]:
            raise AnalysisException(f"headers attribute type must be a {HEADERS}, not array<{of.simpleString()}>")
    return at


def _at(row: Any, place: int | None) -> Any:
    return None if place is None else row[place]


def _bytes(value: str | bytes | bytearray | None) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    return None if value is None else bytes(value)


def _rows_of_chunks(chunks: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    for chunk in chunks:
        yield from zip(*(column.to_pylist() for column in chunk.columns), strict=True)
