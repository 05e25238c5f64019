"""What happened when a cluster broke, as recorded from real Spark (`tests/data/faults`) and as simulated, in one form.

`stories(name)` gives two recorded runs of a scenario and a simulated one. What a test asserts of all three is what the
simulation has in common with Spark; the recordings say which tolerance it takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import add
from pathlib import Path
from typing import Any

from sparksim import StorageLevel
from sparksim.cluster.backend import HOSTS
from sparksim.cluster.faults import Fault
from sparksim.core.task_context import TaskContext
from sparksim.sim import Cluster, ExecutorCrash, NetworkPartition, Replay, Run, Simulation, SourceOutage, When, work
from sparksim.streaming import Receiver, StreamingContext
from sparksim.streaming.receiver_rdd import BLOCKS_ON_EXECUTORS
from sparksim.trace.events import (
    Event,
    ExecutorAdded,
    ExecutorRemoved,
    JobEnd,
    JobStart,
    ReceiverStarted,
    ReceiverStopped,
    SourceConnected,
    TaskEnd,
    TaskStart,
)

RECORDINGS = Path(__file__).parents[1] / "data" / "faults"
HOST, PORT = "localhost", 9999
SOURCE = f"{HOST}:{PORT}"
BLINK_S = 0.001
"""How long a simulated source refuses connections that hangs up and listens on."""
PYTHON_TASK_MS = 60
"""From the launch of a simulated task until it surely runs the user's function."""
STAGES = {"ShuffleMapTask": "map", "ResultTask": "reduce", "Receiver": "receiver"}


@dataclass(frozen=True)
class Task:
    """One attempt and its end. `stage` is map, reduce or receiver; `batch` None for a receiver."""

    batch: int | None
    stage: str
    stage_attempt: int
    index: int
    attempt: int
    executor: str
    locality: str
    launched_ms: float
    finished_ms: float
    end: str
    message: str

    @property
    def place(self) -> tuple[int | None, str, int]:
        """What it computes, whichever attempt it is."""
        return self.batch, self.stage, self.index


@dataclass(frozen=True)
class Batch:
    """A batch that ended."""

    lines: int
    ended_ms: float
    failed: bool


@dataclass(frozen=True)
class Step:
    """Something that happened to an executor or a receiver: `text` is its reason, where there is one."""

    time_ms: float
    what: str
    executor: str
    text: str = ""


@dataclass(frozen=True)
class Story:
    """One run. Times are ms after the zero time; lines that were generated before the first connection do not count.

    `unsent` lines had no connection to go through, `lost` ones were sent and never counted.
    """

    name: str
    scenario: dict[str, Any]
    executors: list[Step]
    receivers: list[Step]
    links_ms: list[float]
    batches: dict[int, Batch]
    tasks: list[Task]
    job_failures: list[str]
    unsent: int
    lost: int

    def __str__(self) -> str:
        return self.name

    @property
    def fault_ms(self) -> float:
        """When the first fault was due."""
        return float(self.scenario["faults"][0]["at_ms"])

    @property
    def removed(self) -> Step:
        """The one executor that was removed."""
        (step,) = (step for step in self.executors if step.what == "removed")
        return step

    @property
    def added(self) -> Step:
        """The one executor that came later."""
        (step,) = (step for step in self.executors if step.what == "added")
        return step

    @property
    def later(self) -> list[Step]:
        """What became of the receiver from the first fault on."""
        return [step for step in self.receivers if step.time_ms >= self.fault_ms]

    @property
    def first_receiver(self) -> Step:
        """Where the receiver was at first."""
        return next(step for step in self.receivers if step.what == "started")

    @property
    def unsuccessful(self) -> list[Task]:
        """Attempts of batches that failed or whose output was lost, in order of their ends."""
        return [task for task in self.tasks if task.end != "Success" and task.stage != "receiver"]

    def tries(self, task: Task) -> list[Task]:
        """All attempts at the same partition in the same stage attempt, in order."""
        same = [each for each in self.tasks if each.place == task.place and each.stage_attempt == task.stage_attempt]
        return sorted(same, key=lambda each: (each.attempt, each.end == "Resubmitted"))

    def of_receiver(self) -> list[tuple[int, str]]:
        """Attempt and end of the receiver's tasks that ended."""
        return [(task.attempt, task.end) for task in self.tasks if task.stage == "receiver"]


