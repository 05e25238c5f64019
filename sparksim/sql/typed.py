"""Groups by a function, as Scala's typed Datasets have them (Spark: KeyValueGroupedDataset, scalalang.typed).

PySpark has no such API: its DataFrames have no element type. Here the same programs can be written in plain Python:

    words.groupByKey(lambda row: row.word.substr(1, 1)).agg(typed.sum(lambda row: row["count"]))

The functions for keys and aggregates are called once, with a row of columns, and give an expression of them, so they
run as any other query does. The functions with a state are called for each key in each batch, with real rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql import functions
from sparksim.sql.column import Column, identifier
from sparksim.sql.ddl import struct_of
from sparksim.sql.plan.nodes import GroupState
from sparksim.sql.streaming.state import GroupStateTimeout
from sparksim.sql.types import DataType, StructType
from sparksim.sql.utils import AnalysisException, PySparkTypeError

if TYPE_CHECKING:
    from sparksim.sql.frame import DataFrame

_TIMEOUTS = (
    GroupStateTimeout.NoTimeout,
    GroupStateTimeout.ProcessingTimeTimeout,
    GroupStateTimeout.EventTimeTimeout,
)


class Fields:
    """A row whose values are columns: what functions for keys and aggregates are called with."""

    def __init__(self, frame: DataFrame) -> None:
        self.__frame = frame

    def __getattr__(self, name: str) -> Column:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Column:
        self.__frame._column(name)  # raises for a name that is not there
        return Column(identifier(name))


@dataclass(frozen=True)
class TypedColumn:
    """An aggregate of what a function takes from each row; made by `sum`, `avg` and `count`."""

    func: Callable[[Any], Any]
    aggregate: Callable[[Column], Column]
    alias: str | None = None

    def name(self, alias: str) -> TypedColumn:
        """The same, called `alias`."""
        return replace(self, alias=alias)

    def of(self, fields: Fields) -> Column:
        """The aggregate as a column."""
        found = self.aggregate(_expression(self.func(fields), "an aggregate"))
        return found.alias(self.alias) if self.alias else found


def sum(f: Callable[[Any], Any]) -> TypedColumn:
    """The sum of what `f(row)` gives, as a double."""
    return TypedColumn(f, lambda column: functions.sum(column.cast("double")))


def avg(f: Callable[[Any], Any]) -> TypedColumn:
    """The mean of what `f(row)` gives, as a double."""
    return TypedColumn(f, lambda column: functions.avg(column.cast("double")))


def count(f: Callable[[Any], Any]) -> TypedColumn:
    """How many rows there are for which `f(row)` is not null."""
    return TypedColumn(f, functions.count)


def group_by_key(
    frame: DataFrame, func: Callable[[Any], Any], keyType: DataType | str | None = None
) -> KeyValueGroupedDataset:
    """The rows of a DataFrame in groups of one key each.

    `func(row)` gives an expression of the row's columns, a tuple of them, or the row itself for all of them; `keyType`
    casts a key that is one expression. Raises `PySparkTypeError` when it gives something else.
    """
    fields = Fields(frame)
    given = func(fields)
    if given is fields:
        given = tuple(fields[name] for name in frame.columns)
        given = given[0] if len(given) == 1 else given
    if not isinstance(given, tuple):
        key = _expression(given, "groupByKey")
        return KeyValueGroupedDataset(frame, [key if keyType is None else key.cast(keyType)], is_single=True)
    return KeyValueGroupedDataset(frame, [_expression(each, "groupByKey") for each in given], is_single=False)


class KeyValueGroupedDataset:
    """Made by `DataFrame.groupByKey`. A key is one value, or a tuple."""

    driver_only = True

    def __init__(self, frame: DataFrame, keys: Sequence[Column], is_single: bool) -> None:
        self._frame = frame
        self._keys = keys
        self._is_single = is_single

    def count(self) -> DataFrame:
        """How many rows each key has, as column `count(1)`."""
        return self.agg(functions.count("*").alias("count(1)"))

    def agg(self, *columns: TypedColumn | Column) -> DataFrame:
        """One row per key: `key` (`_1`, `_2`, ... of a tuple) and these aggregates, such as `typed.sum(f)`."""
        fields = Fields(self._frame)
        aggregates = [each.of(fields) if isinstance(each, TypedColumn) else each for each in columns]
        names = ["key"] if self._is_single else [f"_{at}" for at in range(1, len(self._keys) + 1)]
        keys = [key.alias(name) for key, name in zip(self._keys, names, strict=True)]
        return self._frame.groupBy(*keys).agg(*aggregates)

    def mapGroupsWithState(
        self,
        func: Callable[..., Any],
        outputStructType: StructType | str,
        stateStructType: StructType | str | None = None,
        timeoutConf: str = GroupStateTimeout.NoTimeout,
    ) -> DataFrame:
        """In each batch call `func(key, rows, state)`, which gives one record, for each key with data or timed out.

        Without `stateStructType` a state is any object. Raises `AnalysisException` for a table, `IllegalArgumentError`
        for an unknown timeout.
        """
        return self._with_state(func, "update", outputStructType, stateStructType, timeoutConf, is_map=True)

    def flatMapGroupsWithState(
        self,
        func: Callable[..., Any],
        outputMode: str,
        outputStructType: StructType | str,
        timeoutConf: str = GroupStateTimeout.NoTimeout,
        stateStructType: StructType | str | None = None,
    ) -> DataFrame:
        """Like `mapGroupsWithState`, for functions that give any number of records.

        `outputMode`: append or update, the function's own; `IllegalArgumentError` for another.
        """
        if outputMode.lower() not in ("append", "update"):
            raise IllegalArgumentError(f"outputMode={outputMode!r}: give 'append' or 'update'")
        return self._with_state(func, outputMode.lower(), outputStructType, stateStructType, timeoutConf, is_map=False)

    def _with_state(
        self,
        func: Callable[..., Any],
        mode: str,
        output: StructType | str,
        state: StructType | str | None,
        timeout: str,
        is_map: bool,
    ) -> DataFrame:
        """The keys become columns behind those that the function sees."""
        frame: Any = self._frame
        if not frame.isStreaming:
            raise AnalysisException("functions with a state per key need a stream: begin with spark.readStream")
        if timeout not in _TIMEOUTS:
            raise IllegalArgumentError(f"timeoutConf={timeout!r}: give one of {', '.join(_TIMEOUTS)}")
        width, schema = len(frame.columns), struct_of(output)
        keyed = frame.select("*", *(key.alias(f"_key_{at}") for at, key in enumerate(self._keys, 1)))
        node = GroupState(
            schema,
            (None,) * len(schema),
            keyed._plan,
            tuple(range(width, width + len(self._keys))),
            func,
            None if state is None else struct_of(state),
            mode,
            timeout,
            "python",
            is_map,
            {"values": width, "scalar_key": self._is_single},
        )
        engine = frame.sparkSession._engine
        return cast("DataFrame", type(frame)(frame.sparkSession, engine.derived(node, keyed._relation)))


def _expression(given: Any, where: str) -> Column:
    if not isinstance(given, Column):
        raise PySparkTypeError(
            f"the function of {where} gave {given!r}: it is called once, with columns, and must give an expression of "
            f"them, such as row.word.substr(1, 1)"
        )
    return given
