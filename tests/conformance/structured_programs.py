"""Streaming queries written down as data, built and run through the API that PySpark and sparksim share.

A program is an operator tree over named inputs, and steps that make rows available: the format of
`data/structured-vectors.json`, whose `conventions` say what each field means. This module imports neither pyspark nor
sparksim, and nothing that is not in Python: one of them is handed in as `Modules`, and the environment of real Spark
runs this same file. Timestamps are compared as text in UTC, so the process must run with TZ=UTC.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import repeat
from pathlib import Path
from typing import Any

Program = dict[str, Any]
Node = dict[str, Any]
Result = dict[str, Any]

SEMANTICS = {
    "no_data_batches": "spark.sql.streaming.noDataMicroBatches.enabled",
    "watermark_policy": "spark.sql.streaming.multipleWatermarkPolicy",
}
SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2"}
FIRST_MTIME_S = 1_700_000_000
"""Files are read in the order of their modification times: one second for each step."""
INTERVAL_MS = 200
"""How often a query of several streams looks at their directories."""
TRIES = 5


@dataclass(frozen=True)
class Modules:
    """What a program is written with: `pyspark.sql.functions` or `sparksim.sql.functions`.

    `is_paced`: time goes on while files appear, so several may be seen one by one; virtual time does not.
    """

    functions: Any
    is_paced: bool = True


# --- the program ------------------------------------------------------------------------------------------------------


def build(spark: Any, F: Any, program: Program, paths: dict[str, Path]) -> Any:
    """The DataFrame of `program["query"]`. `paths`: for each stream the directory its files appear in."""

    def frame(node: Node) -> Any:
        if node["op"] == "source":
            return source(spark, node["name"], program["inputs"][node["name"]], paths)
        if node["op"] == "join":
            return frame(node["left"]).join(frame(node["right"]), F.expr(node["on"]), node["how"])
        if node["op"] in SETS:
            return reduce(SETS[node["op"]], map(frame, sides(node)))
        return OPERATORS[node["op"]](frame(node["input"]), node, F, spark)

    return frame(program["query"])


def source(spark: Any, name: str, given: dict[str, Any], paths: dict[str, Path]) -> Any:
    """The frame of one input: JSON files that appear, one per batch, or rows that are there from the start."""
    schema = ", ".join(f"{column} {kind}" for column, kind in given["schema"])
    if given["kind"] == "static":
        return spark.createDataFrame([tuple(row) for row in given["rows"]], schema)
    return spark.readStream.schema(schema).option("maxFilesPerTrigger", 1).json(str(paths[name]))


def sides(node: Node) -> list[Node]:
    """The inputs of an operation on sets, however many it has."""
    inputs: list[Node] = node["inputs"] if "inputs" in node else [node["left"], node["right"]]
    return inputs


SETS: dict[str, Callable[[Any, Any], Any]] = {
    "union": lambda left, right: left.union(right),
    "except": lambda left, right: left.subtract(right),
    "intersect": lambda left, right: left.intersect(right),
}


def _group_agg(df: Any, node: Node, F: Any, spark: Any) -> Any:
    group = getattr(df, node.get("grouping", "groupBy"))
    return group(*[_key(key, F) for key in node["keys"]]).agg(*[F.expr(sql).alias(name) for sql, name in node["aggs"]])


def _key(key: str | Node, F: Any) -> Any:
    if isinstance(key, str):
        return F.expr(key)
    if "window" in key:
        window = key["window"]
        column = F.window(F.col(window["column"]), window["duration"], window.get("slide"), window.get("start"))
    else:
        session = key["session_window"]
        column = F.session_window(F.col(session["column"]), session["gap"])
    return column.alias(key["as"]) if "as" in key else column


def _dedup(df: Any, node: Node, F: Any, spark: Any) -> Any:
    drop = df.dropDuplicatesWithinWatermark if node.get("within_watermark") else df.dropDuplicates
    return drop(node["columns"]) if "columns" in node else drop()


def _sql(df: Any, node: Node, F: Any, spark: Any) -> Any:
    df.createOrReplaceTempView(node["view"])
    return spark.sql(node["query"])


def _sort(df: Any, node: Node, F: Any, spark: Any) -> Any:
    return df.orderBy(*[getattr(F.col(column), direction)() for column, direction in node["keys"]])


def _apply_with_state(df: Any, node: Node, F: Any, spark: Any) -> Any:
    make, output, state = STATE_FUNCTIONS[node["func"]]
    function = make(**node["args"])
    return df.groupBy(*node["keys"]).applyInPandasWithState(function, output, state, node["mode"], node["timeout"])


OPERATORS: dict[str, Callable[[Any, Node, Any, Any], Any]] = {
    "watermark": lambda df, node, F, spark: df.withWatermark(node["column"], node["delay"]),
    "select": lambda df, node, F, spark: df.selectExpr(*node["exprs"]),
    "filter": lambda df, node, F, spark: df.filter(node["cond"]),
    "group_agg": _group_agg,
    "dedup": _dedup,
    "distinct": lambda df, node, F, spark: df.distinct(),
    "sort": _sort,
    "limit": lambda df, node, F, spark: df.limit(node["n"]),
    "offset": lambda df, node, F, spark: df.offset(node["n"]),
    "sample": lambda df, node, F, spark: df.sample(node["fraction"]),
    "sql": _sql,
    "apply_with_state": _apply_with_state,
}


def running_count() -> Any:
    """Counts the rows of each key, over all batches."""

    def count(key: tuple[Any, ...], frames: Iterator[Any], state: Any) -> Iterator[Any]:
        import pandas as pd

        n = (state.get[0] if state.exists else 0) + sum(len(frame) for frame in frames)
        state.update((n,))
        yield pd.DataFrame({"k": [key[0]], "n": [n]})

    return count


def session_event_time(gap_ms: int) -> Any:
    """Counts the rows of each key until the watermark is `gap_ms` past the last of them."""

    def count(key: tuple[Any, ...], frames: Iterator[Any], state: Any) -> Iterator[Any]:
        import pandas as pd

        if state.hasTimedOut:
            n, closed = state.get[0], True
            state.remove()
        else:
            n, last_ms = state.get if state.exists else (0, 0)
            for frame in frames:
                n, last_ms = n + len(frame), max(last_ms, frame["ts"].max().value // 1_000_000)
            state.update((n, last_ms))
            state.setTimeoutTimestamp(last_ms + gap_ms)
            closed = False
        yield pd.DataFrame({"k": [key[0]], "n": [n], "closed": [closed]})

    return count


STATE_FUNCTIONS = {
    "running_count": (running_count, "k string, n bigint", "n bigint"),
    "session_event_time": (session_event_time, "k string, n bigint, closed boolean", "n bigint, last_ms bigint"),
}


# --- a run ------------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """A program that was refused or died: `phase` is build, start or run, the cause is the exception of the engine."""

    def __init__(self, phase: str) -> None:
        super().__init__(phase)
        self.phase = phase


def run(modules: Modules, session: Any, program: Program, folder: Path) -> Result:
    """What the program did, in the notation of `expected`, or its error in that of `expected_error`.

    `session` is the program's own: its settings and views are changed. Everything is written below `folder`.
    """
    configure(session, program)
    try:
        for attempt in range(TRIES):
            tried = _Run(modules, session, program, folder / str(attempt))
            result = tried.result()
            if not tried.is_split():
                return result
        raise TimeoutError(f"{TRIES} times the engine looked at one stream before a step and at another after it")
    except Refused as refused:
        cause = refused.__cause__
        condition = getattr(cause, "getCondition", None) or getattr(cause, "getErrorClass", lambda: None)
        error = {"phase": refused.phase, "exception": type(cause).__name__, "condition": condition()}
        return {"error": error, "text": str(cause)}


def configure(session: Any, program: Program) -> None:
    """The settings of a program; its semantics are Spark's own where Spark can be set so."""
    semantics = program.get("semantics", {})
    settings = {**SETTINGS, **{SEMANTICS[name]: value for name, value in semantics.items() if name in SEMANTICS}}
    if semantics.get("late_filter_watermark") == "current_batch":
        settings["spark.sql.streaming.statefulOperator.allowMultiple"] = False
    for name, value in {**settings, **program.get("spark_conf", {})}.items():
        session.conf.set(name, str(value).lower() if isinstance(value, bool) else value)


