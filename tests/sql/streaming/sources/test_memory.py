"""A stream that the program fills itself."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.core.errors import IllegalStateError
from sparksim.sql import Row, SparkSession
from sparksim.sql.chunks import rows_of
from sparksim.sql.streaming.source import SourceContext
from sparksim.sql.streaming.sources.memory import MemorySource, MemoryStream
from sparksim.sql.utils import ParseException, PySparkTypeError


def source(stream: MemoryStream) -> MemorySource:
    return MemorySource(stream, SourceContext(stream._spark, "unused"))


def read(stream: MemoryStream, start: Any, end: Any) -> list[tuple[Any, ...]]:
    chunks = source(stream).batch(start, end).collect()
    return [tuple(row) for chunk in chunks for row in rows_of(chunk, stream.schema)]


def test_every_call_of_add_data_is_an_offset(spark: SparkSession) -> None:
    stream = MemoryStream(spark, "word string, n int")
    reader = source(stream)
    assert reader.latest_offset(None) is None
    assert [stream.addData([("a", 1), ("b", 2)]), stream.addData(("c", 3), ("d", 4)), stream.addData([])] == [0, 1, 2]
    assert reader.latest_offset(None) == reader.latest_offset(1) == 2
    assert read(stream, None, 0) == [("a", 1), ("b", 2)]
    assert read(stream, 0, 2) == [("c", 3), ("d", 4)]
    assert read(stream, None, 2) == [("a", 1), ("b", 2), ("c", 3), ("d", 4)]


@pytest.mark.parametrize("rows", [[("a", 1)], [["a", 1]], [Row(word="a", n=1)], [{"n": 1, "word": "a"}]])
def test_rows_may_be_written_in_many_ways(spark: SparkSession, rows: list[Any]) -> None:
    stream = MemoryStream(spark, "word string, n int")
    stream.addData(rows)
    assert read(stream, None, 0) == [("a", 1)]


def test_values_are_rows_of_one_column(spark: SparkSession) -> None:
    stream = MemoryStream(spark, "value int")
    stream.addData([1, 2])
    stream.addData(3, (4,))
    assert read(stream, None, 1) == [(1,), (2,), (3,), (4,)]


def test_a_frozen_stream_ignores_what_comes_later(spark: SparkSession) -> None:
    stream = MemoryStream(spark, "value int")
    stream.addData([1])
    reader = source(stream)
    reader.freeze()
    stream.addData([2])
    assert reader.latest_offset(None) == 0


def test_a_stream_is_a_streaming_frame(spark: SparkSession) -> None:
    frame = MemoryStream(spark, "word string").toDF()
    assert (frame.isStreaming, frame.columns) == (True, ["word"])


def test_rows_of_another_program_are_gone(spark: SparkSession) -> None:
    stream = MemoryStream(spark, "value int")
    stream.addData([1])
    with pytest.raises(IllegalStateError, match=r"MemoryStream\[value\] has offsets up to 0, but 3 is asked for"):
        source(stream).batch(None, 3)


@pytest.mark.parametrize(("schema", "error"), [("word strin g x", ParseException), (5, PySparkTypeError)])
def test_a_schema_is_a_struct(spark: SparkSession, schema: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        MemoryStream(spark, schema)
