"""What an RDD says while no SparkSession has been made: in a process of its own, because a session leaves its mark."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from sparksim import SparkContext
from sparksim.core.errors import PySparkRuntimeError
from sparksim.sql import SparkSession

with SparkContext("local[1]", "test") as sc:
    try:
        sc.parallelize([("a", 1)]).toDF()
    except PySparkRuntimeError as error:
        print(error)
    SparkSession.builder.getOrCreate()
    print(sc.parallelize([("a", 1)]).toDF(["word", "total"]).columns)
"""


def test_an_rdd_becomes_a_data_frame_only_when_there_is_a_session() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    refusal, columns = done.stdout.splitlines()
    assert "CALL_BEFORE_INITIALIZE" in refusal
    assert "SparkSession.builder.getOrCreate()" in refusal
    assert columns == "['word', 'total']"
