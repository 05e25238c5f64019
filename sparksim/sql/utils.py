"""The errors of the SQL layer, named and addressed as PySpark does (`pyspark.sql.utils`, `pyspark.errors`).

A message begins with Spark's error class in brackets wherever Spark has one for the condition.
"""

from __future__ import annotations

import re

from sparksim.core.errors import IllegalArgumentError, SparkException


class SqlException(SparkException):
    """Base of the errors below."""

    def getErrorClass(self) -> str | None:
        """Spark's error class, such as `TABLE_OR_VIEW_NOT_FOUND`, or None when the message names none."""
        return self.getCondition()

    def getCondition(self) -> str | None:
        """The same under the name that PySpark 4 gives it."""
        found = re.match(r"\[([A-Z_.]+)\]", str(self))
        return found[1] if found else None


class StreamingQueryException(SqlException):
    """A streaming query died; the text names the query and what ended it (Spark: StreamingQueryException)."""


class PySparkAttributeError(SqlException, AttributeError):
    """An object that lacks what it has to have (PySpark: PySparkAttributeError)."""


class IllegalArgumentException(SqlException, IllegalArgumentError):
    """An argument that Spark rejects, with its error class where it has one (PySpark: IllegalArgumentException)."""


class AnalysisException(SqlException):
    """A query that cannot mean anything: an unknown table, column or function (Spark: AnalysisException)."""


class ParseException(AnalysisException):
    """A text that is not SQL (Spark: ParseException)."""


class PySparkTypeError(SqlException, TypeError):
    """A value of a type that does not fit (PySpark: PySparkTypeError)."""


class PySparkValueError(SqlException, ValueError):
    """A value that does not fit (PySpark: PySparkValueError)."""
