"""DStream vectors in virtual time: Spark's own expectations, and our programs as real PySpark answered them."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from tests.conformance.dstream_cases import recorded_cases, shared_vectors
from tests.conformance.dstream_ops import can_run
from tests.conformance.dstream_runner import BatchClock, Vector, build, differences

BATCH_S = 1
VECTORS = [v for v in [*shared_vectors(), *recorded_cases()] if v["kind"] == "dstream" and can_run(v)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_operators_yield_batch_by_batch(vector: Vector, tmp_path: Any) -> None:
    with SparkContext("sim[1,2]", "conformance") as sc:
        ssc, clock = StreamingContext(sc, BATCH_S), BatchClock(BATCH_S)
        if vector["checkpoint"]:
            ssc.checkpoint(str(tmp_path))
        clock.watch(ssc, sc)
        run = build(vector, sc, ssc, clock)
        ssc.start()
        error: BaseException | None = None
        try:
            ssc.awaitTerminationOrTimeout(BATCH_S * (vector["batches"] + 0.9))
        except Exception as failure:
            error = failure
            ssc.awaitTerminationOrTimeout(BATCH_S * vector["batches"])
        slices = run.slices()
        ssc.stop(stopSparkContext=False)
    assert differences(run, slices, error) == []
