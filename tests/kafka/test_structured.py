"""Structured queries over the wire: ranges, limits, tables, records that are written, queries that start again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest

from sparksim import SparkContext
from sparksim.core.errors import IllegalStateError, SparkJobError
from sparksim.kafka.errors import UnknownTopicOrPartition
from sparksim.sim.kafka.partitioner import keyed
from sparksim.sql import SparkSession
from sparksim.sql.utils import StreamingQueryException
from sparksim.trace.events import RecordsLost
from tests.kafka.mock_broker import Brokers, produce

pytestmark = pytest.mark.kafka

SERVERS = "kafka.bootstrap.servers"
TEN = [f"{number}" for number in range(10)]


@pytest.fixture
def spark() -> Iterator[SparkSession]:
    with SparkContext("local[2]", "structured kafka"):
        yield SparkSession.builder.getOrCreate()


class Copies:
    """Rows by their place, as a database with a key would have them, and the ids of the batches that wrote them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int, int], str] = {}
        self.batches: list[tuple[int, int]] = []

    def __call__(self, df: Any, batch_id: int) -> None:
        found = df.collect()
        self.batches.append((batch_id, len(found)))
        self.rows.update({(row.topic, row.partition, row.offset): row.value.decode() for row in found})


def start(spark: SparkSession, brokers: Brokers, topic: str, into: Any, checkpoint: Path, **options: Any) -> Any:
    reader = spark.readStream.format("kafka").option(SERVERS, brokers.servers).option("subscribe", topic)
    frame = reader.options(**{"startingOffsets": "earliest", **options}).load()
    return frame.writeStream.option("checkpointLocation", str(checkpoint)).foreachBatch(into).start()


def table(spark: SparkSession, brokers: Brokers, topic: str, **options: Any) -> Any:
    return (
        spark.read.format("kafka").option(SERVERS, brokers.servers).option("subscribe", topic).options(**options).load()
    )


def write(frame: Any, brokers: Brokers, topic: str) -> None:
    frame.write.format("kafka").option(SERVERS, brokers.servers).option("topic", topic).save()


def values(frame: Any) -> list[list[str]]:
    """Of each of two partitions, in the order of offsets."""
    rows = sorted((row.partition, row.offset, row.value.decode()) for row in frame.collect())
    return [[value for of, _, value in rows if of == partition] for partition in (0, 1)]


# --- streams ----------------------------------------------------------------------------------------------------------


def test_a_query_reads_what_is_there_and_what_comes(
    spark: SparkSession, brokers: Brokers, topic: str, tmp_path: Path
) -> None:
    copies = Copies()
    query = start(spark, brokers, topic, copies, tmp_path)
    query.processAllAvailable()
    assert json.loads(query.lastProgress["sources"][0]["endOffset"]) == {topic: {"0": 10, "1": 10}}
    produce(brokers.servers, topic, [(0, "later")])
    query.processAllAvailable()
    query.stop()
    expected = {(topic, partition, offset): str(offset) for partition in (0, 1) for offset in range(10)}
    assert copies.rows == {**expected, (topic, 0, 10): "later"}
    assert (tmp_path / "sources" / "0" / "0").read_bytes() == f'\0v1\n{{"{topic}":{{"0":0,"1":0}}}}'.encode()
    [_, _, line] = (tmp_path / "offsets" / "0").read_text().split("\n")
    assert line == f'{{"{topic}":{{"0":10,"1":10}}}}'


def test_a_limit_is_shared_out_over_the_partitions(
    spark: SparkSession, brokers: Brokers, topic: str, tmp_path: Path
) -> None:
    produce(brokers.servers, topic, [(0, "x")] * 20)
    copies = Copies()
    query = start(spark, brokers, topic, copies, tmp_path, maxOffsetsPerTrigger=16)
    query.processAllAvailable()
    query.stop()
    assert copies.batches == [(0, 16), (1, 16), (2, 8)]
    ends = [json.loads(progress["sources"][0]["endOffset"])[topic] for progress in query.recentProgress]
    assert ends == [{"0": 12, "1": 4}, {"0": 24, "1": 8}, {"0": 30, "1": 10}]


def test_a_query_that_is_started_again_goes_on_where_it_was(
    spark: SparkSession, brokers: Brokers, topic: str, tmp_path: Path
) -> None:
    first, second = Copies(), Copies()
    query = start(spark, brokers, topic, first, tmp_path)
    query.processAllAvailable()
    query.stop()
    produce(brokers.servers, topic, [(0, "a"), (1, "b")])
    query = start(spark, brokers, topic, second, tmp_path, startingOffsets="latest")
    query.processAllAvailable()
    query.stop()
    assert second.rows == {(topic, 0, 10): "a", (topic, 1, 10): "b"}
    assert second.batches == [(1, 2)]


def test_a_batch_that_failed_is_read_again_in_the_same_range(
    spark: SparkSession, brokers: Brokers, topic: str, tmp_path: Path
) -> None:
    def fail(df: Any, batch_id: int) -> None:
        raise OSError("the database is full")

    with pytest.raises(StreamingQueryException, match="the database is full"):
        start(spark, brokers, topic, fail, tmp_path).awaitTermination()
    produce(brokers.servers, topic, [(0, "later")])
    copies = Copies()
    query = start(spark, brokers, topic, copies, tmp_path)
    query.processAllAvailable()
    query.stop()
    assert copies.batches == [(0, 20), (1, 1)]


