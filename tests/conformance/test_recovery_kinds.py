"""Programs that are interrupted and go on from their checkpoint: which batches run again, and what they then yield."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim import RDD
from sparksim.sim import DriverCrash, Simulation
from sparksim.streaming import StreamingContext
from sparksim.streaming.graph_checkpoint import GraphCheckpoint, times_to_run_again
from sparksim.streaming.input_dstream import InputDStream
from sparksim.streaming.times import restart_time_ms
from tests.conformance.dstream_cases import Vector, shared_vectors
from tests.conformance.dstream_runner import BatchClock, Program, comparable

RECOVERIES = [vector for vector in shared_vectors() if vector["kind"] == "recovery"]
RESTARTS = [vector for vector in shared_vectors() if vector["kind"] == "restart"]

BATCH_S = 1.0


@pytest.mark.parametrize("vector", RESTARTS, ids=lambda vector: vector["id"])
def test_which_batches_run_again(vector: Vector) -> None:
    batch_ms, at_ms = vector["batch_ms"], vector["checkpoint_ms"]
    checkpoint = GraphCheckpoint("local", "test", (), "", batch_ms, at_ms, tuple(vector["pending_ms"]), b"")
    restart_ms = restart_time_ms(vector["now_ms"], batch_ms, vector["zero_ms"])
    again_ms = times_to_run_again(checkpoint, restart_ms)
    assert {"restart_ms": restart_ms, "reschedule_ms": again_ms} == vector["expected"]


class Replayed(InputDStream[Any]):
    """The same records for a batch, however often it is asked for."""

    def __init__(self, ssc: StreamingContext, batches: list[list[Any]]) -> None:
        super().__init__(ssc)
        self.batches = batches

    def compute(self, batch_time_ms: int) -> RDD[Any]:
        assert self.zero_ms is not None
        number = (batch_time_ms - self.zero_ms) // self.slide_ms
        records = self.batches[number - 1] if number <= len(self.batches) else []
        return self.context().sparkContext.parallelize(records, 2)


OUTPUTS: list[list[Any]] = []
"""What came out. A checkpointed function is saved with what it captures, so the outputs are not in a closure."""


def keep(rdd: RDD[Any]) -> None:
    OUTPUTS.append(rdd.collect())


@pytest.mark.parametrize("vector", RECOVERIES, ids=lambda vector: vector["id"])
def test_a_program_goes_on_after_its_driver_died(vector: Vector) -> None:
    def program(ssc: StreamingContext) -> None:
        batches = [[tuple(r) if isinstance(r, list) else r for r in batch] for batch in vector["inputs"]]
        stream = Replayed(ssc, batches)
        streams = Program(ssc.sparkContext, ssc, BatchClock(BATCH_S), {1: stream})
        streams.apply(stream, vector["program"]).foreachRDD(keep)

    OUTPUTS.clear()
    crash = DriverCrash(at=vector["restart_after"] * BATCH_S + 0.8, restart_after=0.1)
    simulation = Simulation(program, batch=BATCH_S, cost="free", faults=[crash], checkpoint="sim://checkpoint")
    simulation.run(until=vector["batches"] * BATCH_S + 0.5)
    expected = vector["expected"]["before"] + vector["expected"]["after"]
    assert comparable(OUTPUTS, ordered=False) == comparable(expected, ordered=False)
