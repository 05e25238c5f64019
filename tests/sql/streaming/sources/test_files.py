"""Files of a folder, each read once: which ones, in which order, in which batch, and what a restart knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sim.query_simulation import QuerySimulation
from sparksim.sql import DataFrame, SparkSession
from sparksim.sql.chunks import rows_of
from sparksim.sql.streaming.source import SourceContext
from sparksim.sql.streaming.sources.files import FileStreamSource, SeenFiles
from sparksim.sql.utils import AnalysisException, StreamingQueryException

DAY_S = 24 * 3600
FIRST_S = 1_700_000_000


class Folder:
    """Files `in/<name>.json` with one row, and the source that reads them."""

    def __init__(self, spark: SparkSession, path: Path) -> None:
        self.spark = spark
        self.path = path / "in"
        self.path.mkdir()
        self.context = SourceContext(spark, f"{path}/sources/0")

    def drop(self, name: str, second: float = 0.0, text: str | None = None) -> Path:
        """A file with the row {"v": its name}, modified in this second."""
        file = self.path / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{{"v": "{Path(name).name}"}}\n' if text is None else text)
        os.utime(file, (FIRST_S + second, FIRST_S + second))
        return file

    def frame(self, schema: str = "v string", path: str = "", **options: Any) -> DataFrame:
        return self.spark.readStream.schema(schema).options(**options).json(f"{self.path}{path}")

    def source(self, schema: str = "v string", path: str = "", **options: Any) -> FileStreamSource:
        made = self.frame(schema, path, **options)._plan.create(self.context)  # type: ignore[attr-defined]
        assert isinstance(made, FileStreamSource)
        self.schema = self.frame(schema, path, **options).schema
        return made

    def batches(self, source: FileStreamSource, start: Any = None) -> list[list[Any]]:
        """What the source gives, batch by batch, until it has nothing new."""
        found = []
        while (end := source.latest_offset(start)) != start:
            rows = [row for chunk in source.batch(start, end).collect() for row in rows_of(chunk, self.schema)]
            found.append(sorted(row[0] if len(row) == 1 else tuple(row) for row in rows))
            source.commit(end)
            start = end
        return found


@pytest.fixture
def folder(spark: SparkSession, tmp_path: Path) -> Folder:
    return Folder(spark, tmp_path)


# --- which files, in which order --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        ({}, [["a", "b", "c"]]),
        ({"maxFilesPerTrigger": 1}, [["b"], ["c"], ["a"]]),
        ({"maxFilesPerTrigger": 2}, [["b", "c"], ["a"]]),
        ({"maxFilesPerTrigger": 2, "latestFirst": True}, [["a", "c"], ["b"]]),
        ({"maxBytesPerTrigger": 12}, [["b"], ["c"], ["a"]]),
        ({"maxBytesPerTrigger": 30}, [["b", "c"], ["a"]]),
        ({"pathGlobFilter": "[ab].json"}, [["a", "b"]]),
    ],
)
def test_the_oldest_files_come_first(folder: Folder, options: dict[str, Any], batches: list[Any]) -> None:
    for second, name in enumerate("bca"):
        folder.drop(name, second)
    assert folder.batches(folder.source(**options)) == batches


def test_hidden_names_and_other_folders_are_left_out(folder: Folder) -> None:
    for name in ("a", "_b", ".c", "sub/d", "_more/e"):
        folder.drop(name)
    assert folder.batches(folder.source()) == [["a"]]
    folder.context = SourceContext(folder.spark, f"{folder.path.parent}/sources/1")
    assert folder.batches(folder.source(recursiveFileLookup=True)) == [["a", "d"]]


def test_a_glob_does_not_show_hidden_names(folder: Folder) -> None:
    for name in ("a", "_b", ".c"):
        folder.drop(name)
    assert folder.batches(folder.source(path="/*.json")) == [["a"]]


def test_a_path_may_be_a_glob_that_matches_nothing_yet(folder: Folder) -> None:
    source = folder.source(path="/2*/x-?.json")
    assert source.latest_offset(None) is None
    for name in ("2024/x-1", "2025/x-2", "2025/y-1", "1999/x-1"):
        folder.drop(name)
    assert folder.batches(source) == [["x-1", "x-2"]]


def test_folders_name_columns(folder: Folder) -> None:
    folder.drop("day=2024-01-01/n=1/a")
    folder.drop("day=__HIVE_DEFAULT_PARTITION__/n=2/b")
    assert folder.frame().dtypes == [("v", "string"), ("day", "date"), ("n", "int")]
    assert folder.frame("n string, v string").dtypes == [("v", "string"), ("day", "date"), ("n", "string")]
    [rows] = folder.batches(folder.source("day string, n bigint, v string"))
    assert rows == [("a", "2024-01-01", 1), ("b", None, 2)]


def test_a_file_is_read_once_whatever_becomes_of_it(folder: Folder) -> None:
    source = folder.source()
    folder.drop("a")
    assert folder.batches(source) == [["a"]]
    folder.drop("a", 9, '{"v": "other"}\n')
    assert source.latest_offset({"logOffset": 0}) == {"logOffset": 0}
    assert [file.path for file in source._log.all_entries()] == [f"file://{folder.path}/a.json"]


def test_an_empty_file_is_new_data(folder: Folder) -> None:
    folder.drop("a", text="")
    assert folder.batches(folder.source()) == [[]]


def test_a_file_that_is_gone_is_a_warning(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    source = folder.source(maxFilesPerTrigger=1)
    gone = folder.drop("a", 1)
    folder.drop("b", 2)
    end = source.latest_offset(None)
    gone.unlink()
    assert source.batch(None, end).collect() == []
    assert folder.batches(source, end) == [["b"]]
    assert f"file://{gone}: listed by the file source and gone before it was read" in caplog.text


def test_names_alone_may_tell_files_apart(folder: Folder) -> None:
    folder.drop("k=1/a", 1)
    folder.drop("k=2/a", 2)
    source = folder.source(fileNameOnly=True)
    assert len(folder.batches(source)) == 1
    folder.drop("k=3/a", 3)
    folder.drop("k=3/b", 3)
    assert folder.batches(source, {"logOffset": 0}) == [[("b", 3)]]


def test_what_was_listed_is_taken_before_the_next_look(folder: Folder) -> None:
    for second, name in enumerate("bcd", start=10):
        folder.drop(name, second)
    source = folder.source(maxFilesPerTrigger=1)
    source.latest_offset(None)
    folder.drop("a", 1)
    assert folder.batches(source, {"logOffset": 0}) == [["c"], ["d"], ["a"]]


def test_files_much_older_than_the_newest_are_ignored(folder: Folder) -> None:
    folder.drop("new", 8 * DAY_S)
    source = folder.source()
    assert folder.batches(source) == [["new"]]
    folder.drop("old", 0)
    folder.drop("young", 2 * DAY_S)
    assert folder.batches(source, {"logOffset": 0}) == [["young"]]


def test_what_is_too_old_is_forgotten() -> None:
    seen = SeenFiles(100, by_name=False)
    seen.add("a", 1000)
    seen.add("b", 1050)
    seen.purge()
    assert [seen.is_new(*each) for each in (("a", 1000), ("a", 2000), ("c", 950), ("c", 949))] == [
        False,
        False,
        True,
        False,
    ]
    seen.add("d", 1120)
    seen.purge()
    assert [seen.is_new(*each) for each in (("a", 1020), ("b", 1050), ("a", 1019))] == [True, False, False]


# --- the log ----------------------------------------------------------------------------------------------------------


def test_a_restart_goes_on_behind_the_log(folder: Folder) -> None:
    first = folder.source(maxFilesPerTrigger=1)
    for second, name in enumerate("abc"):
        folder.drop(name, second)
    assert first.latest_offset(None) == {"logOffset": 0}
    assert first.latest_offset({"logOffset": 0}) == {"logOffset": 1}
    again = folder.source(maxFilesPerTrigger=1)
    assert folder.batches(again, {"logOffset": 0}) == [["b", "c"]]
    [line] = (folder.path.parent / "sources/0/1").read_text().splitlines()[1:]
    assert line == f'{{"path":"file://{folder.path}/b.json","timestamp":{(FIRST_S + 1) * 1000},"batchId":1}}'


def test_a_compacted_log_still_tells_batches_apart(folder: Folder) -> None:
    names = [f"{number:02}" for number in range(12)]
    for second, name in enumerate(names):
        folder.drop(name, second)
    source = folder.source(maxFilesPerTrigger=1)
    assert folder.batches(source) == [[name] for name in names]
    assert (folder.path.parent / "sources/0/9.compact").exists()
    rows = folder.source().batch({"logOffset": 8}, {"logOffset": 10}).collect()
    assert sorted(row.v for chunk in rows for row in rows_of(chunk, folder.schema)) == ["09", "10"]


def test_two_queries_on_one_log(folder: Folder) -> None:
    one, other = folder.source(), folder.source()
    folder.drop("a")
    one.latest_offset(None)
    with pytest.raises(IllegalStateError, match="entry 0 of the file source's log is there already"):
        other.latest_offset(None)


def test_limits_of_once_and_available_now(folder: Folder) -> None:
    for second, name in enumerate("abc"):
        folder.drop(name, second)
    once = folder.source(maxFilesPerTrigger=1)
    once.without_limits()
    assert folder.batches(once) == [["a", "b", "c"]]
    folder.drop("d", 4)
    folder.drop("e", 5)
    available = folder.source(maxFilesPerTrigger=1)
    available.freeze()
    folder.drop("f", 0)
    assert folder.batches(available, {"logOffset": 0}) == [["d"], ["e"]]


@pytest.mark.parametrize("mode", ["delete", "archive"])
def test_files_whose_batch_is_done_go(folder: Folder, mode: str) -> None:
    file = folder.drop("a")
    archive = folder.path.parent / "archive"
    source = folder.source(cleanSource=mode, sourceArchiveDir=str(archive))
    assert folder.batches(source) == [["a"]]
    assert not file.exists()
    assert (archive / str(file).lstrip("/")).exists() == (mode == "archive")


def test_only_what_a_sink_has_listed_is_read(folder: Folder) -> None:
    folder.drop("a", 1)
    other = folder.drop("b", 2)
    log = folder.path / "_spark_metadata"
    log.mkdir()
    line = f'{{"path":"file://{other}","size":{other.stat().st_size},"isDir":false,"modificationTime":5000,'
    (log / "0").write_text(f'v1\n{line}"blockReplication":1,"blockSize":33554432,"action":"add"}}')
    source = folder.source()
    assert folder.batches(source) == [["b"]]
    [entry] = source._log.all_entries()
    assert entry.modified_ms == 5000


# --- a query ----------------------------------------------------------------------------------------------------------


def test_packed_files_go_to_as_many_tasks_as_there_are_cores(folder: Folder) -> None:
    for number in range(9):
        folder.drop(str(number), number, '{"v": "x"}\n' * (number + 1))
    source = folder.source()
    chunks = source.batch(None, source.latest_offset(None)).glom().collect()
    assert [[chunk.num_rows for chunk in part] for part in chunks] == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]


@pytest.mark.parametrize(
    ("ask", "error", "text"),
    [
        (lambda read: read.schema("v int").format("json").load(), IllegalArgumentError, "'path' is not specified"),
        (lambda read: read.json("nowhere"), AnalysisException, r"\[PATH_NOT_FOUND\] Path does not exist: file:/"),
        (lambda read: read.json("."), IllegalArgumentError, "Schema must be specified .* source of json: give it with"),
        (lambda read: read.load("."), IllegalArgumentError, "Schema must be specified .* source of parquet"),
    ],
)
def test_what_load_refuses(
    spark: SparkSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Any], Any],
    error: type[Exception],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=text):
        ask(spark.readStream)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"maxFilesPerTrigger": 0}, "maxFilesPerTrigger='0': json needs a whole number, 1 or more"),
        ({"maxFilesPerTrigger": "x"}, "maxFilesPerTrigger='x'"),
        ({"maxFilesPerTrigger": 1, "maxBytesPerTrigger": 1}, "cannot both be set"),
        ({"latestFirst": "q"}, 'latestFirst=\'q\': json takes "true" or "false"'),
        ({"maxFileAge": "q"}, "maxFileAge"),
        ({"fileNameOnly": "maybe"}, "fileNameOnly='maybe'"),
        ({"cleanSource": "x"}, "cleanSource='x': give archive, delete or off"),
        ({"cleanSource": "archive"}, "give sourceArchiveDir"),
    ],
)
def test_bad_options_kill_the_query_when_it_starts(folder: Folder, options: dict[str, Any], text: str) -> None:
    frame = folder.frame(**options)
    query = frame.writeStream.format("memory").queryName("rows").start()
    with pytest.raises(StreamingQueryException) as caught:
        query.awaitTermination()
    assert text in str(caught.value)


def test_text_needs_no_schema_and_inference_can_be_allowed(folder: Folder) -> None:
    folder.drop("a", text='{"v": 1}\n')
    assert folder.spark.readStream.text(str(folder.path)).dtypes == [("value", "string")]
    folder.spark.conf.set("spark.sql.streaming.schemaInference", True)
    assert folder.spark.readStream.json(str(folder.path)).dtypes == [("v", "bigint")]


def test_progress_names_the_folder_and_its_offsets(folder: Folder) -> None:
    folder.drop("a")
    query = folder.frame().writeStream.format("memory").queryName("rows").start()
    query.processAllAvailable()
    assert query.lastProgress is not None
    [source] = query.lastProgress["sources"]
    assert source["description"] == f"FileStreamSource[file:{folder.path}]"
    assert (source["endOffset"], source["numInputRows"]) == ('{"logOffset":0}', 1)


def words(files: Iterable[int]) -> Mapping[str, tuple[float, str]]:
    """A file each second, with one line."""
    return {f"sim://in/{second}.txt": (float(second), f"word {second}\n") for second in files}


def test_files_appear_in_virtual_time() -> None:
    seen: list[tuple[float, str]] = []

    def program(spark: SparkSession) -> None:
        def note(frame: DataFrame, batch: int) -> None:
            now_s = spark.sparkContext._backend.clock.now_ms / 1000  # type: ignore[attr-defined]
            seen.extend((now_s // 1, row.value) for row in frame.collect())

        lines = spark.readStream.text("sim://in")
        lines.writeStream.foreachBatch(note).trigger(processingTime="500 milliseconds").start().awaitTermination()

    QuerySimulation(program, files=words((1, 2, 3))).run(until=5)
    assert seen == [(1, "word 1"), (2, "word 2"), (3, "word 3")]
