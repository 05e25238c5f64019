"""Where the rows of a streaming DataFrame go, and the start of a query (PySpark: DataStreamWriter)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import UnsupportedOperation
from sparksim.sql.streaming import preparation
from sparksim.sql.streaming.legality.continuous import check_continuous, check_continuous_sink
from sparksim.sql.streaming.query import StreamingQuery
from sparksim.sql.streaming.request import QueryRequest
from sparksim.sql.streaming.sinks.registry import SinkContext, SinkFormat, sink_format
from sparksim.sql.streaming.store.offset_log import OffsetLog
from sparksim.sql.streaming.triggers import Continuous, ProcessingTime, Trigger, checked_text, trigger_of
from sparksim.sql.utils import AnalysisException, IllegalArgumentException

if TYPE_CHECKING:
    from sparksim.sql.frame import DataFrame
    from sparksim.sql.stream_frame import StreamMethods
    from sparksim.sql.streaming.sink import StreamSink

MODES = ("append", "complete", "update")
CHECKPOINTS = "spark.sql.streaming.checkpointLocation"
DEFAULT_FORMAT = "spark.sql.sources.default"


class DataStreamWriter:
    """Got from `df.writeStream`. Every setting gives the writer back, so that calls can follow one another."""

    driver_only = True

    def __init__(self, df: StreamMethods) -> None:
        self._session = df.sparkSession
        self._frame = df
        self._format: str | None = None
        self._mode = "append"
        self._name: str | None = None
        self._trigger: Trigger | Continuous = ProcessingTime()
        self._options: dict[str, str] = {}
        self._partition_by: tuple[str, ...] = ()
        self._own: SinkFormat | None = None

    # --- settings -----------------------------------------------------------------------------------------------------

    def format(self, source: str) -> DataStreamWriter:
        """The kind of sink, such as `console` or `memory`; without one that of `spark.sql.sources.default`."""
        self._format = checked_text(source, "source")
        self._own = None
        return self

    def outputMode(self, outputMode: str) -> DataStreamWriter:
        """`append` (the default), `update` or `complete`. Raises `IllegalArgumentException` for another word."""
        mode = checked_text(outputMode, "outputMode")
        if mode.lower() not in MODES:
            raise IllegalArgumentException(
                f"[STREAMING_OUTPUT_MODE.INVALID] Invalid streaming output mode: {mode}. Accepted output modes are "
                "'Append', 'Complete', 'Update'."
            )
        self._mode = mode.lower()
        return self

    def queryName(self, queryName: str) -> DataStreamWriter:
        """The name of the query, which no other running one has."""
        self._name = checked_text(queryName, "queryName")
        return self

    def trigger(
        self,
        *,
        processingTime: str | None = None,
        once: bool | None = None,
        continuous: str | None = None,
        availableNow: bool | None = None,
        realTime: str | None = None,
    ) -> DataStreamWriter:
        """When the query fires: give one of these. Raises as `trigger_of` does."""
        self._trigger = trigger_of(processingTime, once, continuous, availableNow, realTime)
        return self

    def option(self, key: str, value: bool | int | float | str | None) -> DataStreamWriter:
        """One option of the sink, or `checkpointLocation`; names in any case of letters. None removes it."""
        if value is None:
            self._options.pop(key.lower(), None)
        else:
            self._options[key.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
        return self

    def options(self, **options: bool | int | float | str | None) -> DataStreamWriter:
        """Several options."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def partitionBy(self, *cols: str | list[str]) -> DataStreamWriter:
        """Folders by the values of these columns, in sinks that write files."""
        names = cols[0] if len(cols) == 1 and isinstance(cols[0], (list, tuple)) else cols
        self._partition_by = tuple(map(str, names))
        return self

    def foreach(self, f: Any) -> DataStreamWriter:
        """Give each row to `f(row)`, or to the methods of an object: `process(row)`, and perhaps `open(partition_id,
        epoch_id)` and `close(error)`. Raises `PySparkAttributeError` for another object.
        """
        from sparksim.sql.streaming.sinks.foreach import ForeachSink

        return self._give_to("foreach", ForeachSink(f))

    def foreachBatch(self, func: Callable[[DataFrame, int], None]) -> DataStreamWriter:
        """Call `func(df, batch_id)` with the result of each batch. Raises `PySparkTypeError` for no function."""
        from sparksim.sql.streaming.sinks.foreach_batch import ForeachBatchSink

        return self._give_to("foreachBatch", ForeachBatchSink(func))

    def _give_to(self, name: str, sink: StreamSink) -> DataStreamWriter:
        self._format, self._own = name, SinkFormat(lambda context: sink, may_be_temporary=True)
        return self

    # --- the start ----------------------------------------------------------------------------------------------------

    def start(
        self,
        path: str | None = None,
        format: str | None = None,
        outputMode: str | None = None,
        partitionBy: str | list[str] | None = None,
        queryName: str | None = None,
        **options: bool | int | float | str | None,
    ) -> StreamingQuery:
        """Start the query; it runs until it is stopped, dies, or its trigger has done its work.

        Raises `AnalysisException` for a query that may not run in this output mode, or without a checkpointLocation;
        `IllegalArgumentException` for a name that another query has.
        """
        self.options(**options)
        if outputMode is not None:
            self.outputMode(outputMode)
        if partitionBy is not None:
            self.partitionBy(partitionBy)
        if format is not None:
            self.format(format)
        if queryName is not None:
            self.queryName(queryName)
        if path is not None:
            self.option("path", path)
        return self._start()

    def toTable(self, tableName: str, *args: Any, **options: Any) -> StreamingQuery:
        """Refused: sparksim has no tables that outlive a program."""
        raise UnsupportedOperation(
            f"toTable({tableName!r}): sparksim keeps no tables. Use format('memory').queryName({tableName!r}) for a "
            "view of this session, or foreachBatch to write where you like"
        )

    def _start(self) -> StreamingQuery:
        session = self._session
        manager = session.streams
        name = self._format or session.conf.get(DEFAULT_FORMAT, "parquet") or "parquet"
        kind = self._own or sink_format(name)
        if self._partition_by and not kind.partitions:
            raise AnalysisException(f"'{name}' does not support partitioning.")
        if kind.needs_name and self._name is None:
            raise AnalysisException(f"queryName must be specified for {name} sink.")
        is_continuous = isinstance(self._trigger, Continuous)
        if is_continuous and name == "foreachBatch":
            raise AnalysisException(f"'{name}' is not supported with continuous trigger.")
        own_session = session.with_own_settings()
        plan, physical = preparation.prepared(own_session, self._frame._plan, self._mode)
        if is_continuous:
            check_continuous(plan)
        checkpoint, is_temporary = self._checkpoint(kind, manager.new_id)
        if kind.needs_name and self._mode != "complete" and OffsetLog(f"{checkpoint}/offsets").ids():
            raise AnalysisException(
                "This query does not support recovering from checkpoint location. Delete "
                f"{checkpoint}/offsets to start over."
            )
        context = SinkContext(
            own_session,
            self._mode,
            dict(self._options),
            self._options.get("path"),
            plan.schema,
            checkpoint,
            self._name,
            self._partition_by,
        )
        sink = kind.create(context)
        if is_continuous:
            check_continuous_sink(sink, name)
        request = QueryRequest(
            own_session,
            plan,
            self._mode,
            self._trigger,
            sink,
            checkpoint,
            is_temporary,
            self._name,
            physical,
        )
        return manager.start(request)

    def _checkpoint(self, kind: SinkFormat, new_id: Callable[[], str]) -> tuple[str, bool]:
        """Where the query keeps its logs and states, and whether that is deleted at its end."""
        given = self._options.get("checkpointlocation")
        if given is not None:
            return given.rstrip("/"), False
        base = self._session.conf.get(CHECKPOINTS, None)
        if base is not None:
            return f"{base.rstrip('/')}/{self._name or new_id()}", False
        if kind.may_be_temporary:
            return tempfile.mkdtemp(prefix="temporary-"), True
        raise AnalysisException(
            'checkpointLocation must be specified either through option("checkpointLocation", ...) or '
            f'SparkSession.conf.set("{CHECKPOINTS}", ...).'
        )
