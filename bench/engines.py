"""The same DStream word count on sparksim, PySpark and pysparkling, each in a process of its own.

Batches wait in a queue, so an engine is never idle: the time from the end of one batch to the end of the next is what a
batch costs, everything included. `python -m bench.engines sparksim` prints the median in seconds.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

from bench.lines import PARTITIONS, WORDS_PER_LINE, lines, word_count
from bench.measure import Row

LINES, WARM_UP, MEASURED = 20_000, 3, 7
BATCHES = WARM_UP + MEASURED
NAMES = {"sparksim": "sparksim", "pyspark": "PySpark local[2]", "pysparkling": "pysparkling"}


def batch_s(engine: str) -> float:
    """Median seconds per batch, in this process."""
    context, streaming = _classes(engine)
    sc = context() if engine == "pysparkling" else context("local[2]", "bench")
    ssc = streaming(sc, 0.05)
    ends: list[float] = []
    done = threading.Event()

    def take(rdd: Any) -> None:
        if len(ends) == BATCHES:
            return
        counts = dict(rdd.collect())
        assert sum(counts.values()) == LINES * WORDS_PER_LINE
        ends.append(perf_counter())
        if len(ends) == BATCHES:
            done.set()
            if engine == "pysparkling":  # it works on the main thread, and awaits nothing else
                ssc.stop()

    text = lines(LINES)
    word_count(ssc.queueStream([sc.parallelize(text, PARTITIONS) for _ in range(BATCHES)])).foreachRDD(take)
    ssc.start()
    if engine == "pysparkling":
        ssc.awaitTermination()
    else:
        done.wait()
        ssc.stop(stopSparkContext=True, stopGraceFully=False)
    return median(end - begin for begin, end in pairwise(ends[WARM_UP - 1 :]))


def _classes(engine: str) -> tuple[Any, Any]:
    if engine == "pyspark":
        from pyspark import SparkContext
        from pyspark.streaming import StreamingContext

        return SparkContext, StreamingContext
    if engine == "pysparkling":
        from pysparkling import Context
        from pysparkling.streaming import StreamingContext

        return Context, StreamingContext
    from sparksim import SparkContext
    from sparksim.streaming import StreamingContext

    return SparkContext, StreamingContext


def missing(engine: str) -> list[str]:
    """What this machine lacks to run the engine."""
    needed = {"pysparkling": ("pysparkling", "tornado")}.get(engine, (engine,))
    absent = [name for name in needed if importlib.util.find_spec(name) is None]
    places = os.pathsep.join((os.path.join(os.environ.get("JAVA_HOME", ""), "bin"), os.environ.get("PATH", "")))
    if engine == "pyspark" and not shutil.which("java", path=places):
        absent.append("Java")
    return absent


def rows() -> list[Row]:
    """Thousands of lines per second beside each of the others."""
    ours_s = _measured_s("sparksim")
    ours = LINES / ours_s / 1000
    found = []
    for engine in ("pyspark", "pysparkling"):
        lacks = missing(engine)
        if lacks:
            beside = f"{NAMES[engine]} (missing: {', '.join(lacks)})"
            found.append(Row("word count, DStream", ours, beside, 0.0, "k lines/s", None))
            continue
        theirs_s = _measured_s(engine)
        theirs = LINES / theirs_s / 1000
        found.append(Row("word count, DStream", ours, NAMES[engine], theirs, "k lines/s", ours_s / theirs_s))
    return found


def _measured_s(engine: str) -> float:
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "PYTHONHASHSEED": "0"}
    run = subprocess.run(
        [sys.executable, "-m", "bench.engines", engine], capture_output=True, text=True, env=environment, check=False
    )
    if run.returncode:
        raise RuntimeError(f"the word count on {NAMES[engine]} failed:\n{run.stderr}")
    return float(run.stdout.split()[-1])


if __name__ == "__main__":
    print(batch_s(sys.argv[1]))
