"""What happened in one run, from Spark's event log, the logs of driver and executors, and the program's notes.

Times become milliseconds after the zero time, which is one interval before the first batch; so batch 1000 is the first.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Fact = dict[str, Any]

LOG_LINE = re.compile(r"(?:\[Stage .*\])?(\d{13})\|[A-Z]+\|([^|]+)\|(.*)")

# Class, what its line says, and the name of the fact. Named groups become fields; whole numbers become numbers.
DRIVER_LINES = [
    (
        "HeartbeatReceiver",
        r"Removing executor (?P<executor>\S+) with no recent heartbeats: (?P<silent_ms>\d+) ms",
        "timed_out",
    ),
    ("StandaloneSchedulerBackend", r"Requesting to kill executor\(s\) (?P<executor>.+)", "kill_requested"),
    ("Worker", r"Asked to kill executor \S+/(?P<executor>\d+)", "worker_asked_to_kill"),
    ("Worker", r"Asked to launch executor \S+/(?P<executor>\d+)", "worker_asked_to_launch"),
    (
        "Worker",
        r"Executor \S+/(?P<executor>\d+) finished with state (?P<state>\w+)(?: message .*)? exitStatus (?P<code>\d+)",
        "process_ended",
    ),
    ("DAGScheduler", r"Executor lost: (?P<executor>\S+)", "executor_lost"),
    ("DAGScheduler", r"Shuffle files lost for executor: (?P<executor>\S+)", "shuffle_files_lost"),
    ("DAGScheduler", r"Resubmitting (?P<text>.+)", "stages_resubmitted"),
    ("DAGScheduler", r"Resubmitted (?P<text>.+)", "task_resubmitted"),
    (
        "DAGScheduler",
        r"Marking (?P<text>\w+ \d+) .* as failed due to a fetch failure from (?P<parent>\w+ \d+)",
        "fetch_failed",
    ),
    ("DAGScheduler", r"Host added was in lost list earlier: (?P<host>\S+)", "host_back"),
    ("TaskSetManager", r"(?P<text>Task \d+ in stage \S+ failed \d+ times; aborting job)", "task_gave_up"),
    (
        "BlockManagerMasterEndpoint",
        r"BlockManager \(BlockManagerId\((?P<executor>\d+),.* re-registration is rejected",
        "registration_rejected",
    ),
    ("BlockManagerMasterEndpoint", r"No more replicas available for (?P<block>input\S+)", "last_copy_lost"),
    ("ReceiverTracker", r"Restarting Receiver (?P<stream>\d+)", "receiver_job_again"),
    ("ReceiverTracker", r"Receiver (?P<stream>\d+) started", "receiver_job_submitted"),
    ("ReceiverTracker", r"Registered receiver for stream (?P<stream>\d+)", "receiver_registered"),
    ("ReceiverTracker", r"Deregistered receiver for stream (?P<stream>\d+): (?P<message>.*)", "receiver_deregistered"),
    (
        "ReceiverTracker",
        r"Error reported by receiver for stream (?P<stream>\d+): (?P<message>.*)",
        "receiver_reported_error",
    ),
    ("JobScheduler", r"Error running job streaming job (?P<batch>\d+) ms", "job_error"),
]
EXECUTOR_LINES = [
    ("CoarseGrainedExecutorBackend", r"(?P<text>RECEIVED SIGNAL TERM)", "executor_signalled"),
    ("CoarseGrainedExecutorBackend", r"(?P<text>Driver commanded a shutdown)", "executor_told_to_shut_down"),
    ("CoarseGrainedExecutorBackend", r"Executor self-exiting due to : (?P<text>.*)", "executor_exits_itself"),
    ("Executor", r"(?P<text>Told to re-register on heartbeat)", "told_to_register_again"),
    ("Executor", r"(?P<text>Issue communicating with driver in heartbeater)", "heartbeat_failed"),
    ("BlockManager", r"BlockManager (?P<text>\S+ re-registering with master)", "block_manager_registers_again"),
    ("BlockManager", r"Reporting (?P<blocks>\d+) blocks to the master", "blocks_reported_again"),
    ("BlockManager", r"Failed to replicate (?P<block>input\S+) to .*, (?P<text>failure #\d+)", "replication_failed"),
    (
        "BlockManager",
        r"Block (?P<block>input\S+) replicated to only (?P<peers>\d+) peer\(s\) instead of",
        "too_few_replicas",
    ),
    ("TransportChannelHandler", r"Connection to \S+ has been quiet for (?P<quiet_ms>\d+) ms", "connection_quiet"),
    ("RetryingBlockTransferor", r"Retrying \w+ \((?P<text>\d+/\d+)\) .* after (?P<wait_ms>\d+) ms", "fetch_retried"),
    (
        "ReceiverSupervisorImpl",
        r"Restarting receiver with delay (?P<delay_ms>\d+) ms: (?P<message>.*)",
        "receiver_will_restart",
    ),
    ("ReceiverSupervisorImpl", r"Stopping receiver with message: (?P<message>.*)", "receiver_stops"),
    ("ReceiverSupervisorImpl", r"Starting receiver (?P<stream>\d+) again", "receiver_starts_again"),
    ("ReceiverSupervisorImpl", r"Starting receiver (?P<stream>\d+)$", "receiver_starts"),
    ("ReceiverSupervisorImpl", r"Stopped receiver (?P<text>without error)", "receiver_task_ends"),
    ("ReceiverSupervisorImpl", r"Stopped receiver with error: (?P<text>.*)", "receiver_task_fails"),
    ("SocketReceiver", r"Connecting to", "socket_connecting"),
    ("SocketReceiver", r"Connected to", "socket_connected"),
    ("SocketReceiver", r"Closed socket to", "socket_closed"),
    ("SparkUncaughtExceptionHandler", r"Uncaught exception in thread (?P<text>.*?,)", "uncaught_exception"),
]
PUSHED = re.compile(r"Pushed block (\S+) in (\d+) ms")
RECEIVED = re.compile(r"Stream \d+ received block (\S+)")
BLOCK_INTERVAL_MS = 200
BATCHES_WITH_TASKS = 5
BOOKKEEPING = {"zero", "batch", "counted", "generated", "stop"}


class Run:
    """The logs of one run."""

    def __init__(self, folder: Path) -> None:
        self.notes = [json.loads(line) for line in (folder / "notes.jsonl").read_text().splitlines()]
        self.zero_ms = int(next(note["zero"] for note in self.notes if note["what"] == "zero"))
        [events] = [path for path in (folder / "events").iterdir() if not path.name.startswith(".")]
        self.events = [json.loads(line) for line in events.read_text().splitlines()]
        self.driver_log = list(lines(folder / "driver.log"))
        self.executor_logs = {path.parent.name: list(lines(path)) for path in folder.glob("home/work/*/*/stderr")}
        self.seen = [
            json.loads(line) for path in folder.glob("tasks-*.jsonl") for line in path.read_text().splitlines()
        ]
        self.batches = {
            stage: int(event["Properties"]["spark.streaming.internal.batchTime"]) - self.zero_ms
            for event in self.named("JobStart")
            if "spark.streaming.internal.batchTime" in event.get("Properties", {})
            for stage in event["Stage IDs"]
        }
        self.roles = {
            stage: "reduce" if stage == max(event["Stage IDs"]) else "map"
            for event in self.named("JobStart")
            for stage in event["Stage IDs"]
            if stage in self.batches
        }
        self.stop_ms = self.at(next(note["at"] for note in self.notes if note["what"] == "stop"))

    def named(self, name: str) -> list[Fact]:
        return [event for event in self.events if event["Event"] == "SparkListener" + name]

    def at(self, machine_ms: int) -> int:
        return machine_ms - self.zero_ms

    def tick(self, block: str) -> int:
        """When the block was made: Spark names it after the beginning of the interval that ended then."""
        return self.at(int(block.rpartition("-")[2])) + BLOCK_INTERVAL_MS

    def shortened(self, text: str | None) -> str | None:
        """Of a message the first line and the errors it names; without what only this machine and moment mean."""
        if text is None:
            return None
        first, *rest = text.splitlines() or [""]
        named = [line.strip() for line in rest if re.match(r"(Caused by: )?[\w.]*(Error|Exception)\b", line.strip())]
        text = " … ".join(dict.fromkeys([first.strip(), *named]))
        text = re.sub(r"input-\d+-\d+", lambda block: f"input-0-TICK {self.tick(block[0])}", text)
        text = re.sub(r"\d+\.\d+\.\d+\.\d+(:\d+)?", "HOST", text)
        text = re.sub(r"/\S+/(?=[^/\s]+)", "", text)
        return text if len(text) <= 400 else text[:400] + "…"


def lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Time, class and text of what was logged; stack traces and the progress bar are left out."""
    for line in path.read_text(errors="replace").splitlines():
        if found := LOG_LINE.fullmatch(line):
            yield int(found[1]), found[2], found[3]


