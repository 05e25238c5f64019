"""DStream vectors on sparksim, in virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sparksim.streaming import StreamingContext
from tests.conformance.dstream_runner import BatchClock, Run, Vector, build, differences

BATCH_S = 1


def run_vector(vector: Vector, sim: Any, checkpoint_dir: Path) -> tuple[Run, list[list[Any]], BaseException | None]:
    """What came out, the slices the vector asks for, and the error that waiting raised."""
    ssc, clock = StreamingContext(sim, BATCH_S), BatchClock(BATCH_S)
    if vector["checkpoint"]:
        ssc.checkpoint(str(checkpoint_dir))
    clock.watch(ssc, sim)
    run = build(vector, sim, ssc, clock)
    ssc.start()
    error: BaseException | None = None
    try:
        ssc.awaitTerminationOrTimeout(BATCH_S * (vector["batches"] + 0.9))
    except Exception as failure:
        error = failure
        _let_batches_pass(clock, vector["batches"], sim)
    slices = run.slices()
    ssc.stop(stopSparkContext=False)
    return run, slices, error


def found_differences(vector: Vector, sim: Any, checkpoint_dir: Path) -> list[str]:
    """Run the vector and compare."""
    return differences(*run_vector(vector, sim, checkpoint_dir))


def _let_batches_pass(clock: BatchClock, batches: int, sim: Any) -> None:
    """Let time go on after a batch failed: waiting for termination would raise again at once, but jobs take time."""
    while clock.last_started <= batches:
        sim.parallelize([0], 1).count()
