"""One session per context, made when it is first asked for; and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException
from sparksim.sql import SparkSession, functions, libraries
from sparksim.sql.utils import AnalysisException, ParseException, PySparkValueError
from sparksim.trace.events import JobStart

HEAVY = {"duckdb", "sqlglot", "numpy", "pandas", "greenlet"}


def test_importing_sql_loads_nothing_heavy() -> None:
    program = "import sys, sparksim.streaming, sparksim.sql.functions as F; F.upper('a'); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) & HEAVY == set()


def test_nothing_is_left_to_complain_about_at_exit() -> None:
    program = """
from sparksim.sql import SparkSession
spark = SparkSession.builder.master("sim[1,1]").getOrCreate()
print(spark.sql("select 1 as one").collect())
keep = [spark, spark._engine._connection]
keep.append(keep)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("[Row(one=1)]\n", "")


def test_the_builder_makes_the_context_with_its_settings() -> None:
    builder = SparkSession.builder.master("sim[1,1]").appName("mine").config("a.b", 1).config(map={"c.d": True})
    with builder.config(conf=SparkConf().set("e.f", "g")).getOrCreate() as spark:
        assert (spark.sparkContext.master, spark.sparkContext.appName) == ("sim[1,1]", "mine")
        assert [spark.conf.get(key) for key in ("a.b", "c.d", "e.f")] == ["1", "True", "g"]
        assert SparkContext._active_spark_context is spark.sparkContext
    assert SparkContext._active_spark_context is None


def test_get_or_create_gives_the_same_session_until_its_context_stops() -> None:
    assert SparkSession.getActiveSession() is None
    with SparkContext("sim[1,1]", "first") as sc:
        first = SparkSession.builder.config(conf=sc.getConf()).getOrCreate()
        assert SparkSession.builder.config("x.y", "z").getOrCreate() is first
        assert first.conf.get("x.y") == "z"
        first.range(1).createOrReplaceTempView("numbers")
        assert SparkSession.getActiveSession() is first
    assert SparkSession.getActiveSession() is None
    with SparkContext("sim[1,1]", "second"):
        second = SparkSession.builder.getOrCreate()
        assert second is not first
        assert second.catalog.listTables() == []


def test_a_setting_that_nobody_made_is_refused(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException, match="SQL_CONF_NOT_FOUND"):
        spark.conf.get("no.such")
    assert spark.conf.get("no.such", "default") == "default"
    assert spark.conf.get("no.such", None) is None


def test_a_missing_library_is_named_with_its_remedy(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(SparkException, match=r"sqlglot is not installed: pip install 'sparksim\[sql\]'"):
        libraries.sqlglot()


def test_queries_are_analysed_before_any_job_runs(spark: SparkSession) -> None:
    backend: Any = spark.sparkContext._backend
    frame = spark.createDataFrame([("to",), ("be",)], ["word"])
    frame.createOrReplaceTempView("words")
    counted = spark.sql("select count(*) as n from words")
    assert counted.columns == ["n"]
    assert backend.trace.of(JobStart) == []
    assert counted.collect() == [(2,)]
    assert len(backend.trace.of(JobStart)) == 1


def test_an_rdd_tells_its_columns_by_its_first_record_and_is_collected_by_actions(spark: SparkSession) -> None:
    backend: Any = spark.sparkContext._backend
    words = spark.sparkContext.parallelize([("to",), ("be",)], 2).toDF(["word"])  # type: ignore[attr-defined]
    assert len(backend.trace.of(JobStart)) == 1
    words.show()
    words.collect()
    assert len(backend.trace.of(JobStart)) == 3


def test_cached_records_are_computed_once(spark: SparkSession) -> None:
    computed = spark.sparkContext.accumulator(0)

    def seen(number: int) -> tuple[int]:
        computed.add(1)
        return (number,)

    frame = spark.createDataFrame(spark.sparkContext.parallelize([1, 2, 3]).map(seen), "n int").cache()
    assert [frame.count(), frame.count()] == [3, 3]
    assert computed.value == 3


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("select nope from words", r"there is nothing called `nope`; there are words\(word\)"),
        ("select * from nope", r"The table or view `nope` cannot be found"),
        ("select f(word) from words", "f does not exist"),
        ("select 'a' - 'b'", "-"),
        ("insert into words values ('x')", "only queries"),
    ],
)
def test_a_query_without_meaning_is_refused(spark: SparkSession, query: str, complaint: str) -> None:
    spark.createDataFrame([("to",)], ["word"]).createOrReplaceTempView("words")
    with pytest.raises(AnalysisException, match=complaint):
        spark.sql(query)


