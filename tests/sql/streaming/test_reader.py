"""What a program says of a source, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.sql import SparkSession
from sparksim.sql.streaming.reader import DataStreamReader
from sparksim.sql.streaming.sources import registry
from sparksim.sql.streaming.sources.options import Format, SourceOptions, columns
from sparksim.sql.utils import AnalysisException, PySparkTypeError, PySparkValueError


@pytest.fixture
def reader(spark: SparkSession) -> DataStreamReader:
    return DataStreamReader(spark)


def test_rate_is_a_streaming_frame_of_times_and_values(reader: DataStreamReader) -> None:
    frame = reader.format("RATE").option("RowsPerSecond", 5).load()
    assert frame.isStreaming
    assert frame.schema.simpleString() == "struct<timestamp:timestamp,value:bigint>"


def test_options_reach_the_source_as_texts(reader: DataStreamReader, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[SourceOptions] = []

    def spy(options: SourceOptions) -> Format:
        seen.append(options)
        return columns("a int"), lambda context: None  # type: ignore[return-value,arg-type]

    monkeypatch.setitem(registry.FORMATS, "json", spy)
    reader.option("maxFilesPerTrigger", 1).options(latestFirst=True, other=None).json("/in", "a int", MODE="x")
    [options] = seen
    assert options.options == {"maxfilespertrigger": "1", "latestfirst": "true", "mode": "x", "path": "/in"}
    assert options.get("MaxFilesPerTrigger") == "1"
    assert options.schema == columns("a int")


CASES: list[tuple[Any, type[Exception], str]] = [
    (
        lambda reader: reader.format("rate").option("rowsPerSecond", 0).load(),
        IllegalArgumentError,
        "rowsPerSecond='0': rate needs a whole number, 1 or more",
    ),
    (
        lambda reader: reader.format("rate").option("rowsPerSecond", "x").load(),
        IllegalArgumentError,
        "rowsPerSecond='x': rate needs a whole number, 1 or more",
    ),
    (
        lambda reader: reader.format("rate").option("rampUpTime", "-1s").load(),
        IllegalArgumentError,
        "rampUpTime='-1s': rate needs a duration of 0 or more, such as 5s",
    ),
    (
        lambda reader: reader.format("rate-micro-batch").load(),
        IllegalArgumentError,
        "rowsPerBatch='0': rate-micro-batch needs a whole number, 1 or more",
    ),
    (
        lambda reader: reader.format("rate-micro-batch").options(rowsPerBatch=1, startTimestamp=-1).load(),
        IllegalArgumentError,
        "startTimestamp='-1': rate-micro-batch needs a whole number, 0 or more",
    ),
    (
        lambda reader: reader.format("rate").schema("a int").load(),
        UnsupportedOperation,
        "the source rate does not support a user-specified schema: leave out schema(...)",
    ),
    (
        lambda reader: reader.load(format="nosuch"),
        AnalysisException,
        "[DATA_SOURCE_NOT_FOUND] there is no source 'nosuch' to read as a stream",
    ),
    (
        lambda reader: reader.format("console").load(),
        UnsupportedOperation,
        "Data source console does not support streamed reading; it is a sink only",
    ),
    (
        lambda reader: reader.format("rate").load("  "),
        PySparkValueError,
        "[VALUE_NOT_NON_EMPTY_STR] load(path='  '): give the path of a directory, or leave it out",
    ),
    (lambda reader: reader.json(5), PySparkTypeError, "[NOT_EXPECTED_TYPE] json(path=5): give the path as a text"),
    (lambda reader: reader.schema(5), PySparkTypeError, "[NOT_EXPECTED_TYPE] schema=5: give a StructType or a text"),
]


@pytest.mark.parametrize(("call", "error", "text"), CASES, ids=[text for _, _, text in CASES])
def test_what_does_not_fit_is_said_at_once(
    reader: DataStreamReader, call: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as raised:
        call(reader)
    assert str(raised.value).startswith(text)
