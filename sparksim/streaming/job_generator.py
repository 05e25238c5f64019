"""Makes the jobs of each batch when its time comes, and cleans up after it (Spark: JobGenerator).

A timer posts the batch time; one thread of control handles what was posted, in order: give the batch its blocks, ask
every output stream for its job, submit the jobs. A transform function that is slow therefore delays the batches behind
it, which then get more blocks. With a checkpoint directory, a snapshot of the graph is written after the jobs
of a batch were made, and again after they ended; only when that one is written, what the batch left behind is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber
from sparksim.core.conf import time_ms
from sparksim.core.failure import describe_failure
from sparksim.streaming.checkpoint_writer import CheckpointWriter
from sparksim.streaming.graph import DStreamGraph
from sparksim.streaming.graph_checkpoint import GraphCheckpoint, times_to_run_again
from sparksim.streaming.input_info import InputInfoTracker
from sparksim.streaming.job import JobSet, StreamingJob
from sparksim.streaming.job_scheduler import ContextStopped, JobScheduler
from sparksim.streaming.outcome import outcome
from sparksim.streaming.receiver_tracker import ReceiverTracker
from sparksim.streaming.timer import RecurringTimer
from sparksim.trace.events import JobGenerationFailed, StreamingRecovered

POLL_MS = 100
"""How often a graceful stop looks whether it is done (JobGenerator.stop)."""


Snapshot = Callable[[int], GraphCheckpoint]
"""What makes the driver's checkpoint as of a batch time."""


