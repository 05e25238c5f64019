"""What a streaming program prints looks as on real PySpark."""

from __future__ import annotations

from typing import Any

from sparksim import SparkContext
from sparksim.streaming import StreamingContext
from tests.conformance.cases import recording
from tests.conformance.printed import BATCHES, OUTPUTS, blocks, word_count


def test_pprint_prints_what_pyspark_prints(capsys: Any) -> None:
    with SparkContext("sim[1,2]", "conformance") as sc:
        ssc = StreamingContext(sc, 1)
        word_count(sc, ssc)
        ssc.start()
        ssc.awaitTerminationOrTimeout(BATCHES + 0.9)
        ssc.stop(stopSparkContext=False)
    printed = blocks(capsys.readouterr().out)
    assert len(printed) == BATCHES * OUTPUTS
    assert printed == recording()["printed"]["word_count"]
