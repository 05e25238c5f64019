"""Rows in groups, waiting for an aggregation (PySpark: pyspark.sql.GroupedData)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.sql.column import Column, column
from sparksim.sql.types import NumericType
from sparksim.sql.utils import PySparkTypeError

if TYPE_CHECKING:
    from sparksim.sql.frame import DataFrame


class GroupedData:
    """Made by `DataFrame.groupBy`; without keys, all rows are one group."""

    driver_only = True

    def __init__(self, frame: DataFrame, keys: list[Column]) -> None:
        self._frame = frame
        self._keys = keys

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

    def _each(self, how: str, names: tuple[str, ...]) -> DataFrame:
        keys = {key._sql for key in self._keys}
        numeric = [field.name for field in self._frame.schema if isinstance(field.dataType, NumericType)]
        wanted = names or [name for name in numeric if _name(name) not in keys]
        return self._aggregated([Column(f"{how}({_name(name)})") for name in wanted])

    def _aggregated(self, aggregates: list[Column]) -> DataFrame:
        selected = ", ".join(each._selected for each in (*self._keys, *aggregates))
        grouped = f" GROUP BY {', '.join(key._sql for key in self._keys)}" if self._keys else ""
        return self._frame._query(f"SELECT {selected} FROM `this`{grouped}")


def _name(name: str) -> str:
    return "*" if name == "*" else column(name)._sql