class JobGenerator:
    """One per started context. `snapshot` makes its checkpoints; None: it writes none."""

    def __init__(
        self,
        backend: ClusterBackend,
        graph: DStreamGraph,
        tracker: ReceiverTracker,
        input_info: InputInfoTracker,
        scheduler: JobScheduler,
        on_error: Callable[[BaseException], None],
        snapshot: Snapshot | None = None,
    ) -> None:
        self._backend = backend
        self._clock = backend.clock
        self._graph = graph
        self._tracker = tracker
        self._input_info = input_info
        self._scheduler = scheduler
        self._on_error = on_error
        self._snapshot = snapshot
        self._writer = None if snapshot is None else CheckpointWriter(backend, self._checkpoint_written)
        self._events: simpy.Store = simpy.Store(backend.clock.env)
        self._timer = RecurringTimer(backend.clock, graph.batch_ms, self._tick)
        self._graceful_ms = time_ms(backend.conf, "spark.streaming.gracefulStopTimeout", 10 * graph.batch_ms)
        self._last_processed_ms: int | None = None
        self._handling: Fiber | None = None
        self._closed = False

    def first_batch_ms(self) -> int:
        """The first batch time, if the generator is started now."""
        return self._timer.next_start_ms()

    def start(self, first_batch_ms: int) -> None:
        """Begin to make batches. Hub only."""
        self._timer.start(first_batch_ms)
        self._clock.env.process(self._handle_events())

    def restart(self, checkpoint: GraphCheckpoint) -> None:
        """Go on where another driver ended: run again what it may not have finished, then make batches. On a fiber.

        These batches report no input, and no checkpoint is written for them. Raises what making their jobs raises.
        """
        assert self._graph.zero_ms is not None
        restart_ms = self._timer.next_restart_ms(self._graph.zero_ms)
        again_ms = times_to_run_again(checkpoint, restart_ms)
        pending_ms = tuple(each_ms for each_ms in again_ms if each_ms in checkpoint.pending_ms)
        now_ms = self._clock.now_ms
        self._clock.call(
            self._backend.emit, StreamingRecovered(now_ms, checkpoint.time_ms, restart_ms, pending_ms, tuple(again_ms))
        )
        for batch_time_ms in again_ms:
            self._clock.call(self._tracker.allocate_blocks_to_batch, batch_time_ms)
            jobs = self._graph.generate_jobs(batch_time_ms)
            self._charge_generation()
            self._clock.call(self._scheduler.submit, JobSet(batch_time_ms, jobs, ()))
        self._clock.call(self.start, restart_ms)

    def batch_completed(self, batch_time_ms: int) -> None:
        """All jobs of a batch succeeded: clean up after it, in turn."""
        self._events.put((self._clear_metadata, batch_time_ms))

    def stop(self, graceful: bool) -> None:
        """Stop making batches. A graceful stop lets every received block be processed first. Not in the hub."""
        if graceful:
            self._stop_gracefully()
        else:
            self._clock.wait(self._clock.call(self._timer.stop, True))
        self._clock.call(self._close, self._clock.current())
        self._graph.stop()
        if self._writer is not None:
            self._clock.wait(self._clock.call(self._writer.stop))

    def _stop_gracefully(self) -> None:
        """Wait for received blocks to be allocated, for the last batch to be made, and for it to be processed.

        A last batch without jobs, or whose last job failed, is never "processed": the wait then takes its full length
        (`spark.streaming.gracefulStopTimeout`, ten batches by default).
        """
        deadline_ms = self._clock.now_ms + self._graceful_ms

        def poll_until(done: Callable[[], bool]) -> None:
            while not self._clock.call(done) and self._clock.now_ms < deadline_ms:
                self._clock.sleep(POLL_MS)

        poll_until(lambda: not self._tracker.has_unallocated_blocks)
        last_ms = self._clock.wait(self._clock.call(self._timer.stop, False))
        poll_until(lambda: self._last_processed_ms == last_ms)

    def _close(self, caller: Fiber | None) -> None:
        """Handle nothing more; user code that is still busy with a batch is struck down, unless it called `stop`."""
        self._closed = True
        self._events.items.clear()
        self._events.put(None)
        if self._handling is not None and self._handling is not caller:
            self._clock.kill(self._handling, ContextStopped("the streaming context was stopped"))

    def _tick(self, tick_ms: int) -> None:
        self._events.put((self._generate_jobs, tick_ms))

    def _handle_events(self) -> Generator[simpy.Event, Any, None]:
        """The event loop: one event after the other, each on a fiber because user code may block in it."""
        while (event := (yield self._events.get())) is not None:
            handler, batch_time_ms = event
            self._handling = fiber = self._clock.spawn(f"{handler.__name__} {batch_time_ms} ms", handler, batch_time_ms)
            error = yield outcome(self._clock.env, fiber)
            self._handling = None
            if error is not None and not self._closed:
                self._on_error(error)

    def _generate_jobs(self, batch_time_ms: int) -> None:
        self._clock.call(self._tracker.allocate_blocks_to_batch, batch_time_ms)
        try:
            jobs = self._graph.generate_jobs(batch_time_ms)
        except Exception as error:
            self._clock.call(self._generation_failed, batch_time_ms, error)
        else:
            self._charge_generation()
            self._clock.call(self._submit, batch_time_ms, jobs)
        if self._snapshot is not None:
            self._clock.call(self._events.put, (self._checkpoint_generated, batch_time_ms))

    def _charge_generation(self) -> None:
        self._clock.charge(self._backend.prices.draw(self._backend.prices.model.generate_ms))

    def _submit(self, batch_time_ms: int, jobs: list[StreamingJob]) -> None:
        self._scheduler.submit(JobSet(batch_time_ms, jobs, self._input_info.of_batch(batch_time_ms)))

    def _generation_failed(self, batch_time_ms: int, error: Exception) -> None:
        self._backend.emit(JobGenerationFailed(self._clock.now_ms, batch_time_ms, describe_failure(error)))
        self._on_error(error)

    def _clear_metadata(self, batch_time_ms: int) -> None:
        self._graph.clear_metadata(batch_time_ms)
        if self._snapshot is None:
            self._clean_up(batch_time_ms)
        else:
            self._clock.call(self._events.put, (self._checkpoint_completed, batch_time_ms))

    # --- driver checkpoints -------------------------------------------------------------------------------------------

    def _checkpoint_generated(self, batch_time_ms: int) -> None:
        self._checkpoint(batch_time_ms, clear_later=False)

    def _checkpoint_completed(self, batch_time_ms: int) -> None:
        self._checkpoint(batch_time_ms, clear_later=True)

    def _checkpoint(self, batch_time_ms: int, clear_later: bool) -> None:
        """Take the snapshot now; it is written when its turn comes."""
        assert self._snapshot is not None
        assert self._writer is not None
        self._graph.update_checkpoint_data(batch_time_ms)
        self._clock.call(self._writer.write, self._snapshot(batch_time_ms), clear_later)

    def _checkpoint_written(self, batch_time_ms: int, clear_later: bool) -> None:
        if clear_later:
            self._events.put((self._clear_checkpoint_data, batch_time_ms))

    def _clear_checkpoint_data(self, batch_time_ms: int) -> None:
        for problem in self._graph.clear_checkpoint_data(batch_time_ms):
            self._clock.call(self._backend.warn, "streaming", f"Error deleting an old checkpoint file: {problem}")
        self._clean_up(batch_time_ms)

    def _clean_up(self, batch_time_ms: int) -> None:
        """No later batch, and no restart, asks for the blocks of older batches."""
        threshold_ms = batch_time_ms - self._graph.max_input_remember_ms()
        self._clock.call(self._tracker.cleanup_old_batches, threshold_ms)
        self._input_info.cleanup(threshold_ms)
        self._last_processed_ms = batch_time_ms
