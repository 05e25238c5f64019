"""What a streaming program prints looks as on real PySpark."""

from __future__ import annotations

from typing import Any

from sparksim.streaming import StreamingContext
from tests.conformance.cases import recording
from tests.conformance.printed import BATCHES, OUTPUTS, blocks, word_count


def test_pprint_prints_what_pyspark_prints(sim: Any, capsys: Any) -> None:
    ssc = StreamingContext(sim, 1)
    word_count(sim, ssc)
    ssc.start()
    ssc.awaitTerminationOrTimeout(BATCHES + 0.9)
    ssc.stop(stopSparkContext=False)
    printed = blocks(capsys.readouterr().out)
    assert len(printed) == BATCHES * OUTPUTS
    assert printed == recording()["printed"]["word_count"]
