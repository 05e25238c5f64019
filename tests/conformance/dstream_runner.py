"""Runs DStream vectors: queue streams in, a program of named ops, and the records of every output of every batch.

A vector's fields: `inputs` (one list of records per batch; `inputs2` for the second stream), `program` (ops applied to
stream 1 in turn), `batches`, `expected` (records of each output), `extra_outputs` (further programs on a stream or on
the main result), and options of the source and the context. Intervals are counted in batches. The engine comes in with
the contexts: nothing here imports it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.dstream_ops import ALL_OPS, Op

Vector = dict[str, Any]
EMPTY: list[Any] = []


class BatchClock:
    """Numbers of batches from batch times: the first batch of the context is 1."""

    def __init__(self, batch_s: float) -> None:
        self.batch_s = batch_s
        self.first: datetime | None = None
        self.last_started = 0

    def watch(self, ssc: Any, sc: Any) -> None:
        """See every batch of `ssc` before its other streams do. Call before any output is made."""

        def generated(time: datetime, rdd: Any) -> Any:
            self.first = self.first or time
            return rdd

        def started(time: datetime, rdd: Any) -> None:
            self.last_started = self.number(time)

        ssc.queueStream([sc.parallelize(EMPTY, 1)]).transform(generated).foreachRDD(started)

    def number(self, time: datetime) -> int:
        assert self.first is not None, "no batch has been generated yet"
        return round((time - self.first).total_seconds() / self.batch_s) + 1

    def time(self, number: int) -> datetime:
        assert self.first is not None, "no batch has been generated yet"
        return self.first + timedelta(seconds=(number - 1) * self.batch_s)


@dataclass
class Program:
    """The streams of one vector, and what its ops may ask for."""

    sc: Any
    ssc: Any
    clock: BatchClock
    streams: dict[int, Any]
    mapped: Any = None
    """The latest result of `mapWithState`, whose states a vector may ask for."""

    def apply(self, stream: Any, program: Sequence[Op]) -> Any:
        for op in program:
            stream = ALL_OPS[op["op"]](self, stream, op)
        return stream

    def other(self, other: dict[str, Any]) -> Any:
        return self.apply(self.streams[other["stream"]], other.get("program", []))

    def storage_level(self, name: str) -> Any:
        return getattr(type(self.sc.emptyRDD().getStorageLevel()), name)


@dataclass
class Run:
    """What came out: per output the records of each batch, and `[n-th output, output number]` over time."""

    vector: Vector
    program: Program
    outputs: list[list[Any]] = field(default_factory=list)
    order: list[list[int]] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)

    def collect(self, stream: Any) -> None:
        index, records = len(self.outputs), []
        self.outputs.append(records)
        # With a checkpoint directory the function is saved, so it must not capture the contexts.
        clock, batches, order = self.program.clock, self.vector["batches"], self.order

        def output(time: datetime, rdd: Any) -> None:
            if clock.number(time) <= batches:
                batch = rdd.collect()
                records.append(batch)
                order.append([len(records), index])

        stream.foreachRDD(output)

    def collect_states(self, stream: Any) -> None:
        """The snapshot of all states after each batch."""

        clock, batches, states = self.program.clock, self.vector["batches"], self.states

        def output(time: datetime, rdd: Any) -> None:
            if clock.number(time) <= batches:
                states.append(rdd.collect())

        stream.stateSnapshots().foreachRDD(output)

    def slices(self) -> list[list[Any]]:
        """Records of the vector's slices of stream 1, while the context runs."""
        return [
            [
                record
                for rdd in self.program.streams[1].slice(
                    self.program.clock.time(wanted["from"]), self.program.clock.time(wanted["to"])
                )
                for record in rdd.collect()
            ]
            for wanted in self.vector.get("expected_slices", [])
        ]


def _record(value: Any) -> Any:
    """A record as it was meant: an array inside a batch is a tuple."""
    return tuple(_record(part) for part in value) if isinstance(value, list) else value


