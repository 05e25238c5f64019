"""Tables from files and to files: layouts, modes, columns, and what is refused."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.sim.query_simulation import QuerySimulation
from sparksim.sql import DataFrame, DataFrameReader, DataFrameWriter, SparkSession
from sparksim.sql.utils import AnalysisException, PySparkTypeError

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ROWS = [(1, "x"), (2, None), (3, 'a,b "c"'), (4, "")]


@pytest.fixture
def table(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(ROWS, "a int, b string")


def rows(frame: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, frame.collect()))


def files(path: Path) -> list[str]:
    """The names below a folder, with a star for what is random."""
    found = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
    return [re.sub(UUID, "*", name) for name in found]


@pytest.mark.parametrize("format", ["json", "parquet", "orc"])
def test_what_is_written_is_read_again(spark: SparkSession, table: DataFrame, tmp_path: Path, format: str) -> None:
    table.write.format(format).save(f"{tmp_path}/out")
    assert rows(spark.read.schema("a int, b string").format(format).load(f"{tmp_path}/out")) == ROWS
    assert rows(spark.read.load(f"{tmp_path}/out", format=format)) == ROWS


def test_spark_reads_an_empty_text_in_csv_as_null(spark: SparkSession, table: DataFrame, tmp_path: Path) -> None:
    table.write.option("header", True).csv(f"{tmp_path}/out")
    assert rows(spark.read.csv(f"{tmp_path}/out", header=True, inferSchema=True)) == [*ROWS[:3], (4, None)]


def test_lines_of_text(spark: SparkSession, table: DataFrame, tmp_path: Path) -> None:
    table.select("b").write.text(f"{tmp_path}/out")
    assert rows(spark.read.text(f"{tmp_path}/out")) == [("",), ("",), ('a,b "c"',), ("x",)]


@pytest.mark.parametrize(
    ("format", "options", "names"),
    [
        ("json", {}, "part-{:05}-*-c000.json"),
        ("csv", {"compression": "gzip"}, "part-{:05}-*-c000.csv.gz"),
        ("parquet", {}, "part-{:05}-*-c000.snappy.parquet"),
        ("parquet", {"compression": "none"}, "part-{:05}-*-c000.parquet"),
        ("orc", {}, "part-{:05}-*-c000.zstd.orc"),
    ],
)
def test_the_files_of_a_table(
    table: DataFrame, tmp_path: Path, format: str, options: dict[str, Any], names: str
) -> None:
    table.write.format(format).options(**options).save(f"{tmp_path}/out")
    assert files(tmp_path / "out") == ["_SUCCESS", *(names.format(part) for part in range(4))]


def test_a_table_without_rows_is_one_file_with_its_columns(
    spark: SparkSession, table: DataFrame, tmp_path: Path
) -> None:
    nothing = table.filter("a > 9")
    nothing.write.csv(f"{tmp_path}/csv", header=True)
    assert files(tmp_path / "csv") == ["_SUCCESS", "part-00000-*-c000.csv"]
    nothing.write.parquet(f"{tmp_path}/parquet")
    assert spark.read.parquet(f"{tmp_path}/parquet").dtypes == [("a", "int"), ("b", "string")]


def test_values_become_folders_and_columns_again(spark: SparkSession, table: DataFrame, tmp_path: Path) -> None:
    path = f"{tmp_path}/out"
    expressions = ("b", "a % 2 AS odd", "timestamp '2024-01-01 00:00:00.5' AS t")
    table.selectExpr(*expressions).write.partitionBy("odd", "t").json(path)
    assert set(files(tmp_path / "out")) == {
        "_SUCCESS",
        "odd=0/t=2024-01-01 00%3A00%3A00.5/part-00001-*.c000.json",
        "odd=0/t=2024-01-01 00%3A00%3A00.5/part-00003-*.c000.json",
        "odd=1/t=2024-01-01 00%3A00%3A00.5/part-00000-*.c000.json",
        "odd=1/t=2024-01-01 00%3A00%3A00.5/part-00002-*.c000.json",
    }
    assert spark.read.json(path).dtypes == [("b", "string"), ("odd", "int"), ("t", "timestamp")]
    assert sorted(row.odd for row in spark.read.json(path).collect()) == [0, 0, 1, 1]
    assert [row.b for row in spark.read.json(f"{path}/odd=1").orderBy("b").collect()] == ['a,b "c"', "x"]


def test_modes(spark: SparkSession, table: DataFrame, tmp_path: Path) -> None:
    path = f"{tmp_path}/out"
    write = table.filter("a = 1").write
    write.json(path)
    with pytest.raises(AnalysisException, match=r"\[PATH_ALREADY_EXISTS\] Path file:.*/out already exists"):
        write.json(path)
    write.mode("ignore").json(path)
    assert spark.read.json(path).count() == 1
    write.mode("append").json(path)
    assert spark.read.json(path).count() == 2
    write.json(path, mode="overwrite")
    assert spark.read.json(path).count() == 1
    with pytest.raises(AnalysisException, match=r"\[INVALID_SAVE_MODE\] mode\('zzz'\): give one of append, overwrite"):
        write.mode("zzz")


def test_the_list_of_files_is_fixed_and_their_contents_are_not(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"v":1}\n')
    table = spark.read.schema("v int").json(str(tmp_path))
    (tmp_path / "b.json").write_text('{"v":2}\n')
    assert rows(table) == [(1,)]
    (tmp_path / "a.json").write_text('{"v":10}\n')
    assert rows(table) == [(10,)]


def test_packed_files_and_several_paths(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b'{"v":1}\n'))
    (tmp_path / "b.json").write_text('{"v":2}\n')
    a, b = f"{tmp_path}/a*", f"{tmp_path}/b.json"
    assert rows(spark.read.json([a, b])) == [(1,), (2,)]
    assert rows(spark.read.option("pathGlobFilter", "*.gz").json(str(tmp_path))) == [(1,)]


def test_an_rdd_of_lines(spark: SparkSession) -> None:
    lines = spark.sparkContext.parallelize(['{"a":1}', '{"a":"x"}', ""], 2)
    assert rows(spark.read.json(lines)) == [("1",), ("x",)]
    assert rows(spark.read.schema("a int, b int").csv(spark.sparkContext.parallelize(["1,2", "3"]))) == [
        (1, 2),
        (3, None),
    ]


def test_a_view_by_name(spark: SparkSession, table: DataFrame) -> None:
    table.createOrReplaceTempView("t")
    assert rows(spark.read.table("t")) == rows(table)
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.read.table("nope")


Ask = Callable[[DataFrameReader], Any]


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda read: read.json("nope"), AnalysisException, r"\[PATH_NOT_FOUND\] Path does not exist: file:/.*nope"),
        (lambda read: read.json("nope*"), AnalysisException, r"\[PATH_NOT_FOUND\]"),
        (lambda read: read.json("empty"), AnalysisException, r"\[UNABLE_TO_INFER_SCHEMA\] there is no file of json"),
        (lambda read: read.load(), AnalysisException, r"\[UNABLE_TO_INFER_SCHEMA\] no path is given"),
        (
            lambda read: read.load("empty", "zzz"),
            AnalysisException,
            r"\[DATA_SOURCE_NOT_FOUND\] there is no format 'zzz'",
        ),
        (lambda read: read.json(7), PySparkTypeError, "path=7: give a path, or a list of paths"),
        (lambda read: read.json("empty", schema="a int, A int"), AnalysisException, r"\[COLUMN_ALREADY_EXISTS\]"),
        (lambda read: read.csv("empty", schema="a array<int>"), AnalysisException, "UNSUPPORTED_DATA_TYPE"),
        (lambda read: read.json("empty", multiLine="maybe"), IllegalArgumentError, "multiLine='maybe': json takes"),
    ],
)
def test_what_read_refuses(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask, error: type[Exception], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=text):
        ask(spark.read)


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda write: write.save(), IllegalArgumentError, r"'path' is not specified.* as save\(path\)"),
        (lambda write: write.save("x", "zzz"), AnalysisException, "DATA_SOURCE_NOT_FOUND.* no format 'zzz' to write"),
        (lambda write: write.text("x"), AnalysisException, "single column, and you have 2 columns: a, b. Join them"),
        (lambda write: write.partitionBy("zz").json("x"), AnalysisException, "Partition column zz not found"),
        (lambda write: write.partitionBy("a", "b").json("x"), AnalysisException, "ALL_PARTITION_COLUMNS_NOT_ALLOWED"),
        (lambda write: write.saveAsTable("t"), UnsupportedOperation, r"saveAsTable\('t'\): sparksim keeps no tables"),
        (lambda write: write.insertInto("t"), UnsupportedOperation, r"insertInto\('t'\): sparksim keeps no tables"),
    ],
)
def test_what_write_refuses(
    table: DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[DataFrameWriter], Any],
    error: type[Exception],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=text):
        ask(table.write)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_has_no_write(spark: SparkSession) -> None:
    with pytest.raises(AnalysisException, match=r"\[CALL_ON_STREAMING_DATASET_UNSUPPORTED\]"):
        _ = spark.readStream.format("rate").load().write


def test_a_batch_of_a_stream_is_written_to_simulated_files() -> None:
    found: list[Any] = []

    def program(spark: SparkSession) -> None:
        def keep(frame: DataFrame, batch: int) -> None:
            frame.write.mode("overwrite").parquet(f"sim://out/batch={batch}")

        lines = spark.readStream.option("maxFilesPerTrigger", 1).text("sim://in")
        query = lines.writeStream.foreachBatch(keep).option("checkpointLocation", "sim://checkpoint").start()
        query.awaitTermination(5)
        found.extend(rows(spark.read.parquet("sim://out")))

    story = {f"sim://in/{second}.txt": (float(second), f"word {second}\n") for second in (1, 2)}
    QuerySimulation(program, files=story).run(until=8)
    assert found == [("word 1", 0), ("word 2", 1)]


def test_a_static_table_beside_a_stream_is_read_in_each_batch(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("1,one\n")
    names = spark.read.csv(f"{tmp_path}/names.csv", "id int, name string")
    (tmp_path / "in").mkdir()
    stream = spark.readStream.schema("id int").json(f"{tmp_path}/in")
    query = stream.join(names, "id").writeStream.format("memory").queryName("found").start()
    for number, name in enumerate(("one", "uno")):
        (tmp_path / "names.csv").write_text(f"1,{name}\n")
        (tmp_path / "in" / f"{number}.json").write_text('{"id":1}\n')
        query.processAllAvailable()
    assert [row.name for row in spark.sql("SELECT name FROM found").collect()] == ["one", "uno"]
