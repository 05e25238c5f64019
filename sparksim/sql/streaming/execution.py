"""A query that runs: one fiber that fires its trigger until it is stopped or dies (Spark: StreamExecution).

The trigger says what it fires: batches, or epochs of tasks that run on.
"""

from __future__ import annotations

import logging
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber, FiberKilled, Killed
from sparksim.core import local_properties
from sparksim.core.conf import SparkConf, integer
from sparksim.core.errors import SparkException
from sparksim.core.failure import describe_failure
from sparksim.sql.plan.text import plan_text
from sparksim.sql.streaming.continuous import ContinuousEpochs
from sparksim.sql.streaming.listener import ListenerBus, QueryIdleEvent, QueryProgressEvent, QueryTerminatedEvent
from sparksim.sql.streaming.micro_batch import Identity, MicroBatches, Status
from sparksim.sql.streaming.progress import StreamingQueryProgress, moment, offset_json
from sparksim.sql.streaming.request import QueryRequest
from sparksim.sql.streaming.source import ContinuousSource, StreamSource
from sparksim.sql.streaming.triggers import Continuous
from sparksim.sql.utils import SqlException, StreamingQueryException
from sparksim.streaming.waiter import Waiter
from sparksim.trace.query_events import QueryIdle, QueryProgressed, QueryStarted, QueryTerminated
from sparksim.trace.trace import Trace

PROGRESS_KEPT = "spark.sql.streaming.numRecentProgressUpdates"
IDLE_EVERY = "spark.sql.streaming.noDataProgressEventInterval"


class QueryStopped(Killed):
    """Raised in a query's fiber when the query is stopped."""


