"""Windows of time: which ones a row is in, on streams and on tables."""

from __future__ import annotations

import datetime

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql import SparkSession
from sparksim.sql import functions as F
from sparksim.sql.utils import AnalysisException, PySparkTypeError
from tests.sql.plan.conftest import Stream
from tests.sql.plan.run import in_order, rows_through


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


WINDOWS = [  # time, width, slide, start: the windows
    ("2024-01-01 10:07", "10 minutes", None, None, ["10:00-10:10"]),
    ("2024-01-01 10:10", "10 minutes", None, None, ["10:10-10:20"]),
    ("2024-01-01 10:07", "10 minutes", "5 minutes", None, ["10:00-10:10", "10:05-10:15"]),
    ("2024-01-01 10:04", "12 minutes", "5 minutes", None, ["09:55-10:07", "10:00-10:12"]),
    ("2024-01-01 10:01", "12 minutes", "5 minutes", None, ["09:50-10:02", "09:55-10:07", "10:00-10:12"]),
    ("2024-01-01 10:07", "1 hour", None, "15 minutes", ["09:15-10:15"]),
    ("2024-01-01 10:07", "10 minutes", None, "-2 minutes", ["09:58-10:08"]),
    ("1969-12-31 23:59", "10 minutes", None, None, ["23:50-00:00"]),
    ("1969-12-31 23:59", "10 minutes", "5 minutes", None, ["23:50-00:00", "23:55-00:05"]),
    (None, "10 minutes", None, None, []),
    (None, "10 minutes", "5 minutes", None, []),
]


@pytest.mark.parametrize(("time", "width", "slide", "start", "expected"), WINDOWS)
def test_windows_of_a_row_in_a_stream_and_in_a_table(
    spark: SparkSession,
    stream: Stream,
    time: str | None,
    width: str,
    slide: str | None,
    start: str | None,
    expected: list[str],
) -> None:
    row = (at(time) if time else None, "a")
    window = F.window("ts", width, slide, start)
    events = stream("ts timestamp, k string")
    table = spark.createDataFrame([row], "ts timestamp, k string")
    of_rows = rows_through(events.select(window, "k")._plan, [row])
    of_groups = rows_through(events.groupBy(window, "k").agg(F.count("*").alias("n"))._plan, [row, row])
    assert [f"{w.start:%H:%M}-{w.end:%H:%M}" for w, _ in of_rows] == expected
    assert [(f"{w.start:%H:%M}-{w.end:%H:%M}", k, n) for w, k, n in of_groups] == [(e, "a", 2) for e in expected]
    assert sorted(map(tuple, table.select(window, "k").collect()), key=in_order) == of_rows
    assert sorted(map(tuple, table.groupBy(window, "k").count().collect()), key=in_order) == [
        (w, k, 1) for w, k, _ in of_groups
    ]


def test_days_begin_at_midnight_and_weeks_on_a_thursday(spark: SparkSession) -> None:
    table = spark.createDataFrame([(at("2024-01-01 10:07"),)], "ts timestamp")
    starts = table.selectExpr("window(ts, '1 day').start AS s").union(table.selectExpr("window(ts, '1 week').start"))
    assert [row.s for row in starts.collect()] == [at("2024-01-01"), at("2023-12-28")]


def test_window_time_is_the_last_microsecond_and_makes_a_window_of_windows(spark: SparkSession) -> None:
    table = spark.createDataFrame([(at("2024-01-01 10:07"), 1), (at("2024-01-01 10:17"), 2)], "ts timestamp, v int")
    small = table.groupBy(F.window("ts", "10 minutes")).agg(F.sum("v").alias("s"))
    assert [row[0] for row in small.select(F.window_time("window")).orderBy("window_time(window)").collect()] == [
        at("2024-01-01 10:09:59.999999"),
        at("2024-01-01 10:19:59.999999"),
    ]
    for time in (F.window_time("window"), F.col("window")):
        [row] = small.groupBy(F.window(time, "1 hour")).agg(F.sum("s").alias("s")).collect()
        assert (row.window.start, row.window.end, row.s) == (at("2024-01-01 10:00"), at("2024-01-01 11:00"), 3)


