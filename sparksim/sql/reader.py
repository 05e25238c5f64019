"""Tables come in from files, and from Kafka: `spark.read` (PySpark: pyspark.sql.DataFrameReader).

The list of files is made once, when the DataFrame is; what is in them is read anew by every action. So a file that is
overwritten is seen, and one that is added is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sparksim.core.files import decompressed
from sparksim.core.rdd import RDD
from sparksim.sql.frame import DataFrame
from sparksim.sql.types import StructField, StructType
from sparksim.sql.utils import AnalysisException, PySparkTypeError

if TYPE_CHECKING:
    from sparksim.sql.formats.format import FileFormat
    from sparksim.sql.formats.listing import DataFile
    from sparksim.sql.session import SparkSession

DEFAULT_FORMAT = "spark.sql.sources.default"

Paths = str | list[str] | None


class DataFrameReader:
    """Collects what a program says of files; `load` makes a DataFrame. Case of options does not matter."""

    driver_only = True

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._format: str | None = None
        self._schema: StructType | None = None
        self._options: dict[str, str] = {}

    def format(self, source: str) -> DataFrameReader:
        """What is read: `csv`, `json`, `orc`, `parquet`, `text` or `kafka`, else `spark.sql.sources.default`."""
        self._format = source
        return self

    def schema(self, schema: StructType | str) -> DataFrameReader:
        """The columns, as a `StructType` or a text such as "word string, ts timestamp".

        Raises `ParseException` for another text, `PySparkTypeError` for anything else.
        """
        from sparksim.sql.streaming.sources.options import columns

        self._schema = columns(schema)
        return self

    def option(self, key: str, value: bool | int | float | str | None) -> DataFrameReader:
        """Set one option of the format; None takes it back."""
        if value is None:
            self._options.pop(key.lower(), None)
        else:
            self._options[key.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
        return self

    def options(self, **options: bool | int | float | str | None) -> DataFrameReader:
        """Set several."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def load(
        self, path: Paths = None, format: str | None = None, schema: StructType | str | None = None, **options: Any
    ) -> DataFrame:
        """The rows of files, of folders of files, or of globs. Without a schema the files are looked into.

        Raises `AnalysisException` for an unknown format, a path that does not exist, files that do not tell their
        columns; `IllegalArgumentError` for options that do not fit. With `kafka` what topics hold now: see
        `kafka_batch`.
        """
        from sparksim.sql.formats.listing import partition_schema

        if format is not None:
            self.format(format)
        if schema is not None:
            self.schema(schema)
        self.options(**options)
        if (self._format or "").lower() == "kafka":
            from sparksim.sql.streaming.sources.kafka import kafka_batch

            return kafka_batch(self._spark, self._options, self._schema)
        form = self._file_format()
        found = self._files(path, form)
        inside = self._schema or self._inferred(form, [decompressed(each.file) for each in found])
        return self._frame(form, found, with_folders(inside, partition_schema(found)))

    def json(self, path: Paths | RDD[str] = None, schema: StructType | str | None = None, **options: Any) -> DataFrame:
        """Files, or an RDD of texts, with a JSON object per line."""
        return self._of_lines("json", path, schema, options)

    def csv(self, path: Paths | RDD[str] = None, schema: StructType | str | None = None, **options: Any) -> DataFrame:
        """Files, or an RDD of texts, with values separated by commas."""
        return self._of_lines("csv", path, schema, options)

    def text(self, paths: Paths, **options: Any) -> DataFrame:
        """Files of text: a row with the column `value` per line."""
        return self.load(paths, "text", None, **options)

    def parquet(self, *paths: str, **options: Any) -> DataFrame:
        """Parquet files."""
        return self.load(list(paths), "parquet", None, **options)

    def orc(self, path: Paths, **options: Any) -> DataFrame:
        """ORC files."""
        return self.load(path, "orc", None, **options)

    def table(self, tableName: str) -> DataFrame:
        """A temporary view. Raises `AnalysisException` when there is none."""
        return self._spark.table(tableName)

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _file_format(self) -> FileFormat:
        from sparksim.sql.formats.registry import FORMATS, file_format

        name = self._format or str(self._spark.conf.get(DEFAULT_FORMAT, "parquet"))
        if name.lower() not in FORMATS:
            raise AnalysisException(
                f"[DATA_SOURCE_NOT_FOUND] there is no format {name!r} to read; there are {', '.join(FORMATS)}"
            )
        return file_format(name.lower(), self._options)

    def _files(self, path: Any, form: FileFormat) -> list[DataFile]:
        from sparksim.sql.formats.listing import listed

        given = path if path is not None else self._options.get("path")
        if not given:
            raise AnalysisException(
                f"[UNABLE_TO_INFER_SCHEMA] no path is given, and so no file of {form.name} to read: name it, as "
                "load(path)"
            )
        paths = [given] if isinstance(given, str) else given
        if not isinstance(paths, list) or not all(isinstance(each, str) for each in paths):
            raise PySparkTypeError(f"[NOT_EXPECTED_TYPE] path={path!r}: give a path, or a list of paths")
        return listed(paths, self._options, must_exist=True)

    def _inferred(self, form: FileFormat, contents: Sequence[bytes]) -> StructType:
        if not contents and form.name != "text":
            raise AnalysisException(
                f"[UNABLE_TO_INFER_SCHEMA] there is no file of {form.name} whose columns could be taken: give them "
                "with schema(...)"
            )
        return form.infer(contents)

    def _frame(self, form: FileFormat, found: Sequence[DataFile], schema: StructType) -> DataFrame:
        from sparksim.sql.formats.scan import FilesRDD
        from sparksim.sql.formats.writing import refuse_doubles

        refuse_doubles(schema)
        folders = {name for each in found for name in each.folders}
        form.check(StructType([field for field in schema if field.name not in folders]))
        return self._of_chunks(FilesRDD(self._spark.sparkContext, found, form, schema), schema)

    def _of_lines(self, name: str, path: Any, schema: StructType | str | None, options: dict[str, Any]) -> DataFrame:
        if not isinstance(path, RDD):
            return self.load(path, name, schema, **options)
        self.format(name).options(**options)
        if schema is not None:
            self.schema(schema)
        form = self._file_format()
        found = self._schema or self._inferred(form, [content_of(path.collect())])
        return self._of_chunks(path.mapPartitions(partial(_parsed, form, found)), found)

    def _of_chunks(self, chunks: RDD[Any], schema: StructType) -> DataFrame:
        from sparksim.sql.streaming.sink import BatchRows
        from sparksim.sql.streaming.sinks.foreach_batch import batch_frame

        nullable = StructType([StructField(field.name, field.dataType) for field in schema])
        return batch_frame(BatchRows(self._spark, nullable, chunks))


def with_folders(schema: StructType, folders: StructType) -> StructType:
    """The columns of folders stand behind the others; a schema that names them gives their types."""
    given = {field.name: field for field in schema}
    names = set(folders.names)
    behind = [given.get(field.name, field) for field in folders]
    return StructType([*(field for field in schema if field.name not in names), *behind])


def content_of(lines: Sequence[str]) -> bytes:
    """Texts as the content of a file."""
    return "\n".join(lines).encode("utf-8")


def _parsed(form: FileFormat, schema: StructType, lines: Iterator[str]) -> Iterator[Any]:
    yield form.read(content_of(list(lines)), schema)
