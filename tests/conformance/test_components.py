"""The parts below the API against scripts taken from Spark's own suites: what goes in and what must come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf
from typing import Any

import pytest

from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.conf import SparkConf
from sparksim.core.errors import SparkException
from sparksim.streaming.block_generator import Block, BlockGenerator
from sparksim.streaming.input_info import InputInfoTracker
from sparksim.streaming.rate_limiter import RateLimiter
from sparksim.streaming.receiver_scheduling import Place, ReceiverPlacement, reschedule_receiver, schedule_receivers
from sparksim.streaming.timer import RecurringTimer
from sparksim.streaming.times import floor_ms, restart_time_ms, start_time_ms, times_to, times_until
from tests.conformance.dstream_cases import shared_vectors

Vector = dict[str, Any]
Script = dict[str, Callable[[dict[str, Any]], Any]]
"""What a step of a vector does, by its name: the answer is compared when the step expects one."""


def vectors(kind: str) -> Any:
    found = [vector for vector in shared_vectors() if vector["kind"] == kind]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


def scripts(kind: str, known: set[str]) -> Any:
    """The vectors of a kind whose steps are all known."""
    found = [
        vector
        for vector in shared_vectors()
        if vector["kind"] == kind and {step["do"] for step in vector["steps"]} <= known
    ]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


def follow(vector: Vector, script: Script, error: type[Exception] = SparkException) -> None:
    """Do every step and compare what it answers: `"ok"` is any answer, `"error"` an exception of the class `error`."""
    for step in vector["steps"]:
        expected = step.get("expect", "ok")
        if expected == "error":
            with pytest.raises(error):
                script[step["do"]](step)
            continue
        got = script[step["do"]](step)
        assert expected in ("ok", got), f"{step} answered {got!r}"


@vectors("time")
def test_times(vector: Vector) -> None:
    call = {"floor": floor_ms, "until": times_until, "to": times_to}[vector["call"]]
    assert call(*vector["args"]) == vector["expected"]


def _callbacks(vector: Vector) -> list[list[int]]:
    clock, ticks, seen = VirtualClock(), [], []
    RecurringTimer(clock, vector["period_ms"], ticks.append).start(vector["start_ms"])
    for advance_ms in vector["advances_ms"]:
        clock.run_until(clock.now_ms + advance_ms)
        seen.append(list(ticks))
    return seen


@vectors("timer")
def test_recurring_timer(vector: Vector) -> None:
    got = {
        "start_time": lambda: start_time_ms(vector["now_ms"], vector["period_ms"]),
        "restart_time": lambda: restart_time_ms(vector["now_ms"], vector["period_ms"], vector["origin_ms"]),
        "callbacks": lambda: _callbacks(vector),
    }[vector["call"]]()
    assert got == vector["expected"]


@vectors("ratelimiter")
def test_rate_limiter(vector: Vector) -> None:
    names = {"maxRate": "spark.streaming.receiver.maxRate", "initialRate": "spark.streaming.backpressure.initialRate"}
    conf = SparkConf()
    for name, value in vector["conf"].items():
        conf.set(names[name], str(value))
    limiter = RateLimiter(conf)
    limits = [limiter.current_limit]
    for rate_per_s in vector["updates"]:
        limiter.update_rate(rate_per_s, 0)
        limits.append(limiter.current_limit)
    assert limits == [inf if limit is None else limit for limit in vector["expected"]]


def _place(location: str) -> Place:
    return Place(*location.split(":"))


def _location(candidate: Place | str) -> str:
    return candidate if isinstance(candidate, str) else f"{candidate.host}:{candidate.executor_id}"


def _of_kind(kind: str, call: str) -> Any:
    found = [vector for vector in shared_vectors() if vector["kind"] == kind and vector["call"] == call]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


@_of_kind("scheduling", "schedule")
def test_receivers_are_spread_over_the_executors(vector: Vector) -> None:
    receivers = [(receiver["id"], receiver["preferred"]) for receiver in vector["receivers"]]
    placed = schedule_receivers(receivers, [_place(executor) for executor in vector["executors"]])
    locations = {str(receiver): [_location(candidate) for candidate in placed[receiver]] for receiver in placed}
    expected = vector["expected"]
    counted = {receiver: len(candidates) for receiver, candidates in locations.items()}
    assert counted == expected.get("locations_per_receiver", counted)
    load = dict(Counter(location for candidates in locations.values() for location in candidates))
    assert load == expected.get("receivers_per_executor", load)
    assert sorted(placed) == expected.get("receivers", sorted(placed))
    for receiver, allowed in expected.get("only_on", {}).items():
        assert set(locations[receiver]) <= set(allowed)
    for receiver, exactly in expected.get("exactly", {}).items():
        assert sorted(locations[receiver]) == sorted(exactly)


@_of_kind("scheduling", "reschedule")
def test_a_receiver_is_placed_again(vector: Vector) -> None:
    placements = {
        info["id"]: ReceiverPlacement(
            info["state"],
            tuple(_place(location) for location in info["scheduled"] or ()),
            _place(info["running"]) if info["running"] else None,
        )
        for info in vector["tracking"]
    }
    candidates = reschedule_receiver(vector["preferred"], placements, [_place(each) for each in vector["executors"]])
    assert sorted(map(_location, candidates)) == sorted(vector["expected"])


class _Pushed:
    """A listener of a block generator that keeps what is pushed."""

    def __init__(self) -> None:
        self.blocks: list[list[Any]] = []

    def on_add_data(self, record: Any, metadata: Any) -> None:
        raise AssertionError("nothing is added with a callback")

    def on_generate_block(self, block: Block) -> None:
        assert block.records

    def on_push_block(self, block: Block) -> None:
        self.blocks.append(block.records)

    def on_error(self, message: str, error: BaseException) -> None:
        raise AssertionError(message) from error


def _generator_script() -> Script:
    clock, listener, made = VirtualClock(), _Pushed(), []

    def new(step: dict[str, Any]) -> None:
        conf = SparkConf().set("spark.streaming.blockInterval", f"{step['interval_ms']}ms")
        made.append(BlockGenerator(clock, conf, 0, listener, tuple))
        clock.call(made[0].start)

    def add(step: dict[str, Any]) -> None:
        for record in step["items"]:
            made[0].add_data(record)

    def advance(step: dict[str, Any]) -> None:
        clock.run_until(clock.now_ms + step["ms"])
        clock.limit_ms = inf

    return {
        "new": new,
        "add": add,
        "advance": advance,
        "pushed": lambda step: list(listener.blocks),
        "stop": lambda step: made[0].stop(),
    }


@scripts("blockgen", set(_generator_script()))
def test_block_generator(vector: Vector) -> None:
    follow(vector, _generator_script())


def _input_info_script() -> Script:
    tracker = InputInfoTracker()
    return {
        "report": lambda step: tracker.report(step["batch"], step["stream"], step["records"]),
        "get": lambda step: {str(stream): records for stream, records in tracker.of_batch(step["batch"])},
    }


@scripts("inputinfo", set(_input_info_script()))
def test_input_info_tracker(vector: Vector) -> None:
    follow(vector, _input_info_script())
