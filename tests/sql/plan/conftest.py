"""Two streams and a static table, as views of a session, and chunks through single nodes of a plan."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sparksim.sql import SparkSession
from sparksim.sql.ddl import parse_schema
from sparksim.sql.frame import DataFrame
from sparksim.sql.plan.nodes import Scan

Stream = Callable[[str], DataFrame]


@pytest.fixture
def stream(spark: SparkSession) -> Stream:
    """Makes a stream of a schema; nothing is read from it here."""

    def made(text: str) -> DataFrame:
        schema = parse_schema(text)
        scan = Scan(schema, (None,) * len(schema), "memory", _no_source)  # type: ignore[arg-type]
        return DataFrame(spark, spark._engine.stream(scan))

    return made


@pytest.fixture
def views(spark: SparkSession, stream: Stream) -> SparkSession:
    """The session with the streams `e` and `r`, both with a watermark, and the table `st`."""
    stream("ts timestamp, k string, v int").withWatermark("ts", "10 minutes").createOrReplaceTempView("e")
    stream("rt timestamp, rk string, rv int").withWatermark("rt", "5 minutes").createOrReplaceTempView("r")
    spark.createDataFrame([("a", 1)], "k string, n int").createOrReplaceTempView("st")
    return spark


def _no_source(context: object) -> object:
    raise AssertionError(context)
