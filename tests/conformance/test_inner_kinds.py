"""Rates, states and how long streams remember: vectors on parts below the API, each fed to the real class."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming import StateSpec, StreamingContext
from sparksim.streaming.dstream import DStream, MappedWithStateDStream, TransformedDStream
from sparksim.streaming.listener import UNKNOWN, BatchInfo, StreamInputInfo, Told
from sparksim.streaming.rate import PIDRateEstimator
from sparksim.streaming.rate_controller import RateController
from sparksim.streaming.state_map import StateMap
from tests.conformance.dstream_runner import BatchClock, Program, Vector
from tests.conformance.test_components import Script, follow, vectors

BATCH_S = 1


# --- rates ----------------------------------------------------------------------------------------------------------


@vectors("pid")
def test_pid(vector: Vector) -> None:
    if vector["expected"] == "rejected":
        with pytest.raises(IllegalArgumentError):
            PIDRateEstimator(**vector["estimator"])
        return
    estimator = PIDRateEstimator(**vector["estimator"])
    answers = [estimator.compute(*call) for call in vector["calls"]]
    assert [answer is None for answer in answers] == [expected is None for expected in vector["expected"]]
    for answer, expected in zip(answers, vector["expected"], strict=True):
        assert answer == (None if expected is None else pytest.approx(expected, rel=1e-9))


class _Estimates:
    """Answers in turn, whatever it is asked."""

    def __init__(self, estimates: Sequence[float | None]) -> None:
        self._estimates = iter(estimates)

    def compute(self, *question: float) -> float | None:
        return next(self._estimates)


class _Published(RateController):
    """Keeps the rates it publishes."""

    def __init__(self, stream: Any, estimates: Sequence[float | None]) -> None:
        super().__init__(stream, _Estimates(estimates))
        self.published: list[int] = []

    def publish(self, rate_per_s: int) -> None:
        self.published.append(rate_per_s)


def _completed(batch: list[Any], stream_id: int) -> Told:
    """The batch as a listener hears of it. A delay is unknown because the batch is not known to have started."""
    end_ms, records, processing_ms, scheduling_ms = batch
    inputs = {} if records is None else {stream_id: StreamInputInfo(stream_id, records)}
    if end_ms is None or processing_ms is None or scheduling_ms is None:
        info = BatchInfo(0, inputs, 0, UNKNOWN, UNKNOWN if end_ms is None else end_ms)
    else:
        start_ms = end_ms - processing_ms
        info = BatchInfo(0, inputs, start_ms - scheduling_ms, start_ms, end_ms)
    return Told("batchInfo", info)


@vectors("ratecontroller")
def test_rate_controller(vector: Vector, sim: Any) -> None:
    stream = StreamingContext(sim, BATCH_S).queueStream([])
    controller, latest = _Published(stream, vector["estimates"]), []
    for batch in vector["batches"]:
        controller.onBatchCompleted(_completed(batch, stream.stream_id))
        latest.append(controller.latest)
    assert {"latest": latest, "published": controller.published} == vector["expected"]


# --- states ---------------------------------------------------------------------------------------------------------


def _entries(found: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Entries of a map, in an order that says nothing."""
    return sorted((list(entry) for entry in found), key=json.dumps)


def _state_map_script() -> Script:
    maps: dict[str, StateMap] = {}

    def new(step: dict[str, Any]) -> None:
        maps[step["map"]] = StateMap()

    def copy(step: dict[str, Any]) -> None:
        maps[step["to"]] = maps[step["map"]].copy()

    return {
        "new": new,
        "copy": copy,
        "put": lambda step: maps[step["map"]].put(step["key"], step["value"], step["time"]),
        "get": lambda step: maps[step["map"]].get(step["key"]),
        "remove": lambda step: maps[step["map"]].remove(step["key"]),
        "all": lambda step: _entries(maps[step["map"]].all()),
        "older_than": lambda step: _entries(maps[step["map"]].older_than(step["time"])),
    }


@vectors("statemap")
def test_state_map(vector: Vector) -> None:
    lists = {"all", "older_than"}
    steps = [
        {**step, "expect": _entries(step["expect"])} if step["do"] in lists and "expect" in step else step
        for step in vector["steps"]
    ]
    follow({**vector, "steps": steps}, _state_map_script())


@vectors("checkpoint_interval")
def test_checkpoint_interval(vector: Vector, sim: Any, tmp_path: Any) -> None:
    ssc = StreamingContext(sim, vector["slide_ms"] / 1000)
    ssc.checkpoint(str(tmp_path))
    pairs = ssc.queueStream([]).map(lambda x: (x, 1))
    stream = {
        "mapWithState": lambda: pairs.mapWithState(StateSpec.function(lambda key, value, state: None)),
        "updateStateByKey": lambda: pairs.updateStateByKey(lambda values, state: state),
    }[vector["stream"]]()
    if vector["explicit_ms"] is not None:
        stream.checkpoint(vector["explicit_ms"] / 1000)
    stream.foreachRDD(lambda rdd: None)
    ssc.start()
    keeps_states = stream.internal if isinstance(stream, MappedWithStateDStream) else stream
    assert keeps_states.checkpoint_ms == vector["expected"]


# --- how long streams remember --------------------------------------------------------------------------------------


@pytest.fixture
def unfused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each operator is a stream of its own, as in the Scala API, where these vectors come from."""
    monkeypatch.setattr(TransformedDStream, "_derive", DStream._derive)


@pytest.mark.usefixtures("unfused")
@vectors("retention")
def test_retention(vector: Vector, sim: Any, tmp_path: Any) -> None:
    ssc = StreamingContext(sim, BATCH_S)
    if vector["checkpoint"]:
        ssc.checkpoint(str(tmp_path))
    if vector["ssc_remember"] is not None:
        ssc.remember(vector["ssc_remember"] * BATCH_S)
    streams = [ssc.queueStream([sim.parallelize(batch, 2) for batch in vector["inputs"]])]
    program = Program(sim, ssc, BatchClock(BATCH_S), {1: streams[0]})
    for op in vector["program"]:
        streams.append(program.apply(streams[-1], [op]))
    streams[-1].foreachRDD(lambda rdd: rdd.count())
    ssc.start()
    ssc.awaitTerminationOrTimeout(BATCH_S * (vector["batches"] + 0.9))
    batch_ms = BATCH_S * 1000
    remember = [stream.remember_duration_ms / batch_ms for stream in streams]
    kept = [[(time_ms - stream.zero_ms) / batch_ms for time_ms in sorted(stream.generated)] for stream in streams]
    assert {"remember": remember, "kept": kept} == vector["expected"]