@cache
def stories(name: str, *faults: Fault) -> tuple[Story, ...]:
    """Both recorded runs of a scenario, and a simulated one, with its own faults or with these."""
    data = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    real = [_recorded(f"Spark {number}", data["scenario"], run) for number, run in enumerate(data["runs"], 1)]
    return (*real, _simulated(data["scenario"], faults or tuple(_faults(data["scenario"]))))


# --- as recorded --------------------------------------------------------------------------------------------------


def _recorded(name: str, scenario: dict[str, Any], run: dict[str, Any]) -> Story:
    def steps(**kinds: str) -> list[Step]:
        texts = ("reason", "message")
        return [
            Step(
                fact["t"],
                kinds[fact["what"]],
                fact.get("executor", ""),
                next((fact[k] for k in texts if k in fact), ""),
            )
            for fact in run["facts"]
            if fact["what"] in kinds
        ]

    tasks = [
        Task(
            row.get("batch"),
            row["stage"],
            row["stage_attempt"],
            row["index"],
            row["try"],
            row["executor"],
            row["locality"],
            row["launched"],
            row["finished"],
            row["end"],
            row.get("message", ""),
        )
        for row in run["tasks"]
    ]
    return Story(
        name,
        scenario,
        steps(executor_removed="removed", executor_added="added"),
        [_plain(step) for step in steps(receiver_started="started", receiver_stopped="stopped")],
        [fact["t"] for fact in run["facts"] if fact["what"] == "link" and fact["up"]],
        {row["batch"]: Batch(row["records"], row["ended"], bool(row["failed"])) for row in run["batches"]},
        sorted(tasks, key=lambda task: task.finished_ms),
        [fact["reason"] for fact in run["facts"] if fact["what"] == "job_failed"],
        _count(run["fate"]["not_sent"]),
        _count(run["fate"]["lost"]),
    )


def _count(ranges: list[list[int]]) -> int:
    return sum(last - first + 1 for first, last in ranges)


def _plain(step: Step) -> Step:
    """Without the name of the source, and with units as Spark sets them."""
    text = step.text.replace(SOURCE, "HOST").replace(" ms: ", "ms: ")
    return Step(step.time_ms, step.what, step.executor, text)


# --- as simulated -------------------------------------------------------------------------------------------------


class Told(Receiver):
    """Ends as its source says: what the Java receiver of the recordings does."""

    def onStart(self) -> None:
        self.start_thread(self._receive)

    def _receive(self) -> None:
        connection = self.connect(HOST, PORT)
        while (line := connection.read()) is not None and not self.isStopped():
            if line == "!stop":
                self.stop("told to stop", RuntimeError("told"))
            elif line == "!restart":
                self.restart("told to restart", RuntimeError("told"))
            elif line == "!throw":
                raise RuntimeError("told to throw")
            elif not line.startswith("!"):
                self.store(line)
            if line.startswith("!"):
                return


def _simulated(scenario: dict[str, Any], faults: tuple[Fault, ...]) -> Story:
    """The scenario in a cluster of the same size, with the same settings and program."""
    match = re.fullmatch(r"local-cluster\[(\d+),(\d+),\d+\]", scenario["master"])
    assert match is not None
    run = Simulation(
        _program(scenario),
        network={SOURCE: Replay(list(_lines(scenario)))},
        batch=scenario["batch_ms"] / 1000,
        cluster=Cluster(int(match[1]), int(match[2])),
        conf={**scenario["settings"], HOSTS: 1, BLOCKS_ON_EXECUTORS: True},
        faults=faults,
        cost="spark-standalone",
    ).run(until=scenario["run_ms"] / 1000)
    unsent, lost = _missing(run)
    return Story(
        "simulation",
        scenario,
        sorted(
            [Step(each.time_ms, "removed", each.executor_id, each.reason) for each in run.trace.of(ExecutorRemoved)]
            + [Step(each.time_ms, "added", each.executor_id) for each in run.trace.of(ExecutorAdded) if each.time_ms],
            key=lambda step: step.time_ms,
        ),
        sorted(
            [Step(each.time_ms, "started", each.executor_id) for each in run.trace.of(ReceiverStarted)]
            + [
                _plain(Step(each.time_ms, "stopped", each.executor_id, each.message))
                for each in run.trace.of(ReceiverStopped)
            ],
            key=lambda step: step.time_ms,
        ),
        [each.time_ms for each in run.trace.of(SourceConnected)],
        {
            row.batch_time_ms: Batch(row.records, row.processing_end_ms, row.failed)
            for row in run.batches
            if row.processing_end_ms is not None
        },
        list(_tasks(run)),
        [each.reason for each in run.trace.of(JobEnd) if not each.succeeded and each.reason.startswith("Job aborted")],
        unsent,
        lost,
    )