class _Run:
    """One program while it runs: the files that were dropped, the rows that came out, the progress reported."""

    def __init__(self, modules: Modules, session: Any, program: Program, folder: Path) -> None:
        self.modules, self.session, self.program, self.folder = modules, session, program, folder
        self.streams = [name for name, given in program["inputs"].items() if given["kind"] == "stream"]
        self.paths = {name: folder / "in" / name for name in self.streams}
        for path in self.paths.values():
            path.mkdir(parents=True)
        self.rows: dict[int, list[Any]] = {}
        self.steps: dict[int, int] = {}
        self.progress: dict[int, Any] = {}

    def result(self) -> Result:
        try:
            self.frame = build(self.session, self.modules.functions, self.program, self.paths)
            columns = [[field.name, field.dataType.simpleString()] for field in self.frame.schema.fields]
        except Exception as error:
            raise Refused("build") from error
        drive = {"process_all_available": self._step_by_step, "available_now": self._all_at_once}
        drive[self.program["drive"]]()
        return {"columns": columns, "batches": [self._batch(batch) for batch in sorted(self.rows)]}

    def _step_by_step(self) -> None:
        query = self._start()
        try:
            for number, step in enumerate(self.program["steps"]):
                if step.get("$restart"):
                    query.stop()
                    query = self._start()
                else:
                    self._drop(number, step)
                    self._wait(query.processAllAvailable)
                self._note(query, repeat(number))
        finally:
            query.stop()

    def _all_at_once(self) -> None:
        for number, step in enumerate(self.program["steps"]):
            self._drop(number, step)
        query = self._start(availableNow=True)
        self._wait(query.awaitTermination)
        self._note(query, range(len(self.program["steps"])))

    def is_split(self) -> bool:
        """Whether the rows of one step came in two batches: a step names each stream once, at most."""
        data = [self.steps[batch] for batch in self.steps if self._is_data(batch)]
        return len(data) != len(set(data))

    def _start(self, **trigger: Any) -> Any:
        if self.modules.is_paced and len(self.streams) > 1 and not trigger:
            trigger = {"processingTime": f"{INTERVAL_MS} milliseconds"}
        try:
            writer = self.frame.writeStream.foreachBatch(self._take).outputMode(self.program["output_mode"])
            writer = writer.option("checkpointLocation", str(self.folder / "checkpoint"))
            return (writer.trigger(**trigger) if trigger else writer).start()
        except Exception as error:
            raise Refused("start") from error

    def _wait(self, until_idle: Callable[[], Any]) -> None:
        try:
            until_idle()
        except Exception as error:
            raise Refused("run") from error

    def _take(self, frame: Any, batch: int) -> None:
        self.rows[batch] = [[plain(value) for value in row] for row in frame.collect()]

    def _drop(self, number: int, step: dict[str, list[Any]]) -> None:
        """One file for each stream of the step, whole at the moment it appears.

        Several appear half an interval after the multiples of the interval, at which the query looks: so it finds all
        or none.
        """
        ready = []
        for name, rows in step.items():
            columns = [column for column, _ in self.program["inputs"][name]["schema"]]
            aside = self.folder / f"{name}-{number}.json"
            aside.write_text("".join(json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in rows))
            os.utime(aside, (FIRST_MTIME_S + number, FIRST_MTIME_S + number))
            ready.append((aside, self.paths[name] / f"{number:03}.json"))
        if self.modules.is_paced and len(ready) > 1:
            time.sleep((1.5 * INTERVAL_MS - time.time() * 1000 % INTERVAL_MS) % INTERVAL_MS / 1000)
        for aside, target in ready:
            aside.rename(target)

    def _note(self, query: Any, steps: Iterable[int]) -> None:
        """Who caused the batches since the last note: batches beyond the last step belong to none."""
        for progress in query.recentProgress:
            self.progress[progress["batchId"]] = progress
        new = [batch for batch in sorted(self.rows) if batch not in self.steps]
        self.steps.update(zip(new, steps, strict=False))

    def _is_data(self, batch: int) -> bool:
        return any(source["startOffset"] != source["endOffset"] for source in self.progress[batch]["sources"])

    def _batch(self, batch: int) -> dict[str, Any]:
        progress = self.progress[batch]
        kind = "data" if self._is_data(batch) else "no_data"
        told = {"batch": batch, "step": self.steps.get(batch), "kind": kind}
        watermark = (progress["eventTime"] or {}).get("watermark")
        told["watermark"] = watermark and plain(datetime.fromisoformat(watermark.removesuffix("Z")))
        told["rows"] = self.rows[batch]
        told["state"] = [_state(operator) for operator in progress["stateOperators"]]
        return {name: value for name, value in told.items() if value is not None and value != {}}


