"""The batches of one run of a query, one firing of its trigger after the other (Spark: MicroBatchExecution).

The order is the guarantee: the offset log has a batch before anything of it is read, the commit log when the sink has
it. A crash between the two is a batch that runs again, with the same offsets, time and watermark; so a sink that knows
a batch id when it sees it again has every row once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.conf import boolean, integer
from sparksim.sql.plan.nodes import Scan, Watermark
from sparksim.sql.streaming.progress import BatchDone, Firing, Reported, StreamingQueryProgress, sink_first
from sparksim.sql.streaming.recovery import Beginning, beginning
from sparksim.sql.streaming.request import BatchInput, Physical, QueryRequest
from sparksim.sql.streaming.source import Offset, SourceContext, StreamSource
from sparksim.sql.streaming.store.commit_log import CommitEntry, CommitLog
from sparksim.sql.streaming.store.disk_time import driver_disk
from sparksim.sql.streaming.store.metadata_log import used_twice
from sparksim.sql.streaming.store.offset_log import OffsetEntry, OffsetLog, offset_text
from sparksim.sql.streaming.triggers import AvailableNow, Once
from sparksim.sql.streaming.watermarks import POLICY, Propagation, WatermarkTracker
from sparksim.trace.event import Event
from sparksim.trace.query_events import QueryBatchCommitted, QueryBatchPlanned, QueryRowsWritten

T = TypeVar("T")

PARTITIONS = "spark.sql.shuffle.partitions"
NO_DATA_BATCHES = "spark.sql.streaming.noDataMicroBatches.enabled"
CHAINED = "spark.sql.streaming.statefulOperator.allowMultiple"
RETAINED = "spark.sql.streaming.minBatchesToRetain"
RULES = "spark.sparksim.sql.rules"

FIXED = {PARTITIONS: "200", POLICY: "min"}
"""Settings, with their defaults, that a checkpoint keeps: its first batch decides."""


@dataclass
class Status:
    """What a query does at the moment (PySpark: StreamingQuery.status)."""

    message: str = "Initializing sources"
    is_data_available: bool = False
    is_trigger_active: bool = False


@dataclass(frozen=True)
class Identity:
    """Who runs: the query for ever, the run since its start."""

    query_id: str
    run_id: str
    name: str | None


class MicroBatches:
    """Made and used on the query's fiber; `committed` and `available` are the offsets of each source.

    `report` is called with the progress of each batch.
    """

    def __init__(
        self,
        request: QueryRequest,
        identity: Identity,
        backend: ClusterBackend,
        status: Status,
        report: Callable[[StreamingQueryProgress], None],
    ) -> None:
        self._request = request
        self._identity = identity
        self._backend = backend
        self._clock = backend.clock
        self._status = status
        self._report = report
        self.scans = [node for node in sink_first(request.plan) if isinstance(node, Scan)]
        self.sources: list[StreamSource] = []
        self.committed: tuple[Offset, ...] = (None,) * len(self.scans)
        self.available: tuple[Offset, ...] = self.committed
        self.physical: Physical | None = None
        self._since_ms: float | None = None
        self._next_id = 0
        self._planned: OffsetEntry | None = None
        self._before_ms = 0
        self._ran = False
        disk = driver_disk(backend)
        self._offset_log = OffsetLog(f"{request.checkpoint}/offsets", disk)
        self._commit_log = CommitLog(f"{request.checkpoint}/commits", disk)

    # --- the beginning ------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the sources, and find in the logs where to go on."""
        request = self._request
        for number, scan in enumerate(self.scans):
            context = SourceContext(request.session, f"{request.checkpoint}/sources/{number}")
            self.sources.append(scan.create(context))
        for source in self.sources:
            if isinstance(request.trigger, Once):
                source.without_limits()
            elif isinstance(request.trigger, AvailableNow):
                source.freeze()
        begin = beginning(self._offset_log, self._commit_log, len(self.sources))
        if begin.warning is not None:
            self._warn(begin.warning)
        self._fix_settings(begin)
        self._make_plan(begin)
        self.committed = self.available = begin.committed
        self._next_id, self._planned, self._before_ms = begin.batch_id, begin.planned, begin.before_ms

    def _fix_settings(self, begin: Beginning) -> None:
        """What the checkpoint says wins over what the program says now (Spark: OffsetSeqMetadata.setSessionConf)."""
        conf = self._request.session.conf
        for key, default in FIXED.items():
            now = conf.get(key, default)
            kept = begin.conf.get(key, now)
            if kept != now:
                self._warn(f"the first batch of this checkpoint ran with {key}={kept}, which stays; {now} is ignored")
            conf.set(key, kept)
        self._conf = {key: str(conf.get(key)) for key in FIXED}
        settings = conf._chosen(PARTITIONS, NO_DATA_BATCHES, CHAINED, RETAINED)
        current = conf.get(RULES, "current") != "2.3"
        self._partitions = integer(settings, PARTITIONS, 200)
        self._no_data_batches = boolean(settings, NO_DATA_BATCHES, current)
        self._chained = boolean(settings, CHAINED, current)
        self._retained = integer(settings, RETAINED, 100)

    def _make_plan(self, begin: Beginning) -> None:
        request = self._request
        physical = self.physical = request.physical(
            request.session,
            request.plan,
            request.mode,
            dict(zip(self.scans, self.sources, strict=True)),
            request.checkpoint,
            self._partitions,
            self._identity.run_id,
        )
        delays_ms = {node.number: node.delay_ms for node in physical.watermarks}
        self._tracker = WatermarkTracker(delays_ms, self._conf[POLICY], begin.watermark_ms)
        self._propagation = Propagation(request.plan, physical.operators, self._chained)
        in_plan = [node.number for node in sink_first(request.plan) if isinstance(node, Watermark)]
        self._reported = Reported(
            self._identity.query_id,
            self._identity.run_id,
            self._identity.name,
            request.plan,
            physical.operators,
            in_plan,
            [source.description for source in self.sources],
            request.sink.description,
        )

    # --- one firing ---------------------------------------------------------------------------------------------------

    def fire(self) -> bool:
        """Plan a batch and run it; False when there was nothing to do."""
        firing = Firing(self._clock.now_ms, self._since_ms)
        self._since_ms = firing.start_ms
        self._status.is_trigger_active = True
        entry, self._planned, again = self._planned, None, self._planned is not None
        if entry is None:
            entry = self._construct(firing)
        if entry is None:
            self._status.message = "Waiting for data to arrive"
            self._status.is_trigger_active = False
            return False
        self.available = tuple(entry.offsets)
        self._told_planned(entry, again)
        if not again:
            self._tidy_up()
        self._run(entry, firing)
        self._status.message = "Waiting for next trigger"
        self._status.is_trigger_active = False
        return True

    @property
    def is_planned(self) -> bool:
        """Whether the plan has become steps."""
        return self.physical is not None

    def close(self) -> None:
        """The run has ended."""
        for source in self.sources:
            source.stop()
        if self.physical is not None:
            self.physical.close()

    def _construct(self, firing: Firing) -> OffsetEntry | None:
        """Ask the sources; write the batch into the offset log if it is wanted."""
        with self._timed(firing, "latestOffset"):
            self.available = tuple(map(self._latest_offset, self.sources, self.committed))
        data = self._status.is_data_available = self._has_data()
        if not data and not self._wants_batch():
            return None
        entry = OffsetEntry(self._tracker.watermark_ms, int(self._clock.now_ms), self._conf, self.available)
        self._status.message = "Writing offsets to log"
        with self._timed(firing, "walCommit"):
            if not self._offset_log.add(self._next_id, entry):
                raise used_twice("offset", f"batch {self._next_id}", self._request.checkpoint)
        return entry

    def _latest_offset(self, source: StreamSource, start: Offset) -> Offset:
        self._status.message = f"Getting offsets from {source.description}"
        latest = source.latest_offset(start)
        return start if latest is None else latest

    def _has_data(self) -> bool:
        return any(end != start for start, end in self._ranges())

    def _wants_batch(self) -> bool:
        """Without data: an execution that was there before asks for it, so never right after a restart."""
        if not self._no_data_batches or not self._ran:
            return False
        return self._propagation.wants_batch(self._before_ms, self._tracker.watermark_ms)

    def _tidy_up(self) -> None:
        """What was done before this batch may be forgotten, now that it is in the log."""
        for source, end in zip(self.sources, self.committed, strict=True):
            if end is not None:
                source.commit(end)
        if self._next_id > self._retained:
            self._offset_log.purge(self._next_id - self._retained)
            self._commit_log.purge(self._next_id - self._retained)

    def _run(self, entry: OffsetEntry, firing: Firing) -> None:
        assert self.physical is not None
        data = self._has_data()
        self._status.message = "Processing new data" if data else "No new data but cleaning up state"
        ranges = {
            scan: None if end == start else (start, end)
            for scan, (start, end) in zip(self.scans, self._ranges(), strict=True)
        }
        times = self._propagation.times(self._before_ms, entry.watermark_ms, entry.batch_ms)
        with self._timed(firing, "queryPlanning"):
            rows = self.physical.rows(BatchInput(self._next_id, entry.batch_ms, ranges, times))
        with self._timed(firing, "addBatch"):
            self._request.sink.add_batch(self._next_id, rows)
        metrics = self.physical.metrics()
        columns = tuple(rows.schema.names)
        self._emit(QueryRowsWritten, columns, metrics.rows_written, tuple(metrics.written_sample))
        self._tracker.update(metrics.event_times)
        with self._timed(firing, "commitOffsets"):
            if not self._commit_log.add(self._next_id, CommitEntry(self._tracker.watermark_ms)):
                raise used_twice("commit", f"batch {self._next_id}", self._request.checkpoint)
        self._emit(QueryBatchCommitted, self._tracker.watermark_ms, self._tracker.own_ms)
        done = BatchDone(
            self._next_id,
            entry.watermark_ms,
            self.committed,
            self.available,
            self.available,
            metrics,
            metrics.rows_written,
        )
        self.committed = self.available
        self._before_ms, self._ran = entry.watermark_ms, True
        self._next_id += 1
        self._report(self._reported.progress(done, firing, self._clock.now_ms))

    # --- small things -------------------------------------------------------------------------------------------------

    def _ranges(self) -> Iterator[tuple[Offset, Offset]]:
        return zip(self.committed, self.available, strict=True)

    @contextmanager
    def _timed(self, firing: Firing, what: str) -> Iterator[None]:
        start_ms = self._clock.now_ms
        yield
        firing.took_ms[what] = int(self._clock.now_ms - start_ms)

    def _told_planned(self, entry: OffsetEntry, again: bool) -> None:
        starts, ends = (tuple(map(offset_text, offsets)) for offsets in (self.committed, self.available))
        self._emit(QueryBatchPlanned, entry.batch_ms, entry.watermark_ms, starts, ends, self._has_data(), again)

    def _emit(self, kind: Callable[..., Event], *facts: object) -> None:
        """Put on record a fact of the batch under way."""
        run, batch = self._identity.run_id, self._next_id
        self._clock.call(lambda: self._backend.emit(kind(self._clock.now_ms, run, batch, *facts)))

    def _warn(self, message: str) -> None:
        self._clock.call(self._backend.warn, "sql", message)
