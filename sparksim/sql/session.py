"""The entry point to SQL: makes DataFrames and runs queries (PySpark: pyspark.sql.SparkSession).

There is one session per SparkContext, made when it is first asked for; so `getOrCreate` in every batch of a stream
gives the same session, and with it the views of the batches before.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.rdd import RDD
from sparksim.core.task_context import assert_on_driver
from sparksim.sql import ddl
from sparksim.sql.catalog import Catalog, Views
from sparksim.sql.engine import Engine
from sparksim.sql.frame import DataFrame
from sparksim.sql.records import from_list, from_pandas, from_rdd, is_pandas
from sparksim.sql.types import DataType, LongType, StructField, StructType
from sparksim.sql.utils import AnalysisException, PySparkTypeError

if TYPE_CHECKING:
    from sparksim.sql.reader import DataFrameReader
    from sparksim.sql.streaming.manager import StreamingQueryManager
    from sparksim.sql.streaming.reader import DataStreamReader

Schema = DataType | Sequence[str] | str | None


class Builder:
    """Collects settings for a session; `getOrCreate()` makes it, or gives the one that is there."""

    def __init__(self) -> None:
        self._settings: dict[str, str] = {}

    def config(
        self,
        key: str | None = None,
        value: Any = None,
        conf: SparkConf | None = None,
        *,
        map: Mapping[str, Any] | None = None,
    ) -> Builder:
        """One setting, or all of a `SparkConf`, or all of a dictionary."""
        if conf is not None:
            self._settings.update(conf.getAll())
        elif map is not None:
            self._settings.update({each: str(map[each]) for each in map})
        elif key is not None:
            self._settings[key] = str(value)
        return self

    def master(self, master: str) -> Builder:
        """Where to run, such as `local[2]` or `sim[3,2]`."""
        return self.config("spark.master", master)

    def appName(self, name: str) -> Builder:
        """Name the application."""
        return self.config("spark.app.name", name)

    def enableHiveSupport(self) -> Builder:
        """Nothing: sparksim has no Hive."""
        return self

    def getOrCreate(self) -> SparkSession:
        """The session of the active SparkContext; makes both if need be. Raises as `SparkContext` does."""
        assert_on_driver("a SparkSession")
        with SparkSession._lock:
            session = SparkSession.getActiveSession()
            if session is None:
                self._settings.setdefault("spark.app.name", "sparksim-sql")
                session = SparkSession(SparkContext.getOrCreate(SparkConf().setAll(list(self._settings.items()))))
        for key, value in self._settings.items():
            session.conf.set(key, value)
        return session


class _NewBuilder:
    """Gives a new builder each time, so that no setting of an earlier one is left in it."""

    def __get__(self, instance: Any, owner: Any) -> Builder:
        return Builder()


class RuntimeConfig:
    """The settings of a session: texts by key, at first those of the context."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = dict(settings)

    def set(self, key: str, value: Any) -> None:
        """Set one."""
        self._settings[key] = str(value).lower() if isinstance(value, bool) else str(value)

    def get(self, key: str, *default: str | None) -> str | None:
        """One setting or the default. Raises `AnalysisException` when there is neither."""
        if key not in self._settings and not default:
            raise AnalysisException(f"[SQL_CONF_NOT_FOUND] The SQL config {key!r} cannot be found and has no default")
        return self._settings.get(key, *default)

    def _chosen(self, *keys: str) -> SparkConf:
        """Those of these settings that are there."""
        return SparkConf(loadDefaults=False).setAll(
            [(key, self._settings[key]) for key in keys if key in self._settings]
        )

    def unset(self, key: str) -> None:
        """Forget one."""
        self._settings.pop(key, None)

    def copy(self) -> RuntimeConfig:
        """The same settings, which change without these."""
        return RuntimeConfig(self._settings)