def _state(operator: Any) -> dict[str, Any]:
    return {
        "op": operator["operatorName"],
        "total": operator["numRowsTotal"],
        "updated": operator["numRowsUpdated"],
        "removed": operator["numRowsRemoved"],
        "dropped_by_watermark": operator["numRowsDroppedByWatermark"],
    }


def plain(value: Any) -> Any:
    """A value of a row as the vectors write it: timestamps are texts, structs are objects."""
    if isinstance(value, datetime):
        return str(value)
    if isinstance(value, tuple):
        return {name: plain(part) for name, part in value.asDict().items()}
    return value


# --- the comparison ---------------------------------------------------------------------------------------------------

SEMANTIC = ("total",)
EXACT = ("total", "updated", "removed", "dropped_by_watermark")


def expectation(vector: dict[str, Any]) -> Result:
    """What a vector expects, in the form of `run`'s result."""
    return {"error": vector["expected_error"]} if "expected_error" in vector else dict(vector["expected"])


def differences(vector: dict[str, Any], result: Result, counts: Sequence[str] = SEMANTIC) -> list[str]:
    """What a run did otherwise than the vector expects, one line for each fact.

    `counts`: the numbers of states to compare. Totals of joins say how an engine stores, not what it computes, so they
    count only if all numbers do.
    """
    expected = expectation(vector)
    if "error" in expected or "error" in result:
        return _error_differences(expected.get("error"), result)
    found = [] if expected["columns"] == result["columns"] else [f"columns: {result['columns']}"]
    wanted, given = expected["batches"], result["batches"]
    if len(wanted) != len(given):
        found.append(f"{len(given)} batches, not {len(wanted)}")
    for want, have in zip(wanted, given, strict=False):
        for fact in ("batch", "step", "kind", "watermark"):
            if want.get(fact) != have.get(fact):
                found.append(f"batch {want['batch']}: {fact} {have.get(fact)!r}, not {want.get(fact)!r}")
        if _ordered(want["rows"], expected["ordered"]) != _ordered(have["rows"], expected["ordered"]):
            found.append(f"batch {want['batch']}: rows {have['rows']}, not {want['rows']}")
        if "state" in want and _counts(want, counts) != _counts(have, counts):
            found.append(f"batch {want['batch']}: states {_counts(have, counts)}, not {_counts(want, counts)}")
    return found


def _error_differences(expected: Any, result: Result) -> list[str]:
    given = result.get("error")
    if expected is None or given is None:
        return [f"refused: {given}, {result.get('text')}" if given else f"not refused, but was to be: {expected}"]
    return [
        f"{fact} {given.get(fact)!r}, not {expected[fact]!r}: {result['text']}"
        for fact in ("phase", "exception", "condition")
        if fact in expected and given.get(fact) != expected[fact]
    ]


def _ordered(rows: list[Any], is_ordered: bool) -> list[str]:
    texts = [json.dumps(row) for row in rows]
    return texts if is_ordered else sorted(texts)


def _counts(batch: dict[str, Any], counts: Iterable[str]) -> list[dict[str, Any]]:
    counts = tuple(counts)
    return [
        {name: operator[name] for name in ("op", *counts)}
        for operator in batch.get("state", [])
        if counts != SEMANTIC or operator["op"] != "symmetricHashJoin"
    ]
