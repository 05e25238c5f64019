"""Numbers by the clock: which there are when, at which times, in which partition."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sparksim.sql import SparkSession
from sparksim.sql.chunks import rows_of
from sparksim.sql.streaming.source import SourceContext
from sparksim.sql.streaming.sources.rate import SCHEMA, RatePerBatchSource, RateSource, value_at_second
from tests.cluster.stories import sleep

EPOCH = datetime(1970, 1, 1)


def given(rdd: Any) -> list[list[tuple[int, int]]]:
    """(milliseconds since 1970, value) by partition."""
    return [
        [((row.timestamp - EPOCH) // timedelta(milliseconds=1), row.value) for row in rows_of(chunk, SCHEMA)]
        for chunk in rdd.collect()
    ]


@pytest.mark.parametrize(
    ("per_s", "ramp_up_s", "values"),
    [
        (1, 0, [0, 1, 2, 3]),
        (10, 0, [0, 10, 20, 30]),
        (100, 4, [0, 20, 60, 120, 200, 300, 400]),
        (10, 2, [0, 3, 9, 19, 29]),
    ],
)
def test_how_many_rows_there_are_before_each_second(per_s: int, ramp_up_s: int, values: list[int]) -> None:
    assert [value_at_second(second, per_s, ramp_up_s) for second in range(len(values))] == values


@pytest.fixture
def context(spark: SparkSession, tmp_path: Path) -> SourceContext:
    return SourceContext(spark, f"{tmp_path}/sources/0")


def test_rate_begins_with_an_empty_batch_and_follows_the_clock(context: SourceContext) -> None:
    source = RateSource(context, per_s=4, ramp_up_s=0, partitions=2)
    assert source.latest_offset(None) == 0
    assert given(source.batch(None, 0)) == [[], []]
    sleep(context.session.sparkContext, 1999)
    start_ms = source._start_ms
    assert source.latest_offset(0) == 2
    sleep(context.session.sparkContext, 1)
    assert source.latest_offset(0) == 2
    assert given(source.batch(0, 2)) == [
        [(start_ms, 0), (start_ms + 500, 2), (start_ms + 1000, 4), (start_ms + 1500, 6)],
        [(start_ms + 250, 1), (start_ms + 750, 3), (start_ms + 1250, 5), (start_ms + 1750, 7)],
    ]


def test_times_are_rounded_to_milliseconds(context: SourceContext) -> None:
    source = RateSource(context, per_s=3, ramp_up_s=0, partitions=1)
    start_ms = source._start_ms
    assert given(source.batch(1, 2)) == [[(start_ms + 1000, 3), (start_ms + 1333, 4), (start_ms + 1667, 5)]]


def test_a_restarted_query_goes_on_with_the_old_seconds(context: SourceContext) -> None:
    first = RateSource(context, 5, 0, 1)
    sleep(context.session.sparkContext, 3000)
    again = RateSource(context, 5, 0, 1)
    assert again._start_ms == first._start_ms
    assert again.latest_offset(1) == 3
    assert given(again.batch(1, 2)) == given(first.batch(1, 2))


def test_a_frozen_rate_goes_no_further(context: SourceContext) -> None:
    source = RateSource(context, 5, 0, 1)
    sleep(context.session.sparkContext, 2000)
    source.freeze()
    sleep(context.session.sparkContext, 2000)
    assert source.latest_offset(0) == 2


def test_rate_per_batch_always_has_one_more_batch(context: SourceContext) -> None:
    source = RatePerBatchSource(context, per_batch=3, start_ms=1000, advance_ms=60_000, partitions=2)
    first = source.latest_offset(None)
    second = source.latest_offset(first)
    assert (first, second) == ({"offset": 3, "timestamp": 61_000}, {"offset": 6, "timestamp": 121_000})
    assert given(source.batch(None, first)) == [[(1000, 0), (1000, 2)], [(1000, 1)]]
    assert given(source.batch(first, second)) == [[(61_000, 3), (61_000, 5)], [(61_000, 4)]]


def test_a_frozen_rate_per_batch_has_one_batch(context: SourceContext) -> None:
    source = RatePerBatchSource(context, 3, 0, 1000, 1)
    source.freeze()
    first = source.latest_offset(None)
    assert source.latest_offset(first) == first == {"offset": 3, "timestamp": 1000}


def test_sources_describe_themselves_as_spark_does(context: SourceContext) -> None:
    assert RateSource(context, 3, 0, 2).description == (
        "RateStreamV2[rowsPerSecond=3, rampUpTimeSeconds=0, numPartitions=2]"
    )
    assert RatePerBatchSource(context, 5, 0, 1000, 2).description == (
        "RatePerMicroBatchStream[rowsPerBatch=5, numPartitions=2, startTimestamp=0, advanceMsPerBatch=1000]"
    )
