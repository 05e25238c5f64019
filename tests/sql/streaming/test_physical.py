"""A plan runs batch by batch: sources, SELECTs, watermarks, states, joins with tables, sorted results."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql import SparkSession
from sparksim.sql import functions as F
from sparksim.sql.streaming.metrics import EventTimes, OperatorMetrics
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.trace.query_events import QueryRowsRead, QueryStateCommitted
from tests.sql.streaming.batches import Batches


def words(spark: SparkSession) -> MemoryStream:
    return MemoryStream(spark, "word string, n bigint")


def test_a_plan_without_states_gives_each_row_once(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    batches = Batches(stream.toDF().where("n > 1").select("word", F.col("n") * 10), "append", tmp_path)
    stream.addData([("a", 1), ("b", 2)])
    stream.addData([("c", 3)])
    assert batches.rows() == [("b", 20), ("c", 30)]
    assert batches.physical.metrics().rows_read == {0: 3}
    assert batches.physical.metrics().rows_written == 2
    assert batches.rows() == []
    assert batches.physical.metrics().rows_read == {}
    stream.addData([("d", 4)])
    assert batches.rows() == [("d", 40)]


def test_states_go_on_from_batch_to_batch(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    batches = Batches(stream.toDF().groupBy("word").sum("n"), "update", tmp_path, partitions=3)
    stream.addData([("a", 1), ("b", 2), ("a", 3)])
    assert batches.rows() == [("a", 4), ("b", 2)]
    assert batches.physical.metrics().operators == {0: OperatorMetrics(total=2, updated=2, partitions=3)}
    stream.addData([("b", 5)])
    assert batches.rows() == [("b", 7)]
    assert batches.physical.metrics().operators == {0: OperatorMetrics(total=2, updated=1, partitions=3)}


def test_a_batch_without_data_runs_every_partition_of_states(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    batches = Batches(stream.toDF().groupBy("word").count(), "complete", tmp_path, partitions=4)
    assert batches.rows() == []
    assert batches.physical.metrics().operators == {0: OperatorMetrics(partitions=4)}
    stream.addData([("a", 1)])
    assert batches.rows() == batches.rows() == [("a", 1)]


def test_a_global_aggregate_always_has_one_row(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    batches = Batches(stream.toDF().groupBy().count(), "complete", tmp_path, partitions=4)
    assert batches.rows() == [(0,)]
    stream.addData([("a", 1), ("a", 1)])
    assert batches.rows() == [(2,)]
    assert batches.physical.metrics().operators[0].partitions == 1


def test_a_batch_that_is_computed_twice_gives_the_same_and_counts_once(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    batches = Batches(stream.toDF().groupBy("word").count(), "update", tmp_path)
    stream.addData([("a", 1), ("a", 1)])
    batch = batches.next()
    assert batches.given(batch) == batches.given(batch) == [("a", 2)]
    assert batches.physical.metrics().rows_read == {0: 2}
    assert batches.physical.metrics().operators[0].updated == 1
    stream.addData([("a", 1)])
    assert batches.rows() == [("a", 3)]


def test_another_run_reads_the_states_from_files(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    counts = stream.toDF().groupBy("word").count()
    stream.addData([("a", 1)])
    first = Batches(counts, "update", tmp_path)
    first.rows()
    first.physical.close()
    stream = words(both)
    stream.addData([("a", 1)])
    second = Batches(stream.toDF().groupBy("word").count(), "update", tmp_path, run="run-2", first=1)
    assert second.rows() == [("a", 2)]


def test_a_watermark_sees_every_row_in_milliseconds(both: SparkSession, tmp_path: Path) -> None:
    stream = MemoryStream(both, "ts timestamp, n int")
    seen = stream.toDF().withWatermark("ts", "10 seconds").where("n > 1").select("n")
    batches = Batches(seen, "append", tmp_path)
    at = datetime(2024, 1, 1, 0, 0, 1, 2999)
    stream.addData([(at, 1), (None, 2)])
    assert batches.rows() == [(2,)]
    moment_ms = 1704067201002
    [watermark] = batches.physical.watermarks
    assert watermark.delay_ms == 10_000
    assert batches.physical.metrics().event_times == {watermark.number: EventTimes(2, moment_ms, 0, moment_ms)}


def test_a_table_is_read_anew_in_each_batch(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    table = both.createDataFrame(both.sparkContext.parallelize([0], 1).map(lambda _: ("a", 1)), "key string, value int")
    joined = stream.toDF().join(table, F.col("word") == F.col("key")).select("word", "value")
    batches = Batches(joined, "append", tmp_path)
    stream.addData([("a", 1), ("b", 1)])
    jobs = _jobs(both)
    assert batches.rows() == [("a", 1)]
    assert _jobs(both) - jobs == 2  # one for the table, one for the batch
    stream.addData([("a", 1)])
    assert batches.rows() == [("a", 1)]
    assert _jobs(both) - jobs == 4


def test_a_complete_result_is_sorted_and_cut(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    top = stream.toDF().groupBy("word").count().orderBy(F.col("count").desc(), "word").limit(2)
    batches = Batches(top, "complete", tmp_path)
    stream.addData([(word, 1) for word in "abcbcc"])
    [chunk] = batches.next().tables.collect()
    assert chunk.to_pydict() == {"c0": ["c", "b"], "c1": [3, 2]}


def test_streams_are_put_together(both: SparkSession, tmp_path: Path) -> None:
    one, two = words(both), words(both)
    batches = Batches(one.toDF().union(two.toDF()), "append", tmp_path)
    one.addData([("a", 1)])
    two.addData([("b", 2), ("c", 3)])
    assert batches.rows() == [("a", 1), ("b", 2), ("c", 3)]
    assert batches.physical.metrics().rows_read == {0: 1, 1: 2}
    two.addData([("d", 4)])
    assert batches.rows() == [("d", 4)]


def test_operators_are_numbered_from_the_bottom(both: SparkSession, tmp_path: Path) -> None:
    stream = words(both)
    frame = stream.toDF().dropDuplicates(["word", "n"]).groupBy("word").count()
    batches = Batches(frame, "complete", tmp_path)
    assert [(each.number, type(each.node).__name__) for each in batches.physical.operators] == [
        (0, "Deduplicate"),
        (1, "Aggregate"),
    ]
    stream.addData([("a", 1), ("a", 1), ("a", 2)])
    assert batches.rows() == [("a", 2)]
    stream.addData([("a", 1), ("a", 3)])
    assert batches.rows() == [("a", 3)]


def test_what_was_read_and_kept_is_in_the_trace(spark: SparkSession, tmp_path: Path) -> None:
    spark.conf.set("spark.sparksim.queryRows", 2)
    stream = MemoryStream(spark, "ts timestamp, word string")
    frame = stream.toDF().withWatermark("ts", "1 minute").groupBy("word").count()
    batches = Batches(frame, "update", tmp_path, partitions=1)
    at = datetime(2024, 1, 1)
    stream.addData([(at, "a"), (None, "long " * 20), (at, "b")])
    batches.rows()
    [read] = _told(spark, QueryRowsRead)
    assert (read.run, read.batch, read.source, read.rows, read.columns) == ("run-1", 0, 0, 3, ("ts", "word"))
    assert read.sample[0] == ("2024-01-01 00:00:00", "a")
    assert [len(text) for text in read.sample[1]] == [4, 60]
    assert (read.event_time, read.event_times_ms) == (0, (1704067200000, None))
    [kept] = _told(spark, QueryStateCommitted)
    assert (kept.operator, kept.store, kept.partition, kept.version, kept.keys) == (0, "default", 0, 1, 3)
    assert kept.file == "state/0/0/1.delta"


def test_the_number_of_rows_to_show_is_checked(spark: SparkSession, tmp_path: Path) -> None:
    spark.conf.set("spark.sparksim.queryRows", -1)
    with pytest.raises(IllegalArgumentError, match=r"queryRows=-1: give the number of rows to show, 0 for none"):
        Batches(words(spark).toDF(), "append", tmp_path)


def _jobs(spark: SparkSession) -> int:
    return sum(type(event).__name__ == "JobStart" for event in spark.sparkContext._backend.trace)


def _told(spark: SparkSession, kind: Any) -> list[Any]:
    return [event for event in spark.sparkContext._backend.trace if isinstance(event, kind)]
