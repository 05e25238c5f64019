"""Streaming programs give in virtual time what they gave on real PySpark."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.streaming import StreamingContext
from tests.conformance.cases import recording
from tests.conformance.stream_programs import PROGRAMS, StreamProgram, answer_so_far

RECORDED = recording()["programs"]
BATCHES = 6


def test_every_program_is_recorded() -> None:
    assert set(PROGRAMS) == set(RECORDED)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_same_output_as_pyspark(program: StreamProgram, sim: Any) -> None:
    ssc, out = StreamingContext(sim, 1), []
    program.run(sim, ssc, out)
    ssc.start()
    ssc.awaitTerminationOrTimeout(BATCHES + 0.9)
    ssc.stop(stopSparkContext=False)
    assert answer_so_far(program, out) == RECORDED[program.name]
