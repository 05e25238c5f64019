"""Vectors on the life of a context and on listeners, for any engine with PySpark's API: it comes in as a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.dstream_runner import BatchClock, Program, Vector

Script = dict[str, Callable[[dict[str, Any]], Any]]


def context_script(kind: Any, sc: Any = None, directory: str = "", batch_s: float = 1) -> Script:
    """Steps on named contexts of the class `kind`; without a name it is the context `a` and its first stream."""
    contexts: dict[str, Any] = {}
    streams: dict[str, Any] = {}

    def name(step: dict[str, Any]) -> str:
        return str(step.get("context", "a"))

    def create(step: dict[str, Any]) -> None:
        contexts[name(step)] = kind(sc, batch_s)

    def queue_stream(step: dict[str, Any]) -> None:
        streams[name(step)] = contexts[name(step)].queueStream([sc.parallelize([1], 1)])

    def active(step: dict[str, Any]) -> str | None:
        return next((each for each, context in contexts.items() if context is kind.getActive()), None)

    def active_or_create(step: dict[str, Any]) -> str | None:
        def new() -> Any:
            create(step)
            return contexts[name(step)]

        got = kind.getActiveOrCreate(None, new)
        return next(each for each, context in contexts.items() if context is got)

    def stateful_output(step: dict[str, Any]) -> None:
        counts = streams[name(step)].map(lambda x: (x, 1)).updateStateByKey(lambda new, old: sum(new) + (old or 0))
        counts.foreachRDD(lambda rdd: None)

    return {
        "create": create,
        "queue_stream": queue_stream,
        "output": lambda step: streams[name(step)].foreachRDD(lambda rdd: None),
        "map": lambda step: _made(streams[name(step)].map(lambda x: x)),
        "stateful_output": stateful_output,
        "checkpoint": lambda step: contexts[name(step)].checkpoint(directory),
        "checkpoint_interval": lambda step: streams[name(step)].checkpoint(step.get("interval", 1) * batch_s),
        "start": lambda step: contexts[name(step)].start(),
        "stop": lambda step: contexts[name(step)].stop(False, step.get("gracefully", False)),
        "await": lambda step: contexts[name(step)].awaitTerminationOrTimeout(step["seconds"]),
        "active": active,
        "active_or_create": active_or_create,
        "slice_before_start": lambda step: streams[name(step)].slice(0, batch_s),
        "spark_context_works": lambda step: sc.parallelize([1, 2], 2).count() == 2,
    }


def _made(stream: Any) -> Any:
    """PySpark makes a mapped stream only when somebody asks for the JVM's."""
    getattr(stream, "_jdstream", None)
    return stream


class Hears:
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


def _count(rdd: Any) -> None:
    """Process the batch; PySpark takes what an output returns for an RDD."""
    rdd.count()


def heard_by_a_listener(vector: Vector, engine: Any, sc: Any, batch_s: float) -> list[str]:
    """Everything in which what a listener hears is not what the vector expects; empty when all is well."""
    hears = type("Listener", (Hears, engine.StreamingListener), {})()
    ssc = engine.StreamingContext(sc, batch_s)
    ssc.addStreamingListener(hears)
    source = ssc.queueStream([sc.parallelize(batch, 2) for batch in vector["inputs"]])
    program = Program(sc, ssc, BatchClock(batch_s), {1: source})
    for ops in vector["outputs"]:
        program.apply(source, ops).foreachRDD(_count)
    ssc.start()
    try:
        ssc.awaitTerminationOrTimeout(batch_s * (vector["batches"] + 0.9))
    except Exception as error:
        if not vector.get("expected_failures") or "vector error" not in str(error):
            raise
    ssc.stop(False)
    batches = sorted(hears.events)[: vector["batches"]]
    found = [] if len(batches) == vector["batches"] else [f"only the batches {batches} were reported"]
    for batch in batches:
        if hears.events[batch] != vector["expected_events"]:
            found.append(f"batch {batch}: the events {hears.events[batch]}")
        if hears.delays[batch] != vector["expected_delays"]:
            found.append(f"batch {batch}: the delays {hears.delays[batch]}")
        for output, text in vector.get("expected_failures", {}).items():
            failure = hears.failures[batch][output]
            if not (failure is None if text is None else text in (failure or "")):
                found.append(f"batch {batch}: output {output} failed with {failure!r}")
    spacing_ms = vector.get("expected_spacing", 1) * batch_s * 1000
    if batches != [batches[0] + number * spacing_ms for number in range(len(batches))]:
        found.append(f"the batch times {batches}")
    return found