def _source(vector: Vector, batches: list[list[Any]], sc: Any, ssc: Any) -> Any:
    partitions = vector.get("input_partitions", 2)
    rdds = [sc.parallelize([_record(record) for record in batch], partitions) for batch in batches]
    options = vector.get("source_options", {})
    default = options.get("default")
    if default is not None:
        default = sc.parallelize([_record(record) for record in default], partitions)
    return ssc.queueStream(rdds, options.get("one_at_a_time", True), default)


def build(vector: Vector, sc: Any, ssc: Any, clock: BatchClock) -> Run:
    """Make the vector's streams and outputs on a context that has not started. `clock` watches the context already."""
    if "remember" in vector:
        ssc.remember(vector["remember"] * clock.batch_s)
    streams = {1: _source(vector, vector["inputs"], sc, ssc)}
    if "inputs2" in vector:
        streams[2] = _source(vector, vector["inputs2"], sc, ssc)
    if vector.get("poll_every_batch"):
        for stream in streams.values():
            stream.foreachRDD(lambda rdd: None)
    run = Run(vector, Program(sc, ssc, clock, streams))
    main = run.program.apply(streams[1], vector["program"])
    run.collect(main)
    for extra in vector.get("extra_outputs", []):
        source = main if extra.get("from") == "main" else streams[extra["stream"]]
        run.collect(run.program.apply(source, extra["program"]))
    if vector.get("expected_states") is not None or "state_checks" in vector:
        run.collect_states(run.program.mapped)
    return run


def plain(value: Any) -> Any:
    """The value with lists for tuples, as JSON has it; floats to nine digits after the point."""
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return round(value, 9) if isinstance(value, float) else value


def comparable(batches: Sequence[Sequence[Any]], ordered: bool) -> list[list[Any]]:
    """Batches of records, ready to be compared: in order, or each batch as a multiset."""
    return [plain(batch) if ordered else sorted(plain(batch), key=json.dumps) for batch in batches]


def expected_outputs(vector: Vector) -> list[list[Any]]:
    return [vector["expected"], *[extra["expected"] for extra in vector.get("extra_outputs", [])]]


def _failed_checks(name: str, checks: Sequence[dict[str, Any]], batches: list[Any]) -> list[str]:
    """The looser checks on all batches: all records together, the last batch, or any batch."""
    found, got = [], comparable(batches, False)
    for check in checks:
        (wanted,) = comparable([check["expected"]], False)
        holds = {
            "flatten": sorted((record for batch in got for record in batch), key=json.dumps) == wanted,
            "last": got[-1:] == [wanted],
            "some_batch": wanted in got,
        }[check["mode"]]
        if not holds:
            found.append(f"{name}, {check['mode']}: expected {wanted}, got {got}")
    return found


def differences(run: Run, slices: Sequence[Sequence[Any]] = (), error: BaseException | None = None) -> list[str]:
    """Everything in which a run is not what its vector expects; empty when all is well."""
    vector, ordered, found = run.vector, run.vector["ordered"], []
    for index, expected in enumerate(expected_outputs(vector)):
        if expected is None:
            continue
        got = comparable(run.outputs[index][: len(expected)], ordered)
        wanted = comparable(expected, ordered)
        if got != wanted:
            found.append(f"output {index}: expected {wanted}, got {got}")
    if vector.get("expected_states") is not None:
        got, wanted = (comparable(states, False) for states in (run.states, vector["expected_states"]))
        if got[: len(wanted)] != wanted:
            found.append(f"states: expected {wanted}, got {got}")
    found += _failed_checks("outputs", vector.get("output_checks", []), run.outputs[0])
    found += _failed_checks("states", vector.get("state_checks", []), run.states)
    if "expected_order" in vector and run.order[: len(vector["expected_order"])] != vector["expected_order"]:
        found.append(f"outputs came in the order {run.order}")
    for wanted, got in zip(vector.get("expected_slices", []), slices, strict=True):
        if comparable([got], False) != comparable([wanted["expected"]], False):
            found.append(f"slice {wanted['from']} to {wanted['to']}: expected {wanted['expected']}, got {got}")
    text = vector.get("expected_error")
    if (text is None) != (error is None) or (text is not None and text not in str(error)):
        found.append(f"expected an error that says {text!r}, got {error!r}")
    if len(run.outputs[0]) < vector.get("outputs_before_error", 0):
        found.append("too few outputs came before the error")
    return found
