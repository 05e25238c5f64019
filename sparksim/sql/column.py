"""A column as an expression: it holds a piece of Spark SQL, and operators join pieces (PySpark: pyspark.sql.Column)."""

from __future__ import annotations

import datetime
import math
import re
from decimal import Decimal
from typing import Any, NoReturn

from sparksim.sql.types import DataType
from sparksim.sql.utils import PySparkTypeError, PySparkValueError

MARK = "__df"
"""Begins the qualifier of a column that was taken from a DataFrame, as in `df.word`; its number follows."""

_MARKED = rf"`{MARK}\d+`\."


def identifier(name: str) -> str:
    """A name as Spark SQL writes it: in backticks."""
    doubled = name.replace("`", "``")
    return f"`{doubled}`"


def literal(value: Any) -> str:
    """A Python value as Spark SQL writes it. Raises `PySparkTypeError` for a value that has no such form."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        whole = math.isfinite(value)
        return f"{value!r}D" if whole and "e" not in repr(value) else f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    if isinstance(value, Decimal):
        return f"CAST('{value}' AS DECIMAL({max(len(value.as_tuple().digits), 1)}, {max(0, _scale(value))}))"
    if isinstance(value, datetime.datetime):
        return f"TIMESTAMP '{value}'"
    if isinstance(value, datetime.date):
        return f"DATE '{value}'"
    if isinstance(value, list | tuple):
        return f"array({', '.join(map(literal, value))})"
    raise PySparkTypeError(f"{value!r} cannot stand in a query: give a Column, a str, a number, a date or a list")


def _scale(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)


class Column:
    """`sql`: the expression; `name`: what the column is called, if not after its expression.

    `order`: how `orderBy` sorts by it.
    """

    driver_only = True

    def __init__(self, sql: str, name: str | None = None, order: str = "") -> None:
        self._sql = sql
        self._name = name
        self._order = order

    @classmethod
    def named(cls, name: str) -> Column:
        """The column of this name; a dot leads into a table's alias or into a struct; `*` is all columns."""
        parts = name.split(".")
        return cls(".".join(part if part == "*" else identifier(part) for part in parts))

    @property
    def _selected(self) -> str:
        """As `SELECT` takes it."""
        return self._sql if self._name is None else f"{self._sql} AS {identifier(self._name)}"

    @property
    def _sorted(self) -> str:
        """As `ORDER BY` takes it."""
        return f"{self._sql} {self._order}".rstrip()

    # --- operators --------------------------------------------------------------------------------------------------

    def _with(self, operator: str, other: Any, turned: bool = False) -> Column:
        left, right = (operand(other), self._sql) if turned else (self._sql, operand(other))
        return Column(f"({left} {operator} {right})")

    def __add__(self, other: Any) -> Column:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Column:
        return self._with("+", other, turned=True)

    def __sub__(self, other: Any) -> Column:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Column:
        return self._with("-", other, turned=True)

    def __mul__(self, other: Any) -> Column:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Column:
        return self._with("*", other, turned=True)

    def __truediv__(self, other: Any) -> Column:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Column:
        return self._with("/", other, turned=True)

    def __mod__(self, other: Any) -> Column:
        return self._with("%", other)

    def __neg__(self) -> Column:
        return Column(f"(- {self._sql})")

    def __eq__(self, other: object) -> Column:  # type: ignore[override]  # an expression, as in PySpark
        return self._with("=", other)

    def __ne__(self, other: object) -> Column:  # type: ignore[override]  # an expression, as in PySpark
        return Column(f"(NOT {(self == other)._sql})")

    __hash__ = object.__hash__

    def __lt__(self, other: Any) -> Column:
        return self._with("<", other)

    def __le__(self, other: Any) -> Column:
        return self._with("<=", other)

    def __gt__(self, other: Any) -> Column:
        return self._with(">", other)

    def __ge__(self, other: Any) -> Column:
        return self._with(">=", other)

    def __and__(self, other: Any) -> Column:
        return self._with("AND", other)

    def __or__(self, other: Any) -> Column:
        return self._with("OR", other)

    def __invert__(self) -> Column:
        return Column(f"(NOT {self._sql})")

    def __getitem__(self, key: Any) -> Column:
        return self.getItem(key)

    def __bool__(self) -> NoReturn:
        raise PySparkValueError(
            "[CANNOT_CONVERT_COLUMN_INTO_BOOL] a column is neither True nor False: write & for and, | for or, ~ for "
            "not, with parentheses around each comparison"
        )

    # --- methods ----------------------------------------------------------------------------------------------------

    def alias(self, name: str) -> Column:
        """The column under another name."""
        return Column(self._sql, name)

    name = alias

    def cast(self, dataType: DataType | str) -> Column:
        """The column as another type; NULL where the value has no such form."""
        kind = dataType.simpleString() if isinstance(dataType, DataType) else dataType
        return Column(f"CAST({self._sql} AS {kind})", self._name)

    astype = cast

    def isNull(self) -> Column:
        """Whether there is no value."""
        return Column(f"({self._sql} IS NULL)")

    def isNotNull(self) -> Column:
        """Whether there is a value."""
        return Column(f"({self._sql} IS NOT NULL)")

    def isin(self, *cols: Any) -> Column:
        """Whether the value is one of these; one list of values will do too."""
        values = cols[0] if len(cols) == 1 and isinstance(cols[0], list | tuple | set) else cols
        return Column(f"({self._sql} IN ({', '.join(map(operand, values))}))")

    def between(self, lowerBound: Any, upperBound: Any) -> Column:
        """Whether the value is in this range, bounds included."""
        low, high = operand(lowerBound), operand(upperBound)
        return Column(f"(({self._sql} >= {low}) AND ({self._sql} <= {high}))")

    def like(self, other: str) -> Column:
        """Whether the text has this form: % stands for any text, _ for any character."""
        return Column(f"({self._sql} LIKE {literal(other)})")

    def rlike(self, other: str) -> Column:
        """Whether the regular expression is found in the text."""
        return Column(f"({self._sql} RLIKE {literal(other)})")

    def contains(self, other: Any) -> Column:
        """Whether the text holds another."""
        return Column(f"contains({self._sql}, {operand(other)})")

    def startswith(self, other: Any) -> Column:
        """Whether the text begins with another."""
        return Column(f"startswith({self._sql}, {operand(other)})")

    def endswith(self, other: Any) -> Column:
        """Whether the text ends with another."""
        return Column(f"endswith({self._sql}, {operand(other)})")

    def substr(self, startPos: Any, length: Any) -> Column:
        """`length` characters from `startPos` on, which counts from 1."""
        return Column(f"substring({self._sql}, {operand(startPos)}, {operand(length)})")

    def getItem(self, key: Any) -> Column:
        """The element at an index, counted from 0, or under a key."""
        return Column(f"{self._sql}[{operand(key)}]")

    def getField(self, name: str) -> Column:
        """The field of a struct."""
        return Column(f"{self._sql}.{identifier(name)}")

    def asc(self) -> Column:
        """For `orderBy`: smallest first, and NULL before all."""
        return Column(self._sql, self._name, "ASC")

    def desc(self) -> Column:
        """For `orderBy`: largest first, and NULL after all."""
        return Column(self._sql, self._name, "DESC")

    def when(self, condition: Column, value: Any) -> Column:
        """One more case of `functions.when`."""
        return Column(f"{self._open_case('when')} WHEN {condition._sql} THEN {operand(value)} END")

    def otherwise(self, value: Any) -> Column:
        """The value when no case of `functions.when` holds."""
        return Column(f"{self._open_case('otherwise')} ELSE {operand(value)} END")

    def _open_case(self, method: str) -> str:
        if not self._sql.startswith("CASE WHEN ") or " ELSE " in self._sql:
            raise PySparkTypeError(f"{method}() follows functions.when(...) only, as in when(c, 1).otherwise(0)")
        return self._sql.removesuffix(" END")

    def __repr__(self) -> str:
        return f"Column<'{re.sub(_MARKED, '', self._selected).replace('`', '')}'>"


def operand(value: Any) -> str:
    """An operand of an expression: a column's own text, or a value as a literal."""
    return value._sql if isinstance(value, Column) else literal(value)


def column(value: Column | str) -> Column:
    """A column, given as such or by name. Raises `PySparkTypeError` for anything else."""
    if isinstance(value, str):
        return Column.named(value)
    if not isinstance(value, Column):
        raise PySparkTypeError(f"[NOT_COLUMN_OR_STR] a column must be a Column or a name, got {value!r}")
    return value
