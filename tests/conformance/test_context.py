"""The life of a context, receivers and listeners: vectors through the public API, in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.streaming import Receiver, StreamingContext, StreamingListener
from tests.conformance.dstream_cases import shared_vectors
from tests.conformance.dstream_ops import ALL_OPS, can_run
from tests.conformance.dstream_runner import BatchClock, Program, Vector
from tests.conformance.test_components import Script, follow, scripts

BATCH_S = 1


def vectors(kind: str) -> Any:
    found = [vector for vector in shared_vectors() if vector["kind"] == kind and can_run(vector, ALL_OPS)]
    return pytest.mark.parametrize("vector", found, ids=lambda vector: vector["id"])


def _context_script(sc: Any = None, directory: str = "") -> Script:
    """Steps on named contexts; without a name it is the context `a` and its first stream."""
    contexts: dict[str, Any] = {}
    streams: dict[str, Any] = {}

    def name(step: dict[str, Any]) -> str:
        return str(step.get("context", "a"))

    def create(step: dict[str, Any]) -> None:
        contexts[name(step)] = StreamingContext(sc, BATCH_S)

    def queue_stream(step: dict[str, Any]) -> None:
        streams[name(step)] = contexts[name(step)].queueStream([sc.parallelize([1], 1)])

    def active(step: dict[str, Any]) -> str | None:
        return next((each for each, context in contexts.items() if context is StreamingContext.getActive()), None)

    def active_or_create(step: dict[str, Any]) -> str | None:
        def new() -> Any:
            create(step)
            return contexts[name(step)]

        got = StreamingContext.getActiveOrCreate(None, new)
        return next(each for each, context in contexts.items() if context is got)

    def stateful_output(step: dict[str, Any]) -> None:
        counts = streams[name(step)].map(lambda x: (x, 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0))
        counts.foreachRDD(lambda rdd: None)

    return {
        "create": create,
        "queue_stream": queue_stream,
        "output": lambda step: streams[name(step)].foreachRDD(lambda rdd: None),
        "map": lambda step: streams[name(step)].map(lambda x: x),
        "stateful_output": stateful_output,
        "checkpoint": lambda step: contexts[name(step)].checkpoint(directory),
        "checkpoint_interval": lambda step: streams[name(step)].checkpoint(step.get("interval", 1) * BATCH_S),
        "start": lambda step: contexts[name(step)].start(),
        "stop": lambda step: contexts[name(step)].stop(False, step.get("gracefully", False)),
        "await": lambda step: contexts[name(step)].awaitTerminationOrTimeout(step["seconds"]),
        "active": active,
        "active_or_create": active_or_create,
        "slice_before_start": lambda step: streams[name(step)].slice(0, BATCH_S),
        "spark_context_works": lambda step: sc.parallelize([1, 2], 2).count() == 2,
    }


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
    follow(vector, _context_script(sim, str(tmp_path)))


@scripts("context", set(_context_script()))
def test_streaming_context(vector: Vector, sim: Any, tmp_path: Any) -> None:
    follow(vector, _context_script(sim, str(tmp_path)))


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


class _Hears(StreamingListener):
    """Notes the events of every batch, which delays were known, and why outputs failed."""

    def __init__(self) -> None:
        self.events: dict[Any, list[str]] = {}
        self.delays: dict[Any, dict[str, list[str]]] = {}
        self.failures: dict[Any, dict[str, str | None]] = {}

    def _batch(self, event: str, info: Any) -> None:
        batch = info.batchTime().milliseconds()
        self.events.setdefault(batch, []).append(event)
        delays = [info.schedulingDelay(), info.processingDelay(), info.totalDelay()]
        self.delays.setdefault(batch, {})[event] = ["none" if delay == -1 else "known" for delay in delays]

    def onBatchSubmitted(self, batchSubmitted: Any) -> None:
        self._batch("submitted", batchSubmitted.batchInfo())

    def onBatchStarted(self, batchStarted: Any) -> None:
        self._batch("started", batchStarted.batchInfo())

    def onBatchCompleted(self, batchCompleted: Any) -> None:
        self._batch("completed", batchCompleted.batchInfo())

    def onOutputOperationStarted(self, outputOperationStarted: Any) -> None:
        info = outputOperationStarted.outputOperationInfo()
        self.events[info.batchTime().milliseconds()].append(f"op_started:{info.id()}")

    def onOutputOperationCompleted(self, outputOperationCompleted: Any) -> None:
        info = outputOperationCompleted.outputOperationInfo()
        batch = info.batchTime().milliseconds()
        self.events[batch].append(f"op_completed:{info.id()}")
        self.failures.setdefault(batch, {})[str(info.id())] = info.failureReason()


@vectors("listener")
def test_listener(vector: Vector, sim: Any) -> None:
    hears = _Hears()
    ssc = StreamingContext(sim, BATCH_S)
    ssc.addStreamingListener(hears)
    source = ssc.queueStream([sim.parallelize(batch, 2) for batch in vector["inputs"]])
    program = Program(sim, ssc, BatchClock(BATCH_S), {1: source})
    for ops in vector["outputs"]:
        program.apply(source, ops).foreachRDD(lambda rdd: rdd.count())
    ssc.start()
    ssc.awaitTerminationOrTimeout(BATCH_S * (vector["batches"] + 0.9))
    ssc.stop(stopSparkContext=False)
    batches = sorted(hears.events)[: vector["batches"]]
    assert len(batches) == vector["batches"]
    for batch in batches:
        assert hears.events[batch] == vector["expected_events"]
        assert hears.delays[batch] == vector["expected_delays"]
        for output, text in vector.get("expected_failures", {}).items():
            failure = hears.failures[batch][output]
            assert failure is None if text is None else text in failure
    spacing_ms = vector.get("expected_spacing", 1) * BATCH_S * 1000
    assert batches == [batches[0] + number * spacing_ms for number in range(vector["batches"])]
