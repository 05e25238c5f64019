"""What a DataFrame can do because it may be a stream (PySpark: pyspark.sql.DataFrame).

A DataFrame is a stream when a query below it reads one: then its `_plan` is what `writeStream.start()` runs, and its
rows exist only there. The methods here also work on tables, where they mean what Spark makes of them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from sparksim.sql.intervals import interval_us
from sparksim.sql.plan.nodes import Deduplicate, Plan, Refused
from sparksim.sql.plan.select import plan_of
from sparksim.sql.plan.text import plan_text
from sparksim.sql.relation import Relation
from sparksim.sql.types import DataType, StructType, TimestampType
from sparksim.sql.utils import AnalysisException, IllegalArgumentException, PySparkTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from sparksim.sql.frame import DataFrame
    from sparksim.sql.session import SparkSession
    from sparksim.sql.streaming.writer import DataStreamWriter
    from sparksim.sql.typed import KeyValueGroupedDataset
    from sparksim.sql.writer import DataFrameWriter

_DAYS_PER_MONTH = 31


class StreamMethods:
    """The part of `DataFrame` that knows streams."""

    sparkSession: SparkSession
    _relation: Relation

    def __init__(self, session: SparkSession, relation: Relation) -> None:
        self.sparkSession = session
        self._relation = relation

    @property
    def isStreaming(self) -> bool:
        """Whether a stream is read below."""
        return self._relation.plan is not None

    @property
    def _plan(self) -> Plan:
        """What a streaming query runs."""
        return plan_of(self._relation)

    @property
    def writeStream(self) -> DataStreamWriter:
        """Where the rows of the stream go. Raises `AnalysisException` for a table."""
        if not self.isStreaming:
            raise AnalysisException(
                "[WRITE_STREAM_NOT_ALLOWED] writeStream is for streams, and this DataFrame is a table; a stream begins "
                "with spark.readStream"
            )
        from sparksim.sql.streaming.writer import DataStreamWriter

        return DataStreamWriter(self)

    @property
    def write(self) -> DataFrameWriter:
        """Where the rows of the table go. Raises `AnalysisException` for a stream."""
        if self.isStreaming:
            raise AnalysisException(
                "[CALL_ON_STREAMING_DATASET_UNSUPPORTED] write is for tables, and this DataFrame is a stream: use "
                "writeStream"
            )
        from sparksim.sql.writer import DataFrameWriter

        return DataFrameWriter(cast("DataFrame", self))

    def withWatermark(self, eventTime: str, delayThreshold: str) -> Self:
        """Wait for events up to `delayThreshold` late, such as "10 minutes", by the time in the column `eventTime`.

        A month is 31 days. A table has no late rows and stays as it is. Raises `AnalysisException` for a column that is
        missing or no timestamp and for a text that is no interval; `IllegalArgumentException` for a negative one.
        """
        for name, value in (("eventTime", eventTime), ("delayThreshold", delayThreshold)):
            _check_text(name, value)
        delay_us = interval_us(delayThreshold, argument="delayThreshold", days_per_month=_DAYS_PER_MONTH)
        at = _position(self._relation.schema, eventTime)
        kind = self._relation.schema.fields[at].dataType
        if not (isinstance(kind, TimestampType) or _is_window(kind)):
            raise AnalysisException(
                f"[EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE] the event time `{eventTime}` must be a timestamp, and it is "
                f"{kind.simpleString()}"
            )
        if delay_us < 0:
            raise IllegalArgumentException(f"delayThreshold={delayThreshold!r}: give a delay of 0 or more")
        return self._from(self._engine.watermarked(self._relation, at, delay_us // 1000)) if self.isStreaming else self

    def dropDuplicatesWithinWatermark(self, subset: list[str] | None = None) -> Self:
        """The first row of each combination of values of `subset`; it is forgotten when the watermark has passed it.

        On a stream only: raises `AnalysisException` for a table.
        """
        if not self.isStreaming:
            raise AnalysisException("dropDuplicatesWithinWatermark is for streams; a table has dropDuplicates")
        return self._deduplicated(subset, within=True)

    def groupByKey(self, func: Callable[[Any], Any], keyType: DataType | str | None = None) -> KeyValueGroupedDataset:
        """Rows in groups by what `func(row)` gives of a row of columns, as in Scala; PySpark has no such method.

        Raises what `sparksim.sql.typed.group_by_key` raises.
        """
        from sparksim.sql.typed import group_by_key

        return group_by_key(cast("DataFrame", self), func, keyType)

    def sample(self, *args: Any, **options: Any) -> Self:
        """A share of the rows at random: `sample(fraction, seed)` or `sample(withReplacement, fraction, seed)`."""
        if self.isStreaming:
            plan = self._plan
            return self._derived(Refused(plan.schema, plan.event_times, "sample", (plan,)))
        return self._sampled(*args, **options)

    def explain(self, extended: bool | str | None = None, mode: str | None = None) -> None:
        """Print the nodes of the plan, one per line, the last one first."""
        sys.stdout.write(f"{plan_text(self._plan)}\n")
        sys.stdout.flush()

    # --- how it is done ---------------------------------------------------------------------------------------------

    @property
    def _engine(self) -> Any:
        return self.sparkSession._engine

    def _from(self, relation: Relation) -> Self:
        return type(self)(self.sparkSession, relation)

    def _derived(self, plan: Plan) -> Self:
        return self._from(self._engine.derived(plan, self._relation))

    def _deduplicated(self, subset: list[str] | None, within: bool = False, is_distinct: bool = False) -> Self:
        plan = self._plan
        _check_names(subset)
        columns = (
            range(len(plan.schema))
            if subset is None
            else [_position(plan.schema, name, "_AMONG_FIELD_NAMES") for name in subset]
        )
        return self._derived(Deduplicate(plan.schema, plan.event_times, plan, tuple(columns), within, is_distinct))

    def _sampled(self, *args: Any, **options: Any) -> Self:
        raise NotImplementedError


def _check_text(argument: str, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise PySparkTypeError(f"[NOT_STR] withWatermark({argument}={value!r}): give a text that is not empty")


def _check_names(subset: Any) -> None:
    if subset is not None and not isinstance(subset, list | tuple):
        raise PySparkTypeError(f"[NOT_LIST_OR_TUPLE] subset={subset!r}: give a list of names")


def _position(schema: StructType, name: str, condition: str = ".WITH_SUGGESTION") -> int:
    names = [each.lower() for each in schema.names]
    if name.strip("`").lower() not in names:
        raise AnalysisException(f"[UNRESOLVED_COLUMN{condition}] there is no column `{name}`; there are {schema.names}")
    return names.index(name.strip("`").lower())


def _is_window(kind: Any) -> bool:
    return isinstance(kind, StructType) and kind.names == ["start", "end"]
