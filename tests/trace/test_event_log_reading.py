"""A real Spark event log as a trace, against what Spark's listener said of its batches; and logs that are not whole.

`tests/data/event_log` was recorded by `python -m tests.spark.record_event_log`: two executors count words, a task of
each batch fails once, executor 1 is killed in the fourth batch, and the fifth is under way when the program ends.
"""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from sparksim.trace import (
    Trace,
    TraceFormatError,
    TraceWarning,
    batches,
    check_trace,
    executors,
    jobs,
    receivers,
    stages,
    tasks,
)
from sparksim.trace.events import ApplicationStart, OutputOperationCompleted, StreamingStarted
from sparksim.trace.formats.read import read_trace
from sparksim.trace.formats.spark_log_reader import read_event_log

FOLDER = Path(__file__).parents[1] / "data" / "event_log"
RECORDED = FOLDER / "word_count"
LINES = RECORDED.read_text(encoding="utf-8").splitlines(keepends=True)


@pytest.fixture(scope="module")
def trace() -> Trace:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_trace(RECORDED)


def test_batches_are_those_that_sparks_listener_saw(trace: Trace) -> None:
    told: list[dict[str, Any]] = json.loads((FOLDER / "batches.json").read_text(encoding="utf-8"))
    *done, last = batches(trace)
    assert [row.batch_time_ms for row in done] == [each["batch_time"] for each in told]
    for row, batch in zip(done, told, strict=True):
        assert row.processing_start_ms == pytest.approx(batch["start"], abs=100)
        assert row.processing_end_ms == pytest.approx(batch["end"], abs=100)
        assert (row.output_ops, row.failed, row.status) == (2, False, "completed")
    assert (last.status, last.output_ops) == ("processing", 1)


def test_the_start_of_streaming_is_found_in_the_batches(trace: Trace) -> None:
    [started] = trace.of(StreamingStarted)
    first_ms = batches(trace)[0].batch_time_ms
    assert (started.batch_ms, started.block_ms, started.zero_ms) == (2000, 500, first_ms - 2000)


def test_application_and_executors(trace: Trace) -> None:
    [started] = trace.of(ApplicationStart)
    assert (started.app_name, started.master) == ("word count", "local-cluster[2,2,1024]")
    assert [(row.executor_id, row.cores, row.reason) for row in executors(trace)] == [
        ("1", 2, "Command exited with code 137"),
        ("0", 2, "Command exited with code 50"),
        ("2", 2, ""),
    ]


def test_jobs_stages_and_tasks_keep_how_they_ended(trace: Trace) -> None:
    assert [row.succeeded for row in jobs(trace)] == [True] * 13 + [False]
    assert [row.status for row in stages(trace)] == ["succeeded"] * 16 + ["failed"]
    ended = tasks(trace).column("reason")
    assert {reason: ended.count(reason) for reason in ended} == {
        "Success": 30,
        "ExceptionFailure": 3,
        "ExecutorLostFailure": 4,
        None: 2,
    }
    failed = tasks(trace).where(reason="ExceptionFailure")[0]
    assert failed.message.startswith("org.apache.spark.api.python.PythonException: Traceback")
    assert {row.kind for row in tasks(trace).where(stage_id=27)} == {"ShuffleMapTask"}


def test_a_receiver_lives_as_long_as_its_task(trace: Trace) -> None:
    [task] = tasks(trace).where(kind="Receiver")
    [receiver] = receivers(trace)
    assert (receiver.executor_id, receiver.started_ms, receiver.stopped_ms) == ("0", task.start_ms, task.end_ms)


def test_tasks_take_the_cores_there_are_and_overlap_by_milliseconds(trace: Trace) -> None:
    assert {row.core for row in tasks(trace)} == {0, 1}
    by_core: dict[tuple[str, int], float] = {}
    for row in tasks(trace):
        assert by_core.get((row.executor_id, row.core), 0) <= row.start_ms + 10
        by_core[row.executor_id, row.core] = row.end_ms or row.start_ms
    assert [each for each in check_trace(trace) if " core" not in each and "never ends" not in each] == []


def test_a_rebuilt_batch_fails_with_its_job(tmp_path: Path) -> None:
    reason = {"Result": "JobFailed", "Exception": {"Message": "no disk left", "Stack Trace": []}}
    log = [json.dumps({**json.loads(line), "Job Result": reason}) + "\n" if _ends(line, 3) else line for line in LINES]
    (tmp_path / "log").write_text("".join(log))
    failed = read_event_log(tmp_path / "log")
    assert [row.failed for row in batches(failed)] == [True, False, False, False, False]
    assert [each.failure for each in failed.of(OutputOperationCompleted)][:2] == ["no disk left", ""]


def _ends(line: str, job_id: int) -> bool:
    event = json.loads(line)
    return (event["Event"], event.get("Job ID")) == ("SparkListenerJobEnd", job_id)


