"""What runs behind a context that is started, and the order in which its parts start and stop.

Receivers, rate control, executor allocation, batches and their jobs are parts that know little of one another; here
they are put together (Spark: JobScheduler.start and stop).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sparksim.core.errors import SparkException
from sparksim.streaming.batched_log import driver_log
from sparksim.streaming.executor_allocation import create_if_enabled
from sparksim.streaming.input_dstream import ReceiverInputDStream
from sparksim.streaming.job_generator import JobGenerator
from sparksim.streaming.received_blocks import ReceivedBlockTracker
from sparksim.streaming.receiver_tracker import ReceiverTracker
from sparksim.streaming.write_ahead_log import Warn, WriteAheadLog
from sparksim.trace.events import StreamingStarted, StreamingStopped

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

POOL_WAIT_MS = 2_000
GRACEFUL_POOL_WAIT_MS = 3_600_000
"""How long the job pool may take to end (JobScheduler.stop)."""


class Driver:
    """The running parts of one context. Made and started on a fiber."""

    def __init__(self, ssc: StreamingContext) -> None:
        self._ssc = ssc
        self._backend = ssc._backend
        self._clock = ssc._clock
        self._graph = ssc._graph
        self._scheduler = ssc._scheduler
        self._listeners = ssc._listeners
        self._recovered = ssc._recovered
        self._log_directory = ssc._checkpoint_dir
        streams = [stream for stream in self._graph.inputs if isinstance(stream, ReceiverInputDStream)]
        receivers = {stream.stream_id: stream.receiver for stream in streams}
        blocks = self._clock.call(self._known_blocks, list(receivers))
        self.tracker = ReceiverTracker(ssc.sparkContext, self._backend, receivers, blocks, self._log_directory)
        self._allocation = create_if_enabled(
            self._backend, self._graph.batch_ms, len(receivers), self.tracker.executors_with_receivers
        )
        self._generator = JobGenerator(
            self._backend,
            self._graph,
            self.tracker,
            ssc._input_info,
            self._scheduler,
            ssc._waiter.notify_error,
            None if self._log_directory is None else ssc._snapshot,
        )
        for listener in (*(stream.rate_controller for stream in streams), self._allocation):
            if listener is not None:
                self._listeners.add(listener)
        self._backend.on_driver_death(self._died)
        self._warn_of_starvation(len(receivers))

    def start(self) -> None:
        """Pool, listeners, receivers, and only then the batches."""
        self._clock.call(self._scheduler.start)
        self._clock.call(self._listeners.start)
        self.tracker.start()
        if self._allocation is not None:
            self._clock.call(self._allocation.start)
        if self._recovered is None:
            self._start_batches()
        else:
            self._generator.restart(self._recovered)
        self._clock.call(self._started)

    def stop(self, graceful: bool) -> None:
        """Receivers, allocation, batches, pool, listeners."""
        self.tracker.stop(graceful)
        if self._allocation is not None:
            self._clock.call(self._allocation.stop)
        self._generator.stop(graceful)
        wait_ms = GRACEFUL_POOL_WAIT_MS if graceful else POOL_WAIT_MS
        self._clock.wait(self._clock.call(self._scheduler.stop, wait_ms, self._clock.current()))
        self._clock.call(lambda: self._backend.emit(StreamingStopped(self._clock.now_ms, graceful)))
        self._listeners.stop()

    def batch_completed(self, batch_time_ms: int) -> None:
        """All jobs of a batch succeeded."""
        self._generator.batch_completed(batch_time_ms)

    def _start_batches(self) -> None:
        """Streams may ask their sources where to begin: batches whose time comes meanwhile are made late."""
        first_ms = self._clock.call(self._generator.first_batch_ms)
        self._graph.start(first_ms)
        self._clock.call(self._generator.start, first_ms)

    def _started(self) -> None:
        assert self._graph.zero_ms is not None
        self._backend.emit(
            StreamingStarted(
                self._clock.now_ms,
                self._graph.batch_ms,
                self._ssc._block_ms,
                self._graph.zero_ms,
                self._scheduler.concurrent_jobs,
            )
        )

    # --- received blocks, from one driver to the next -----------------------------------------------------------------

    def _known_blocks(self, stream_ids: list[int]) -> ReceivedBlockTracker:
        """With a checkpoint directory there is a log; what it holds counts only for a driver that was recovered."""
        if self._log_directory is None:
            return ReceivedBlockTracker(stream_ids)
        warn = partial(self._backend.warn, "streaming")
        log = driver_log(self._backend.conf, self._log_directory, warn)
        if self._recovered is None:
            self._lose_what_is_logged(log, warn)
        return ReceivedBlockTracker(stream_ids, log, self._recovered is not None, warn)

    def _lose_what_is_logged(self, log: WriteAheadLog, warn: Warn) -> None:
        """An earlier driver left a log and no checkpoint: put on record the blocks that this one will not process."""
        try:
            blocks = ReceivedBlockTracker([], log, recover=True).unprocessed(lambda _batch_time_ms: False)
        except SparkException:
            return  # this driver does not need to understand it
        if blocks:
            reason = "an earlier driver received it, and left no checkpoint to go on from"
            for block in blocks:
                self._backend.emit(block.lost(self._clock.now_ms, reason))
            warn(
                f"{self._log_directory} holds a log of {len(blocks)} received blocks that no batch has processed, and "
                "no checkpoint: this program begins anew without them"
            )

    def _died(self, restarts: bool) -> None:
        """Blocks that a log names are the business of the next driver; all others are lost with this one."""
        if self._log_directory is None or not restarts:
            self.tracker.lose_blocks(self._scheduler.is_over)

    def _warn_of_starvation(self, receivers: int) -> None:
        cores = sum(executor.cores for executor in self._backend.executors)
        if receivers >= cores > 0:
            self._ssc._warn(
                f"{receivers} receiver{'s' * (receivers != 1)} on {self._ssc.sparkContext.master}: each receiver holds "
                f"one core for ever, and there {'is' if cores == 1 else 'are'} {cores}. No core is left to process "
                f"batches, so nothing will be processed. Use at least {receivers + 1} cores"
            )
