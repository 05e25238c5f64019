"""Runs every SQL case on real PySpark and writes down the answers: `python -m tests.spark.record_sql`."""

from __future__ import annotations

import json
from typing import Any

from tests.spark.real import spark_context
from tests.sql.cases import CASES, RECORDING, Api, answer


def pyspark_api(sc: Any) -> Api:
    """PySpark's names, and a session on this context; few shuffle partitions, since each is a task."""
    from pyspark.sql import Row, SparkSession, functions, types

    settings = {"spark.sql.shuffle.partitions": 1, "spark.sql.session.timeZone": "UTC"}
    return Api(SparkSession.builder.config(map=settings).getOrCreate(), Row, functions, types)


if __name__ == "__main__":
    context = spark_context()
    api = pyspark_api(context)
    answers = [f"{json.dumps(name)}: {json.dumps(answer(name, api), ensure_ascii=False)}" for name in CASES]
    RECORDING.write_text("{\n" + ",\n".join(answers) + "\n}\n", encoding="utf-8")
    context.stop()
