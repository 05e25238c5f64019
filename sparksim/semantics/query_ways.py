"""The programs of the matrix of queries: what a query computes, and how its rows get into a sink.

Two folders fill with files, and a batch reads one of each. Rows come in the order of their event times, each sixth one
a second time with the next file; the files of the right side bring every second row again, a second and half a file
later. The last file comes when everything has calmed down; its time lies so far ahead that it closes all windows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from sparksim.sim.files import FileStory
from sparksim.sim.sinks import sink
from sparksim.sql import functions as F
from sparksim.sql.frame import DataFrame
from sparksim.sql.row import Row
from sparksim.sql.session import SparkSession

FILES, ROWS_PER_FILE = 3, 6
LAST_S = 4.0
"""When the last file comes: no crash, and no restart after one, is later."""

ROWS, OUT, CHECKPOINT, ADDRESS = "rows", "sim://out", "sim://checkpoint", "source:9999"
TRIGGER = "200 milliseconds"
_SCHEMA = "n LONG, copy LONG, at TIMESTAMP, word STRING"
_LAST = {"n": 1000, "copy": 0, "at": "1970-01-01 00:10:00", "word": "last"}


def files() -> dict[str, FileStory]:
    """Both folders as a simulation has them."""
    stories: dict[str, FileStory] = {}
    for number in range(FILES):
        stories[f"sim://left/{number}.json"] = (0.0, _lines(_left(number)))
        stories[f"sim://right/{number}.json"] = (0.0, _lines(_right(number)))
    for side in ("left", "right"):
        stories[f"sim://{side}/last.json"] = (LAST_S, _lines(iter([_LAST])))
    return stories


def texts() -> list[tuple[float, str]]:
    """What the server sends: the same numbers as the left side has, one by one."""
    return [(round(0.1 + number * 0.05, 3), str(number)) for number in range(FILES * ROWS_PER_FILE)]


def _left(file: int) -> Iterator[dict[str, object]]:
    first = file * ROWS_PER_FILE
    for number in range(max(first - 1, 0), first + ROWS_PER_FILE):
        yield _row(number, number // 2, copy=number < first)


def _right(file: int) -> Iterator[dict[str, object]]:
    first = file * ROWS_PER_FILE - ROWS_PER_FILE // 2
    for number in range(max(first, 0), first + ROWS_PER_FILE):
        if number % 2 == 0:
            yield _row(number, number // 2 + 1)


def _row(number: int, second: int, copy: bool = False) -> dict[str, object]:
    return {"n": number, "copy": int(copy), "at": f"1970-01-01 00:01:{second:02d}", "word": "abc"[number % 3]}


def _lines(rows: Iterator[dict[str, object]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


# --- what is computed -------------------------------------------------------------------------------------------------


class Shape(NamedTuple):
    """A query: what it makes of its sources, and its output mode. `is_table`: a row replaces those of earlier batches
    with the same `key`, which is its first column."""

    title: str
    frame: Callable[[SparkSession], DataFrame]
    mode: str = "append"
    is_table: bool = False


def _read(spark: SparkSession, side: str) -> DataFrame:
    return spark.readStream.schema(_SCHEMA).option("maxFilesPerTrigger", 1).json(f"sim://{side}")


def _filtered(spark: SparkSession) -> DataFrame:
    return _read(spark, "left").filter("n % 5 <> 0")


def _windowed(spark: SparkSession) -> DataFrame:
    rows = _read(spark, "left").withWatermark("at", "1 second")
    return rows.groupBy(F.window("at", "2 seconds"), "word").count()


def _distinct(spark: SparkSession) -> DataFrame:
    return _read(spark, "left").withWatermark("at", "2 seconds").dropDuplicates(["n", "at"]).drop("copy")


def _joined(spark: SparkSession) -> DataFrame:
    left = _read(spark, "left").withWatermark("at", "2 seconds").selectExpr("n", "copy", "at")
    right = _read(spark, "right").withWatermark("at", "2 seconds").selectExpr("n AS m", "at AS later")
    near = F.expr("n = m AND later BETWEEN at AND at + INTERVAL 2 SECONDS")
    return left.join(right, near, "leftOuter")


def _totals(spark: SparkSession) -> DataFrame:
    return _read(spark, "left").groupBy("word").count()


def _received(spark: SparkSession) -> DataFrame:
    host, port = ADDRESS.split(":")
    return spark.readStream.format("socket").option("host", host).option("port", port).load()


SOCKET = "socket"
SHAPES = {
    "filter": Shape("files, filtered", _filtered),
    "window": Shape("files, counted by window, with a watermark", _windowed),
    "distinct": Shape("files, duplicates dropped within a watermark", _distinct),
    "outer join": Shape("two folders, joined left outer within a time range", _joined),
    "complete": Shape("files, counted, complete mode", _totals, "complete", is_table=True),
    "update": Shape("files, counted, update mode", _totals, "update", is_table=True),
    SOCKET: Shape("a socket", _received),
}


# --- how rows get into a sink -----------------------------------------------------------------------------------------

Cells = tuple[str, ...]


def upsert(frame: DataFrame, batch: int) -> None:
    """The row of this batch and this content, as soon as a task has it."""
    frame.foreachPartition(partial(_write, sink(ROWS).upsert, batch))


def insert(frame: DataFrame, batch: int) -> None:
    """A row more, as soon as a task has it."""
    frame.foreachPartition(partial(_write, sink(ROWS).insert, batch))


def _write(write: Callable[[tuple[int, Cells], bool], None], batch: int, rows: Iterator[Row]) -> None:
    for row in rows:
        write((batch, tuple(map(str, row))), True)


FILE_SINK = "files"
SINKS: dict[str, Callable[[DataFrame, int], None] | None] = {FILE_SINK: None, "upsert": upsert, "insert": insert}
"""What `foreachBatch` gets; None: the file sink."""


def begin(shape: str, sink: str, spark: SparkSession) -> None:
    """Start the query, whose name is that of both."""
    way, write = SHAPES[shape], SINKS[sink]
    writer = way.frame(spark).writeStream.outputMode(way.mode).queryName(f"{shape}/{sink}")
    writer = writer.trigger(processingTime=TRIGGER).option("checkpointLocation", CHECKPOINT)
    if write is None:
        writer.format("json").start(OUT)
    else:
        writer.foreachBatch(write).start()
