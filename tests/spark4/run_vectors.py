"""Runs structured vectors on real PySpark: `python -m tests.spark4.run_vectors VECTORS RESULTS` in its environment.

One JVM runs them all, several at once, each in a session of its own. It needs pyspark 4, pandas and pyarrow; nothing of
sparksim, and nothing that only the tests need.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conformance.structured_programs import Modules, run
from tests.spark.real import session_of_real_spark

AT_ONCE = 6


def main(vectors: Path, results: Path) -> None:
    """Write the result of each vector, by its name."""
    from pyspark.sql import functions

    spark = session_of_real_spark()
    modules = Modules(functions)
    with TemporaryDirectory() as directory, ThreadPoolExecutor(AT_ONCE) as threads:

        def answer(vector: dict[str, Any]) -> Any:
            return run(modules, spark.newSession(), vector["program"], Path(directory) / vector["name"])

        given = json.loads(vectors.read_text(encoding="utf-8"))["vectors"]
        answers = dict(zip([vector["name"] for vector in given], threads.map(answer, given), strict=True))
    results.write_text(json.dumps(answers), encoding="utf-8")
    spark.stop()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
