"""A run as Trace Event Format JSON: valid by the rules, and every slice, arrow and curve where it belongs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.trace.formats.perfetto import write_perfetto
from sparksim.trace.formats.read import read_trace
from tests.trace.small import SOURCE, Tasks, small_trace
from tests.trace.trace_event_rules import violations

RECORDED = Path(__file__).parents[1] / "data" / "event_log" / "word_count"

Json = dict[str, Any]


class Picture:
    """A written file, asked by the names of processes and threads."""

    def __init__(self, trace: Trace, path: Path) -> None:
        write_perfetto(trace, path)
        self.document = json.loads(path.read_text(encoding="utf-8"))
        self.events: list[Json] = self.document["traceEvents"]
        named = [event for event in self.events if event["name"] in ("process_name", "thread_name")]
        self._processes = {each["pid"]: each["args"]["name"] for each in named if each["name"] == "process_name"}
        self._threads = {each["tid"]: each["args"]["name"] for each in named if each["name"] == "thread_name"}

    def place(self, event: Json) -> str:
        return f"{self._processes[event['pid']]}/{self._threads[event['tid']]}"

    def slices(self, place: str) -> list[tuple[str, int, int]]:
        """Name, start and duration in microseconds."""
        return [
            (each["name"], each["ts"], each["dur"])
            for each in self.events
            if each["ph"] == "X" and self.place(each) == place
        ]

    def curve(self, process: str, name: str) -> list[tuple[int, float]]:
        return [
            (each["ts"], each["args"]["value"])
            for each in self.events
            if each["ph"] == "C" and each["name"] == name and self._processes[each["pid"]] == process
        ]


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    """The small run, with its source."""
    [first, *rest] = small_trace()
    source = [e.SourceConnected(8, SOURCE, 0), e.RecordsSent(500, SOURCE, 0, 30), e.RecordsSent(1500, SOURCE, 30, 20)]
    events = sorted([first, *source, *rest], key=lambda event: event.time_ms)
    return Picture(Trace(events), tmp_path / "run.perfetto.json")


def test_the_file_keeps_the_rules_of_the_format(picture: Picture) -> None:
    assert violations(picture.document) == []
    assert picture.document["otherData"] == {"application": "word count", "master": "sim[2,2]"}


def test_a_batch_is_a_slice_with_its_waiting_inside(picture: Picture) -> None:
    assert picture.slices("driver/batches") == [
        ("batch 1 s", 1_001_000, 106_000),
        ("waiting", 1_001_000, 2_000),
        ("batch 2 s", 2_001_000, 111_000),
        ("waiting", 2_001_000, 3_000),
    ]


def test_tasks_lie_on_the_cores_of_their_executors(picture: Picture) -> None:
    assert picture.slices("executor 1/core 1") == [
        ("ResultTask 1.0", 1_005_000, 100_500),
        ("ResultTask 2.0: ExecutorLostFailure", 2_006_000, 94_000),
    ]
    assert picture.slices("executor 2/core 0") == [("ResultTask 2.0: ExceptionFailure", 2_101_000, 9_000)]
    assert picture.slices("executor 2/core 1") == []


def test_jobs_stages_receivers_and_connections_have_lanes(picture: Picture) -> None:
    receiving, *jobs = picture.slices("driver/jobs")
    assert receiving == ("Streaming job running receiver 0", 5_000, 2_495_000)  # as long as the run
    assert jobs == []
    assert [start for _, start, _ in picture.slices("driver/jobs (lane 2)")] == [1_004_000, 2_005_000]
    assert [start for _, start, _ in picture.slices("driver/stages")] == [1_004_000, 2_005_000]
    assert picture.slices("executor 1/receiver 0") == [("SocketReceiver-0", 10_000, 2_090_000)]
    assert picture.slices(f"sources/{SOURCE}") == [("connected to stream 0", 8_000, 2_492_000)]


def test_an_arrow_leads_from_a_block_over_its_batch_to_the_task_that_read_it(picture: Picture) -> None:
    steps = [event for event in picture.events if event["ph"] in "stf"]
    assert [(step["ph"], picture.place(step), step["ts"]) for step in steps] == [
        ("s", "executor 1/blocks of receiver 0", 600_000),
        ("t", "driver/batches", 1_001_000),
        ("f", "executor 1/core 1", 1_005_000),
    ]


def test_faults_and_losses_are_instants(picture: Picture) -> None:
    instants = [event for event in picture.events if event["ph"] == "i"]
    shown = [(picture.place(each), each["name"]) for each in instants if each["ts"] == 2_100_000]
    assert shown == [
        ("driver/faults", "FaultInjected: ExecutorCrash"),
        ("driver/executors", "ExecutorRemoved: crashed"),
        ("driver/losses", "BlockLost"),
        ("driver/losses", "RecordsLost: executor 1 was lost with the only copy"),
    ]


def test_queue_delays_records_and_stores_are_curves(picture: Picture) -> None:
    assert picture.curve("driver", "waiting batches") == [
        (1_001_000, 1), (1_003_000, 0), (2_001_000, 1), (2_004_000, 0)
    ]  # fmt: skip
    assert picture.curve("driver", "records of batch") == [(1_001_000, 30), (2_001_000, 20)]
    assert picture.curve("driver", "scheduling delay (ms)") == [(1_003_000, 2), (2_004_000, 3)]
    assert picture.curve("driver", "total delay (ms)") == [(1_107_000, 106), (2_112_000, 111)]
    assert picture.curve("sources", f"records sent by {SOURCE}") == [(500_000, 30), (1_500_000, 50)]
    assert picture.curve("executor 1", "stored blocks (bytes)") == [(602_000, 400), (1_602_000, 670), (2_100_000, 0)]
    assert picture.curve("executor 2", "stored blocks (bytes)") == [(605_000, 400)]


def test_stores_shrink_by_cleaning_and_eviction_but_not_by_spilling(tmp_path: Path) -> None:
    stored = [e.BlockStored(1, f"input-0-{number}", "1", "MEMORY", 100) for number in range(3)]
    changes = [
        e.BlockEvicted(2, "input-0-0", "1", on_disk=True),
        e.BlockEvicted(3, "input-0-0", "1", on_disk=False),
        e.BlockRemoved(4, "input-0-1"),
        e.BlockRemoved(5, "input-0-1"),
    ]
    picture = Picture(Trace([*stored, *changes]), tmp_path / "run.perfetto.json")
    curve = picture.curve("executor 1", "stored blocks (bytes)")
    assert curve[-3:] == [(1_000, 300), (3_000, 200), (4_000, 100)]


def test_batches_that_wait_together_lie_below_each_other_and_end_with_the_driver(tmp_path: Path) -> None:
    trace = Trace(
        [
            e.BatchSubmitted(1000, 1000, (), 1),
            e.BatchSubmitted(2000, 2000, (), 1),
            e.DriverDied(2500, "app-0", None),
            e.Warned(4000, "nobody", "is there"),
        ]
    )
    picture = Picture(trace, tmp_path / "run.perfetto.json")
    assert picture.slices("driver/batches") == [("batch 1 s", 1_000_000, 1_500_000), ("waiting", 1_000_000, 1_500_000)]
    assert picture.slices("driver/batches (lane 2)") == [
        ("batch 2 s", 2_000_000, 500_000),
        ("waiting", 2_000_000, 500_000),
    ]
    assert [value for _, value in picture.curve("driver", "waiting batches")] == [1, 2, 0]
    assert violations(picture.document) == []


def test_tasks_that_overlap_on_a_core_are_parted(tmp_path: Path) -> None:
    """As in logs of Spark's, where a task ends on record when the next one has its core already."""
    tasks = Tasks()
    trace = Trace([tasks.start(0, 1, "1", 0), tasks.start(8, 2, "1", 0), tasks.end(10, 1, "1", 0)])
    picture = Picture(trace, tmp_path / "run.perfetto.json")
    assert [(start, took) for _, start, took in picture.slices("executor 1/core 0")] == [(0, 8_000), (8_000, 2_000)]


