"""Real Spark with its driver killed and started again, and the same in a simulation: the same batches run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sparksim.sim import Cluster, Constant, DriverCrash, Run, Simulation
from sparksim.streaming import StreamingContext
from sparksim.trace.events import BatchSubmitted, DriverDied, StreamingRecovered

RECORDINGS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "driver_killed.json").read_text(encoding="utf-8")
)["recordings"]
UNTIL_S = 38.5


def count_lines(ssc: StreamingContext) -> None:
    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.count())


def count_files(ssc: StreamingContext) -> None:
    ssc.textFileStream("sim://in").foreachRDD(lambda rdd: rdd.count())


def simulated(recording: dict[str, Any]) -> Run:
    """The same program, killed at the same moment; the new driver reads its checkpoint when the real one did."""
    files = {
        f"sim://in/f{number:02d}.txt": (dropped_ms / 1000, "record\n" * records)
        for number, (dropped_ms, records) in enumerate(recording["files"])
    }
    down_s = (recording["rerun_submitted_ms"] - recording["killed_ms"]) / 1000
    simulation = Simulation(
        count_files if files else count_lines,
        network={} if files else {"localhost:9999": Constant(rate=60)},
        files=files,
        batch=recording["batch_ms"] / 1000,
        block=0.4,
        cluster=Cluster(executors=1, cores=4),
        cost="free",
        faults=[DriverCrash(at=recording["killed_ms"] / 1000, restart_after=down_s)],
        checkpoint="sim://checkpoint",
    )
    return simulation.run(until=UNTIL_S)


def submitted(run: Run) -> list[tuple[int, int]]:
    """`(1 before the crash or 2 after it, batch time)`."""
    [died] = run.trace.of(DriverDied)
    return [(1 + (each.time_ms > died.time_ms), each.batch_time_ms) for each in run.trace.of(BatchSubmitted)]


@pytest.mark.parametrize("recording", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_the_same_batches_run_again(recording: dict[str, Any]) -> None:
    real = [(life, time_ms) for life, time_ms, *_ in recording["batches"] if time_ms <= UNTIL_S * 1000]
    run = simulated(recording)
    assert submitted(run) == real
    [recovered] = run.trace.of(StreamingRecovered)
    assert list(recovered.batches) == [
        time_ms
        for life, time_ms in real
        if life == 2 and time_ms < recovered.restart_ms  # from the checkpoint's own batch on
    ]


def test_files_that_came_while_the_driver_was_down_join_the_batches_they_would_have_joined() -> None:
    recording = RECORDINGS["K03_driver_killed_files"]
    run = simulated(recording)
    tasks = [len(run.tasks.where(batch_time_ms=time_ms)) for _, time_ms in submitted(run)]
    real: dict[tuple[int, int], int] = {(life, time_ms): parts for life, time_ms, parts, _ in recording["batches"]}
    again = {time_ms for life, time_ms in real if life == 2 and (1, time_ms) in real}
    for (life, time_ms), got in zip(submitted(run), tasks, strict=True):
        wanted = real[life, time_ms] + (real[3 - life, time_ms] if time_ms in again else 0)
        assert got == wanted, f"batch {time_ms} ms"