class SparkSession:
    """PySpark programs get it from `SparkSession.builder...getOrCreate()`; a `with` block stops it."""

    builder: ClassVar[_NewBuilder] = _NewBuilder()
    Builder = Builder
    driver_only = True
    _instance: ClassVar[SparkSession | None] = None
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, sparkContext: SparkContext) -> None:
        self.sparkContext = sparkContext
        self.conf = RuntimeConfig(dict(sparkContext.getConf().getAll()))
        self._engine = Engine(sparkContext)
        self._views = Views()
        self.catalog = Catalog(self._views)
        if SparkSession._instance is not None:
            SparkSession._instance._engine.close()
        SparkSession._instance = self
        RDD.toDF = _to_df  # type: ignore[method-assign]  # as PySpark does: once there is a session

    @classmethod
    def getActiveSession(cls) -> SparkSession | None:
        """The session, unless there is none or its context has stopped."""
        session = cls._instance
        alive = session is not None and SparkContext._active_spark_context is session.sparkContext
        return session if alive else None

    @property
    def version(self) -> str:
        """The version of sparksim."""
        return self.sparkContext.version

    def createDataFrame(
        self, data: Any, schema: Schema = None, samplingRatio: float | None = None, verifySchema: bool = True
    ) -> DataFrame:
        """A DataFrame of an RDD, a list or a pandas DataFrame.

        `schema`: a `StructType`, a text such as "word string, total bigint", names only, or nothing; then the records
        tell the types: of an RDD the first one, or a share `samplingRatio` of them. Raises `PySparkTypeError` or
        `PySparkValueError` when they cannot, or do not fit.
        """
        if isinstance(data, DataFrame):
            raise PySparkTypeError("createDataFrame: this is a DataFrame already")
        if isinstance(schema, str):
            schema = ddl.parse_schema(schema)
        elif schema is not None and not isinstance(schema, DataType | list | tuple):
            raise PySparkTypeError(
                f"[NOT_LIST_OR_NONE_OR_STRUCT] schema must be a StructType, a text or a list of names, got {schema!r}"
            )
        if is_pandas(data):
            data, names = from_pandas(data)
            schema = names if schema is None else schema
        if isinstance(data, RDD):
            records = from_rdd(data, schema, samplingRatio, verifySchema)
        else:
            records = from_list(self.sparkContext, data, schema, verifySchema)
        return DataFrame(self, self._engine.source(*records))

    def range(self, start: int, end: int | None = None, step: int = 1, numPartitions: int | None = None) -> DataFrame:
        """The whole numbers from `start` to before `end`, as column `id`; with one argument, from 0."""
        numbers = self.sparkContext.range(start, end, step, numPartitions)
        schema = StructType([StructField("id", LongType(), nullable=False)])
        return DataFrame(self, self._engine.source(numbers.map(lambda number: (number,)), schema))

    def sql(self, sqlQuery: str) -> DataFrame:
        """What a query over the temporary views gives; computed when it is shown or collected.

        Raises `ParseException` for what is not SQL, `AnalysisException` for unknown tables, columns or functions.
        """
        return DataFrame(self, self._engine.query(sqlQuery, self._views.get))

    def table(self, tableName: str) -> DataFrame:
        """The temporary view of this name. Raises `AnalysisException` when there is none."""
        relation = self._views.get(tableName)
        return self.sql(f"SELECT * FROM {tableName}") if relation is None else DataFrame(self, relation)

    @property
    def read(self) -> DataFrameReader:
        """Makes DataFrames of files."""
        from sparksim.sql.reader import DataFrameReader

        return DataFrameReader(self)

    @property
    def readStream(self) -> DataStreamReader:
        """Makes streaming DataFrames."""
        from sparksim.sql.streaming.reader import DataStreamReader

        return DataStreamReader(self)

    @cached_property
    def streams(self) -> StreamingQueryManager:
        """The streaming queries of this session."""
        from sparksim.sql.streaming.manager import StreamingQueryManager

        return StreamingQueryManager(self)

    def with_own_settings(self) -> SparkSession:
        """This session with a copy of its settings, for a query: what is set later does not reach it."""
        session = copy.copy(self)
        session.conf = self.conf.copy()
        return session

    def newSession(self) -> SparkSession:
        """Another session of the same SparkContext, with settings, views and streaming queries of its own."""
        session = copy.copy(self)
        session.conf = RuntimeConfig(dict(self.sparkContext.getConf().getAll()))
        session._views = Views()
        session.catalog = Catalog(session._views)
        vars(session).pop("streams", None)
        return session

    def stop(self) -> None:
        """Stop the session and its SparkContext."""
        self._engine.close()
        if SparkSession._instance is self:
            SparkSession._instance = None
        self.sparkContext.stop()

    def __enter__(self) -> SparkSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _to_df(self: RDD[Any], schema: Schema = None, sampleRatio: float | None = None) -> DataFrame:
    """The RDD as a DataFrame: `SparkSession.createDataFrame`."""
    return SparkSession.builder.getOrCreate().createDataFrame(self, schema, sampleRatio)
