"""From `df.writeStream` to a query that runs: settings, what `start` refuses, and where checkpoints go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.sim import QuerySimulation
from sparksim.sql import SparkSession
from sparksim.sql.frame import DataFrame
from sparksim.sql.streaming import DataStreamWriter
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.sql.utils import AnalysisException, PySparkValueError
from sparksim.trace.events import QueryStarted
from sparksim.trace.jsonl import jsonl_lines
from tests.sql.streaming.scripted import new_session, trace_of

NOT_TEXT = "[VALUE_NOT_NON_EMPTY_STR] Value for `{}` must be a non-empty string, got '{}'."
NOT_FOUND = (
    "[DATA_SOURCE_NOT_FOUND] Failed to find the data source: {}. Give one of console, csv, json, kafka, memory, orc, "
    "parquet, text, or use foreachBatch"
)
INVALID_MODE = (
    "[STREAMING_OUTPUT_MODE.INVALID] Invalid streaming output mode: foo. Accepted output modes are 'Append', "
    "'Complete', 'Update'."
)


@pytest.fixture
def session() -> Iterator[SparkSession]:
    with new_session() as session:
        session.conf.set("spark.sql.shuffle.partitions", "2")
        yield session


@pytest.fixture
def stream(session: SparkSession) -> MemoryStream:
    return MemoryStream(session, "word string, amount bigint")


def writer(stream: MemoryStream) -> DataStreamWriter:
    return stream.toDF().writeStream


def test_batches_reach_a_function(stream: MemoryStream, tmp_path: Path) -> None:
    seen: list[Any] = []

    def keep(df: DataFrame, batch_id: int) -> None:
        seen.append((batch_id, df.isStreaming, sorted(map(tuple, df.collect()))))

    stream.addData([("a", 1), ("b", 2)])
    query = writer(stream).foreachBatch(keep).option("checkpointLocation", str(tmp_path)).start()
    query.processAllAvailable()
    stream.addData([("c", 3)])
    query.processAllAvailable()
    assert seen == [(0, False, [("a", 1), ("b", 2)]), (1, False, [("c", 3)])]
    assert json.loads((tmp_path / "metadata").read_text())["id"] == query.id


def test_a_count_in_memory_is_a_view_of_the_session(session: SparkSession, stream: MemoryStream) -> None:
    counts = stream.toDF().groupBy("word").count()
    query = counts.writeStream.format("memory").queryName("counts").outputMode("complete").start()
    stream.addData([("a", 1), ("b", 2), ("a", 3)])
    query.processAllAvailable()
    assert sorted(map(tuple, session.sql("SELECT * FROM counts").collect())) == [("a", 2), ("b", 1)]
    [started] = trace_of(session, QueryStarted)
    assert (started.name, started.mode, started.trigger) == ("counts", "complete", "default")
    assert (started.sources, started.sink) == (("memory",), "MemorySink")


def test_start_takes_all_settings_too(
    session: SparkSession, stream: MemoryStream, capsys: pytest.CaptureFixture[str]
) -> None:
    stream.addData([("a", 1)])
    started = (
        writer(stream)
        .trigger(availableNow=True)
        .start(format="console", outputMode="Update", queryName="shown", numRows=5, truncate=False)
    )
    started.awaitTermination()
    assert "Batch: 0" in capsys.readouterr().out
    [event] = trace_of(session, QueryStarted)
    assert (event.name, event.mode, event.trigger) == ("shown", "update", "availableNow")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda w: w.outputMode("foo"), IllegalArgumentError, INVALID_MODE),
        (lambda w: w.outputMode(3), PySparkValueError, NOT_TEXT.format("outputMode", "3")),
        (lambda w: w.queryName(""), PySparkValueError, NOT_TEXT.format("queryName", "")),
        (lambda w: w.trigger(), PySparkValueError, "[ONLY_ALLOW_SINGLE_TRIGGER] Only a single trigger is allowed."),
        (lambda w: w.start(), AnalysisException, "checkpointLocation must be specified either through option("),
        (lambda w: w.format("nosuch").start(), AnalysisException, NOT_FOUND.format("nosuch")),
        (
            lambda w: w.format("rate").start(),
            UnsupportedOperation,
            "Data source rate does not support streamed writing.",
        ),
        (lambda w: w.format("memory").start(), AnalysisException, "queryName must be specified for memory sink."),
        (
            lambda w: w.format("memory").queryName("a").partitionBy("word").start(),
            AnalysisException,
            "'memory' does not support partitioning.",
        ),
        (
            lambda w: w.foreachBatch(print).partitionBy(["word"]).start(),
            AnalysisException,
            "'foreachBatch' does not support partitioning.",
        ),
        (
            lambda w: w.foreachBatch(print).trigger(continuous="1 second").start(),
            AnalysisException,
            "'foreachBatch' is not supported with continuous trigger.",
        ),
        (
            lambda w: w.format("console").trigger(continuous="1 second").start(),
            AnalysisException,
            "Data source memory does not support continuous processing. Why: ",
        ),
        (
            lambda w: w.format("console").outputMode("complete").start(),
            AnalysisException,
            "[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION]",
        ),
        (lambda w: w.toTable("words"), UnsupportedOperation, "toTable('words'): sparksim keeps no tables"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    session: SparkSession, stream: MemoryStream, call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        call(writer(stream))
    assert message in str(caught.value)
    assert session.streams.active == []


def test_option_names_have_no_case_and_none_takes_one_back(stream: MemoryStream, tmp_path: Path) -> None:
    stream.addData([("a", 1)])
    query = (
        writer(stream)
        .format("console")
        .options(CHECKPOINTLOCATION=str(tmp_path / "kept"), numRows="none")
        .option("NumRows", None)
        .trigger(once=True)
        .start()
    )
    query.awaitTermination()
    assert (tmp_path / "kept/commits/0").exists()


@pytest.mark.parametrize(("name", "folder"), [("counts", "counts"), (None, None)])
def test_a_setting_gives_every_query_a_folder(
    session: SparkSession, stream: MemoryStream, tmp_path: Path, name: str | None, folder: str | None
) -> None:
    session.conf.set("spark.sql.streaming.checkpointLocation", str(tmp_path))
    made = writer(stream).foreachBatch(lambda df, batch_id: None)
    if name is not None:
        made.queryName(name)
    made.start()
    [found] = tmp_path.iterdir()
    assert found.name == folder or (folder is None and len(found.name) == 36)


def test_memory_goes_on_from_a_checkpoint_in_complete_mode_only(stream: MemoryStream, tmp_path: Path) -> None:
    def start(df: DataFrame, mode: str) -> None:
        made = df.writeStream.format("memory").queryName("kept").outputMode(mode).trigger(availableNow=True)
        made.option("checkpointLocation", str(tmp_path / mode)).start().awaitTermination()

    counts = stream.toDF().groupBy("word").count()
    stream.addData([("a", 1)])
    start(counts, "complete")
    start(counts, "complete")
    start(stream.toDF(), "append")
    with pytest.raises(AnalysisException) as caught:
        start(stream.toDF(), "append")
    assert str(caught.value) == (
        "This query does not support recovering from checkpoint location. Delete "
        f"{tmp_path}/append/offsets to start over."
    )


def test_a_temporary_checkpoint_leaves_the_trace_the_same_for_the_same_seed() -> None:
    def program(spark: SparkSession) -> None:
        stream = MemoryStream(spark, "word string, n int")
        stream.addData([("a", 1), ("a", 2)])
        stream.toDF().dropDuplicates(["word"]).writeStream.format("console").start().processAllAvailable()

    first, second = (list(jsonl_lines(QuerySimulation(program, seed=3).run(until=3).trace)) for _ in range(2))
    assert first == second
