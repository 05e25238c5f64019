"""The graph of streams as bytes and back: what a driver checkpoint holds of a program (Spark: DStream.writeObject).

Streams travel with their functions; the context they belong to does not, nor do the RDDs they remember. A stream put
into the graph's bytes names "the context", and gets the one that reads them. A user's function that captures a context
or an RDD cannot be saved: the driver that would call it again has another one.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, NoReturn, TypeVar

import cloudpickle  # type: ignore[import-untyped]  # it ships no types

from sparksim.core.errors import NotSerializable, SparkException
from sparksim.core.rdd import RDD
from sparksim.streaming.dstream import DStream
from sparksim.streaming.graph import DStreamGraph
from sparksim.streaming.input_dstream import QueueInputDStream
from sparksim.streaming.map_with_state import StateSpec
from sparksim.streaming.rules import Rule

T = TypeVar("T")


class _TheContext:
    """Stands for the context in the state of a stream."""


_THE_CONTEXT = _TheContext()


class LostRDD:
    """An RDD that was there when the graph was made, and is not after a restart: whoever uses it hears so."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise SparkException(
            "the initial state RDD of this stream did not survive the restart of the driver, and no state of the "
            "stream had been checkpointed yet. RDDs belong to one SparkContext (SPARK-13758). Delete the checkpoint "
            "directory to begin anew with the initial state"
        )


class _GraphPickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle ships no types
    def persistent_id(self, value: Any) -> str | None:
        return "context" if value is _THE_CONTEXT else None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, QueueInputDStream):
            return _no_queue, ()
        if isinstance(value, DStream):
            state = {**vars(value), "generated": {}, "_ssc": _THE_CONTEXT}
            return _blank, (type(value),), state, None, None, _fill
        if isinstance(value, (Rule, StateSpec)):
            state = {name: LostRDD() if isinstance(part, RDD) else part for name, part in vars(value).items()}
            return _blank, (type(value),), state, None, None, _fill
        return super().reducer_override(value)


class _GraphUnpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, ssc: Any) -> None:
        super().__init__(file)
        self._ssc = ssc

    def persistent_load(self, pid: Any) -> Any:
        return self._ssc


def dump_graph(graph: DStreamGraph) -> bytes:
    """The bytes of a graph. Raises `NotSerializable` when a function in it captures what cannot be saved."""
    buffer = io.BytesIO()
    try:
        _GraphPickler(buffer).dump(graph)
    except Exception as error:
        raise NotSerializable(_explain(graph, error)) from error
    return buffer.getvalue()


def load_graph(data: bytes, ssc: Any) -> DStreamGraph:
    """The graph, its streams belonging to `ssc`. Raises whatever the bytes make pickle raise."""
    graph = _GraphUnpickler(io.BytesIO(data), ssc).load()
    assert isinstance(graph, DStreamGraph)
    return graph


def _explain(graph: DStreamGraph, error: Exception) -> str:
    culprit = next((stream for stream in graph.streams() if not _travels(stream)), None)
    where = "" if culprit is None else f" The first that cannot be saved is {culprit.call_site}."
    return (
        "DStream checkpointing has been enabled but the DStreams with their functions are not serializable: "
        f"{type(error).__name__}: {error}.{where} Functions of a checkpointed program are saved with it: let them make "
        "what cannot be saved inside, and get the context from the RDD (rdd.context)"
    )


def _travels(stream: DStream[Any]) -> bool:
    """Whether this stream can be saved. Streams come parents first, so the first that cannot is to blame."""
    try:
        _GraphPickler(io.BytesIO()).dump(stream)
    except Exception:
        return False
    return True


def _blank(kind: type[T]) -> T:
    return object.__new__(kind)


def _fill(value: Any, state: dict[str, Any]) -> None:
    vars(value).update(state)


def _no_queue() -> NoReturn:
    raise SparkException(
        "queueStream doesn't support checkpointing: its RDDs are gone with the driver that made them. Use a source "
        "that can be read again (files, a receiver with a log) in a program that must survive its driver"
    )
