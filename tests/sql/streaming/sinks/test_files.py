"""Files that a query writes: their names, the log that says which count, and what a batch that comes again does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sparksim.cluster.faults import DriverCrash
from sparksim.core.errors import IllegalArgumentError, SparkJobError
from sparksim.sim.query_simulation import QuerySimulation
from sparksim.sql import SparkSession
from sparksim.sql.chunks import chunk_of
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.streaming.sinks.files import FileSink
from sparksim.sql.streaming.sinks.registry import SinkContext
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.sql.streaming.sources.options import columns
from sparksim.sql.utils import AnalysisException

SCHEMA = columns("v int, p string")
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def sink(spark: SparkSession, path: Path | None, format: str = "json", **changes: Any) -> FileSink:
    given = {"options": {}, "mode": "append", "schema": SCHEMA, "partition_by": (), **changes}
    text = None if path is None else str(path)
    return FileSink(SinkContext(session=spark, path=text, checkpoint="", name=None, **given), format)


def batch(spark: SparkSession, *partitions: list[tuple[Any, ...]]) -> BatchRows:
    chunks = [chunk_of(rows, SCHEMA) for rows in partitions]
    return BatchRows(spark, SCHEMA, spark.sparkContext.parallelize(chunks, len(chunks)))


def files(path: Path) -> list[str]:
    """The names below a folder, with a star for what is random."""
    found = sorted(str(file.relative_to(path)) for file in path.rglob("*") if file.is_file())
    return [re.sub(UUID, "*", name) for name in found]


def test_each_task_writes_a_file_and_the_log_lists_them(spark: SparkSession, tmp_path: Path) -> None:
    out = tmp_path / "out"
    sink(spark, out).add_batch(0, batch(spark, [(1, "x")], [(2, "y"), (3, None)]))
    assert files(out) == ["_spark_metadata/0", "part-00000-*-c000.json", "part-00001-*-c000.json"]
    version, *lines = (out / "_spark_metadata/0").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert version == "v1"
    assert [Path(entry["path"].removeprefix("file://")).read_text() for entry in entries] == [
        '{"v":1,"p":"x"}\n',
        '{"v":2,"p":"y"}\n{"v":3}\n',
    ]
    assert [entry["size"] for entry in entries] == [16, 24]
    assert list(entries[0]) == ["path", "size", "isDir", "modificationTime", "blockReplication", "blockSize", "action"]


def test_values_become_folders(spark: SparkSession, tmp_path: Path) -> None:
    rows = [(1, "a/b=c d%é"), (2, ""), (3, None), (4, "a/b=c d%é")]
    sink(spark, tmp_path, partition_by=("P",)).add_batch(0, batch(spark, rows))
    assert files(tmp_path) == [
        "_spark_metadata/0",
        "p=__HIVE_DEFAULT_PARTITION__/part-00000-*.c000.json",
        "p=a%2Fb%3Dc d%25é/part-00000-*.c000.json",
    ]
    read = spark.read.schema("v int").json(str(tmp_path)).collect()
    assert sorted(map(tuple, read)) == [(1, "a/b=c d%é"), (2, None), (3, None), (4, "a/b=c d%é")]


def test_a_batch_that_the_log_has_is_left_out(spark: SparkSession, tmp_path: Path) -> None:
    for number in range(3):
        sink(spark, tmp_path).add_batch(number, batch(spark, [(number, "x")]))
    sink(spark, tmp_path).add_batch(1, batch(spark, [(9, "again")]))
    assert sorted(row.v for row in spark.read.json(str(tmp_path)).collect()) == [0, 1, 2]


def test_a_batch_without_rows_is_one_empty_file(spark: SparkSession, tmp_path: Path) -> None:
    empty = BatchRows(spark, SCHEMA, spark.sparkContext.emptyRDD())
    sink(spark, tmp_path, "csv", options={"header": "true"}).add_batch(0, empty)
    [file] = tmp_path.glob("part-*")
    assert file.read_text() == "v,p\n"
    sink(spark, tmp_path / "folders", partition_by=("p",)).add_batch(0, empty)
    assert files(tmp_path / "folders") == ["_spark_metadata/0"]


def test_every_tenth_entry_of_the_log_has_all_before(spark: SparkSession, tmp_path: Path) -> None:
    for number in range(11):
        sink(spark, tmp_path).add_batch(number, batch(spark, [(number, "x")]))
    assert len((tmp_path / "_spark_metadata/9.compact").read_text().splitlines()) == 11
    assert spark.read.json(str(tmp_path)).count() == 11


def test_what_a_failed_attempt_wrote_is_there_and_does_not_count(spark: SparkSession, tmp_path: Path) -> None:
    def fail(chunks: Any) -> Any:
        yield from chunks
        raise ValueError("too bad")

    good = batch(spark, [(1, "x")])
    with pytest.raises(SparkJobError, match="too bad"):
        sink(spark, tmp_path).add_batch(0, BatchRows(spark, SCHEMA, good.tables.mapPartitions(fail)))
    assert files(tmp_path) == ["part-00000-*-c000.json"] * 4
    sink(spark, tmp_path).add_batch(0, good)
    assert len(list(tmp_path.glob("part-*"))) == 5
    assert spark.read.json(str(tmp_path)).count() == 1
    assert spark.read.json(f"{tmp_path}/*.json").count() == 5


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"path": None}, IllegalArgumentError, r"'path' is not specified: name the directory .* start\(path\)"),
        (
            {"mode": "update"},
            AnalysisException,
            r"\[STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE\] Invalid streaming output mode: update",
        ),
        ({"mode": "complete"}, AnalysisException, "Invalid streaming output mode: complete.*use append"),
        ({"partition_by": ("zz",)}, AnalysisException, r"Partition column zz not found in existing columns \(v, p\)"),
        ({"partition_by": ("v", "p")}, AnalysisException, r"\[ALL_PARTITION_COLUMNS_NOT_ALLOWED\]"),
        ({"format": "text"}, AnalysisException, "supports only a single column, and you have 2 columns: v, p"),
        ({"format": "csv", "schema": columns("a array<int>")}, AnalysisException, "UNSUPPORTED_DATA_TYPE"),
        ({"schema": columns("a int, A int")}, AnalysisException, r"\[COLUMN_ALREADY_EXISTS\] the column `a` is there"),
    ],
)
def test_what_start_refuses(
    spark: SparkSession, tmp_path: Path, changes: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        sink(spark, **{"path": tmp_path, **changes})


# --- queries ----------------------------------------------------------------------------------------------------------


def test_a_query_writes_and_another_reads(both: SparkSession, tmp_path: Path) -> None:
    stream = MemoryStream(both, SCHEMA)
    writer = stream.toDF().writeStream.option("checkpointLocation", f"{tmp_path}/checkpoint").partitionBy("p")
    query = writer.start(f"{tmp_path}/out", "json")
    stream.addData([(1, "x"), (2, "y")])
    query.processAllAvailable()
    assert query.lastProgress is not None
    assert query.lastProgress["sink"]["description"] == f"FileSink[file:{tmp_path}/out]"
    query.stop()
    (tmp_path / "out" / "other.json").write_text('{"v":9}\n')
    reader = both.readStream.schema("v int").json(f"{tmp_path}/out")
    found: list[Any] = []
    again = reader.writeStream.foreachBatch(lambda frame, batch: found.extend(frame.collect())).start()
    again.processAllAvailable()
    again.stop()
    assert sorted(map(tuple, found)) == [(1, "x"), (2, "y")]


def test_a_query_may_read_what_another_has_not_written_yet(both: SparkSession, tmp_path: Path) -> None:
    stream = MemoryStream(both, SCHEMA)
    writer = stream.toDF().writeStream.option("checkpointLocation", f"{tmp_path}/checkpoint")
    first = writer.start(f"{tmp_path}/out", "json")
    found: list[Any] = []
    reader = both.readStream.schema("v int").json(f"{tmp_path}/out")
    second = reader.writeStream.foreachBatch(lambda frame, batch: found.extend(frame.collect())).start()
    second.processAllAvailable()
    stream.addData([(1, "x")])
    for query in (first, second):
        query.processAllAvailable()
        query.stop()
    assert [tuple(row) for row in found] == [(1,)]


@pytest.mark.parametrize("crash_s", [1.05, 2.02, 2.3, 3.01])
def test_a_crash_of_the_driver_leaves_every_row_once(crash_s: float) -> None:
    names: list[list[str]] = []

    def program(spark: SparkSession) -> None:
        lines = spark.readStream.option("maxFilesPerTrigger", 1).text("sim://in")
        writer = lines.writeStream.format("text").option("checkpointLocation", "sim://checkpoint")
        writer.start("sim://out").awaitTermination(10)
        names.append(sorted(row.value for row in spark.read.text("sim://out").collect()))

    story = {f"sim://in/{second}.txt": (float(second), f"word {second}\nmore {second}\n") for second in range(1, 5)}
    QuerySimulation(program, files=story, faults=[DriverCrash(at=crash_s, restart_after=1)]).run(until=30)
    assert names == [sorted(f"{word} {second}" for word in ("word", "more") for second in range(1, 5))]


def test_the_same_seed_writes_the_same_names() -> None:
    def written(seed: int) -> str:
        def program(spark: SparkSession) -> None:
            lines = spark.readStream.text("sim://in")
            writer = lines.writeStream.format("text").option("checkpointLocation", "sim://checkpoint")
            writer.start("sim://out").awaitTermination(3)
            print(spark.sparkContext.wholeTextFiles("sim://out").keys().collect())

        return str(QuerySimulation(program, files={"sim://in/a.txt": (1.0, "a\n")}, seed=seed).run(until=5).output)

    assert written(1) == written(1) != written(2)
    assert "sim://out/part-00000-" in written(1)
