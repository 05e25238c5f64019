"""Starts every shape of query in every output mode on real PySpark 4.3: `python -m tests.spark.record_legality`."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.legality_programs import MODES, RECORDING, SHAPES, outcome
from tests.spark.real import spark_context


def record(spark: Any, F: Any) -> dict[str, dict[str, str]]:
    """What happens to each shape in each mode."""
    return {name: {mode: outcome(name, mode, spark, F) for mode in MODES} for name in SHAPES}


def as_text(recorded: dict[str, dict[str, str]]) -> str:
    """JSON with one line per shape, so that a diff shows which verdicts changed."""
    lines = [f"{json.dumps(name)}: {json.dumps(verdicts)}" for name, verdicts in recorded.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    from pyspark.sql import SparkSession, functions

    context = spark_context()
    settings = {"spark.sql.shuffle.partitions": 1, "spark.sql.session.timeZone": "UTC"}
    session = SparkSession.builder.config(map=settings).getOrCreate()
    RECORDING.write_text(as_text(record(session, functions)), encoding="utf-8")
    context.stop()