def _tasks(run: Run) -> Iterator[Task]:
    batches = {job.job_id: job.batch_time_ms for job in run.trace.of(JobStart)}
    starts = {start.task_id: start for start in run.trace.of(TaskStart)}
    for end in run.trace.of(TaskEnd):
        start = starts[end.task_id]
        if batches[end.job_id] is not None or start.kind == "Receiver":
            yield Task(
                batches[end.job_id],
                STAGES[start.kind],
                end.stage_attempt,
                end.index,
                end.attempt,
                end.executor_id,
                start.locality,
                start.time_ms,
                end.time_ms,
                end.reason,
                end.message,
            )


def _missing(run: Run) -> tuple[int, int]:
    """Lines that had no connection to go through, and lines that were sent and lost."""
    unsent = lost = 0
    for row in run.delivery.lost:
        if row.reason.startswith("sent while no receiver was connected") or row.reason == "the source was down":
            unsent += row.records if row.first else 0  # the source begins before there is a receiver
        else:
            lost += row.records
    return unsent, lost


def _lines(scenario: dict[str, Any]) -> Iterator[tuple[float, str]]:
    """What the source sends: numbered lines, and what it says."""
    said = [(fault["at_ms"] / 1000, fault["line"]) for fault in scenario["faults"] if fault["kind"] == "say"]
    times = [number / scenario["rate_per_s"] for number in range(scenario["run_ms"] * scenario["rate_per_s"] // 1000)]
    yield from sorted([(at_s, f"{number} to be or not to be") for number, at_s in enumerate(times)] + said)


def _program(scenario: dict[str, Any]) -> Callable[[StreamingContext], None]:
    """A word count whose tasks take their time, and raise when they are told to."""
    raising = scenario.get("raises")

    def words(part: Iterator[str]) -> Iterator[tuple[str, int]]:
        lines = list(part)
        work(scenario["map_ms"] / 1000)
        task = TaskContext.get()
        assert task is not None
        is_told = raising is not None and any(line.startswith(f"{raising['line']} ") for line in lines)
        if raising is not None and is_told and task.attemptNumber() < raising["times"]:
            raise ValueError(f"told to raise at line {raising['line']}")
        return ((word, 1) for line in lines for word in line.split())

    def reduced(part: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        counts = list(part)
        work(scenario["reduce_ms"] / 1000)
        return iter(counts)

    def collect(rdd: Any) -> None:
        rdd.collect()

    def program(ssc: StreamingContext) -> None:
        level = getattr(StorageLevel, scenario["storage_level"])
        told = "receiver" in scenario
        lines = ssc.receiverStream(Told(level)) if told else ssc.socketTextStream(HOST, PORT, level)
        counts = lines.mapPartitions(words).reduceByKey(add, scenario["reduce_partitions"])
        counts.mapPartitions(reduced).foreachRDD(collect)

    return program


def _faults(scenario: dict[str, Any]) -> Iterator[Fault]:
    """The nearest that a simulation has to the faults of a scenario."""
    faults = scenario["faults"]
    for fault in faults:
        at_s = fault["at_ms"] / 1000
        lasts_s = next((each["at_ms"] / 1000 - at_s for each in faults if each["at_ms"] > fault["at_ms"]), None)
        if fault["kind"] == "stop_process":
            yield NetworkPartition({"worker": "other"}.get(fault["target"], fault["target"]), at_s, lasts_s)
        elif fault["kind"] == "kill_process":
            next_task = When(_task_of(fault["when"], fault["at_ms"]), delay=PYTHON_TASK_MS / 1000)
            yield ExecutorCrash("other", next_task, restart_after=0)
        elif fault["kind"] == "hang_up":
            yield SourceOutage(SOURCE, at_s, BLINK_S)
        elif fault["kind"] == "refuse":
            assert lasts_s is not None
            yield SourceOutage(SOURCE, at_s, lasts_s)


def _task_of(stage: str, after_ms: float) -> Callable[[Event], bool]:
    """Whether an event is the start of a task of this stage at that time or later."""
    return lambda event: isinstance(event, TaskStart) and STAGES[event.kind] == stage and event.time_ms >= after_ms
