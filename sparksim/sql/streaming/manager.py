"""The queries of a session: `spark.streams` (PySpark: StreamingQueryManager)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.conf import SparkConf, boolean
from sparksim.core.errors import IllegalStateError
from sparksim.sql.streaming.execution import StreamExecution
from sparksim.sql.streaming.listener import ListenerBus, QueryStartedEvent, StreamingQueryListener
from sparksim.sql.streaming.micro_batch import Identity
from sparksim.sql.streaming.progress import moment
from sparksim.sql.streaming.query import StreamingQuery, timeout_ms
from sparksim.sql.streaming.request import QueryRequest
from sparksim.sql.streaming.store.disk_time import driver_disk
from sparksim.sql.streaming.store.query_metadata import query_id
from sparksim.sql.utils import IllegalArgumentException, PySparkTypeError, StreamingQueryException

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession

STOPS_OLDER = "spark.sql.streaming.stopActiveRunOnRestart"


class StreamingQueryManager:
    """Starts queries, and knows those that run."""

    driver_only = True

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._backend = cast(ClusterBackend, session.sparkContext._backend)
        self._clock = self._backend.clock
        self._bus = ListenerBus(self._clock)
        self._active: dict[str, StreamExecution] = {}
        self._any_ended: simpy.Event = self._clock.call(self._clock.env.event)
        self._failure: StreamingQueryException | None = None
        self.new_id = self._id_source()

    @property
    def active(self) -> list[StreamingQuery]:
        """The queries that run, in the order of their starts."""
        return [StreamingQuery(each) for each in list(self._active.values()) if each.is_alive]

    def get(self, id: str) -> StreamingQuery | None:
        """The query of this id, None when it does not run. Raises `IllegalArgumentException` for what is no id."""
        try:
            wanted = str(UUID(id))
        except (ValueError, AttributeError, TypeError):
            raise IllegalArgumentException(f"Invalid UUID string: {id}") from None
        return next((query for query in self.active if query.id == wanted), None)

    def awaitAnyTermination(self, timeout: float | None = None) -> bool | None:
        """Wait until a query has ended since the session began, or since `resetTerminated()`.

        With a `timeout` in seconds, at most so long, and say whether one has. Raises `StreamingQueryException` when it
        died, `PySparkValueError` for a timeout that is not positive.
        """
        limit_ms = None if timeout is None else timeout_ms(timeout)
        ended = self._any_ended

        def either() -> simpy.Event:
            if limit_ms is None or ended.processed:
                return ended
            return ended | self._clock.env.timeout(limit_ms)

        self._clock.wait(self._clock.call(either))
        self._bus.flush()
        if self._failure is not None:
            raise self._failure
        return None if timeout is None else ended.triggered

    def resetTerminated(self) -> None:
        """Forget that queries have ended, so that `awaitAnyTermination` waits for the next one."""
        self._clock.call(self._reset)

    def addListener(self, listener: StreamingQueryListener) -> None:
        """Tell this listener of all queries from now on."""
        if not isinstance(listener, StreamingQueryListener):
            raise PySparkTypeError(
                f"listener={listener!r}: give an object of a class that extends StreamingQueryListener"
            )
        self._clock.call(self._bus.add, listener)

    def removeListener(self, listener: StreamingQueryListener) -> None:
        """Tell it no more."""
        self._clock.call(self._bus.remove, listener)

    # --- starting a query ---------------------------------------------------------------------------------------------

    def start(self, request: QueryRequest) -> StreamingQuery:
        """Start a query. Listeners hear of it before this returns.

        Raises `IllegalArgumentException` for a name that a running query has. A running query on the same checkpoint is
        stopped, or with `spark.sql.streaming.stopActiveRunOnRestart` off, raises `IllegalStateError`.
        """
        self._refuse_name(request.name)
        own_id = query_id(request.checkpoint, self.new_id, driver_disk(self._backend))
        self._make_way(own_id, request)
        identity = Identity(own_id, self.new_id(), request.name)
        execution = StreamExecution(request, identity, self._backend, self._bus, self._ended)
        self._active[identity.run_id] = execution
        started = QueryStartedEvent(
            UUID(identity.query_id), UUID(identity.run_id), request.name, moment(self._clock.now_ms)
        )
        self._bus.tell("onQueryStarted", started)
        execution.start()
        return StreamingQuery(execution)

    def _refuse_name(self, name: str | None) -> None:
        if name is not None and any(query.name == name for query in self.active):
            raise IllegalArgumentException(
                f"Cannot start query with name {name} as a query with that name is already active in this SparkSession"
            )

    def _make_way(self, own_id: str, request: QueryRequest) -> None:
        older = self.get(own_id)
        if older is None:
            return
        setting = request.session.conf.get(STOPS_OLDER, "true")
        if not boolean(SparkConf(loadDefaults=False).set(STOPS_OLDER, setting), STOPS_OLDER, True):
            raise IllegalStateError(
                f"Cannot start query with id {own_id} as another query with same id is already active. Perhaps you are "
                "attempting to restart a query from checkpoint that is already active"
            )
        self._clock.call(
            self._backend.warn,
            "sql",
            f"run {older.runId} of query {own_id} is stopped: the query was started again on the same checkpoint",
        )
        older.stop()

    def _id_source(self) -> Callable[[], str]:
        if self._backend.master.live:
            return lambda: str(uuid4())
        draw = self._backend.seeds.generator("streaming queries")
        return lambda: str(UUID(int=draw.getrandbits(128), version=4))

    # --- in the hub ---------------------------------------------------------------------------------------------------

    def _ended(self, execution: StreamExecution) -> None:
        self._active.pop(execution.identity.run_id, None)
        if execution.error is not None:
            self._failure = execution.error
        if not self._any_ended.triggered:
            self._any_ended.succeed()

    def _reset(self) -> None:
        self._failure = None
        if self._any_ended.triggered:
            self._any_ended = self._clock.env.event()