def distilled(spec: Fact, folder: Path) -> Fact:
    """The run as data, see the README of the recordings."""
    run = Run(folder)
    return {
        "fate": fate(run),
        "facts": facts(run, spec),
        "batches": batches(run),
        "blocks": blocks(run),
        "tasks": tasks(run, spec),
    }


def first_ms(spec: Fact, run: Run) -> int:
    """A second before things go wrong."""
    struck = [fault["at_ms"] for fault in spec["faults"]] or [raised_ms(spec, run)]
    return int(min(struck)) - 1000


def raised_ms(spec: Fact, run: Run) -> int:
    line = spec["raises"]["line"]
    return run.at(min(seen["at"] for seen in run.seen if any(first <= line <= last for first, last in seen["lines"])))


def fate(run: Run) -> Fact:
    """Which lines were never counted, and which more than once; of those that reached the receiver's machine."""
    [made] = [note for note in run.notes if note["what"] == "generated"]
    counted: Counter[int] = Counter()
    for note in run.notes:
        if note["what"] == "counted" and run.at(note["at"]) < run.stop_ms:
            for first, last in note["lines"]:
                counted.update(range(first, last + 1))
    links = [(note["up"], note["line"]) for note in run.notes if note["what"] == "link"]
    sent: set[int] = set()
    for (up, first), (_, last) in zip(links, [*links[1:], (False, made["lines"])], strict=True):
        sent.update(range(first, last) if up else ())
    last_counted = max(counted, default=-1)
    return {
        "generated": made["lines"],
        "not_sent": as_ranges(number for number in range(last_counted) if number not in sent),
        "lost": as_ranges(number for number in sent if number < last_counted and number not in counted),
        "counted_twice": as_ranges(number for number, times in counted.items() if times > 1),
        "last_counted": last_counted,
    }


