"""The driver's side of receivers: starts them, knows where they run, collects their blocks (Spark: ReceiverTracker).

A receiver is a Spark job of one endless task. When that job ends while the application runs, whatever the reason, the
tracker picks a place and starts the receiver again; the task scheduler never does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.executor import Executor
from sparksim.cluster.jobs import Job
from sparksim.core import call_site, local_properties
from sparksim.core.closure import Closure
from sparksim.core.conf import boolean
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalStateError, SparkException
from sparksim.core.failure import describe_failure
from sparksim.core.task_context import TaskContext
from sparksim.streaming.received_block_handler import check_log_settings
from sparksim.streaming.received_blocks import ReceivedBlockInfo, ReceivedBlockTracker
from sparksim.streaming.receiver import Receiver
from sparksim.streaming.receiver_rdd import ReceiverRDD
from sparksim.streaming.receiver_scheduling import (
    ACTIVE,
    INACTIVE,
    SCHEDULED,
    Place,
    ReceiverPlacement,
    reschedule_receiver,
    schedule_receivers,
)
from sparksim.streaming.supervisor import ReceiverSupervisor
from sparksim.trace.events import (
    BlockAdded,
    BlocksAllocated,
    ReceiverError,
    ReceiverStarted,
    ReceiverStopped,
)

DUMMY_JOB = "spark.sparksim.dummyJob"
DUMMY_MAPS, DUMMY_REDUCES = 50, 20
"""The job that a cluster runs first, so that executors have time to register (ReceiverTracker.runDummySparkJob)."""

GIVE_UP_MS = 10_000
"""How long an ungraceful stop waits for receivers."""


@dataclass(slots=True)
class _Tracked:
    """One receiver: its code, where it is, and who runs it."""

    receiver: Closure
    name: str
    preferred_host: str | None
    placement: ReceiverPlacement
    supervisor: ReceiverSupervisor | None = None
    job: Job | None = None


class ReceiverTracker:
    """One per started StreamingContext. `blocks` is what it knows of received blocks, and where it is logged.

    Below `checkpoint_directory`, if there is one, receivers keep their logs.
    """

    def __init__(
        self,
        sc: SparkContext,
        backend: ClusterBackend,
        receivers: Mapping[int, Receiver],
        blocks: ReceivedBlockTracker,
        checkpoint_directory: str | None = None,
    ) -> None:
        self.checkpoint_directory = checkpoint_directory
        self._sc = sc
        self._backend = backend
        self._receivers = {
            stream_id: _Tracked(
                Closure((receiver,)),
                f"{type(receiver).__name__}-{stream_id}",
                receiver.preferredLocation(),
                ReceiverPlacement(INACTIVE),
            )
            for stream_id, receiver in receivers.items()
        }
        self._blocks = blocks
        self._start_site = ""
        self._running = False
        self._stopping = False
        self._all_ended: simpy.Event = backend.clock.env.event()

    # --- start and stop -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Launch every receiver. On the streaming-start fiber; waits for the dummy job of a cluster.

        Raises `SparkException` when receivers are to keep a log and cannot, for want of a checkpoint directory say.
        """
        if not self._receivers:
            return
        check_log_settings(self._backend.conf, self.checkpoint_directory)
        self._start_site = call_site.current()
        if not self._sc.master.startswith("local") and boolean(self._backend.conf, DUMMY_JOB, True):
            self._run_dummy_job()
        self._backend.clock.call(self._launch_all)

    def stop(self, graceful: bool) -> None:
        """Stop every receiver and wait: without end when graceful, else 10 s at most. From a fiber."""
        clock = self._backend.clock
        self._stopping = True
        if self._running:
            waiting = clock.call(self._stop_all, graceful)
            clock.wait(waiting)
        self._running = False
        clock.call(self._blocks.stop)

    def _stop_all(self, graceful: bool) -> simpy.Event:
        for tracked in self._receivers.values():
            if tracked.supervisor is not None:
                tracked.supervisor.stop_soon("Stopped by driver", None)
            elif tracked.job is not None:
                self._backend.cancel_job(tracked.job, "the application stops before this receiver had a core")
        self._check_all_ended()
        if graceful:
            return self._all_ended
        return self._all_ended | self._backend.clock.env.timeout(GIVE_UP_MS)

    def _check_all_ended(self) -> None:
        over = all(tracked.job is None or not tracked.job.active for tracked in self._receivers.values())
        if self._stopping and over and not self._all_ended.triggered:
            self._all_ended.succeed()

    def _run_dummy_job(self) -> None:
        with local_properties.overlay({local_properties.JOB_DESCRIPTION: "Dummy job: wait for executors to register"}):
            pairs = self._sc.parallelize(range(DUMMY_MAPS), DUMMY_MAPS).map(lambda x: (x, 1))
            pairs.reduceByKey(lambda a, b: a + b, DUMMY_REDUCES).collect()

    # --- placing receivers --------------------------------------------------------------------------------------------

    def _places(self) -> list[Place]:
        return [Place(executor.host, executor.executor_id) for executor in self._backend.executors]

    def _launch_all(self) -> None:
        self._running = True
        wishes = [(stream_id, tracked.preferred_host) for stream_id, tracked in self._receivers.items()]
        for stream_id, candidates in schedule_receivers(wishes, self._places()).items():
            self._receivers[stream_id].placement = ReceiverPlacement(SCHEDULED, tuple(candidates))
            self._launch(stream_id, candidates)

    def _launch(self, stream_id: int, candidates: Sequence[Place | str]) -> None:
        tracked = self._receivers[stream_id]
        tracked.supervisor = None
        code, name = tracked.receiver, tracked.name

        def run(task: TaskContext, _records: Any) -> None:
            if task.attemptNumber() > 0:
                return  # the driver, not the task scheduler, decides where a lost receiver goes
            executor: Executor = task.services.executor  # type: ignore[attr-defined]  # always on a cluster executor
            try:
                (receiver,) = code.load()
                ReceiverSupervisor(self._backend, self, receiver, stream_id, executor).run()
            except Exception as error:
                why = f"{name} ended with {type(error).__name__}: {error}. The driver starts it again"
                self._backend.clock.call(self._backend.warn, "receiver", why)
                raise

        rdd = ReceiverRDD(self._sc, f"Receiver {stream_id}", tuple(str(place) for place in candidates))
        named = {
            local_properties.JOB_DESCRIPTION: f"Streaming job running receiver {stream_id}",
            local_properties.CALL_SITE: self._start_site,
        }
        with local_properties.overlay(named):
            tracked.job = self._backend.submit_job(rdd, run, [0], "Receiver")
        assert tracked.job.done.callbacks is not None
        tracked.job.done.callbacks.append(lambda done: self._job_ended(stream_id, name, done))

    def _job_ended(self, stream_id: int, name: str, done: simpy.Event) -> None:
        """Restart the receiver where it was meant to run, or anywhere if those executors are gone."""
        if not done.ok:
            done.defused = True
        if self._stopping or not self._running:
            self._check_all_ended()
            return
        tracked = self._receivers[stream_id]
        alive = set(self._places())
        again = [place for place in tracked.placement.scheduled if isinstance(place, str) or place in alive]
        if not again:
            # The candidates are not written down: they are worked out anew when the receiver registers.
            tracked.placement = ReceiverPlacement(INACTIVE)
            again = reschedule_receiver(tracked.preferred_host, self._placements(), self._places())
        self._launch(stream_id, again)

    def _placements(self) -> dict[int, ReceiverPlacement]:
        return {stream_id: tracked.placement for stream_id, tracked in self._receivers.items()}

    # --- messages from receivers (all in the hub) ---------------------------------------------------------------------

    def register(self, stream_id: int, name: str, supervisor: ReceiverSupervisor) -> bool:
        """A receiver asks to start on its executor; False sends it away. Raises for a stream nobody knows."""
        if stream_id not in self._receivers:
            raise SparkException(f"Register received for unexpected id {stream_id}")
        if self._stopping:
            return False
        tracked = self._receivers[stream_id]
        executor = supervisor.executor
        here = Place(executor.host, executor.executor_id)
        acceptable = tracked.placement.scheduled or tuple(
            reschedule_receiver(tracked.preferred_host, self._placements(), self._places())
        )
        if here not in acceptable and executor.host not in acceptable:
            return False
        tracked.placement = ReceiverPlacement(ACTIVE, (), here)
        tracked.supervisor = supervisor
        self._backend.emit(
            ReceiverStarted(self._backend.clock.now_ms, stream_id, name, executor.executor_id, executor.host)
        )
        return True

    def deregister(self, stream_id: int, message: str, error: BaseException | None) -> None:
        """A receiver stopped."""
        tracked = self._receivers[stream_id]
        where = tracked.placement.running
        tracked.placement = replace(tracked.placement, state=INACTIVE)
        self._backend.emit(
            ReceiverStopped(
                self._backend.clock.now_ms,
                stream_id,
                tracked.name,
                "" if where is None else where.executor_id,
                message,
                "" if error is None else describe_failure(error),
            )
        )

    def report_error(self, stream_id: int, message: str, error: BaseException | None) -> None:
        """Something went wrong in a receiver; it goes on."""
        tracked = self._receivers[stream_id]
        where = tracked.placement.running
        text = "" if error is None else describe_failure(error)
        self._backend.emit(
            ReceiverError(
                self._backend.clock.now_ms,
                stream_id,
                tracked.name,
                "" if where is None else where.executor_id,
                message,
                text,
            )
        )

    def add_block(
        self, stream_id: int, block_id: str, records: int, origins: tuple[Any, ...], log_handle: Any = None
    ) -> bool:
        """A block was stored: it can join the next batch. False, and its records are lost, when the log refuses it.

        `log_handle` says where its receiver's log has it, if there is such a log.
        """
        now_ms = self._backend.clock.now_ms
        info = ReceivedBlockInfo(stream_id, block_id, records, origins, log_handle=log_handle)
        if not self._blocks.add_block(info, now_ms):
            reason = "the driver could not write to its log that the block exists"
            self._backend.emit(info.lost(now_ms, reason))
            return False
        self._backend.emit(BlockAdded(now_ms, stream_id, block_id, records))
        return True

    def lose_blocks(self, is_over: Callable[[int], bool]) -> None:
        """The driver dies for good: put on record the blocks that no batch will process. Hub only."""
        now_ms = self._backend.clock.now_ms
        for block in self._blocks.unprocessed(is_over):
            reason = "the driver died, and nothing outside its memory says that the block existed"
            self._backend.emit(block.lost(now_ms, reason))

    def executors_with_receivers(self) -> list[str]:
        """The ids of executors that run a receiver now: they must not be taken away. Hub only."""
        places = [tracked.placement.running for tracked in self._receivers.values()] if self._running else []
        return [place.executor_id for place in places if place is not None]

    def update_rate(self, stream_id: int, rate_per_s: int) -> None:
        """Send a new limit to a receiver, if it runs (ReceiverTracker.sendRateUpdate). Hub only."""
        supervisor = self._receivers[stream_id].supervisor
        if supervisor is not None:
            supervisor.update_rate(rate_per_s)

    # --- for the job generator ----------------------------------------------------------------------------------------

    def allocate_blocks_to_batch(self, batch_time_ms: int) -> None:
        """Give the batch every block that waits. Hub only; nothing happens without receivers."""
        if not self._receivers:
            return
        now_ms = self._backend.clock.now_ms
        for stream_id, blocks in self._blocks.allocate_blocks_to_batch(batch_time_ms, now_ms).items():
            ids = tuple(block.block_id for block in blocks)
            self._backend.emit(BlocksAllocated(now_ms, batch_time_ms, stream_id, ids))

    def blocks_of_batch(self, batch_time_ms: int, stream_id: int) -> list[ReceivedBlockInfo]:
        return self._blocks.blocks_of_batch(batch_time_ms, stream_id)

    @property
    def has_unallocated_blocks(self) -> bool:
        return self._blocks.has_unallocated_blocks

    def cleanup_old_batches(self, threshold_ms: int) -> None:
        """Forget the blocks of older batches, here and in the logs of running receivers. Hub only."""
        self._blocks.cleanup_old_batches(threshold_ms, self._backend.clock.now_ms)
        if self._running:
            for tracked in self._receivers.values():
                if tracked.supervisor is not None:
                    tracked.supervisor.clean_log(threshold_ms)

    def check_running(self) -> None:
        """Raise when blocks are asked for before the tracker was started."""
        if not self._running and self._receivers:
            raise IllegalStateError("the receivers of this context are not running: call start() first")