@pytest.mark.parametrize("query", ["select * fro words", "select 1; select 2", "select from from words"])
def test_a_text_that_is_no_query_is_refused(spark: SparkSession, query: str) -> None:
    with pytest.raises(ParseException):
        spark.sql(query)


def test_a_query_reads_views_only(spark: SparkSession, tmp_path: Any) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a\n1\n")
    words = [1, 2]
    for name in ("words", "`duckdb_settings`", f"`{table}`", f"csv.`{table}`", "information_schema.tables"):
        with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
            spark.sql(f"select * from {name}")
    assert words == [1, 2]


def test_an_empty_rdd_needs_a_schema(spark: SparkSession) -> None:
    empty: Any = spark.sparkContext.emptyRDD()
    with pytest.raises(ValueError, match="RDD is empty"):
        empty.toDF(["word"])
    assert empty.toDF("word string").collect() == []


def test_a_record_with_too_few_values_fails_its_task(spark: SparkSession) -> None:
    frame = spark.createDataFrame(spark.sparkContext.parallelize([("a", 1), ("b",)], 1), ["word", "n"])
    with pytest.raises(SparkException, match="2 fields are required while 1 values are provided"):
        frame.collect()
    short = spark.createDataFrame([("a", 1)], ["word", "n"])
    with pytest.raises(IllegalStateError, match="2 fields are required while 1 values are provided"):
        spark.createDataFrame([("a", 1), ("b",)], short.columns)


def test_a_sample_of_the_records_tells_the_types(spark: SparkSession) -> None:
    mixed = spark.sparkContext.parallelize([(1,), ("x",), (None,)], 2)
    assert spark.createDataFrame(mixed, ["a"], samplingRatio=1.0).dtypes == [("a", "string")]


def test_a_decimal_too_long_for_its_column_is_refused(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(Decimal("123.45"),)], "a decimal(3,2)")
    with pytest.raises(SparkException, match="do not fit their schema"):
        frame.collect()


def test_columns_show_their_expression(spark: SparkSession) -> None:
    numbers = spark.range(1)
    assert repr(numbers.id + 1) == "Column<'(id + 1)'>"
    assert repr(functions.upper("a").alias("b")) == "Column<'upper(a) AS b'>"


def test_names_must_fit_the_records(spark: SparkSession) -> None:
    with pytest.raises(PySparkValueError, match="2 names"):
        spark.createDataFrame([(1,)], ["a", "b"])
    with pytest.raises(IllegalArgumentError, match="a name for each of the 1 columns"):
        spark.range(1).toDF("a", "b")
    with pytest.raises(AnalysisException, match="cannot name a view"):
        spark.range(1).createOrReplaceTempView("a b")


def test_equal_names_after_a_join_are_never_mixed_up(spark: SparkSession) -> None:
    left = spark.createDataFrame([(1, "a")], ["id", "x"])
    both = left.join(spark.createDataFrame([(1, "b")], ["id", "x"]), "id")
    assert both.columns == ["id", "x", "x"]
    assert both.orderBy("id").limit(1).columns == ["id", "x", "x"]
    assert both.filter("id = 1").collect() == [(1, "a", "b")]
    with pytest.raises(AnalysisException, match="AMBIGUOUS_REFERENCE"):
        both.select("x")


def test_frames_stay_on_the_driver(spark: SparkSession) -> None:
    frame = spark.range(1)
    with pytest.raises(SparkException):
        spark.sparkContext.parallelize([1]).map(lambda _: frame.count()).collect()


def test_pandas_comes_and_goes(spark: SparkSession) -> None:
    import pandas

    table = pandas.DataFrame({"word": ["to", None], "n": [1, 2], "x": [0.5, float("nan")]})
    frame = spark.createDataFrame(table)
    assert frame.dtypes == [("word", "string"), ("n", "bigint"), ("x", "double")]
    assert [tuple(row)[:2] for row in frame.collect()] == [("to", 1), (None, 2)]
    assert frame.select("n", "word").toPandas()["n"].tolist() == [1, 2]


def test_a_new_session_has_settings_views_and_queries_of_its_own(spark: SparkSession) -> None:
    other = spark.newSession()
    spark.conf.set("spark.sql.shuffle.partitions", "3")
    spark.range(2).createOrReplaceTempView("numbers")
    assert other.conf.get("spark.sql.shuffle.partitions", "unset") == "unset"
    assert other.sparkContext is spark.sparkContext
    assert other.streams is not spark.streams
    with pytest.raises(AnalysisException):
        other.table("numbers")