class StreamExecution:
    """Initialising, active, terminated. `on_end` is called in the hub when it has ended."""

    def __init__(
        self,
        request: QueryRequest,
        identity: Identity,
        backend: ClusterBackend,
        bus: ListenerBus,
        on_end: Callable[[StreamExecution], None],
    ) -> None:
        self.request = request
        self.identity = identity
        self.status = Status()
        self.error: StreamingQueryException | None = None
        self.ended = False
        self._backend = backend
        self._clock = backend.clock
        self._bus = bus
        self._on_end = on_end
        settings = SparkConf(loadDefaults=False)
        for key in (PROGRESS_KEPT, IDLE_EVERY):
            value = request.session.conf.get(key, None)
            if value is not None:
                settings.set(key, value)
        self._idle_every_ms = integer(settings, IDLE_EVERY, 10_000)
        self._idle_told_ms = float("-inf")
        self._is_idle = False
        # Spark drops one as soon as there are as many as the setting says.
        self.progress: deque[StreamingQueryProgress] = deque(maxlen=max(0, integer(settings, PROGRESS_KEPT, 100) - 1))
        self._waiter = Waiter(self._clock)
        self._waiting: list[simpy.Event] = []
        self._fiber: Fiber | None = None
        self.work: MicroBatches | ContinuousEpochs
        if isinstance(request.trigger, Continuous):
            self.work = ContinuousEpochs(request, request.trigger, identity, backend, self.status, self._ended_idle)
        else:
            self.work = MicroBatches(request, identity, backend, self.status, self._made_progress)

    # --- from the program ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to run. The sources are made on the query's own fiber, so what they refuse is an error of the query."""
        self._clock.call(self._started)

    def stop(self) -> None:
        """End the run where it stands, with its jobs; back when it has ended. Stopping twice does nothing."""
        if self.is_alive:
            self._clock.call(self._interrupt)
            self._waiter.wait(None)
            self._bus.flush()

    def await_end(self, timeout_ms: float | None) -> bool:
        """Wait for the end; whether it came. Raises `StreamingQueryException` when the query died."""
        if self._clock_runs:
            self._waiter.wait(timeout_ms)
            if self.ended:
                self._bus.flush()
        if self.error is not None:
            raise self.error
        return self.ended

    def process_all_available(self) -> None:
        """Wait until a firing that begins after this call finds nothing to do.

        Raises `StreamingQueryException` when the query has died, or dies meanwhile.
        """
        if self.is_alive:
            event = self._clock.call(self._wait_for_idle)
            self._clock.wait(event)
            self._bus.flush()
        if self.error is not None:
            raise self.error

    @property
    def is_alive(self) -> bool:
        """Whether it runs: nothing does without the SparkContext below."""
        return not self.ended and self._clock_runs

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan that has run."""
        return self.work.is_planned and (bool(self.progress) or isinstance(self.work, ContinuousEpochs))

    @property
    def trace(self) -> Trace:
        """What happened so far in the whole program."""
        return Trace(list(self._backend.trace))

    @property
    def _clock_runs(self) -> bool:
        return self.request.session.sparkContext._backend_or_none is self._backend

    # --- in the hub ---------------------------------------------------------------------------------------------------

    def _started(self) -> None:
        request, (query, run) = self.request, (self.identity.query_id, self.identity.run_id)
        names = tuple(scan.name for scan in self.work.scans)
        now_ms = self._clock.now_ms
        self._backend.emit(
            QueryStarted(
                now_ms,
                run,
                query,
                request.name,
                request.mode,
                request.trigger.text,
                names,
                request.sink.description,
            )
        )
        self._fiber = self._clock.spawn(f"streaming query {request.name or query}", self._run)
        self._on_done(self._fiber, self._fiber_ended)

    def _interrupt(self) -> None:
        if self._fiber is not None and not self._fiber.done.triggered:
            self._clock.kill(self._fiber, QueryStopped())
            self._backend.cancel_group(self.identity.run_id, "its streaming query was stopped")

    def _wait_for_idle(self) -> simpy.Event:
        event = self._clock.env.event()
        if self.ended:
            event.succeed()
        else:
            self._waiting.append(event)
        return event

    def _fiber_ended(self, done: simpy.Event) -> None:
        cause = None if done.ok else done.value
        if isinstance(cause, FiberKilled):
            cause = cause.cause
        stopped = isinstance(cause, QueryStopped)
        self._on_done(
            self._clock.spawn("streaming query ends", self._give_back, cause is None or stopped),
            lambda _done: self._terminated(None if stopped else cause),
        )

    def _on_done(self, fiber: Fiber, then: Callable[[simpy.Event], None]) -> None:
        assert fiber.done.callbacks is not None
        fiber.done.callbacks.append(then)

    def _terminated(self, cause: BaseException | None) -> None:
        self.error = None if cause is None else self._exception(cause)
        self.ended = True
        text = None if cause is None else cause_text(cause)
        self.status.message = "Stopped" if text is None else f"Terminated with exception: {text}"
        self.status.is_data_available = self.status.is_trigger_active = False
        self._backend.emit(QueryTerminated(self._clock.now_ms, self.identity.run_id, text))
        kind = cause.getErrorClass() if isinstance(cause, SqlException) else None
        query, run = UUID(self.identity.query_id), UUID(self.identity.run_id)
        self._bus.post("onQueryTerminated", QueryTerminatedEvent(query, run, text, kind))
        self._settle(len(self._waiting))
        self._waiter.notify_stop()
        self._on_end(self)

    def _settle(self, count: int) -> None:
        """Let the first so many of those go on who wait for an idle firing."""
        settled, self._waiting = self._waiting[:count], self._waiting[count:]
        for event in settled:
            event.succeed()

    def _found_nothing(self, waiting: int) -> None:
        self._settle(waiting)
        now_ms = self._clock.now_ms
        if not self._is_idle:
            self._is_idle = True
            self._backend.emit(QueryIdle(now_ms, self.identity.run_id))
        if now_ms - self._idle_told_ms >= self._idle_every_ms:
            self._idle_told_ms = now_ms
            query, run = UUID(self.identity.query_id), UUID(self.identity.run_id)
            self._bus.post("onQueryIdle", QueryIdleEvent(query, run, moment(now_ms)))

    def _add_progress(self, progress: StreamingQueryProgress) -> None:
        self.progress.append(progress)
        self._is_idle = False
        self._idle_told_ms = self._clock.now_ms
        batch_id = progress["batchId"]
        self._backend.emit(QueryProgressed(self._clock.now_ms, self.identity.run_id, batch_id, progress.json))
        self._bus.post("onQueryProgress", QueryProgressEvent(progress))

    # --- on the fiber -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        local_properties.put(local_properties.JOB_GROUP, self.identity.run_id)
        work = self.work
        work.prepare()
        if isinstance(work, ContinuousEpochs):
            work.run()
        elif not isinstance(self.request.trigger, Continuous):
            self.request.trigger.run(self._clock, partial(self._fire, work), self._warn)

    def _fire(self, batches: MicroBatches) -> bool:
        waiting = self._clock.call(lambda: len(self._waiting))
        ran = batches.fire()
        if not ran:
            self._clock.call(self._found_nothing, waiting)
        return ran

    def _ended_idle(self) -> None:
        """An epoch has read nothing (Spark: ContinuousExecution.noNewData)."""
        self._clock.call(lambda: self._settle(len(self._waiting)))

    def _made_progress(self, progress: StreamingQueryProgress) -> None:
        self._clock.call(self._add_progress, progress)

    def _warn(self, message: str) -> None:
        self._clock.call(self._backend.warn, "sql", message)

    def _give_back(self, clean: bool) -> None:
        """What the run held. On a fiber of its own, for the query's may have been killed."""
        try:
            self.work.close()
        except Exception as failure:
            logging.getLogger("sparksim.sql").error("A query did not end cleanly:\n%s", describe_failure(failure))
        if clean and self.request.is_temporary:
            shutil.rmtree(self.request.checkpoint, ignore_errors=True)

    def _exception(self, cause: BaseException) -> StreamingQueryException:
        query, run, name = self.identity.query_id, self.identity.run_id, self.identity.name
        ids = f"[id = {query}, runId = {run}]"
        state = "ACTIVE" if self.work.is_planned else "INITIALIZING"
        error = StreamingQueryException(
            f"[STREAM_FAILED] Query {ids} terminated with exception: {cause_text(cause)}\n"
            "=== Streaming Query ===\n"
            f"Identifier: {'' if name is None else f'{name} '}{ids}\n"
            f"Current Committed Offsets: {self._offsets(self.work.committed)}\n"
            f"Current Available Offsets: {self._offsets(self.work.available)}\n\n"
            f"Current State: {state}\n\n"
            f"Logical Plan:\n{plan_text(self.request.plan)}"
        )
        error.__cause__ = cause
        return error

    def _offsets(self, offsets: tuple[object, ...]) -> str:
        sources: Sequence[StreamSource | ContinuousSource] = self.work.sources
        pairs = zip(sources, offsets, strict=False)
        shown = [f"{source.description}: {offset_json(offset)}" for source, offset in pairs if offset is not None]
        return f"{{{', '.join(shown)}}}"


def cause_text(cause: BaseException) -> str:
    """What ended a query: an error of Spark's by its text, one of Python's with its traceback."""
    return str(cause) if isinstance(cause, SparkException) else describe_failure(cause)
