"""Rows in groups, waiting for an aggregation (PySpark: pyspark.sql.GroupedData)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.column import Column, column, literal
from sparksim.sql.ddl import struct_of
from sparksim.sql.plan.nodes import GroupState
from sparksim.sql.types import NumericType, StructType
from sparksim.sql.utils import AnalysisException, PySparkTypeError

if TYPE_CHECKING:
    from sparksim.sql.frame import DataFrame


_TIMEOUTS = ("NoTimeout", "ProcessingTimeTimeout", "EventTimeTimeout")


class GroupedData:
    """Made by `DataFrame.groupBy`; without keys, all rows are one group."""

    driver_only = True

    def __init__(
        self,
        frame: DataFrame,
        keys: list[Column],
        how: str = "",
        pivot: tuple[Column, tuple[Any, ...]] | None = None,
    ) -> None:
        self._frame = frame
        self._keys = keys
        self._how = how
        self._pivot = pivot

    def agg(self, *exprs: Column | dict[str, str]) -> DataFrame:
        """One row per group: its keys and these aggregates, as columns or as `{"n": "sum"}`."""
        if len(exprs) == 1 and isinstance(exprs[0], dict):
            return self._aggregated([Column(f"{how}({_name(of)})") for of, how in exprs[0].items()])
        columns = [each for each in exprs if isinstance(each, Column)]
        if not columns or len(columns) < len(exprs):
            raise PySparkTypeError(
                f"agg takes columns such as sum('n') or one dict such as {{'n': 'sum'}}, got {exprs}"
            )
        return self._aggregated(columns)

    def count(self) -> DataFrame:
        """How many rows each group has, as column `count`."""
        return self._aggregated([Column("count(*)", "count")])

    def sum(self, *cols: str) -> DataFrame:
        """The sum of each of these columns, by default of every numeric one."""
        return self._each("sum", cols)

    def avg(self, *cols: str) -> DataFrame:
        """The mean of each of these columns, by default of every numeric one."""
        return self._each("avg", cols)

    mean = avg

    def min(self, *cols: str) -> DataFrame:
        """The least value of each of these columns, by default of every numeric one."""
        return self._each("min", cols)

    def max(self, *cols: str) -> DataFrame:
        """The greatest value of each of these columns, by default of every numeric one."""
        return self._each("max", cols)

    def applyInPandasWithState(
        self,
        func: Callable[..., Any],
        outputStructType: StructType | str,
        stateStructType: StructType | str,
        outputMode: str,
        timeoutConf: str,
    ) -> DataFrame:
        """Call `func(key, frames, state)` for each group in each batch; it keeps a state and yields pandas DataFrames.

        `outputMode`: append or update, the function's own. `timeoutConf`: a constant of `GroupStateTimeout`. Raises
        `AnalysisException` for a table.
        """
        frame, engine = self._frame, self._frame.sparkSession._engine
        if not frame.isStreaming:
            raise AnalysisException("applyInPandasWithState needs a stream: begin with spark.readStream")
        if outputMode.lower() not in ("append", "update"):
            raise IllegalArgumentError(f"outputMode={outputMode!r}: give 'append' or 'update'")
        if timeoutConf not in _TIMEOUTS:
            raise IllegalArgumentError(f"timeoutConf={timeoutConf!r}: give one of {', '.join(_TIMEOUTS)}")
        output, state = struct_of(outputStructType), struct_of(stateStructType)
        keyed = frame.select(*self._keys, "*") if self._are_new() else frame
        names = [*map(str.lower, keyed.columns)]
        keys = range(len(self._keys)) if keyed is not frame else [names.index(_plain(key)) for key in self._keys]
        plan = GroupState(
            output,
            (None,) * len(output),
            keyed._plan,
            tuple(keys),
            func,
            state,
            outputMode.lower(),
            timeoutConf,
        )
        return type(frame)(frame.sparkSession, engine.derived(plan, keyed._relation))

    def _are_new(self) -> bool:
        """Whether a key is an expression, and no column of the frame."""
        return any(_plain(key) not in map(str.lower, self._frame.columns) for key in self._keys)

    def _each(self, how: str, names: tuple[str, ...]) -> DataFrame:
        keys = {key._sql for key in self._keys}
        numeric = [field.name for field in self._frame.schema if isinstance(field.dataType, NumericType)]
        wanted = names or [name for name in numeric if _name(name) not in keys]
        return self._aggregated([Column(f"{how}({_name(name)})") for name in wanted])

    def pivot(self, pivot_col: str, values: Sequence[Any] | None = None) -> GroupedData:
        """A column for each value of `pivot_col`, with the aggregates of the rows that have it.

        `values`: those to make columns of, in order; by default all that there are, sorted. A stream is refused when
        its query starts, and without `values` at once: `AnalysisException`.
        """
        if values is None:
            rows = self._frame.select(pivot_col).distinct().orderBy(pivot_col).collect()
            values = [row[0] for row in rows]
        return GroupedData(self._frame, self._keys, self._how, (column(pivot_col), tuple(values)))

    def _aggregated(self, aggregates: list[Column]) -> DataFrame:
        if self._pivot is not None:
            return self._pivoted(aggregates, *self._pivot)
        selected = ", ".join(each._selected for each in (*self._keys, *aggregates))
        keys = ", ".join(key._sql for key in self._keys)
        grouped = f" GROUP BY {f'{self._how}({keys})' if self._how else keys}" if self._keys else ""
        return self._frame._query(f"SELECT {selected} FROM {self._frame._this}{grouped}")

    def _pivoted(self, aggregates: list[Column], by: Column, values: tuple[Any, ...]) -> DataFrame:
        """One aggregation by the keys and the column, and one by the keys alone, which sets the values side by side."""
        names = GroupedData(self._frame, self._keys, self._how)._aggregated(aggregates).columns
        key_names, names = names[: len(self._keys)], names[len(self._keys) :]
        inner = [Column(key._sql, f"k{at}") for at, key in enumerate(self._keys)]
        parts = [Column(each._sql, f"a{at}") for at, each in enumerate(aggregates)]
        by_value = GroupedData(self._frame, [*inner, Column(by._sql, "p")], self._how)._aggregated(parts)
        columns = [
            Column(f"max(CASE WHEN p = {literal(value)} THEN a{at} END)", _pivot_name(value, name, len(names)))
            for value in values
            for at, name in enumerate(names)
        ]
        outer = [Column(f"k{at}", name) for at, name in enumerate(key_names)]
        return GroupedData(by_value, outer)._aggregated(columns)


def _pivot_name(value: Any, aggregate: str, count: int) -> str:
    """What a column of a pivot is called: after its value, and after the aggregate too if there are several."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if count == 1 else f"{text}_{aggregate}"


def _plain(key: Column) -> str:
    """The name of a key that is a column, in lower case."""
    return key._sql.rpartition(".")[2].strip("`").lower()


def _name(name: str) -> str:
    return "*" if name == "*" else column(name)._sql