def test_records_that_are_gone_fail_the_query_unless_it_may_lose_them(
    spark: SparkSession, brokers: Brokers, topic: str, tmp_path: Path
) -> None:
    def run(into: Any, **options: Any) -> None:
        query = start(spark, brokers, topic, into, tmp_path, **options)
        query.processAllAvailable()
        query.stop()

    copies = Copies()
    run(copies)
    produce(brokers.servers, topic, [(0, "a"), (0, "b"), (0, "c")])
    brokers.delete_records(topic, 0, 12)
    with pytest.raises(StreamingQueryException, match=f"offsets 10 to 11 of {topic}/0"):
        run(copies)
    run(copies, failOnDataLoss=False)
    assert {key: value for key, value in copies.rows.items() if key[2] >= 10} == {(topic, 0, 12): "c"}
    lost = [event for event in spark.sparkContext._backend.trace if isinstance(event, RecordsLost)]
    assert [event.origins for event in lost] == [((f"{topic}/0", 10, 11),)]


# --- tables -----------------------------------------------------------------------------------------------------------


def test_a_table_is_all_that_a_topic_holds_now(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    frame = table(spark, brokers, topic)
    produce(brokers.servers, topic, [(0, "later")])
    assert values(frame) == [TEN, TEN]
    assert values(table(spark, brokers, topic)) == [[*TEN, "later"], TEN]
    assert not frame.isStreaming


def test_both_ends_of_a_table_can_be_named(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    places = {"startingOffsets": f'{{"{topic}":{{"0":7,"1":-2}}}}', "endingOffsets": f'{{"{topic}":{{"0":-1,"1":2}}}}'}
    assert values(table(spark, brokers, topic, **places)) == [["7", "8", "9"], ["0", "1"]]


def test_headers_and_times_come_over_the_wire(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    produce(brokers.servers, topic, [(0, "x")], key=b"k", headers=[("trace", b"7")], timestamp=1_700_000_000_123)
    start_at = f'{{"{topic}":{{"0":10,"1":-2}}}}'
    frame = table(spark, brokers, topic, startingOffsets=start_at, includeHeaders=True)
    [row] = [row for row in frame.collect() if row.partition == 0]
    assert (row.key, row.value, row.offset) == (b"k", b"x", 10)
    assert [(header.key, bytes(header.value)) for header in row.headers] == [("trace", b"7")]
    assert row.timestamp.replace(tzinfo=dt.timezone.utc).timestamp() == pytest.approx(1_700_000_000.123)
    assert row.timestampType == 0


# --- records that are written -----------------------------------------------------------------------------------------


def test_rows_are_records_when_the_write_is_over(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    rows = [(f"k{number}", f"v{number}") for number in range(2000)]
    frame = spark.createDataFrame(rows, "key string, value string")
    write(frame, brokers, f"{topic}-out")
    found = table(spark, brokers, f"{topic}-out").collect()
    assert sorted((row.key.decode(), row.value.decode()) for row in found) == sorted(rows)
    assert len({row.partition for row in found}) == 4


def test_keys_go_where_javas_client_sends_them(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    frame = spark.createDataFrame([(word, word) for word in "abcdefgh"], "key string, value string")
    write(frame, brokers, topic)
    end = f'{{"{topic}":{{"0":10,"1":10}}}}'
    found = table(spark, brokers, topic, startingOffsets=end).collect()
    assert {bytes(row.key): row.partition for row in found} == {
        each.encode(): keyed(each.encode(), 2) for each in "abcdefgh"
    }


def test_a_query_copies_one_topic_into_another(
    spark: SparkSession, brokers: Brokers, topic: str, tmp_path: Path
) -> None:
    reader = spark.readStream.format("kafka").option(SERVERS, brokers.servers).option("subscribe", topic)
    frame = reader.option("startingOffsets", "earliest").load().selectExpr("value", "partition")
    writer = frame.writeStream.format("kafka").option(SERVERS, brokers.servers).option("topic", f"{topic}-out")
    brokers.create_topic(f"{topic}-out", 2)
    query = writer.option("checkpointLocation", str(tmp_path)).start()
    query.processAllAvailable()
    query.stop()
    assert values(table(spark, brokers, f"{topic}-out")) == [TEN, TEN]


def test_a_record_that_is_too_large_fails_the_write(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    frame = spark.createDataFrame([("x" * 2_000_000,)], "value string")
    with pytest.raises(SparkJobError, match="RecordTooLarge"):
        write(frame, brokers, topic)


def test_a_topic_that_is_missing_is_named(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    with pytest.raises(UnknownTopicOrPartition, match=r"the cluster has no no-such-topic, but"):
        table(spark, brokers, "no-such-topic", **{"fetchOffset.retryIntervalMs": 1})


def test_nothing_is_committed_to_kafka(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    assert values(table(spark, brokers, topic, **{"kafka.group.id": "g"})) == [TEN, TEN]
    for group in ("g", "g-executor"):
        client = confluent_kafka.Consumer({"bootstrap.servers": brokers.servers, "group.id": group})
        [stored] = client.committed([confluent_kafka.TopicPartition(topic, 0)], timeout=20)
        client.close()
        assert stored.offset < 0


def test_a_table_that_has_lost_its_beginning_says_so(spark: SparkSession, brokers: Brokers, topic: str) -> None:
    brokers.delete_records(topic, 1, 4)
    assert values(table(spark, brokers, topic)) == [TEN, TEN[4:]]
    place = f'{{"{topic}":{{"0":0,"1":2}}}}'
    with pytest.raises(
        IllegalStateError, match=f"offsets 2 to 3 of {topic}/1: startingOffsets says 2, and the log begins"
    ):
        table(spark, brokers, topic, startingOffsets=place)
    assert values(table(spark, brokers, topic, startingOffsets=place, failOnDataLoss=False)) == [TEN, TEN[4:]]
