"""The entry point of a streaming program (PySpark: StreamingContext), and its life: initialised, active, stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import Any, cast

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.conf import boolean
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.block_generator import block_interval_ms
from sparksim.streaming.dstream import DStream, TransformedDStream
from sparksim.streaming.graph import DStreamGraph
from sparksim.streaming.input_dstream import QueueInputDStream, ReceiverInputDStream, SocketReceiver
from sparksim.streaming.input_info import InputInfoTracker
from sparksim.streaming.job_generator import JobGenerator
from sparksim.streaming.job_scheduler import JobScheduler
from sparksim.streaming.listener import StreamingListener
from sparksim.streaming.listener_bus import ListenerBus
from sparksim.streaming.receiver import Receiver
from sparksim.streaming.receiver_tracker import ReceiverTracker
from sparksim.streaming.times import to_ms
from sparksim.trace.events import StreamingStarted, StreamingStopped

POOL_WAIT_MS = 2_000
GRACEFUL_POOL_WAIT_MS = 3_600_000
"""How long the job pool may take to end (JobScheduler.stop)."""


class ContextState(Enum):
    """Spark: StreamingContextState."""

    INITIALIZED = "INITIALIZED"
    ACTIVE = "ACTIVE"
    STOPPED = "STOPPED"


class StreamingContext:
    """Makes input streams, starts and stops the application. `batchDuration` is in seconds.

    Raises `IllegalArgumentError` for a batch interval that is not a positive number.
    """

    _active: StreamingContext | None = None
    _active_lock = threading.Lock()

    def __init__(self, sparkContext: SparkContext, batchDuration: float | None = None) -> None:
        if batchDuration is None:
            raise IllegalArgumentError("batchDuration=None: give the batch interval in seconds: StreamingContext(sc, 1)")
        self._sc = sparkContext
        self._backend = cast(ClusterBackend, sparkContext._backend)
        self._clock = self._backend.clock
        self._graph = DStreamGraph(to_ms(batchDuration, "batchDuration"))
        self._state = ContextState.INITIALIZED
        self._checkpoint_dir: str | None = None
        self._unpersists = boolean(self._backend.conf, "spark.streaming.unpersist", True)
        self._block_ms = block_interval_ms(self._backend.conf)
        self._stream_ids = 0
        self._listeners = ListenerBus(self._backend)
        self._input_info = InputInfoTracker()
        self._scheduler = JobScheduler(self._backend, self._report_error, lambda t: self._generator.batch_completed(t))
        self._error: BaseException | None = None
        self._ended: simpy.Event = self._clock.call(self._clock.env.event)
        self._tracker: ReceiverTracker
        self._generator: JobGenerator
        if sparkContext.master in ("local", "local[1]"):
            self._clock.call(
                self._backend.warn,
                "streaming",
                f"the master is {sparkContext.master}: with one core, a receiver leaves none to process what it receives. Use "
                "local[2] or more if the program has a receiver",
            )

    # --- class methods -------------------------------------------------------------------------------------------------

    @classmethod
    def getActive(cls) -> StreamingContext | None:
        """The context that is started and not stopped, or None."""
        active = cls._active
        return active if active is not None and active._state is ContextState.ACTIVE else None

    @classmethod
    def getActiveOrCreate(
        cls, checkpointPath: str | None, setupFunc: Callable[[], StreamingContext]
    ) -> StreamingContext:
        """The active context, or the one `setupFunc()` makes."""
        return cls.getActive() or setupFunc()

    # --- properties and settings ---------------------------------------------------------------------------------------

    @property
    def sparkContext(self) -> SparkContext:
        """The SparkContext that runs this context's jobs."""
        return self._sc

    def checkpoint(self, directory: str) -> None:
        """Where RDDs of streams with state are checkpointed."""
        self._sc.setCheckpointDir(directory)
        self._checkpoint_dir = directory

    def remember(self, duration: float) -> None:
        """Let every stream remember its RDDs for at least this many seconds."""
        self._graph.remember(to_ms(duration, "duration"))

    def addStreamingListener(self, streamingListener: StreamingListener) -> None:
        """Tell this listener what happens."""
        self._listeners.add(streamingListener)

    # --- input streams -------------------------------------------------------------------------------------------------

    def socketTextStream(
        self, hostname: str, port: int, storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2
    ) -> DStream[str]:
        """Lines of text from a TCP server, read by a receiver."""
        if not isinstance(hostname, str) or not hostname:
            raise IllegalArgumentError(f"socketTextStream(hostname={hostname!r}): give the name of the server, such as 'localhost'")
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
            raise IllegalArgumentError(f"socketTextStream(port={port!r}): give a port number from 1 to 65535")
        return self.receiverStream(SocketReceiver(hostname, port, storageLevel))

    def receiverStream(self, receiver: Receiver) -> DStream[Any]:
        """Whatever a receiver of your own stores."""
        if not isinstance(receiver, Receiver):
            raise IllegalArgumentError(
                f"receiverStream({receiver!r}): give an object of a class that extends sparksim.streaming.Receiver"
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

    # --- several streams -----------------------------------------------------------------------------------------------

    def union(self, *dstreams: DStream[Any]) -> DStream[Any]:
        """One stream of all records. Raises without a stream, or when slides differ."""
        if not dstreams:
            raise IllegalArgumentError("should have at least one DStream to union")
        if len(dstreams) == 1:
            return dstreams[0]
        if len({stream.slide_ms for stream in dstreams}) > 1:
            raise IllegalArgumentError("All DStreams should have same slide duration")
        return TransformedDStream(self, dstreams, lambda _time_ms, rdds: self._sc.union(list(rdds)))

    def transform(self, dstreams: list[DStream[Any]], transformFunc: Callable[[list[RDD[Any]]], Any]) -> DStream[Any]:
        """`transformFunc(rdds)` on the driver, once per batch, with the RDD of each stream."""
        if not dstreams:
            raise IllegalArgumentError("transform(dstreams=[]): give at least one DStream")
        return TransformedDStream(self, tuple(dstreams), lambda _time_ms, rdds: transformFunc(list(rdds)))

    # --- life cycle ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start receiving and processing. Raises where Spark refuses: no output, stopped before, another one active."""
        if self._state is ContextState.ACTIVE:
            self._clock.call(self._backend.warn, "streaming", "StreamingContext has already been started")
            return
        if self._state is ContextState.STOPPED:
            raise IllegalStateError("StreamingContext has already been stopped: make a new one to start again")
        self._graph.validate()
        with StreamingContext._active_lock:
            if StreamingContext.getActive() is not None:
                raise IllegalStateError(
                    "Only one StreamingContext may be started in this process: stop() the active one first"
                )
            StreamingContext._active = self
        try:
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

        def either() -> simpy.Event:
            if timeout is None or self._ended.processed:
                return self._ended
            return self._ended | self._clock.env.timeout(timeout * 1000)

        self._clock.wait(self._clock.call(either))
        if self._error is not None:
            raise self._error
        return self._ended.triggered

    def stop(self, stopSparkContext: bool = True, stopGraceFully: bool = False) -> None:
        """Stop receiving and processing; gracefully: after everything received was processed."""
        if self._state is not ContextState.STOPPED:
            started = StreamingContext._active is self
            self._state = ContextState.STOPPED
            if started:
                self._stop(stopGraceFully)
                StreamingContext._active = None
            self._clock.call(self._end)
            self._clock.wait(self._ended)
        if stopSparkContext:
            self._sc.stop()

    def _start(self) -> None:
        """JobScheduler.start: pool, listeners, receivers, and only then the batches."""
        receivers = {
            stream.stream_id: stream.receiver for stream in self._graph.inputs if isinstance(stream, ReceiverInputDStream)
        }
        self._tracker = ReceiverTracker(self._sc, self._backend, receivers)
        self._generator = JobGenerator(
            self._backend, self._graph, self._tracker, self._input_info, self._scheduler, self._report_error
        )
        self._clock.call(self._warn_of_starvation, len(receivers))
        self._clock.call(self._scheduler.start)
        self._clock.call(self._listeners.start)
        self._tracker.start()
        self._clock.call(self._start_batches)

    def _start_batches(self) -> None:
        first_ms = self._generator.first_batch_ms()
        self._graph.start(first_ms)
        self._generator.start(first_ms)
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
        if hasattr(self, "_generator"):
            self._tracker.stop(graceful)
            self._generator.stop(graceful)
            if not graceful:
                self._clock.call(self._scheduler.drop_queue)
            wait_ms = GRACEFUL_POOL_WAIT_MS if graceful else POOL_WAIT_MS
            self._clock.wait(self._clock.call(self._scheduler.stop, wait_ms))
            self._clock.call(lambda: self._backend.emit(StreamingStopped(self._clock.now_ms, graceful)))
            self._listeners.stop()

    def _end(self) -> None:
        if not self._ended.triggered:
            self._ended.succeed()

    def _report_error(self, error: BaseException) -> None:
        """A batch failed: whoever waits for termination hears of it; the application itself goes on."""
        if self._error is None:
            self._error = error
        self._end()

    def _warn_of_starvation(self, receivers: int) -> None:
        cores = sum(executor.cores for executor in self._backend.executors)
        if receivers >= cores > 0:
            self._backend.warn(
                "streaming",
                f"{receivers} receiver{'s' * (receivers != 1)} on {self._sc.master}: each receiver holds one core for ever, and "
                f"there {'is' if cores == 1 else 'are'} {cores}. No core is left to process batches, so nothing will be "
                f"processed. Use at least {receivers + 1} cores",
            )

    # --- for streams ---------------------------------------------------------------------------------------------------

    def _next_stream_id(self) -> int:
        stream_id = self._stream_ids
        self._stream_ids += 1
        return stream_id

    def _validate_at_init(self) -> None:
        if self._state is ContextState.STOPPED:
            raise IllegalStateError(
                "Adding new inputs, transformations, and output operations after stopping a context is not supported"
            )
        if StreamingContext._active is self:
            raise IllegalStateError(
                "Adding new inputs, transformations, and output operations after starting a context is not supported: define "
                "the whole program first, then call start()"
            )

    def _datetime(self, time_ms: int) -> datetime:
        return self._clock.datetime(time_ms)

    def _time_ms(self, time: datetime | float) -> int:
        return self._clock.time_ms(time) if isinstance(time, datetime) else int(time * 1000)
