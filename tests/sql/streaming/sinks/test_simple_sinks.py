"""Sinks that print a batch, keep it, or hand it to the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, SparkJobError
from sparksim.sql import DataFrame, SparkSession
from sparksim.sql.chunks import chunk_of
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.streaming.sinks.console import ConsoleSink
from sparksim.sql.streaming.sinks.foreach import ForeachSink
from sparksim.sql.streaming.sinks.foreach_batch import ForeachBatchError, ForeachBatchSink
from sparksim.sql.streaming.sinks.memory import MemorySink
from sparksim.sql.streaming.sources.options import columns
from sparksim.sql.utils import AnalysisException, PySparkAttributeError, PySparkTypeError

SCHEMA = columns("word string, n bigint")
LONG = "a word of more than twenty letters"
CALLS: list[Any] = []
"""What writers were asked to do. Module level, as tasks have copies of everything that they capture."""


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CALLS.clear()


def batch(spark: SparkSession, *partitions: Sequence[tuple[Any, ...]]) -> BatchRows:
    """A result with these rows."""
    chunks = [chunk_of(rows, SCHEMA) for rows in partitions]
    return BatchRows(spark, SCHEMA, spark.sparkContext.parallelize(chunks, max(len(chunks), 1)))


# --- console: every text is what PySpark 4.3 printed ------------------------------------------------------------------

HEAD = "-" * 43 + "\nBatch: 7\n" + "-" * 43 + "\n"


@pytest.mark.parametrize(
    ("options", "rows", "text"),
    [
        ({}, [], "+----+---+\n|word|  n|\n+----+---+\n+----+---+\n\n"),
        ({}, [("a", 1), (None, 2)], "+----+---+\n|word|  n|\n+----+---+\n|   a|  1|\n|NULL|  2|\n+----+---+\n\n"),
        (
            {},
            [(LONG, 1)],
            "+--------------------+---+\n|                word|  n|\n+--------------------+---+\n"
            "|a word of more th...|  1|\n+--------------------+---+\n\n",
        ),
        (
            {"truncate": "FALSE"},
            [(LONG, 1)],
            f"+----------------------------------+---+\n|word                              |n  |\n"
            f"+----------------------------------+---+\n|{LONG}|1  |\n+----------------------------------+---+\n\n",
        ),
        (
            {"numRows": "1"},
            [("a", 1), ("b", 2)],
            "+----+---+\n|word|  n|\n+----+---+\n|   a|  1|\n+----+---+\nonly showing top 1 row\n",
        ),
        ({"numRows": "-1"}, [("a", 1)], "+----+---+\n|word|  n|\n+----+---+\n+----+---+\nonly showing top 0 rows\n"),
    ],
)
def test_the_console_shows_a_batch(
    spark: SparkSession, capsys: pytest.CaptureFixture[str], options: dict[str, str], rows: list[Any], text: str
) -> None:
    ConsoleSink(**options).add_batch(7, batch(spark, rows))
    assert capsys.readouterr().out == HEAD + text


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"numRows": "x"}, "numRows='x': give a whole number of rows, such as 20"),
        ({"truncate": "20"}, "truncate='20': give true or false"),
    ],
)
def test_the_console_refuses_other_options(options: dict[str, str], complaint: str) -> None:
    with pytest.raises(IllegalArgumentError) as error:
        ConsoleSink(**options)
    assert str(error.value) == complaint


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "words"), [("append", ["a", "b"]), ("update", ["a", "b"]), ("complete", ["b"])])
def test_a_table_in_memory(both: SparkSession, mode: str, words: list[str]) -> None:
    sink = MemorySink(both, "result", SCHEMA, mode)
    view = both.table("result")
    assert view.collect() == []
    sink.add_batch(0, batch(both, [("a", 1)], []))
    sink.add_batch(1, batch(both, [("b", 1)]))
    sink.add_batch(1, batch(both, [("again", 1)]))
    assert [row.word for row in view.collect()] == words
    assert both.sql("SELECT count(*) AS n FROM result").collect()[0].n == len(words)
    assert [row.word for row in sink.rows] == words


def test_a_table_in_memory_has_a_name(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException, match="INVALID_TEMP_VIEW_NAME"):
        MemorySink(spark, "two words", SCHEMA, "append")


# --- foreach ----------------------------------------------------------------------------------------------------------


class Writer:
    """Notes what it is asked to do; takes the rows of partition 0 only."""

    def open(self, partition_id: int, batch_id: int) -> bool:
        CALLS.append(("open", partition_id, batch_id))
        return partition_id == 0

    def process(self, row: Any) -> None:
        if row.n < 0:
            raise ValueError("negative")
        CALLS.append((row.word, row.n))

    def close(self, error: Exception | None) -> None:
        CALLS.append(("close", repr(error)))


def test_every_partition_opens_and_closes_a_writer(spark: SparkSession) -> None:
    ForeachSink(Writer()).add_batch(4, batch(spark, [("a", 1), ("b", 2)], [("c", 3)], []))
    opened = [call for call in CALLS if call[0] == "open"]
    assert sorted(opened) == [("open", 0, 4), ("open", 1, 4), ("open", 2, 4)]
    assert [call for call in CALLS if call[0] in ("a", "b", "c")] == [("a", 1), ("b", 2)]
    assert CALLS.count(("close", "None")) == 3


def test_a_writer_is_told_of_its_error(spark: SparkSession) -> None:
    with pytest.raises(SparkJobError, match="negative"):
        ForeachSink(Writer()).add_batch(0, batch(spark, [("a", 1), ("b", -1)]))
    assert CALLS == [("open", 0, 0), ("a", 1), ("close", "ValueError('negative')")] * 4


def test_a_function_is_called_for_every_row(both: SparkSession) -> None:
    ForeachSink(lambda row: CALLS.append(tuple(row))).add_batch(0, batch(both, [("a", 1)], [("b", 2)]))
    assert CALLS == []  # the list that the function captured went to the tasks as a copy
    ForeachSink(note).add_batch(0, batch(both, [("a", 1)], [("b", 2)]))
    assert sorted(CALLS) == [("a", 1), ("b", 2)]


def note(row: Any) -> None:
    CALLS.append(tuple(row))


class OnlyOpens:
    def open(self, partition_id: int, batch_id: int) -> bool:
        return True


class ClosesWithANumber:
    close = 5

    def process(self, row: Any) -> None:
        pass


@pytest.mark.parametrize(("writer", "name"), [(5, "process"), (OnlyOpens(), "process"), (ClosesWithANumber(), "close")])
def test_a_writer_has_methods(writer: Any, name: str) -> None:
    with pytest.raises(PySparkAttributeError) as error:
        ForeachSink(writer)
    assert error.value.getErrorClass() == "ATTRIBUTE_NOT_CALLABLE"
    assert f"Its {name} is " in str(error.value)


# --- foreachBatch -----------------------------------------------------------------------------------------------------


def test_a_batch_is_an_ordinary_frame_that_every_action_computes(both: SparkSession) -> None:
    seen: list[Any] = []

    def look(frame: DataFrame, batch_id: int) -> None:
        jobs = _jobs(both)
        seen.append((batch_id, frame.isStreaming, frame.count(), sorted(map(tuple, frame.where("n > 1").collect()))))
        seen.append(_jobs(both) - jobs)

    ForeachBatchSink(look).add_batch(3, batch(both, [("a", 1), ("b", 2)], [("c", 3)]))
    assert seen == [(3, False, 3, [("b", 2), ("c", 3)]), 2]


def test_a_batch_without_rows_has_its_columns(both: SparkSession) -> None:
    seen: list[Any] = []
    ForeachBatchSink(lambda frame, _: seen.append((frame.columns, frame.count()))).add_batch(0, batch(both))
    assert seen == [(["word", "n"], 0)]


def test_what_the_function_raises_ends_the_batch(spark: SparkSession) -> None:
    def fails(frame: DataFrame, batch_id: int) -> None:
        raise ValueError("boom")

    with pytest.raises(ForeachBatchError) as error:
        ForeachBatchSink(fails).add_batch(2, batch(spark))
    text = str(error.value)
    assert text.startswith("[FOREACH_BATCH_USER_FUNCTION_ERROR] the function given to foreachBatch raised in batch 2.")
    assert text.endswith("ValueError: boom")


def test_a_batch_is_handed_to_a_function() -> None:
    with pytest.raises(PySparkTypeError, match=r"foreachBatch\(5\): give a function of a DataFrame and the batch's id"):
        ForeachBatchSink(5)  # type: ignore[arg-type]


def _jobs(spark: SparkSession) -> int:
    backend: Any = spark.sparkContext._backend
    return sum(type(event).__name__ == "JobStart" for event in backend.trace)
