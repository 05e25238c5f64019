"""Streams come in: `spark.readStream` (PySpark: pyspark.sql.streaming.DataStreamReader)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparksim.sql.frame import DataFrame
from sparksim.sql.plan.nodes import Scan
from sparksim.sql.streaming.sources import registry
from sparksim.sql.streaming.sources.options import SourceOptions, columns
from sparksim.sql.types import StructType
from sparksim.sql.utils import PySparkTypeError, PySparkValueError

if TYPE_CHECKING:
    from sparksim.sql.session import SparkSession

_DEFAULT_FORMAT = "spark.sql.sources.default"


class DataStreamReader:
    """Collects what a program says of a source; `load` makes a streaming DataFrame. Case of options does not matter."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._format: str | None = None
        self._schema: StructType | None = None
        self._options: dict[str, str] = {}

    def format(self, source: str) -> DataStreamReader:
        """What is read: `rate`, `socket`, `json`, ..."""
        self._format = source
        return self

    def schema(self, schema: StructType | str) -> DataStreamReader:
        """The columns, as a `StructType` or a text such as "word string, ts timestamp".

        Raises `ParseException` for another text, `PySparkTypeError` for anything else.
        """
        self._schema = columns(schema)
        return self

    def option(self, key: str, value: bool | int | float | str | None) -> DataStreamReader:
        """Set one option of the source; None takes it back."""
        if value is None:
            self._options.pop(key.lower(), None)
        else:
            self._options[key.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
        return self

    def options(self, **options: bool | int | float | str | None) -> DataStreamReader:
        """Set several."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def load(
        self, path: str | None = None, format: str | None = None, schema: StructType | str | None = None, **options: Any
    ) -> DataFrame:
        """The stream as a DataFrame.

        Raises `AnalysisException` for an unknown format, `PySparkValueError` for an empty path, and what the format
        raises for options that do not fit.
        """
        if format is not None:
            self.format(format)
        if schema is not None:
            self.schema(schema)
        self.options(**options)
        if path is not None:
            if not str(path).strip():
                raise PySparkValueError(
                    f"[VALUE_NOT_NON_EMPTY_STR] load(path={path!r}): give the path of a directory, or leave it out"
                )
            self.option("path", path)
        name = self._format or str(self._spark.conf.get(_DEFAULT_FORMAT, "parquet"))
        found, create = registry.load(SourceOptions(self._spark, name, dict(self._options), self._schema))
        scan = Scan(found, (None,) * len(found), name, create)
        return DataFrame(self._spark, self._spark._engine.stream(scan))

    def json(self, path: str, schema: StructType | str | None = None, **options: Any) -> DataFrame:
        """The files of a directory, an object in JSON per line."""
        return self._files("json", path, schema, options)

    def csv(self, path: str, schema: StructType | str | None = None, **options: Any) -> DataFrame:
        """The files of a directory, values separated by commas."""
        return self._files("csv", path, schema, options)

    def text(self, path: str, **options: Any) -> DataFrame:
        """The files of a directory, a row with the column `value` per line."""
        return self._files("text", path, None, options)

    def parquet(self, path: str, **options: Any) -> DataFrame:
        """The Parquet files of a directory."""
        return self._files("parquet", path, None, options)

    def orc(self, path: str, **options: Any) -> DataFrame:
        """The ORC files of a directory."""
        return self._files("orc", path, None, options)

    def _files(self, format: str, path: str, schema: StructType | str | None, options: dict[str, Any]) -> DataFrame:
        if not isinstance(path, str):
            raise PySparkTypeError(f"[NOT_EXPECTED_TYPE] {format}(path={path!r}): give the path as a text")
        return self.load(path, format, schema, **options)
