"""The life of a context, receivers and listeners: vectors through the public API, in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

import sparksim.streaming
from sparksim.streaming import Receiver, StreamingContext
from tests.conformance.context_scripts import context_script, heard_by_a_listener
from tests.conformance.dstream_cases import shared_vectors
from tests.conformance.dstream_ops import ALL_OPS, can_run
from tests.conformance.dstream_runner import Vector
from tests.conformance.test_components import follow, scripts

BATCH_S = 1


def vectors(kind: str) -> Any:
    found = [vector for vector in shared_vectors() if vector["kind"] == kind and can_run(vector, ALL_OPS)]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


OWN = {
    "without-a-directory-a-state-does-not-start": [
        ("create", "ok"),
        ("queue_stream", "ok"),
        ("stateful_output", "ok"),
        ("start", "error"),
        ("active", None),
    ],
    "without-a-directory-a-checkpoint-interval-does-not-start": [
        ("create", "ok"),
        ("queue_stream", "ok"),
        ("checkpoint_interval", "ok"),
        ("output", "ok"),
        ("start", "error"),
    ],
    "the-active-context-or-a-new-one": [
        ("active_or_create", "a"),
        ("queue_stream", "ok"),
        ("output", "ok"),
        ("slice_before_start", "error"),
        ("start", "ok"),
        ("active_or_create b", "a"),
        ("await 2", False),
        ("stop", "ok"),
        ("await 2", True),
        ("active_or_create b", "b"),
    ],
}
"""What the steps mean, where no vector of Spark's suites shows it."""


def _own_vectors() -> Any:
    def step(text: str, expect: Any) -> dict[str, Any]:
        do, _, rest = text.partition(" ")
        argument = {} if not rest else {"seconds": int(rest)} if rest.isdigit() else {"context": rest}
        return {"do": do, "expect": expect, **argument}

    vectors = [{"id": each, "kind": "context", "steps": [step(*pair) for pair in steps]} for each, steps in OWN.items()]
    return pytest.mark.parametrize("vector", vectors, ids=OWN)


@_own_vectors()
def test_steps_of_a_context(vector: Vector, sim: Any, tmp_path: Any) -> None:
    follow(vector, context_script(StreamingContext, sim, str(tmp_path), BATCH_S))


@scripts("context", set(context_script(StreamingContext)))
def test_streaming_context(vector: Vector, sim: Any, tmp_path: Any) -> None:
    follow(vector, context_script(StreamingContext, sim, str(tmp_path), BATCH_S))


class _Stores(Receiver):
    """Stores the n-th list at its n-th start, then restarts while lists are left, or stops itself."""

    def __init__(self, vector: Vector) -> None:
        super().__init__()
        self.vector = vector
        self.starts = 0

    def onStart(self) -> None:
        self.starts += 1
        self.start_thread(self.receive, self.starts)

    def receive(self, start: int) -> None:
        stores, restart = self.vector["stores"], self.vector.get("restart")
        for record in stores[0 if self.vector.get("stop") else start - 1]:
            self.store(record)
        if self.vector.get("stop"):
            self.stop("all stored")
        elif restart and start < len(stores):
            self.restart("next list", None, int(restart["delay"] * 1000))


@vectors("receiver")
def test_receiver(vector: Vector, sim: Any) -> None:
    received: list[Any] = []
    ssc = StreamingContext(sim, BATCH_S)
    ssc.receiverStream(_Stores(vector)).foreachRDD(lambda rdd: received.extend(rdd.collect()))
    ssc.start()
    ssc.awaitTerminationOrTimeout(BATCH_S * (vector["batches"] + 0.5))
    ssc.stop(stopSparkContext=False)
    expected = vector["expected"]
    if vector.get("repeats"):
        assert len(received) >= 2 * len(expected)
        expected = (expected * len(received))[: len(received)]
    assert received == expected


@vectors("listener")
def test_listener(vector: Vector, sim: Any) -> None:
    assert heard_by_a_listener(vector, sparksim.streaming, sim, BATCH_S) == []
