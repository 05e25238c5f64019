"""Programs with DataFrames that are streams: their nodes, the way of a mark, and what only tables can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql import SparkSession
from sparksim.sql import functions as F
from sparksim.sql.frame import DataFrame
from sparksim.sql.plan import nodes
from sparksim.sql.plan.text import line, plan_text
from sparksim.sql.utils import AnalysisException, PySparkTypeError
from tests.sql.plan.conftest import Stream
from tests.sql.plan.run import rows_through


@pytest.fixture
def e(stream: Stream) -> DataFrame:
    return stream("ts timestamp, k string, v int").withWatermark("ts", "10 minutes")


@pytest.fixture
def r(stream: Stream) -> DataFrame:
    return stream("rt timestamp, rk string, rv int").withWatermark("rt", "1 hour 5 seconds")


PROGRAMS: list[tuple[Callable[[DataFrame], DataFrame], str]] = [
    (lambda e: e.select("*"), "Watermark ts 600000 ms [ts*, k, v]"),
    (lambda e: e.filter(e.v > 1), "Query where e.v > 1 [ts*, k, v]"),
    (lambda e: e.select(e.ts.alias("t"), (e.v + 1).alias("w")), "Query [t*, w]"),
    (lambda e: e.select(F.expr("ts + interval 1 hour").alias("t")), "Query [t]"),
    (lambda e: e.withColumn("w", F.window("ts", "5 minutes")), "Query where NOT this.ts IS NULL [ts*, k, v, w*]"),
    (lambda e: e.withColumnRenamed("ts", "at"), "Query [at*, k, v]"),
    (lambda e: e.drop("v"), "Query [ts*, k]"),
    (lambda e: e.groupBy("ts").count(), "Aggregate by (this.ts) [ts*, count]"),
    (lambda e: e.groupBy("k").agg(F.max("ts").alias("ts")), "Aggregate by (this.k) [k, ts]"),
    (lambda e: e.groupBy().count(), "Aggregate by () [count]"),
    (lambda e: e.rollup("k").count(), "Aggregate by (this.k) sets [[0], []] [k, count]"),
    (lambda e: e.cube("k", "v").count(), "Aggregate by (this.k, this.v) sets [[0, 1], [0], [1], []] [k, v, count]"),
    (
        lambda e: e.groupBy(F.window("ts", "5 minutes")).count().select(F.window_time("window").alias("t")),
        "Query [t*]",
    ),
    (
        lambda e: e.groupBy(F.window("ts", "5 minutes")).count().selectExpr("window.end"),
        "Query [end]",
    ),
    (lambda e: e.distinct(), "Deduplicate by (ts, k, v) [ts*, k, v]"),
    (lambda e: e.dropDuplicates(), "Deduplicate by (ts, k, v) [ts*, k, v]"),
    (lambda e: e.dropDuplicates(["K"]), "Deduplicate by (k) [ts*, k, v]"),
    (lambda e: e.dropDuplicatesWithinWatermark(["k"]), "Deduplicate by (k) within watermark [ts*, k, v]"),
    (lambda e: e.union(e.select("ts", "k", F.lit(1))), "Union [ts*, k, v]"),
    (lambda e: e.select(F.lit(None).cast("timestamp").alias("ts"), "k", "v").union(e), "Union [ts, k, v]"),
    (lambda e: e.unionByName(e.select("v", "k", "ts")), "Union [ts*, k, v]"),
    (lambda e: e.intersect(e), "SetOperation intersect [ts*, k, v]"),
    (lambda e: e.subtract(e), "SetOperation except [ts*, k, v]"),
    (lambda e: e.orderBy("v", ascending=False), "Sort v DESC [ts*, k, v]"),
    (lambda e: e.limit(3), "Limit 3 [ts*, k, v]"),
    (lambda e: e.offset(3), "Refused offset [ts*, k, v]"),
    (lambda e: e.sample(0.5), "Refused sample [ts*, k, v]"),
    (lambda e: e.withWatermark("ts", "1 month"), "Watermark ts 2678400000 ms [ts*, k, v]"),
    (
        lambda e: e.groupBy("k").applyInPandasWithState(print, "k string, n int", "n int", "append", "NoTimeout"),
        "GroupState by (k) append NoTimeout [k, n]",
    ),
]


@pytest.mark.parametrize("at", range(len(PROGRAMS)))
def test_a_method_makes_a_node_and_the_mark_follows_its_column(e: DataFrame, at: int) -> None:
    program, expected = PROGRAMS[at]
    frame = program(e.alias("e") if "e." in expected else e)
    assert line(frame._plan) == expected
    assert frame.isStreaming


def test_branches_of_a_union_have_the_same_types(e: DataFrame) -> None:
    union = e.select("v").union(e.selectExpr("v + 10000000000 AS w"))._plan
    first, second = union.children
    assert [plan.schema.simpleString() for plan in (union, first, second)] == [
        "struct<v:bigint>",
        "struct<v:bigint>",
        "struct<w:bigint>",
    ]
    assert rows_through(first, [(7,)]) == [(7,)]


def test_a_distinct_is_told_from_drop_duplicates(e: DataFrame) -> None:
    plans = [e.distinct()._plan, e.dropDuplicates()._plan]
    assert [plan.is_distinct for plan in plans if isinstance(plan, nodes.Deduplicate)] == [True, False]


def test_a_join_of_streams_keeps_the_marks_of_both(e: DataFrame, r: DataFrame) -> None:
    joined = e.join(r, F.expr("k = rk AND rt >= ts"), "leftOuter")
    assert line(joined._plan) == (
        "StreamJoin left on this.k = other.rk AND other.rt >= this.ts [ts*, k, v, rt*, rk, rv]"
    )
    assert [mark and mark.delay_ms for mark in joined._plan.event_times] == [600_000, None, None, 3_605_000, None, None]


def test_rows_of_a_join_lie_side_by_side(spark: SparkSession, e: DataFrame) -> None:
    e.createTempView("e")
    joined = spark.sql("SELECT a.v, b.v AS w, k FROM e a JOIN e b USING (k) WHERE a.v < b.v")
    assert line(joined._plan) == "Query POSITIONAL JOIN b where a.v < b.v [v, w, k]"
    rows = [(None, "x", 1, None, "x", 2), (None, "y", 4, None, "y", 3)]
    assert rows_through(joined._plan, rows) == [(1, 2, "x")]


def test_a_frame_with_doubled_names_can_be_filtered_and_joined(e: DataFrame, r: DataFrame) -> None:
    doubled = e.join(e.alias("o"), F.expr("this.k = o.k"))
    assert doubled.columns == ["ts", "k", "v", "ts", "k", "v"]
    assert line(doubled.toDF(*"abcdef").filter("c > f")._plan) == "Query where this.c > this.f [a*, b, c, d*, e, f]"
    with pytest.raises(AnalysisException, match=r"\[AMBIGUOUS_REFERENCE\]"):
        doubled.filter("v > 1")
    renamed = doubled.toDF(*"abcdef")
    assert rows_through(renamed._plan, [(None, "x", 1, None, "x", 2)]) == [(None, "x", 1, None, "x", 2)]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("inner", [("a", None, 1, 10)]),
        ("left", [("a", None, 1, 10), ("z", None, 2, None)]),
        ("semi", [("a", None, 1)]),
        ("anti", [("z", None, 2)]),
    ],
)
def test_a_join_with_a_table_is_sql(
    spark: SparkSession, e: DataFrame, how: str, expected: list[tuple[Any, ...]]
) -> None:
    table = spark.createDataFrame([("a", 10), ("b", 20)], "k string, n int")
    joined = e.join(table, "k", how)
    assert joined.columns == ["k", "ts", "v", "n"][: len(expected[0])]
    assert rows_through(joined._plan, [(None, "a", 1), (None, "z", 2)], [("a", 10), ("b", 20)]) == expected


def test_two_keys_with_expressions_are_computed_before_a_function_per_group(e: DataFrame) -> None:
    grouped = e.groupBy("k", (F.col("v") % 2).alias("odd"))
    plan = grouped.applyInPandasWithState(print, "n int", "n int", "update", "EventTimeTimeout")._plan
    assert isinstance(plan, nodes.GroupState)
    assert (plan.keys, line(plan.child)) == ((0, 1), "Query [k, odd, ts*, k, v]")


def test_explain_prints_the_nodes(e: DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    e.filter("v > 1").explain()
    assert capsys.readouterr().out == (
        "Query where this.v > 1 [ts*, k, v]\n  Watermark ts 600000 ms [ts*, k, v]\n    Scan memory [ts, k, v]\n"
    )


def test_a_watermark_of_a_table_is_dropped(spark: SparkSession) -> None:
    table = spark.createDataFrame([], "ts timestamp")
    assert plan_text(table.withWatermark("ts", "1 minute")._plan) == "Static [ts]"


ACTIONS: dict[str, Callable[[DataFrame], object]] = {
    "collect": lambda e: e.collect(),
    "count": lambda e: e.count(),
    "show": lambda e: e.show(),
    "first": lambda e: e.first(),
    "take": lambda e: e.take(1),
    "head": lambda e: e.head(),
    "tail": lambda e: e.tail(1),
    "isEmpty": lambda e: e.isEmpty(),
    "toPandas": lambda e: e.toPandas(),
    "rdd": lambda e: e.rdd,
    "foreach": lambda e: e.foreach(print),
    "cache": lambda e: e.cache(),
    "persist": lambda e: e.persist(),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stream_has_no_rows_to_give_at_once(e: DataFrame, action: str) -> None:
    with pytest.raises(AnalysisException, match=r"must be executed with writeStream\.start\(\)"):
        ACTIONS[action](e)


ERRORS: list[tuple[Callable[[DataFrame], object], type[Exception], str | None, str]] = [
    (lambda e: e.write, AnalysisException, "CALL_ON_STREAMING_DATASET_UNSUPPORTED", "use writeStream"),
    (lambda e: e.withWatermark("x", "1 day"), AnalysisException, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "column `x`"),
    (lambda e: e.withWatermark("v", "1 day"), AnalysisException, "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE", "`v` .* int"),
    (lambda e: e.withWatermark("ts", "1 foo"), AnalysisException, "CANNOT_PARSE_INTERVAL", "delayThreshold='1 foo'"),
    (lambda e: e.withWatermark("ts", "-1 day"), IllegalArgumentError, None, "delayThreshold='-1 day'"),
    (lambda e: e.withWatermark("ts", ""), PySparkTypeError, "NOT_STR", "delayThreshold=''"),
    (lambda e: e.dropDuplicates(["x"]), AnalysisException, "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES", "column `x`"),
    (lambda e: e.dropDuplicates("k"), PySparkTypeError, "NOT_LIST_OR_TUPLE", "subset='k'"),  # type: ignore[arg-type]
    (lambda e: e.groupBy("x").count(), AnalysisException, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "`x`"),
    (
        lambda e: e.groupBy("k").applyInPandasWithState(print, "n int", "n int", "complete", "NoTimeout"),
        IllegalArgumentError,
        None,
        "outputMode='complete'",
    ),
    (
        lambda e: e.groupBy("k").applyInPandasWithState(print, "n int", "n int", "update", "Never"),
        IllegalArgumentError,
        None,
        "timeoutConf='Never'",
    ),
]


@pytest.mark.parametrize("at", range(len(ERRORS)))
def test_errors_of_streams(e: DataFrame, at: int) -> None:
    act, kind, condition, words = ERRORS[at]
    with pytest.raises(kind, match=words) as error:
        act(e)
    assert getattr(error.value, "getErrorClass", lambda: None)() == condition


def test_what_only_streams_can_do(spark: SparkSession) -> None:
    table = spark.createDataFrame([("a",)], "k string")
    with pytest.raises(AnalysisException, match="this DataFrame is a table") as error:
        table.writeStream  # the property raises
    assert error.value.getCondition() == "WRITE_STREAM_NOT_ALLOWED"
    with pytest.raises(AnalysisException, match="a table has dropDuplicates"):
        table.dropDuplicatesWithinWatermark(["k"])
    with pytest.raises(AnalysisException, match="applyInPandasWithState needs a stream"):
        table.groupBy("k").applyInPandasWithState(print, "n int", "n int", "update", "NoTimeout")


def test_tables_have_the_new_methods_too(spark: SparkSession) -> None:
    table = spark.createDataFrame([("a", 1), ("a", 2), ("b", 3)], "k string, v int")
    other = table.filter("v > 1")
    assert [tuple(row) for row in table.rollup("k").count().orderBy("k").collect()] == [
        (None, 3),
        ("a", 2),
        ("b", 1),
    ]
    assert len(table.cube("k", "v").count().collect()) == 9
    assert [row.v for row in table.offset(2).collect()] == [3]
    assert sorted(row.v for row in table.intersect(other).collect()) == [2, 3]
    assert [row.v for row in table.subtract(other).collect()] == [1]
    assert [row.v for row in table.union(table).exceptAll(table).subtract(other).collect()] == [1]
    assert table.sample(1.0).count() == 3
    assert table.select(F.approx_count_distinct("k").alias("n")).first().n == 2
