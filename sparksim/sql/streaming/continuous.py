"""Continuous processing: long-running tasks in place of batches (Spark: ContinuousExecution).

A job with one task per partition of the source runs as long as the query does (`continuous_rdd.py`); its rows do not
wait for a batch. The query's fiber begins an epoch every interval, and when all tasks have ended one, writes down how
far it read, lets the sink commit, and writes the commit log. The data comes first and the logs last: after a crash
everything behind the last committed epoch is read and written again, so each row is there at least once. Each task
keeps a core for ever: with fewer cores than partitions no epoch is ever done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import simpy

from sparksim.core.conf import integer
from sparksim.core.errors import IllegalStateError
from sparksim.sql.plan.nodes import Scan
from sparksim.sql.streaming.continuous_rdd import POLL_MS, ContinuousRDD, Selects, Told
from sparksim.sql.streaming.epochs import BACKLOG, EpochCoordinator, EpochPart
from sparksim.sql.streaming.metrics_account import QUERY_ROWS
from sparksim.sql.streaming.micro_batch import RETAINED, Identity, Status
from sparksim.sql.streaming.progress import sink_first
from sparksim.sql.streaming.request import QueryRequest
from sparksim.sql.streaming.sink import ContinuousSink
from sparksim.sql.streaming.source import ContinuousSource, Offset, ReadsContinuously, SourceContext
from sparksim.sql.streaming.store.commit_log import CommitEntry
from sparksim.sql.streaming.store.disk_time import driver_disk
from sparksim.sql.streaming.store.epoch_logs import EpochCommitLog, EpochOffsetLog
from sparksim.sql.streaming.store.metadata_log import used_twice
from sparksim.sql.streaming.store.offset_log import offset_text
from sparksim.sql.streaming.triggers import Continuous, next_firing_ms
from sparksim.trace.query_events import QueryEpochCommitted, QueryEpochStarted, QueryRowsWritten, QueryRowWritten

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend
    from sparksim.cluster.jobs import Job


class ContinuousEpochs:
    """Made and used on the query's fiber. `idle` is called when an epoch is committed that has read nothing.

    `committed` and `available` are the source's offset: of the last epoch that is committed, and that has ended.
    """

    def __init__(
        self,
        request: QueryRequest,
        trigger: Continuous,
        identity: Identity,
        backend: ClusterBackend,
        status: Status,
        idle: Callable[[], None],
    ) -> None:
        self._request = request
        self._interval_ms = max(trigger.interval_ms, int(POLL_MS))  # nobody would hear of shorter epochs
        self._identity = identity
        self._backend = backend
        self._clock = backend.clock
        self._status = status
        self._idle = idle
        self.scans = [node for node in sink_first(request.plan) if isinstance(node, Scan)]
        self.sources: list[ContinuousSource] = []
        self.committed: tuple[Offset, ...] = (None,)
        self.available: tuple[Offset, ...] = (None,)
        self.is_planned = False
        self._read: dict[int, Offset] = {}
        self._sink = cast(ContinuousSink, request.sink)
        self._selects = Selects(request.plan)
        disk = driver_disk(backend)
        self._offset_log = EpochOffsetLog(f"{request.checkpoint}/offsets", disk)
        self._commit_log = EpochCommitLog(f"{request.checkpoint}/commits", disk)
        settings = request.session.conf._chosen(BACKLOG, QUERY_ROWS, RETAINED)
        self._backlog = integer(settings, BACKLOG, 10_000)
        self._retained = integer(settings, RETAINED, 100)
        self._told = Told(identity.run_id, integer(settings, QUERY_ROWS, 100), not self._sink.shows_at_commit)

    def prepare(self) -> None:
        """Make the source, and find in the logs where to go on.

        A run goes on behind the last committed epoch, under a number that no epoch has had: the sink may have been
        given an epoch that the commit log does not have. Raises `IllegalStateError` for a damaged checkpoint.
        """
        [scan] = self.scans
        source = scan.create(SourceContext(self._request.session, f"{self._request.checkpoint}/sources/0"))
        assert isinstance(source, ReadsContinuously), f"{scan.name} should have been refused"
        self.sources.append(source.continuous())
        done, read = self._commit_log.latest(), self._offset_log.latest()
        self._next_epoch = max(-1 if entry is None else entry[0] for entry in (done, read)) + 1
        if done is not None:
            self.committed = self.available = (self._offset_of(done[0]),)

    def _offset_of(self, epoch: int) -> Offset:
        offset = self._offset_log.get(epoch)
        if offset is None:
            raise IllegalStateError(
                f"epoch {epoch} is in the commit log of {self._request.checkpoint} and not in the offset log: nobody "
                "knows how far it has read. Put the file back from a copy, or use a new checkpointLocation"
            )
        return offset

    def run(self) -> None:
        """Run until the fiber is killed, or a task fails. A source with new partitions gets a new job."""
        self._status.message = "Running"
        while True:
            readers = self.sources[0].readers(self.committed[0])
            self._warn_of_cores(len(readers))
            clock = self._clock
            coordinator = clock.call(EpochCoordinator, clock.env, self._next_epoch, len(readers), self._backlog)
            self.is_planned = True
            session, schema = self._request.session, self._selects.schema
            writers = self._sink.epoch_writers(schema)
            rdd = ContinuousRDD(
                session.sparkContext, self._backend, readers, self._selects, writers, coordinator, self._told
            )
            job = self._backend.submit_job(rdd, lambda task, rows: None, range(len(readers)))
            job.done.defused = True
            self._tend(coordinator, job)
            clock.call(self._backend.cancel_job, job, "the partitions of its stream have changed")
            self._next_epoch = coordinator.current + 1

    def close(self) -> None:
        """The run has ended."""
        for source in self.sources:
            source.stop()

    # --- while the tasks run ------------------------------------------------------------------------------------------

    def _tend(self, coordinator: EpochCoordinator, job: Job) -> None:
        """Begin epochs and commit them, until the source has other partitions. Raises what a task failed with."""
        clock, due_ms = self._clock, self._clock.now_ms
        while True:
            if clock.now_ms >= due_ms:
                if self.sources[0].has_other_partitions():
                    return
                due_ms = next_firing_ms(clock.now_ms, self._interval_ms)
                epoch = clock.call(coordinator.begin_next)
                clock.call(self._backend.emit, QueryEpochStarted(clock.now_ms, self._identity.run_id, epoch))
            news = clock.call(coordinator.news)
            self._commit_all(coordinator)
            clock.wait(clock.call(self._first_of, job.done, news, due_ms))

    def _first_of(self, done: simpy.Event, news: simpy.Event, due_ms: float) -> simpy.Event:
        if done.processed:
            return done
        env = self._clock.env
        first = env.any_of([done, news, env.timeout(max(0.0, due_ms - self._clock.now_ms))])
        first.defused = True  # a query that is stopped does not wait any more for the job that ends with it
        return first

    def _commit_all(self, coordinator: EpochCoordinator) -> None:
        while (planned := self._clock.call(coordinator.planned)) is not None:
            self._log_offsets(*planned)
        while (done := self._clock.call(coordinator.done)) is not None:
            self._commit(*done)

    def _log_offsets(self, epoch: int, shares: Sequence[Offset]) -> None:
        offset = self.sources[0].merged(shares)
        if not self._offset_log.add(epoch, offset):
            raise used_twice("offset", f"epoch {epoch}", self._request.checkpoint)
        self.available = (offset,)
        self._read[epoch] = offset

    def _commit(self, epoch: int, parts: Sequence[EpochPart]) -> None:
        self._status.message = f"Committing epoch {epoch}"
        self._sink.commit_epoch(epoch, self._selects.schema, [part.message for part in parts])
        self._clock.call(self._tell_written, parts)
        if not self._commit_log.add(epoch, CommitEntry()):
            raise used_twice("commit", f"epoch {epoch}", self._request.checkpoint)
        before, self.committed = self.committed, (self._read.pop(epoch),)
        self.sources[0].commit(self.committed[0])
        self._clock.call(self._tell_committed, epoch, parts)
        if epoch > self._retained:
            self._offset_log.purge(epoch - self._retained)
            self._commit_log.purge(epoch - self._retained)
        self._status.message = "Running"
        if self.committed == before:
            self._idle()

    # --- what is told -------------------------------------------------------------------------------------------------

    def _tell_written(self, parts: Sequence[EpochPart]) -> None:
        """Hub only. Rows that the driver shows are written now."""
        now_ms, run = self._clock.now_ms, self._identity.run_id
        if self._sink.shows_at_commit:
            for part in parts:
                part.latencies_ms = [now_ms - arrived_ms for arrived_ms in part.arrived_ms]
                for arrived_ms, row in zip(part.arrived_ms, part.sample, strict=False):
                    self._backend.emit(QueryRowWritten(now_ms, run, part.epoch, part.partition, arrived_ms, row))
        rows = sum(len(part.arrived_ms) for part in parts)
        sample = tuple(row for part in parts for row in part.sample)
        self._backend.emit(
            QueryRowsWritten(now_ms, run, parts[0].epoch, tuple(self._selects.schema.names), rows, sample)
        )

    def _tell_committed(self, epoch: int, parts: Sequence[EpochPart]) -> None:
        """Hub only."""
        latencies_ms = [latency_ms for part in parts for latency_ms in part.latencies_ms]
        mean_ms = round(sum(latencies_ms) / len(latencies_ms), 3) if latencies_ms else None
        self._backend.emit(
            QueryEpochCommitted(
                self._clock.now_ms,
                self._identity.run_id,
                epoch,
                tuple(map(offset_text, self.committed)),
                sum(part.rows_read for part in parts),
                len(latencies_ms),
                mean_ms,
                round(max(latencies_ms), 3) if latencies_ms else None,
            )
        )

    def _warn_of_cores(self, partitions: int) -> None:
        cores = sum(executor.cores for executor in self._backend.executors)
        if partitions > cores:
            self._clock.call(
                self._backend.warn,
                "sql",
                f"a continuous query reads {partitions} partitions, each in a task that never ends, and there are "
                f"{cores} cores: no epoch will be committed until every partition has a core",
            )