# --- ways to keep a log -----------------------------------------------------------------------------------------------


def test_a_log_may_be_zipped_or_lie_in_a_folder(tmp_path: Path, trace: Trace) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "log.gz").write_bytes(gzip.compress(RECORDED.read_bytes()))
    (tmp_path / "logs" / "app-1").write_bytes(RECORDED.read_bytes())
    for path in (tmp_path / "log.gz", tmp_path / "logs"):
        assert list(read_trace(path)) == list(trace)


def test_a_rolled_log_is_read_in_order_of_its_numbers(tmp_path: Path, trace: Trace) -> None:
    rolled = tmp_path / "eventlog_v2_app-1"
    rolled.mkdir()
    (rolled / "appstatus_app-1").touch()
    parts = [LINES[:50], LINES[50:100], LINES[100:]]
    for number, lines in zip((2, 9, 10), parts, strict=True):
        (rolled / f"events_{number}_app-1").write_text("".join(lines))
    assert list(read_trace(rolled)) == list(trace)
    assert list(read_trace(tmp_path)) == list(trace)
    (rolled / "events_9_app-1.compact").write_text("".join(LINES[:100]))
    assert list(read_trace(rolled)) == list(trace)


def test_tasks_whose_start_was_compacted_away_are_there(tmp_path: Path, trace: Trace) -> None:
    (tmp_path / "log").write_text("".join(line for line in LINES if "SparkListenerTaskStart" not in line))
    assert len(tasks(read_event_log(tmp_path / "log"))) == len(tasks(trace).where(lambda row: row.end_ms is not None))


# --- logs that are not whole ------------------------------------------------------------------------------------------


def test_an_unfinished_log_is_read_with_a_warning(tmp_path: Path) -> None:
    last_job = max(number for number, line in enumerate(LINES) if _ends(line, 11))
    (tmp_path / "app.inprogress").write_text("".join(LINES[: last_job + 1]))
    with pytest.warns(TraceWarning, match=r"app\.inprogress ends before its application does"):
        unfinished = read_event_log(tmp_path / "app.inprogress")
    # One of three jobs of the fourth batch has ended, and nothing says that more were to follow but the batches before.
    assert batches(unfinished).column("status") == ["completed"] * 3 + ["processing"]


def test_a_log_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "cut").write_text("".join(LINES[:60]) + LINES[60][:100])
    whole = gzip.compress("".join(LINES[:60]).encode())
    (tmp_path / "cut.gz").write_bytes(whole[: len(whole) // 2])
    for name in ("cut", "cut.gz"):
        with pytest.warns(TraceWarning) as told:
            assert len(jobs(read_event_log(tmp_path / name))) >= 1
        assert [str(each.message).removeprefix(f"{tmp_path}/").split(" in line ")[0] for each in told] == [
            f"{name} breaks off",
            f"{name} ends before its application does, which was still running or was killed: "
            "what has no end in the log stays open",
        ]
    assert len(batches(_quietly_read(tmp_path / "cut"))) == 2


def _quietly_read(path: Path) -> Trace:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceWarning)
        return read_event_log(path)


def test_a_log_without_its_beginning_has_an_application_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "rest").write_text("".join(LINES[8:]))
    [started] = read_event_log(tmp_path / "rest").of(ApplicationStart)
    assert (started.app_name, started.default_parallelism) == ("rest", 2)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty: not a Spark event log"),
        (b"hello\n", "line 1: not a Spark event log: every line must be an event"),
        (b'{"event":"TaskEnd"}\n', "line 1: not a Spark event log: .*; give the file that Spark wrote"),
        (LINES[0].encode() + b"oops\n" + LINES[1].encode(), "line 2: no event of Spark's: the line is not JSON"),
        (LINES[0].encode() + b"[1]\n", "line 2: no event of Spark's: the line is not a JSON object"),
        (
            LINES[0].encode() + b'{"Event":"SparkListenerJobEnd"}\n',
            "line 2: SparkListenerJobEnd is not as Spark 3 writes",
        ),
        (b"\x28\xb5\x2f\xfd\x00\x00", r"compressed with zstd, .*: zstd -d -o app\.log log, or let Spark write"),
        (b"LZ4Block\x00", "compressed with lz4, .*spark.eventLog.compress=false"),
    ],
)
def test_what_is_no_event_log_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(TraceFormatError, match=complaint):
        read_event_log(tmp_path / "log")


def test_a_folder_without_or_with_several_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="a folder with one event log is wanted, and this one holds none"):
        read_trace(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).write_text(LINES[0])
    with pytest.raises(TraceFormatError, match="this one holds a, b; name a log"):
        read_trace(tmp_path)
    (tmp_path / "eventlog_v2_a").mkdir()
    with pytest.raises(TraceFormatError, match="no file events_<number>_<application> in it"):
        read_trace(tmp_path / "eventlog_v2_a")
