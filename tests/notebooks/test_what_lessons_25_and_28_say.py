"""What lessons 25 and 28 answer to their own questions is true; their other numbers are confirmed by their runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest

from sparksim.sim import Cluster, QuerySimulation, Run
from sparksim.sql import SparkSession
from sparksim.sql.frame import DataFrame
from sparksim.sql.functions import window
from sparksim.sql.streaming.sources.memory import MemoryStream

TEN = datetime(2026, 3, 1, 10)


def ran(build: Callable[[DataFrame], DataFrame], minutes: Iterable[int], mode: str = "append") -> Run:
    """Rows of one id, so many minutes after ten o'clock, each in a batch of its own."""

    def program(spark: SparkSession) -> None:
        stream = MemoryStream(spark, "id string, time timestamp")
        query = build(stream.toDF()).writeStream.outputMode(mode).format("console").start()
        for minute in minutes:
            stream.addData(("a", TEN + timedelta(minutes=minute)))
            query.processAllAvailable()

    return QuerySimulation(program, cluster=Cluster(1, 1)).run(until=20)


def test_lesson_25_of_two_windows_one_may_be_over() -> None:
    def sliding(rows: DataFrame) -> DataFrame:
        return rows.withWatermark("time", "10 minutes").groupBy(window("time", "10 minutes", "5 minutes")).count()

    run = ran(sliding, [22, 8])
    assert (run.triggers[-1].rows_late, run.triggers[-1].state_rows) == (1, 3)


def test_lesson_25_the_last_window_of_a_day_waits_for_the_next_morning() -> None:
    def counted(rows: DataFrame) -> DataFrame:
        return rows.withWatermark("time", "10 minutes").groupBy(window("time", "10 minutes")).count()

    evening, morning = ran(counted, [598]), ran(counted, [598, 1320])
    assert (len(evening.result_rows), len(morning.result_rows)) == (0, 1)


@pytest.mark.parametrize(("minutes", "late"), [([9, 1], 0), ([10, 9], 1)])
def test_lesson_25_without_a_delay_a_row_is_late_when_its_window_is_over(minutes: list[int], late: int) -> None:
    def counted(rows: DataFrame) -> DataFrame:
        return rows.withWatermark("time", "0 seconds").groupBy(window("time", "10 minutes")).count()

    assert sum(ran(counted, minutes).triggers.column("rows_late")) == late


def test_lesson_28_a_duplicate_does_not_prolong_the_memory() -> None:
    def within(rows: DataFrame) -> DataFrame:
        return rows.withWatermark("time", "10 minutes").dropDuplicatesWithinWatermark(["id"])

    run = ran(within, range(0, 61, 5))
    assert [row[1][11:16] for row in run.result_rows.column("row")] == ["10:00", "10:25", "10:50"]


def test_lesson_28_over_night_nothing_is_forgotten() -> None:
    def within(rows: DataFrame) -> DataFrame:
        return rows.withWatermark("time", "10 minutes").dropDuplicatesWithinWatermark(["id"])

    assert len(ran(within, [599, 599]).result_rows) == 1
