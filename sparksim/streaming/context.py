"""The entry point of a streaming program (PySpark: StreamingContext), and its life: initialised, active, stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import Any, NoReturn, cast

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.conf import boolean
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.arguments import check_type, check_whole_number
from sparksim.streaming.dstream import DStream, TransformedDStream
from sparksim.streaming.graph import DStreamGraph
from sparksim.streaming.input_dstream import QueueInputDStream, ReceiverInputDStream, SocketReceiver
from sparksim.streaming.input_info import InputInfoTracker
from sparksim.streaming.job_generator import JobGenerator
from sparksim.streaming.job_scheduler import JobScheduler
from sparksim.streaming.listener import StreamingListener
from sparksim.streaming.listener_bus import ListenerBus
from sparksim.streaming.received_blocks import ReceivedBlockInfo
from sparksim.streaming.receiver import Receiver
from sparksim.streaming.receiver_tracker import ReceiverTracker
from sparksim.streaming.sources import Sources
from sparksim.streaming.supervisor import check_receiver_settings
from sparksim.streaming.times import to_ms
from sparksim.streaming.waiter import Waiter
from sparksim.trace.events import StreamingStarted, StreamingStopped

POOL_WAIT_MS = 2_000
GRACEFUL_POOL_WAIT_MS = 3_600_000
"""How long the job pool may take to end (JobScheduler.stop)."""


class ContextState(Enum):
    """Spark: StreamingContextState."""

    INITIALIZED = "INITIALIZED"
    ACTIVE = "ACTIVE"
    STOPPED = "STOPPED"


class StreamingContext(Sources):
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
        self._sc = sparkContext
        self._backend = cast(ClusterBackend, sparkContext._backend)
        self._clock = self._backend.clock
        self._graph = DStreamGraph(to_ms(batchDuration, "batchDuration"))
        self._state = ContextState.INITIALIZED
        self._checkpoint_dir: str | None = None
        self._unpersists = boolean(self._backend.conf, "spark.streaming.unpersist", True)
        self._block_ms = check_receiver_settings(self._backend.conf)
        self._stream_ids = 0
        self._listeners = ListenerBus(self._backend)
        self._input_info = InputInfoTracker()
        self._waiter = Waiter(self._clock)
        self._scheduler = JobScheduler(self._backend, self._waiter.notify_error, self._batch_completed)
        self._stop_finished: simpy.Event = self._clock.call(self._clock.env.event)
        self._tracker: ReceiverTracker | None = None
        self._generator: JobGenerator | None = None
        if sparkContext.master in ("local", "local[1]"):
            self._warn(
                f"the master is {sparkContext.master}: with one core, a receiver leaves none to process what it "
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
        """The active context, or the one `setupFunc()` makes."""
        return cls.getActive() or setupFunc()

    # --- properties and settings --------------------------------------------------------------------------------------

    @property
    def sparkContext(self) -> SparkContext:
        """The SparkContext that runs this context's jobs."""
        return self._sc

    def checkpoint(self, directory: str) -> None:
        """Where RDDs of streams with state are checkpointed."""
        self._sc.setCheckpointDir(directory)
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

    # --- input streams ------------------------------------------------------------------------------------------------

    def socketTextStream(
        self, hostname: str, port: int, storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2
    ) -> DStream[str]:
        """Lines of text from a TCP server, read by a receiver."""
        check_type(hostname or None, str, "hostname", "give the name of the server, such as 'localhost'")
        check_whole_number(port, "port", 1, 65535, "give a port number from 1 to 65535, as a number")
        return self.receiverStream(SocketReceiver(hostname, port, storageLevel))

    def receiverStream(self, receiver: Receiver) -> DStream[Any]:
        """Whatever a receiver of your own stores."""
        remedy = "give an object of a class that extends sparksim.streaming.Receiver"
        check_type(receiver, Receiver, "receiver", remedy)
        if type(receiver).onStart is Receiver.onStart:
            raise IllegalArgumentError(f"{type(receiver).__name__} has no onStart: write what it does when it starts")
        check_type(
            receiver.storageLevel,
            StorageLevel,
            f"{type(receiver).__name__}.storageLevel",
            "give a StorageLevel, such as StorageLevel.MEMORY_AND_DISK_2",
        )
        return ReceiverInputDStream(self, receiver)

    def queueStream(self, rdds: Iterable[Any], oneAtATime: bool = True, default: Any = None) -> DStream[Any]:
        """RDDs (or lists) from a list, one per batch or all in the first; then `default`, or an empty RDD."""
        queue = [rdd if isinstance(rdd, RDD) else self._sc.parallelize(rdd) for rdd in rdds]
        if default is None:
            fallback: RDD[Any] = self._sc.parallelize([], 1)
        else:
            fallback = default if isinstance(default, RDD) else self._sc.parallelize(default)
        return QueueInputDStream(self, queue, oneAtATime, fallback)

    # --- several streams ----------------------------------------------------------------------------------------------

    def union(self, *dstreams: DStream[Any]) -> DStream[Any]:
        """One stream of all records. Raises without a stream, or when slides differ."""
        if not dstreams:
            raise IllegalArgumentError("should have at least one DStream to union")
        if len(dstreams) == 1:
            return dstreams[0]
        if len({stream.slide_ms for stream in dstreams}) > 1:
            raise IllegalArgumentError("All DStreams should have same slide duration")
        return TransformedDStream(self, dstreams, lambda _time_ms, rdds: self._sc.union(list(rdds)), strict=True)

    def transform(self, dstreams: list[DStream[Any]], transformFunc: Callable[[list[RDD[Any]]], Any]) -> DStream[Any]:
        """`transformFunc(rdds)` on the driver, once per batch, with the RDD of each stream."""
        if not dstreams:
            raise IllegalArgumentError("transform(dstreams=[]): give at least one DStream")
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
            self._graph.validate()
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
                    if StreamingContext._active is self:
                        self._stop(stopGraceFully)
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
        """JobScheduler.start: pool, listeners, receivers, and only then the batches."""
        receivers = {
            stream.stream_id: stream.receiver
            for stream in self._graph.inputs
            if isinstance(stream, ReceiverInputDStream)
        }
        self._tracker = ReceiverTracker(self._sc, self._backend, receivers)
        self._generator = JobGenerator(
            self._backend, self._graph, self._tracker, self._input_info, self._scheduler, self._waiter.notify_error
        )
        self._warn_of_starvation(len(receivers))
        self._clock.call(self._scheduler.start)
        self._clock.call(self._listeners.start)
        self._tracker.start()
        self._clock.call(self._start_batches, self._generator)

    def _start_batches(self, generator: JobGenerator) -> None:
        first_ms = generator.first_batch_ms()
        self._graph.start(first_ms)
        generator.start(first_ms)
        self._backend.emit(
            StreamingStarted(
                self._clock.now_ms,
                self._graph.batch_ms,
                self._block_ms,
                first_ms - self._graph.batch_ms,
                self._scheduler.concurrent_jobs,
            )
        )

    def _stop(self, graceful: bool) -> None:
        """JobScheduler.stop: receivers, batches, pool, listeners."""
        if self._tracker is None or self._generator is None:
            return
        self._tracker.stop(graceful)
        self._generator.stop(graceful)
        wait_ms = GRACEFUL_POOL_WAIT_MS if graceful else POOL_WAIT_MS
        self._clock.wait(self._clock.call(self._scheduler.stop, wait_ms, self._clock.current()))
        self._clock.call(lambda: self._backend.emit(StreamingStopped(self._clock.now_ms, graceful)))
        self._listeners.stop()

    def _batch_completed(self, batch_time_ms: int) -> None:
        assert self._generator is not None
        self._generator.batch_completed(batch_time_ms)

    # --- warnings and checks ----------------------------------------------------------------------------------------

    def _warn(self, message: str) -> None:
        self._clock.call(self._backend.warn, "streaming", message)

    def _warn_of_starvation(self, receivers: int) -> None:
        cores = sum(executor.cores for executor in self._backend.executors)
        if receivers >= cores > 0:
            self._warn(
                f"{receivers} receiver{'s' * (receivers != 1)} on {self._sc.master}: each receiver holds one core for "
                f"ever, and there {'is' if cores == 1 else 'are'} {cores}. No core is left to process batches, so "
                f"nothing will be processed. Use at least {receivers + 1} cores"
            )

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
        assert self._tracker is not None
        return self._tracker.blocks_of_batch(batch_time_ms, stream_id)

    def _datetime(self, time_ms: int) -> datetime:
        return self._clock.datetime(time_ms)

    def _time_ms(self, time: datetime | float) -> int:
        return self._clock.time_ms(time) if isinstance(time, datetime) else int(time * 1000)

    def __reduce__(self) -> NoReturn:
        raise SparkException(
            "the StreamingContext exists on the driver only: a function that runs on the executors cannot use it"
        )