def as_ranges(numbers: Iterable[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def facts(run: Run, spec: Fact) -> list[Fact]:
    """Everything out of the ordinary, in order; until the program stops."""
    found = [*noted(run), *listened(run), *logged(run)]
    from_ms = first_ms(spec, run)
    found = [fact for fact in found if from_ms <= fact["t"] < run.stop_ms or fact["what"] == "receiver_started"]
    return together(sorted(found, key=lambda fact: int(fact["t"])))


def together(found: list[Fact]) -> list[Fact]:
    """One fact for all the blocks whose last copy went at once."""
    merged: list[Fact] = []
    for fact in found:
        if fact["what"] != "last_copy_lost":
            merged.append(fact)
        elif merged and merged[-1]["what"] == "last_copies_lost":
            merged[-1]["blocks"] = sorted([*merged[-1]["blocks"], fact["block"]])
        else:
            merged.append({"t": fact["t"], "what": "last_copies_lost", "blocks": [fact["block"]]})
    return merged


def noted(run: Run) -> Iterator[Fact]:
    for note in run.notes:
        if note["what"] not in BOOKKEEPING:
            fact = {key: value for key, value in note.items() if key not in ("at", "error")}
            if "message" in note:
                fact["message"] = run.shortened(note["message"])
            yield {"t": run.at(note["at"])} | fact


def listened(run: Run) -> Iterator[Fact]:
    """What Spark's listener heard of executors, and of stages and jobs that failed or came again."""
    for event in run.named("ExecutorAdded"):
        yield {"t": run.at(event["Timestamp"]), "what": "executor_added", "executor": event["Executor ID"]}
    for event in run.named("ExecutorRemoved"):
        fact = {"t": run.at(event["Timestamp"]), "what": "executor_removed", "executor": event["Executor ID"]}
        yield fact | {"reason": event["Removed Reason"]}
    for name, what in (("BlockManagerAdded", "block_manager_added"), ("BlockManagerRemoved", "block_manager_removed")):
        for event in run.named(name):
            executor = event["Block Manager ID"]["Executor ID"]
            yield {"t": run.at(event["Timestamp"]), "what": what, "executor": executor}
    for event in run.named("StageCompleted"):
        info = event["Stage Info"]
        if info["Stage ID"] in run.batches and ("Failure Reason" in info or info["Stage Attempt ID"]):
            stage = stage_of(run, info["Stage ID"], info["Stage Attempt ID"])
            submitted = run.at(info.get("Submission Time", run.zero_ms))
            reason = run.shortened(info.get("Failure Reason"))
            yield (
                {"t": run.at(info["Completion Time"]), "what": "stage_ended"}
                | stage
                | {
                    "submitted": submitted,
                    "tasks": info["Number of Tasks"],
                    "failed": reason,
                }
            )
    for event in run.named("JobEnd"):
        result = event["Job Result"]
        if result["Result"] != "JobSucceeded":
            reason = run.shortened(result["Exception"]["Message"])
            yield {
                "t": run.at(event["Completion Time"]),
                "what": "job_failed",
                "job": event["Job ID"],
                "reason": reason,
            }


def stage_of(run: Run, stage: int, attempt: int) -> Fact:
    return {"batch": run.batches.get(stage), "stage": run.roles.get(stage, "receiver"), "stage_attempt": attempt}


def logged(run: Run) -> Iterator[Fact]:
    yield from matched(run, run.driver_log, DRIVER_LINES, {})
    for executor, log in run.executor_logs.items():
        yield from matched(run, log, EXECUTOR_LINES, {"executor": executor})


def matched(
    run: Run, log: list[tuple[int, str, str]], table: list[tuple[str, str, str]], more: dict[str, Any]
) -> Iterator[Fact]:
    for at_ms, who, text in log:
        for name, pattern, what in table:
            if who == name and (found := re.match(pattern, text)):
                fields = {key: typed(key, value, run) for key, value in found.groupdict().items() if value is not None}
                yield {"t": run.at(at_ms), "what": what} | more | fields
                break


def typed(key: str, value: str, run: Run) -> Any:
    if key == "block":
        return run.tick(value)
    if key == "batch":
        return run.at(int(value))
    return int(value) if value.isdigit() and key not in ("executor", "stream") else run.shortened(value)


def partitions_of(run: Run) -> dict[int, int]:
    """How many blocks each batch has, of those that have some."""
    first_maps = [
        event["Stage Info"]
        for event in run.named("StageSubmitted")
        if run.roles.get(event["Stage Info"]["Stage ID"]) == "map" and event["Stage Info"]["Stage Attempt ID"] == 0
    ]
    return {run.batches[info["Stage ID"]]: info["Number of Tasks"] for info in first_maps if info["Number of Tasks"]}


def batches(run: Run) -> list[Fact]:
    """Every batch: its times, its lines by partition as the map tasks saw them, and what its job counted."""
    counted = {note["batch"]: note["lines"] for note in run.notes if note["what"] == "counted"}
    seen: dict[int, dict[int, list[list[int]]]] = defaultdict(dict)
    for each in run.seen:
        seen[run.batches.get(each["stage"], -1)][each["index"]] = each["lines"]
    partitions = partitions_of(run)
    found = []
    done = [note for note in run.notes if note["what"] == "batch" and run.at(note["ended"]) < run.stop_ms]
    for note in sorted(done, key=lambda note: int(note["batch"])):
        batch = run.at(note["batch"])
        times = {key: run.at(note[key]) for key in ("batch", "submitted", "started", "ended")}
        found.append(
            times
            | {
                "records": note["records"],
                "partitions": partitions.get(batch, 0),
                "lines": [seen[batch].get(index) for index in range(partitions.get(batch, 0))],
                "counted": counted.get(note["batch"]),
                "failed": run.shortened(note["failed"]),
            }
        )
    return found


def blocks(run: Run) -> list[Fact]:
    """Received blocks: when each was made, how long it took to store and replicate it, when the driver heard of it."""
    pushed = {
        run.tick(found[1]): (executor, run.at(at_ms), int(found[2]))
        for executor, log in run.executor_logs.items()
        for at_ms, who, text in log
        if who == "ReceiverSupervisorImpl" and (found := PUSHED.match(text))
    }
    received = {
        run.tick(found[1]): run.at(at_ms)
        for at_ms, who, text in run.driver_log
        if who == "ReceivedBlockTracker" and (found := RECEIVED.match(text))
    }
    rows = []
    for tick in sorted(tick for tick in pushed.keys() | received.keys() if tick < run.stop_ms):
        executor, stored, took = pushed.get(tick, (None, None, None))
        row = {"tick": tick, "executor": executor, "stored": stored, "took_ms": took}
        rows.append(row | {"reported": received.get(tick)})
    return rows


def tasks(run: Run, spec: Fact) -> list[Fact]:
    """The tasks of the first batches with blocks that things went wrong in, all that failed, all of a second try."""
    from_ms, with_blocks = first_ms(spec, run), partitions_of(run)
    ended = [event for event in run.named("TaskEnd") if run.at(event["Task Info"]["Finish Time"]) >= from_ms]
    struck = sorted({run.batches.get(event["Stage ID"], -1) for event in ended} & with_blocks.keys())[
        :BATCHES_WITH_TASKS
    ]
    found = []
    for event in ended:
        info, reason = event["Task Info"], event["Task End Reason"]
        ordinary = reason["Reason"] == "Success" and not info["Attempt"] and not event["Stage Attempt ID"]
        if run.at(info["Launch Time"]) < run.stop_ms and (not ordinary or run.batches.get(event["Stage ID"]) in struck):
            found.append(
                stage_of(run, event["Stage ID"], event["Stage Attempt ID"])
                | {"index": info["Index"], "try": info["Attempt"], "executor": info["Executor ID"]}
                | {"locality": info["Locality"], "launched": run.at(info["Launch Time"])}
                | {"finished": run.at(info["Finish Time"]), "end": reason["Reason"]}
                | end_details(run, reason)
            )
    return sorted(found, key=lambda task: int(task["launched"]))


def end_details(run: Run, reason: Fact) -> Fact:
    if reason["Reason"] == "ExecutorLostFailure":
        return {"counts": reason["Exit Caused By App"], "message": run.shortened(reason["Loss Reason"])}
    if reason["Reason"] == "ExceptionFailure":
        return {"class": reason["Class Name"], "message": run.shortened(reason["Description"])}
    if reason["Reason"] == "FetchFailed":
        return {"message": run.shortened(reason["Message"])}
    if reason["Reason"] == "TaskKilled":
        return {"message": run.shortened(reason["Kill Reason"])}
    return {}