def test_kafka_and_sinks_are_processes_of_their_own(tmp_path: Path) -> None:
    events = [
        e.BrokerStopped(5, 1, "kafka-1", "crashed"),
        e.GroupRebalanced(6, "words", 2, (("member", ("words/0",)),), "a member left"),
        e.SinkWritten(7, "counts", "upsert", ("to",), (("", -1, -1),), None),
    ]
    picture = Picture(Trace(events), tmp_path / "run.perfetto.json")
    assert [picture.place(each) for each in picture.events if each["ph"] == "i"] == [
        "Kafka/brokers",
        "Kafka/groups",
        "sinks/sinks",
    ]
    assert violations(picture.document) == []


def test_a_log_of_real_spark_becomes_a_valid_file_too(tmp_path: Path) -> None:
    picture = Picture(read_trace(RECORDED), tmp_path / "log.perfetto.json")
    assert violations(picture.document) == []
    assert sum(each["ph"] == "X" and each["cat"] == "task" for each in picture.events) == 39


def test_the_same_trace_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_perfetto(small_trace(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_empty_trace_is_a_driver_to_whom_nothing_happened(tmp_path: Path) -> None:
    assert violations(Picture(Trace(), tmp_path / "none.perfetto.json").document) == []


NAMES = [
    {"name": "process_name", "ph": "M", "pid": 1, "tid": 0, "args": {"name": "driver"}},
    {"name": "thread_name", "ph": "M", "pid": 1, "tid": 1, "args": {"name": "jobs"}},
]
SLICE = {"name": "a", "cat": "x", "ph": "X", "ts": 10, "dur": 5, "pid": 1, "tid": 1}
FLOW = {"name": "w", "cat": "x", "ts": 10, "id": 1, "pid": 1, "tid": 1}


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([{**SLICE, "ph": "Y"}], "unknown phase 'Y'"),
        ([{**SLICE, "pid": "driver"}], "pid cannot be 'driver'"),
        ([{**SLICE, "dur": -1}], "a duration of -1"),
        ([{**SLICE, "colour": 1}], "X does not know colour"),
        ([{key: value for key, value in SLICE.items() if key != "ts"}], "X without ts"),
        ([{**SLICE, "ph": "i"}], "i without s"),
        ([SLICE, {**SLICE, "ts": 12}], "overlaps another one"),
        ([SLICE, {**FLOW, "ph": "s"}], "goes s"),
        ([SLICE, {**FLOW, "ph": "s"}, {**FLOW, "ph": "f", "ts": 15}], "is in no slice at 15"),
        ([{**SLICE, "tid": 2}], "thread 2 of process 1 has no name"),
        ([{"name": "q", "cat": "x", "ph": "C", "ts": 1, "pid": 1, "tid": 0, "args": {"value": "3"}}], "a counter of"),
        ([{"name": "colour", "ph": "M", "pid": 1, "tid": 0, "args": {}}], "unknown metadata colour"),
    ],
)
def test_the_rules_find_what_is_broken(events: list[Json], complaint: str) -> None:
    assert violations({"displayTimeUnit": "ms", "traceEvents": [*NAMES, SLICE]}) == []
    [found] = violations({"displayTimeUnit": "ms", "traceEvents": [*NAMES, *events]})
    assert complaint in found
