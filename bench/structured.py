"""Streaming queries on sparksim and PySpark, each in a process of its own, on local[2]: what a trigger costs.

A windowed count with a watermark reads a file of rows per trigger; a running count has 1,000 or 100,000 groups in its
state, and each trigger touches 100 of them. Files wait for the query, so an engine is never idle: the time from the end
of one batch to the end of the next is what a trigger costs, planning, logs and states included.
`python -m bench.structured pyspark windowed 10000` prints the median in seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from bench.engines import NAMES, missing
from bench.measure import Row

WARM_UP, MEASURED = 3, 7
FILES = WARM_UP + MEASURED
ROWS, GROUPS, TOUCHED = (10_000, 100_000), (1_000, 100_000), 100
KEYS, FILE_SPAN_S = 100, 300
START = datetime(2024, 1, 1)
SCHEMA = "ts timestamp, key string, value int"
Line = tuple[datetime, str, int]


def windowed_files(rows: int) -> Iterable[list[Line]]:
    """Event time goes five minutes further in each file."""
    rng = Random(1)
    for number in range(FILES):
        begin = START + timedelta(seconds=FILE_SPAN_S * number)
        yield [
            (begin + timedelta(seconds=rng.randrange(FILE_SPAN_S)), f"key{rng.randrange(KEYS)}", rng.randrange(10))
            for _ in range(rows)
        ]


def state_files(groups: int) -> Iterable[list[Line]]:
    """First every group, then a hundred of them per file."""
    yield [(START, f"key{group}", 1) for group in range(groups)]
    rng = Random(1)
    for _ in range(FILES - 1):
        yield [(START, f"key{group}", 1) for group in rng.sample(range(groups), TOUCHED)]


def windowed_count(frame: Any, functions: Any) -> Any:
    """Rows of each window of ten minutes and key."""
    late = frame.withWatermark("ts", "10 minutes")
    return late.groupBy(functions.window("ts", "10 minutes"), "key").count()


def running_count(frame: Any, functions: Any) -> Any:
    """Rows of each key since the start."""
    return frame.groupBy("key").count()


PROGRAMS: dict[str, tuple[Callable[[int], Iterable[list[Line]]], Callable[[Any, Any], Any]]] = {
    "windowed": (windowed_files, windowed_count),
    "state": (state_files, running_count),
}


def trigger_s(engine: str, program: str, size: int) -> float:
    """Median seconds per trigger, in this process."""
    session, functions = _session(engine)
    files, query = PROGRAMS[program]
    ends: list[float] = []

    def take(frame: Any, batch: int) -> None:
        assert frame.collect() or batch >= FILES
        ends.append(perf_counter())

    with TemporaryDirectory() as directory:
        _write(Path(directory, "in"), files(size))
        frame = session.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).csv(f"{directory}/in")
        writer = query(frame, functions).writeStream.foreachBatch(take).outputMode("update")
        writer = writer.option("checkpointLocation", f"{directory}/checkpoint").trigger(availableNow=True)
        writer.start().awaitTermination()
    session.stop()
    return median(end - begin for begin, end in pairwise(ends[WARM_UP - 1 : FILES]))


def _write(folder: Path, files: Iterable[list[Line]]) -> None:
    """Files are read in the order of their modification times."""
    folder.mkdir()
    for number, lines in enumerate(files):
        path = folder / f"{number:03}.csv"
        path.write_text("".join(f"{ts},{key},{value}\n" for ts, key, value in lines))
        os.utime(path, (START.timestamp() + number,) * 2)


def _session(engine: str) -> tuple[Any, Any]:
    if engine == "pyspark":
        from pyspark.sql import SparkSession, functions
    else:
        from sparksim.sql import SparkSession, functions
    builder = SparkSession.builder.master("local[2]").appName("bench").config("spark.sql.shuffle.partitions", "2")
    return builder.getOrCreate(), functions


def rows() -> list[Row]:
    """Thousands of rows per second, and milliseconds per trigger, beside PySpark."""
    found = []
    for size in ROWS:
        ours, theirs = _beside("windowed", size)
        speeds = [size / seconds / 1000 if seconds else 0.0 for seconds in (ours, theirs)]
        found.append(_row(f"windowed count, {size:,} rows per trigger", *speeds, "k rows/s", ours, theirs))
    for size in GROUPS:
        ours, theirs = _beside("state", size)
        what = f"running count, {TOUCHED} of {size:,} groups"
        found.append(_row(what, ours * 1000, theirs * 1000, "ms/trigger", ours, theirs))
    return found


def _row(what: str, ours: float, theirs: float, unit: str, ours_s: float, theirs_s: float) -> Row:
    lacks = missing("pyspark")
    beside = f"{NAMES['pyspark']} (missing: {', '.join(lacks)})" if lacks else NAMES["pyspark"]
    return Row(what, ours, beside, theirs, unit, None if lacks else ours_s / theirs_s)


def _beside(program: str, size: int) -> tuple[float, float]:
    return _measured_s("sparksim", program, size), 0.0 if missing("pyspark") else _measured_s("pyspark", program, size)


def _measured_s(engine: str, program: str, size: int) -> float:
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "bench.structured", engine, program, str(size)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if run.returncode:
        raise RuntimeError(f"the {program} query on {NAMES[engine]} failed:\n{run.stderr}")
    return float(run.stdout.split()[-1])


if __name__ == "__main__":
    print(trigger_s(sys.argv[1], sys.argv[2], int(sys.argv[3])))
