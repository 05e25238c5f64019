"""A recording's scenario and inputs as a simulation: the same program, cluster, sources and faults, in virtual time.

The sources send what they sent, when they sent it, to the receiver that is there. The grid is the recording's: zero
time is 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sparksim.cluster.backend import HOSTS
from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import DriverCrash, ExecutorCrash, Fault
from sparksim.core.storage_level import StorageLevel
from sparksim.fidelity.pipeline import build
from sparksim.fidelity.recording import Recording, RecordingError, Source, SourceInput
from sparksim.sim.files import FileStory
from sparksim.sim.loads import Replay
from sparksim.sim.run import Run
from sparksim.sim.simulation import Cluster, Simulation
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.dstream import DStream
from sparksim.streaming.receiver_rdd import BLOCKS_ON_EXECUTORS
from sparksim.streaming.receiver_tracker import DUMMY_JOB

CHECKPOINT = "sim://checkpoint"
INCOMING = "sim://in"
HOST, FIRST_PORT = "source", 9000

FILE_MOVE_MS = 2
COUNTED_EVERY_MS = 110

_LOCAL = re.compile(r"local(?:\[(\d+|\*)(?:,(\d+))?\])?")
_CLUSTER = re.compile(r"(local-cluster|standalone)\[(\d+),(\d+),\d+\]")


def simulate(recording: Recording, cost: CostModel, seed: int = 0) -> Run:
    """Run the recording's scenario with these prices. Raises `RecordingError` for what a simulation cannot be."""
    scenario, inputs = recording.scenario, recording.inputs
    batch_ms, pipeline, stop_ms = scenario.batch_ms, scenario.pipeline, recording.stop_ms
    sources, graceful, checkpointed = scenario.sources, scenario.stop == "graceful", scenario.checkpoint

    def program(ssc: StreamingContext) -> None:
        if checkpointed:
            ssc.checkpoint(CHECKPOINT)
        streams = [_stream(ssc, source) for source in sources]
        build(streams[0] if len(streams) == 1 else ssc.union(*streams), pipeline, batch_ms)
        if graceful:
            _stop_at(ssc, stop_ms)

    cluster, conf = _cluster(scenario.master, recording.machine_cores)
    simulation = Simulation(
        program,
        network={f"{HOST}:{FIRST_PORT + each.stream}": Replay(list(arrivals(each))) for each in inputs.sources},
        files=_files(recording),
        batch=batch_ms / 1000,
        cluster=cluster,
        faults=[_fault(recording, number) for number in range(len(scenario.faults))],
        conf={DUMMY_JOB: False, **scenario.conf, **conf},
        cost=cost,
        seed=seed,
        checkpoint=CHECKPOINT if scenario.recover else None,
    )
    ends = [mark.t for mark in inputs.marks if mark.what == "stopped"] if graceful else []
    return simulation.run(until=max([stop_ms, *ends]) / 1000)


def arrivals(source: SourceInput) -> Iterator[tuple[float, str]]:
    """(seconds, record number as text) of everything that was sent while somebody was connected.

    Between two counts of the recording, records are spread evenly; after a silence they came at its end.
    """
    unheard = {number for first, last in source.dropped_unconnected for number in range(first, last + 1)}
    for (begin_ms, before), (end_ms, sent) in pairwise(source.cumulative):
        begin_ms = max(begin_ms, end_ms - COUNTED_EVERY_MS)
        for number in range(before, sent):
            if number not in unheard:
                time_ms = begin_ms + (number - before + 1) * (end_ms - begin_ms) / (sent - before)
                yield max(time_ms, 0.0) / 1000, str(number)


def _cluster(master: str, machine_cores: int) -> tuple[Cluster, dict[str, Any]]:
    """The simulated cluster that stands for a master, and what Spark settles by that master alone."""
    local, cluster = _LOCAL.fullmatch(master), _CLUSTER.fullmatch(master)
    if local:
        cores = str(machine_cores) if local[1] == "*" else local[1] or "1"
        conf = {"spark.task.maxFailures": local[2] or "1", "spark.default.parallelism": cores}
        # In local mode blocks are on another host than the cores, by name: no task waits for its data.
        return Cluster(1, int(cores)), {**conf, "spark.locality.wait": "0s", "spark.speculation": "false"}
    if cluster:
        hosts = {HOSTS: "1"} if cluster[1] == "local-cluster" else {}
        return Cluster(int(cluster[2]), int(cluster[3])), {**hosts, BLOCKS_ON_EXECUTORS: True}
    known = "local, local[n], local[*], local[n,f], local-cluster[..], standalone[..]"
    raise RecordingError(f"spark.master {master!r} is none of {known}")


def _stream(ssc: StreamingContext, source: Source) -> DStream[Any]:
    if source.kind == "socket":
        level = getattr(StorageLevel, source.storage_level, None)
        if not isinstance(level, StorageLevel):
            raise RecordingError(f"storage level {source.storage_level!r} is none of Spark's, such as MEMORY_ONLY_2")
        return ssc.socketTextStream(HOST, FIRST_PORT + source.stream_id, level)
    if source.kind == "files":
        return ssc.textFileStream(INCOMING)
    if source.kind == "queue":
        sc = ssc.sparkContext
        rdds = [sc.parallelize(range(records), partitions) for records, partitions in source.rdds]
        return ssc.queueStream(rdds, source.one_at_a_time)
    raise RecordingError(f"source kind {source.kind!r} is none of socket, files, queue")


def _files(recording: Recording) -> dict[str, FileStory]:
    """The files as they were really dropped. There is always the directory."""
    stories: dict[str, FileStory] = {}
    for each in recording.inputs.injected:
        if each["what"] == "file_dropped":
            lines = "".join(f"{each['first'] + number}\n" for number in range(each["records"]))
            # The mark was set when the move was over.
            stories[f"{INCOMING}/{each['name']}"] = ((each["t"] - FILE_MOVE_MS) / 1000, lines)
    return stories


def _fault(recording: Recording, number: int) -> Fault:
    """The fault of the scenario, at the moment at which it really struck."""
    fault, injected = recording.scenario.faults[number], recording.inputs.injected
    kinds = {"kill_executor": "executor_killed", "kill_driver": "driver_killed"}
    if fault.get("kind") not in kinds:
        raise RecordingError(f"fault kind {fault.get('kind')!r} is none of {', '.join(kinds)}")
    if fault["kind"] == "kill_executor" and "target" not in fault:
        raise RecordingError("a fault that kills an executor has no 'target'")
    moments = [each["t"] for each in injected if each["what"] == kinds[fault["kind"]]]
    same = [each for each in recording.scenario.faults[:number] if each["kind"] == fault["kind"]]
    at_ms = moments[len(same)] if len(moments) > len(same) else fault.get("at_ms")
    if at_ms is None:
        raise RecordingError(f"a fault of kind {fault['kind']!r} has no 'at_ms', nor a moment at which it was injected")
    if fault["kind"] == "kill_executor":
        return ExecutorCrash(fault["target"], at_ms / 1000, restart_after=0)
    start_ms = recording.inputs.mark("start_call", run=len(same) + 2)
    restart_ms = None if start_ms is None else start_ms - at_ms
    return DriverCrash(at_ms / 1000, None if restart_ms is None else restart_ms / 1000)


def _stop_at(ssc: StreamingContext, time_ms: int) -> None:
    """Let somebody stop the context gracefully at that moment."""
    clock = ssc._clock

    def stop() -> None:
        clock.sleep(time_ms - clock.now_ms)
        ssc.stop(stopSparkContext=True, stopGraceFully=True)

    clock.spawn("graceful stop", stop)
