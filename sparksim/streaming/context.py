"""The entry point of a streaming program (PySpark: StreamingContext), and its life: initialised, active, stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, NoReturn, cast

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.arguments import is_number
from sparksim.core.conf import boolean
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException
from sparksim.core.rdd import RDD
from sparksim.streaming.arguments import check_text, check_type
from sparksim.streaming.driver import Driver
from sparksim.streaming.dstream import DStream, TransformedDStream
from sparksim.streaming.graph import DStreamGraph
from sparksim.streaming.graph_checkpoint import GraphCheckpoint
from sparksim.streaming.input_info import InputInfoTracker
from sparksim.streaming.job_scheduler import JobScheduler
from sparksim.streaming.listener import StreamingListener
from sparksim.streaming.listener_bus import ListenerBus
from sparksim.streaming.received_blocks import ReceivedBlockInfo
from sparksim.streaming.recovery import Recovery
from sparksim.streaming.rules import Past
from sparksim.streaming.sources import Sources
from sparksim.streaming.supervisor import check_receiver_settings
from sparksim.streaming.times import times_to, to_ms
from sparksim.streaming.waiter import Waiter
from sparksim.trace.events import WindowComputed


class ContextState(Enum):
    """Spark: StreamingContextState."""

    INITIALIZED = "INITIALIZED"
    ACTIVE = "ACTIVE"
    STOPPED = "STOPPED"


class StreamingContext(Recovery, Sources):
    """Makes input streams, starts and stops the application. `batchDuration` is in seconds.

    Raises `IllegalArgumentError` for a batch interval that is not a positive number and for a wrong setting,
    `IllegalStateError` for a SparkContext that is stopped.
    """

    _active: StreamingContext | None = None
    _active_lock = threading.Lock()

    driver_only = True

    def __init__(self, sparkContext: SparkContext, batchDuration: float | None = None) -> None:
        check_type(sparkContext, SparkContext, "sparkContext", "give a SparkContext: StreamingContext(sc, 1)")
        if batchDuration is None:
            raise IllegalArgumentError(
                "batchDuration=None: give the batch interval in seconds: StreamingContext(sc, 1)"
            )
        self._set_up(sparkContext, DStreamGraph(to_ms(batchDuration, "batchDuration")))

    def _set_up(self, sc: SparkContext, graph: DStreamGraph, recovered: GraphCheckpoint | None = None) -> None:
        """All parts of a context: a new one, or one that goes on from a checkpoint."""
        self._sc = sc
        self._backend = cast(ClusterBackend, sc._backend)
        self._clock = self._backend.clock
        self._graph = graph
        self._recovered = recovered
        self._state = ContextState.INITIALIZED
        self._checkpoint_dir: str | None = None
        self._unpersists = boolean(self._backend.conf, "spark.streaming.unpersist", True)
        self._block_ms = check_receiver_settings(self._backend.conf)
        self._stream_ids = max((stream.stream_id + 1 for stream in graph.inputs), default=0)
        self._listeners = ListenerBus(self._backend)
        self._input_info = InputInfoTracker()
        self._waiter = Waiter(self._clock)
        self._scheduler = JobScheduler(self._backend, self._waiter.notify_error, self._batch_completed)
        self._stop_finished: simpy.Event = self._clock.call(self._clock.env.event)
        self._driver: Driver | None = None
        if recovered is not None:
            self.checkpoint(recovered.directory)
            graph.restore_checkpoint_data()
        if sc.master in ("local", "local[1]"):
            self._warn(
                f"the master is {sc.master}: with one core, a receiver leaves none to process what it "
                "receives. Use local[2] or more if the program has a receiver"
            )

    # --- class methods ------------------------------------------------------------------------------------------------

    @classmethod
    def getActive(cls) -> StreamingContext | None:
        """The context that is started and not stopped, or None."""
        active = cls._active
        return active if active is not None and active._state is ContextState.ACTIVE and active._is_alive else None

    @classmethod
    def getActiveOrCreate(
        cls, checkpointPath: str | None, setupFunc: Callable[[], StreamingContext]
    ) -> StreamingContext:
        """The active context; without one, what `getOrCreate` gives, or `setupFunc()` for a path of None."""
        if not callable(setupFunc):
            raise TypeError(
                f"setupFunc={setupFunc!r} should be callable: give a function that makes a StreamingContext"
            )
        active = cls.getActive()
        if active is not None:
            return active
        return setupFunc() if checkpointPath is None else cls.getOrCreate(checkpointPath, setupFunc)

    # --- properties and settings --------------------------------------------------------------------------------------

    @property
    def sparkContext(self) -> SparkContext:
        """The SparkContext that runs this context's jobs."""
        return self._sc

    def checkpoint(self, directory: str) -> None:
        """Keep checkpoints in this directory (any fsspec URL): of the driver, and of the RDDs of streams with state.

        Give it before `start`. A program that finds its way back after a crash makes its context with `getOrCreate`.
        """
        check_text(directory, "directory", "give the path of a directory, such as 'checkpoint'")
        try:
            self._sc.setCheckpointDir(directory)
        except OSError as error:
            raise IllegalArgumentError(
                f"directory={directory!r}: no checkpoint can be kept there ({type(error).__name__}: {error}). Give the "
                "path of a directory that can be made, or written to"
            ) from error
        self._checkpoint_dir = directory

    def remember(self, duration: float) -> None:
        """Let every stream remember its RDDs for at least this many seconds. Once, and before the start."""
        if self._graph.zero_ms is not None:
            self._warn("remember() after start() has no effect: call it before")
        self._graph.remember(to_ms(duration, "duration"))

    def addStreamingListener(self, streamingListener: StreamingListener) -> None:
        """Tell this listener what happens from now on."""
        check_type(
            streamingListener,
            StreamingListener,
            "streamingListener",
            "give an object of a class that extends sparksim.streaming.StreamingListener",
        )
        self._listeners.add(streamingListener)

    # --- several streams ----------------------------------------------------------------------------------------------

    def union(self, *dstreams: DStream[Any]) -> DStream[Any]:
        """One stream of all records. Raises without a stream, or when slides differ."""
        if not dstreams:
            raise IllegalArgumentError("should have at least one DStream to union")
        if len(dstreams) == 1:
            return dstreams[0]
        if len({stream.slide_ms for stream in dstreams}) > 1:
            raise IllegalArgumentError("All DStreams should have same slide duration")
        return TransformedDStream(self, dstreams, lambda _time_ms, rdds: rdds[0].ctx.union(list(rdds)), strict=True)

    def transform(self, dstreams: list[DStream[Any]], transformFunc: Callable[[list[RDD[Any]]], Any]) -> DStream[Any]:
        """`transformFunc(rdds)` on the driver, once per batch, with the RDD of each stream."""
        if not dstreams:
            raise IllegalArgumentError("transform(dstreams=[]): give at least one DStream")
        if not callable(transformFunc):
            raise IllegalArgumentError(f"transformFunc={transformFunc!r}: give a function of the list of RDDs")
        return TransformedDStream(self, tuple(dstreams), lambda _time_ms, rdds: transformFunc(list(rdds)), strict=True)

    # --- life cycle -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start receiving and processing. Starting twice does nothing.

        Raises `IllegalStateError` when this context was stopped or another one is active, `IllegalArgumentError` when
        no output operation was defined or a checkpoint setting is wrong; the context is then stopped for good.
        """
        if self._state is ContextState.ACTIVE:
            self._warn("this StreamingContext has already been started; start() does nothing")
            return
        if self._state is ContextState.STOPPED:
            raise IllegalStateError("StreamingContext has already been stopped: make a new one to start again")
        with StreamingContext._active_lock:
            active = StreamingContext._active
            if active is not None and active._is_alive:
                raise IllegalStateError(
                    "Only one StreamingContext may be started in this process: stop() the active one first"
                )
            StreamingContext._active = self
        try:
            self._validate()
            self._clock.wait(self._clock.call(self._clock.spawn, "streaming-start", self._start).done)
        except BaseException:
            self.stop(stopSparkContext=False)
            raise
        self._state = ContextState.ACTIVE

    def awaitTermination(self, timeout: float | None = None) -> None:
        """Wait until the context stops, at most `timeout` seconds. Raises the error of a batch that failed."""
        self.awaitTerminationOrTimeout(timeout)

    def awaitTerminationOrTimeout(self, timeout: float | None) -> bool:
        """Wait like `awaitTermination`; whether the context has stopped."""
        if timeout is not None and not is_number(timeout, least=float("-inf")):
            raise IllegalArgumentError(f"timeout={timeout!r}: give a number of seconds, or None to wait for the end")
        if not self._is_alive:
            return True
        return self._waiter.wait(None if timeout is None else timeout * 1000)

    def stop(self, stopSparkContext: bool = True, stopGraceFully: bool = False) -> None:
        """Stop receiving and processing; gracefully: after everything received was processed.

        Raises `IllegalStateError` when a StreamingListener calls it. Stopping twice does nothing.
        """
        caller = self._clock.current()
        if caller is not None and caller is self._listeners.fiber:
            raise IllegalStateError(
                "a StreamingListener cannot stop its context: the context waits for its listeners. Set a flag in the "
                "listener, and call stop() where the program waits"
            )
        if self._is_alive:
            if self._clock.call(self._claim_stop):
                try:
                    if StreamingContext._active is self and self._driver is not None:
                        self._driver.stop(stopGraceFully)
                finally:
                    self.abandon()
                    self._clock.call(self._finish_stop)
            self._clock.wait(self._stop_finished)
        else:
            self.abandon()
        if stopSparkContext:
            self._sc.stop()

    def abandon(self) -> None:
        """End without another step: for a simulation whose time is over, in which nothing can happen any more."""
        self._state = ContextState.STOPPED
        if StreamingContext._active is self:
            StreamingContext._active = None

    @property
    def _is_alive(self) -> bool:
        """Whether the SparkContext below still runs: nothing can happen without it."""
        return self._sc._backend_or_none is self._backend

    def _claim_stop(self) -> bool:
        """Whether this call is the one that stops the context."""
        if self._state is ContextState.STOPPED:
            return False
        self._state = ContextState.STOPPED
        return True

    def _finish_stop(self) -> None:
        self._waiter.notify_stop()
        self._stop_finished.succeed()

    def _start(self) -> None:
        """On a fiber: put together what runs behind this context, and start it."""
        self._driver = Driver(self)
        self._driver.start()

    # --- warnings and checks ----------------------------------------------------------------------------------------

    def _warn(self, message: str) -> None:
        self._clock.call(self._backend.warn, "streaming", message)

    def _validate_at_init(self) -> None:
        """Raise `IllegalStateError` when it is too late to add a stream."""
        what = "Adding new inputs, transformations, and output operations"
        if self._state is ContextState.STOPPED:
            raise IllegalStateError(f"{what} after stopping a context is not supported: make a new StreamingContext")
        if StreamingContext._active is self:
            raise IllegalStateError(
                f"{what} after starting a context is not supported: define the whole program first, then call start()"
            )

    # --- for streams ------------------------------------------------------------------------------------------------

    def _next_stream_id(self) -> int:
        stream_id = self._stream_ids
        self._stream_ids += 1
        return stream_id

    def _blocks_of_batch(self, batch_time_ms: int, stream_id: int) -> list[ReceivedBlockInfo]:
        assert self._driver is not None
        return self._driver.tracker.blocks_of_batch(batch_time_ms, stream_id)

    def _batch_completed(self, batch_time_ms: int) -> None:
        assert self._driver is not None
        self._driver.batch_completed(batch_time_ms)

    def _update_rate(self, stream_id: int, rate_per_s: int) -> None:
        """Tell the receiver of this stream, if it runs, how fast it may go on. Hub only."""
        if self._driver is not None:
            self._driver.tracker.update_rate(stream_id, rate_per_s)

    def _note_window(
        self, stream: Past, parent: Past, window: tuple[int, int], added: tuple[int, int], removed: tuple[int, int]
    ) -> None:
        def batches(span: tuple[int, int]) -> tuple[int, ...]:
            begin_ms, end_ms = span
            first_ms, step_ms = (parent.zero_ms or 0) + parent.slide_ms, parent.slide_ms
            return tuple(time for time in times_to(begin_ms + step_ms, end_ms, step_ms) if time >= first_ms)

        def note() -> None:
            spans = map(batches, (window, added, removed))
            self._backend.emit(WindowComputed(self._clock.now_ms, window[1], stream.name, *spans))

        self._clock.call(note)

    def _datetime(self, time_ms: int) -> datetime:
        return self._clock.datetime(time_ms)

    def _time_ms(self, time: datetime | float) -> int:
        return self._clock.time_ms(time) if isinstance(time, datetime) else int(time * 1000)

    def __reduce__(self) -> NoReturn:
        raise SparkException(
            "the StreamingContext exists on the driver only: a function that runs on the executors cannot use it"
        )
