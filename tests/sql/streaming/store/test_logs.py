"""What a query means to do and what it has done: written once, read by real Spark, and refused when damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sim.files import SimulatedFiles
from sparksim.sql.streaming.store.commit_log import CommitEntry, CommitLog
from sparksim.sql.streaming.store.file_logs import FileSinkLog, FileSourceLog, SourceFile
from sparksim.sql.streaming.store.offset_log import OffsetEntry, OffsetLog, offset_text
from sparksim.sql.streaming.store.query_metadata import query_id

SPARK = Path(__file__).parents[3] / "data" / "structured" / "checkpoint"
"""Of a query in PySpark 4.3.0: JSON files, a window with a watermark, a JSON sink."""

ENTRY = OffsetEntry(5000, 12_000, {"spark.sql.shuffle.partitions": "2"}, ({"logOffset": 3}, None, 7, {"é": {"0": 23}}))
ENTRY_TEXT = (
    'v1\n{"batchWatermarkMs":5000,"batchTimestampMs":12000,"conf":{"spark.sql.shuffle.partitions":"2"}}\n'
    '{"logOffset":3}\n-\n7\n{"é":{"0":23}}'
)


def text(path: str) -> str:
    files, plain = fsspec.core.url_to_fs(path)
    return bytes(files.cat_file(plain)).decode()


def write(path: str, content: str | bytes) -> None:
    files, plain = fsspec.core.url_to_fs(path)
    files.makedirs(plain.rpartition("/")[0], exist_ok=True)
    files.pipe_file(plain, content.encode() if isinstance(content, str) else content)


def names(path: str) -> list[str]:
    files, plain = fsspec.core.url_to_fs(path)
    return sorted(str(name).rpartition("/")[2] for name in files.ls(plain, detail=False))


def never() -> float:
    return 0.0


# --- entries ----------------------------------------------------------------------------------------------------------


def test_a_planned_batch_is_written_as_spark_writes_it_and_read_back(checkpoint: str) -> None:
    log = OffsetLog(f"{checkpoint}/offsets")
    assert log.latest() is None
    assert log.add(0, ENTRY)
    assert text(f"{checkpoint}/offsets/0") == ENTRY_TEXT
    assert log.latest() == (0, ENTRY)
    assert OffsetLog(f"{checkpoint}/offsets").get(0) == ENTRY
    assert log.get(1) is None


def test_who_comes_second_is_told_and_changes_nothing(checkpoint: str) -> None:
    first, second = OffsetLog(f"{checkpoint}/offsets"), OffsetLog(f"{checkpoint}/offsets")
    assert first.add(0, ENTRY)
    assert not second.add(0, OffsetEntry(0, 0))
    assert second.get(0) == ENTRY
    assert names(f"{checkpoint}/offsets") == ["0"]


def test_purging_deletes_what_is_older(checkpoint: str) -> None:
    log = CommitLog(f"{checkpoint}/commits")
    for batch in range(12):
        log.add(batch, CommitEntry(batch * 1000))
    log.purge(9)
    assert log.ids() == [9, 10, 11]
    assert log.latest() == (11, CommitEntry(11_000))


def test_a_commit_of_spark_2_keeps_no_watermark(checkpoint: str) -> None:
    write(f"{checkpoint}/commits/0", "v1\n{}")
    assert CommitLog(f"{checkpoint}/commits").get(0) == CommitEntry(0)


def test_a_batch_has_a_number_from_0(checkpoint: str) -> None:
    with pytest.raises(IllegalArgumentError, match="batch_id=-1: batches are numbered from 0"):
        CommitLog(checkpoint).add(-1, CommitEntry())


def test_an_offset_in_the_trace_is_the_line_of_the_log() -> None:
    assert [offset_text(offset) for offset in (None, -1, {"logOffset": 0})] == ["-", "-1", '{"logOffset":0}']


def test_a_query_keeps_its_id(checkpoint: str) -> None:
    assert query_id(checkpoint, lambda: "first") == "first"
    assert query_id(checkpoint, lambda: "second") == "first"
    assert text(f"{checkpoint}/metadata") == '{"id":"first"}'


# --- what real Spark wrote --------------------------------------------------------------------------------------------


def test_a_checkpoint_of_real_spark_is_read() -> None:
    offsets, commits = OffsetLog(f"{SPARK}/offsets"), CommitLog(f"{SPARK}/commits")
    latest = offsets.latest()
    assert latest is not None
    assert latest[0] == 12
    assert (latest[1].watermark_ms, latest[1].offsets) == (1_704_067_800_000, ({"logOffset": 11},))
    assert latest[1].conf["spark.sql.shuffle.partitions"] == "2"
    assert commits.latest() == (12, CommitEntry(1_704_067_800_000))
    assert query_id(str(SPARK), lambda: "new") == "5ed94e4e-f308-4109-aa70-850fd896c69a"


def test_the_file_logs_of_real_spark_are_read() -> None:
    read = FileSourceLog(f"{SPARK}/sources/0", never).all_entries()
    assert [file.path for file in read] == [f"file:///data/in/f{number:02}.json" for number in range(12)]
    assert read[11] == SourceFile("file:///data/in/f11.json", 1_700_000_011_000, 11)
    written = FileSinkLog(f"{SPARK}/spark_metadata", never).all_entries()
    assert len(written) == 15
    assert {(file.block_bytes, file.replication) for file in written} == {(33_554_432, 1)}


@pytest.mark.parametrize("name", ["offsets/11", "offsets/12", "commits/11", "commits/12"])
def test_what_real_spark_wrote_is_written_again_byte_for_byte(name: str, tmp_path: Path) -> None:
    folder, _, number = name.partition("/")
    original, copy = f"{SPARK}/{folder}", f"{tmp_path}/{folder}"
    if folder == "offsets":
        planned = OffsetLog(original).get(int(number))
        assert planned is not None
        OffsetLog(copy).add(int(number), planned)
    else:
        done = CommitLog(original).get(int(number))
        assert done is not None
        CommitLog(copy).add(int(number), done)
    assert text(f"{tmp_path}/{name}") == text(f"{SPARK}/{name}")


def test_file_logs_of_real_spark_are_written_again_byte_for_byte(tmp_path: Path) -> None:
    source, sink = FileSourceLog(f"{SPARK}/sources/0", never), FileSinkLog(f"{SPARK}/spark_metadata", never)
    read, written = source.get(11), sink.get(11)
    assert read is not None
    assert written is not None
    FileSourceLog(f"{tmp_path}/source", never).add(11, read)
    FileSinkLog(f"{tmp_path}/sink", never).add(11, written)
    assert text(f"{tmp_path}/source/11") == text(f"{SPARK}/sources/0/11")
    assert text(f"{tmp_path}/sink/11") == text(f"{SPARK}/spark_metadata/11")


# --- logs that grow for ever ------------------------------------------------------------------------------------------


def test_every_tenth_entry_holds_everything_so_far(checkpoint: str) -> None:
    log = FileSourceLog(f"{checkpoint}/sources/0", never)
    files = [SourceFile(f"file:///in/{number}", number, number) for number in range(23)]
    for number, file in enumerate(files):
        assert log.add(number, [file])
    assert not log.add(9, [])
    assert log.get(19) == files[:20]
    assert log.all_entries() == files
    assert [name for name in names(f"{checkpoint}/sources/0") if "compact" in name] == ["19.compact", "9.compact"]


@pytest.mark.parametrize(
    ("retain", "age_ms", "oldest"),
    [
        pytest.param(5, 600_000, 9, id="the compacted entry that a reader five batches back needs, and what follows"),
        pytest.param(100, 600_000, 0, id="none is far enough back"),
        pytest.param(5, 599_999, 0, id="none is ten minutes old"),
        pytest.param(0, 600_000, 19, id="nobody looks back"),
    ],
)
def test_old_files_go_when_they_are_old_and_far_back(retain: int, age_ms: float, oldest: int) -> None:
    clock = VirtualClock()
    simulated = SimulatedFiles(clock)
    simulated.mount()
    log = FileSourceLog("sim://log", lambda: clock.now_ms, retain=retain)
    for number in range(19):
        log.add(number, [])
    clock.sleep(age_ms)
    log.add(19, [])
    assert log.ids() == list(range(oldest, 20))
    simulated.unmount()


# --- refusals ---------------------------------------------------------------------------------------------------------


def a_gap(checkpoint: str) -> None:
    for batch in (0, 1, 3):
        CommitLog(f"{checkpoint}/commits").add(batch, CommitEntry())
    CommitLog(f"{checkpoint}/commits").latest()


def a_hole_in_a_file_log(checkpoint: str) -> None:
    FileSourceLog(f"{checkpoint}/sources/0", never).add(3, [])
    FileSourceLog(f"{checkpoint}/sources/0", never).all_entries()


def reading(log: Callable[[str], Any], content: str | bytes) -> Callable[[str], None]:
    def read(checkpoint: str) -> None:
        write(f"{checkpoint}/log/0", content)
        log(f"{checkpoint}/log").get(0)

    return read


def sink_log(path: str) -> FileSinkLog:
    return FileSinkLog(path, never)


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        (a_gap, r"commits/2 is missing.*delete the whole checkpoint to begin anew"),
        (a_hole_in_a_file_log, r"sources/0/2 is missing: nobody knows which files"),
        (reading(OffsetLog, ""), r"log/0 cannot be read: its first line is '' and not 'v1'"),
        (reading(OffsetLog, "v2\n{}"), r"log/0 cannot be read: its format is v2, and v1 is the only one known"),
        (reading(OffsetLog, b"\x00\xff"), r"log/0 cannot be read: 'utf-8' codec"),
        (reading(OffsetLog, "v1"), r"log/0 cannot be read: it ends after its first line"),
        (reading(OffsetLog, 'v1\n{"batchWatermarkMs":0}'), r"batchTimestampMs is None and not a whole number"),
        (reading(OffsetLog, ENTRY_TEXT + "\n{half"), r"'{half' is no JSON.*give the query a checkpointLocation of its"),
        (
            reading(OffsetLog, 'v1\n{"batchWatermarkMs":0,"batchTimestampMs":0,"conf":[]}'),
            r"conf is \[\] and not an obj",
        ),
        (reading(CommitLog, "v1\n3"), r"log/0 cannot be read: '3' is no JSON object"),
        (reading(CommitLog, "v1"), r"it ends after its first line"),
        (reading(CommitLog, 'v1\n{"nextBatchWatermarkMs":"x"}'), r"nextBatchWatermarkMs is 'x' and not a whole number"),
        (reading(sink_log, 'v1\n{"action":"delete"}'), r"action is 'delete', and 'add' is the only one known here"),
        (reading(sink_log, 'v1\n{"action":"add"}'), r"path is None and not a text"),
        (lambda path: write(f"{path}/metadata", "[]") or query_id(path, str), r"metadata holds no query's id: '\[\]'"),
        (lambda path: write(f"{path}/metadata", "{}") or query_id(path, str), r"id is None and not a text. Give the"),
    ],
)
def test_a_damaged_or_foreign_file_is_named_with_a_remedy(
    act: Callable[[str], object], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(IllegalStateError, match=problem):
        act(str(tmp_path))


def test_a_log_is_compacted_every_so_many_entries() -> None:
    with pytest.raises(IllegalArgumentError, match="interval=0: give 1 or more"):
        FileSourceLog("memory://never", never, interval=0)