def test_a_text_groups_by_windows_and_selects_their_parts(spark: SparkSession) -> None:
    spark.createDataFrame([(at("2024-01-01 10:07"),), (at("2024-01-01 10:08"),)], "ts timestamp").createTempView("t")
    text = (
        "SELECT window.start AS s, hour(window.end) AS h, count(*) AS n FROM t "
        "GROUP BY window(ts, '10 minutes', '5 minutes') HAVING count(*) > 1 ORDER BY window"
    )
    assert [tuple(row) for row in spark.sql(text).collect()] == [
        (at("2024-01-01 10:00"), 10, 2),
        (at("2024-01-01 10:05"), 10, 2),
    ]
    named = "SELECT count(*) AS n, first_value(ts) OVER w AS f FROM t GROUP BY ts WINDOW w AS (ORDER BY ts)"
    assert [row.n for row in spark.sql(named).collect()] == [1, 1]


def test_sessions_of_a_table_end_after_a_gap_and_touching_ones_are_one(spark: SparkSession) -> None:
    times = [("a", 0), ("a", 4), ("a", 9), ("a", 15), ("b", 5), ("b", None)]
    rows = [(k, None if m is None else at(f"2024-01-01 10:{m:02}")) for k, m in times]
    table = spark.createDataFrame(rows, "k string, ts timestamp")
    sessions = table.groupBy("k", F.session_window("ts", "5 minutes")).count().orderBy("k", "session_window")
    assert [
        (row.k, f"{row.session_window.start:%M}-{row.session_window.end:%M}", row["count"])
        for row in sessions.collect()
    ] == [("a", "00-14", 3), ("a", "15-20", 1), ("b", "05-10", 1)]


def test_the_gap_of_a_session_may_depend_on_the_row(spark: SparkSession) -> None:
    rows = [("a", at("2024-01-01 10:00")), ("a", at("2024-01-01 10:04")), ("x", at("2024-01-01 10:01"))]
    table = spark.createDataFrame(rows, "k string, ts timestamp")
    gap = F.when(F.col("k") == "a", "3 minutes").otherwise("0 minutes")
    sessions = table.groupBy("k", F.session_window("ts", gap)).count().collect()
    assert sorted(f"{row.k} {row.session_window.end:%M}" for row in sessions) == ["a 03", "a 07"]


ERRORS = [
    (("0 minutes",), AnalysisException, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "windowDuration must be longer"),
    (("1 minute", "0 minutes"), AnalysisException, "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "slideDuration must be"),
    (
        ("5 minutes", "10 minutes"),
        AnalysisException,
        "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION",
        "slideDuration <= windowDuration",
    ),
    (
        ("5 minutes", "5 minutes", "-5 minutes"),
        AnalysisException,
        "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION",
        r"abs\(startTime\) < slideDuration",
    ),
    (("1 month",), IllegalArgumentError, None, "windowDuration='1 month': months and years have no fixed length"),
    (("5 parsecs",), AnalysisException, "CANNOT_PARSE_INTERVAL", "windowDuration='5 parsecs' is no interval"),
]


@pytest.mark.parametrize(("lengths", "kind", "condition", "words"), ERRORS)
def test_lengths_that_make_no_windows(
    spark: SparkSession,
    stream: Stream,
    lengths: tuple[str, ...],
    kind: type[Exception],
    condition: str | None,
    words: str,
) -> None:
    for frame in (stream("ts timestamp"), spark.createDataFrame([], "ts timestamp")):
        with pytest.raises(kind, match=words) as error:
            frame.groupBy(F.window("ts", *lengths)).count()
        assert getattr(error.value, "getCondition", lambda: None)() == condition


def test_a_length_is_a_text() -> None:
    with pytest.raises(PySparkTypeError, match=r"\[NOT_STR\] windowDuration=600"):
        F.window("ts", 600)  # type: ignore[arg-type]
    with pytest.raises(PySparkTypeError, match=r"\[NOT_STR\] gapDuration=''"):
        F.session_window("ts", "")


def test_sessions_over_a_join_need_a_query_of_their_own(spark: SparkSession) -> None:
    table = spark.createDataFrame([], "ts timestamp, k string")
    table.createTempView("t")
    with pytest.raises(AnalysisException, match="join in a query of its own"):
        spark.sql("SELECT count(*) AS n FROM t JOIN t u USING (k) GROUP BY session_window(t.ts, '1 minute')")
