"""How a program outlives its driver: snapshots of its context, and `getOrCreate`, which goes on from the newest.

The same code serves a real `kill -9` and the driver crash of a simulation: what a new driver knows comes from files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming.arguments import check_type
from sparksim.streaming.graph import DStreamGraph
from sparksim.streaming.graph_checkpoint import GraphCheckpoint, read_newest
from sparksim.streaming.graph_pickle import dump_graph, load_graph
from sparksim.streaming.input_dstream import QueueInputDStream

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext


class Recovery:
    """Mixin of `StreamingContext`."""

    @classmethod
    def getOrCreate(cls, checkpointPath: str, setupFunc: Callable[[], StreamingContext]) -> StreamingContext:
        """The context that the newest checkpoint in `checkpointPath` describes; if there is none, `setupFunc()`.

        A recovered context has the streams and settings of the checkpoint: `setupFunc` is not called, and what the
        program defines outside it is not there. It uses the active SparkContext, or makes one. Raises `SparkException`
        when there are checkpoints and none of them can be read.
        """
        check_type(checkpointPath or None, str, "checkpointPath", "give the directory of the checkpoints")
        if not callable(setupFunc):
            raise IllegalArgumentError(f"setupFunc={setupFunc!r}: give a function that makes a StreamingContext")
        problems: list[str] = []
        found = read_newest(checkpointPath, cls._with_graph, problems.append)
        if found is None:
            ssc = setupFunc()
            check_type(ssc, cls, "setupFunc()", "let the function return the StreamingContext it has made")
            ssc.checkpoint(checkpointPath)
            return ssc
        ssc, graph, checkpoint = found
        ssc._set_up(SparkContext.getOrCreate(checkpoint.conf()), graph, checkpoint)
        for problem in problems:
            ssc._warn(problem)
        return ssc

    @classmethod
    def _with_graph(cls, checkpoint: GraphCheckpoint) -> tuple[StreamingContext, DStreamGraph, GraphCheckpoint]:
        """An empty context and the streams that belong to it. Raises what a damaged checkpoint makes pickle raise."""
        ssc = cast("StreamingContext", cls.__new__(cls))
        return ssc, load_graph(checkpoint.graph, ssc), checkpoint

    def _validate(self) -> None:
        """Raise where the program cannot run, or could not be saved in checkpoints (StreamingContext.validate)."""
        ssc = cast("StreamingContext", self)
        ssc._graph.validate()
        if ssc._checkpoint_dir is None:
            return
        if any(isinstance(stream, QueueInputDStream) for stream in ssc._graph.inputs):
            ssc._warn(
                "queueStream doesn't support checkpointing: this program runs, but cannot be recovered from its "
                "checkpoint. Use it in tests only"
            )
        dump_graph(ssc._graph)

    def _snapshot(self, batch_time_ms: int) -> GraphCheckpoint:
        """The checkpoint of this context as of a batch."""
        ssc = cast("StreamingContext", self)
        assert ssc._checkpoint_dir is not None
        return GraphCheckpoint(
            ssc.sparkContext.master,
            ssc.sparkContext.appName,
            tuple(ssc.sparkContext.getConf().getAll()),
            ssc._checkpoint_dir,
            ssc._graph.batch_ms,
            batch_time_ms,
            tuple(ssc._clock.call(lambda: ssc._scheduler.pending_times_ms)),
            dump_graph(ssc._graph),
        )
