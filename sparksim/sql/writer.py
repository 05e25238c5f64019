"""Tables go out to files, and to Kafka: `df.write` (PySpark: pyspark.sql.DataFrameWriter).

Tasks write into a folder aside; when all have succeeded, the driver moves their files to where they belong and adds an
empty `_SUCCESS` (Hadoop: FileOutputCommitter).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import fsspec

from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.core.files import url_of
from sparksim.sql.reader import DEFAULT_FORMAT
from sparksim.sql.types import StructType
from sparksim.sql.utils import AnalysisException

if TYPE_CHECKING:
    from sparksim.sql.formats.writing import Output, Written
    from sparksim.sql.frame import DataFrame

MODES = ("append", "overwrite", "ignore", "error", "errorifexists", "default")
_ASIDE = "_temporary"


class DataFrameWriter:
    """Got from `df.write`. Every setting gives the writer back, so that calls can follow one another."""

    driver_only = True

    def __init__(self, df: DataFrame) -> None:
        self._frame = df
        self._session = df.sparkSession
        self._format: str | None = None
        self._mode = "error"
        self._options: dict[str, str] = {}
        self._partition_by: tuple[str, ...] = ()

    def mode(self, saveMode: str | None) -> DataFrameWriter:
        """What to do when the path exists: `append`, `overwrite`, `ignore` or `errorifexists` (the default).

        Raises `AnalysisException` for another word.
        """
        if saveMode is not None:
            if str(saveMode).lower() not in MODES:
                raise AnalysisException(f"[INVALID_SAVE_MODE] mode({saveMode!r}): give one of {', '.join(MODES)}")
            self._mode = saveMode.lower()
        return self

    def format(self, source: str) -> DataFrameWriter:
        """What is written: `csv`, `json`, `orc`, `parquet`, `text` or `kafka`, else `spark.sql.sources.default`."""
        self._format = source
        return self

    def option(self, key: str, value: bool | int | float | str | None) -> DataFrameWriter:
        """Set one option of the format; None takes it back."""
        if value is None:
            self._options.pop(key.lower(), None)
        else:
            self._options[key.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
        return self

    def options(self, **options: bool | int | float | str | None) -> DataFrameWriter:
        """Set several."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def partitionBy(self, *cols: str | list[str]) -> DataFrameWriter:
        """Folders by the values of these columns, called `column=value`."""
        from sparksim.sql.formats.writing import plain_columns

        self._partition_by = plain_columns(cols)
        return self

    def save(
        self,
        path: str | None = None,
        format: str | None = None,
        mode: str | None = None,
        partitionBy: str | list[str] | None = None,
        **options: bool | int | float | str | None,
    ) -> None:
        """Compute the rows and write them.

        Raises `AnalysisException` for a path that exists, an unknown format, columns that it cannot hold;
        `IllegalArgumentError` without a path and for options that do not fit. With `kafka` rows become records: see
        `write_kafka_batch`.
        """
        self.mode(mode).options(**options)
        if format is not None:
            self.format(format)
        if partitionBy is not None:
            self.partitionBy(partitionBy)
        if (self._format or "").lower() == "kafka":
            from sparksim.sql.streaming.sinks.kafka import write_kafka_batch

            if self._partition_by:
                raise AnalysisException("'kafka' does not support partitioning: a record's key says its partition")
            write_kafka_batch(self._frame, self._mode, self._options)
            return
        self._save(self._options.get("path") if path is None else path)

    def json(self, path: str, mode: str | None = None, **options: Any) -> None:
        """Files with a JSON object per line."""
        self.save(path, "json", mode, **options)

    def csv(self, path: str, mode: str | None = None, **options: Any) -> None:
        """Files with values separated by commas."""
        self.save(path, "csv", mode, **options)

    def text(self, path: str, **options: Any) -> None:
        """Files of text, of the one column that there is."""
        self.save(path, "text", None, **options)

    def parquet(self, path: str, mode: str | None = None, partitionBy: Any = None, **options: Any) -> None:
        """Parquet files."""
        self.save(path, "parquet", mode, partitionBy, **options)

    def orc(self, path: str, mode: str | None = None, partitionBy: Any = None, **options: Any) -> None:
        """ORC files."""
        self.save(path, "orc", mode, partitionBy, **options)

    def saveAsTable(self, name: str, *args: Any, **options: Any) -> None:
        """Refused: sparksim has no tables that outlive a program."""
        raise UnsupportedOperation(
            f"saveAsTable({name!r}): sparksim keeps no tables. Use df.createOrReplaceTempView({name!r}) for a view of "
            "this session, or save(path) for files"
        )

    def insertInto(self, tableName: str, *args: Any) -> None:
        """Refused, as `saveAsTable`."""
        raise UnsupportedOperation(
            f"insertInto({tableName!r}): sparksim keeps no tables. Use mode('append').save(path) for files"
        )

    # --- how it is done ---------------------------------------------------------------------------------------------

    def _save(self, path: str | None) -> None:
        output = self._output(path)
        files, root = fsspec.core.url_to_fs(output.url)
        exists = bool(files.exists(root))
        if exists and self._mode == "ignore":
            return
        if exists and self._mode not in ("append", "overwrite"):
            raise AnalysisException(
                f'[PATH_ALREADY_EXISTS] Path {url_of(files, root)} already exists. Set mode as "overwrite" to '
                "overwrite the existing path."
            )
        written = self._written(output)
        if exists and self._mode == "overwrite":
            aside = f"{root}/{_ASIDE}"
            for name in files.ls(root, detail=False):
                if str(name).rstrip("/") != aside:
                    files.rm(name, recursive=True)
        _commit(files, root, written)

    def _output(self, path: str | None) -> Output:
        from sparksim.sql.formats.registry import FORMATS, file_format
        from sparksim.sql.formats.writing import Output

        name = (self._format or str(self._session.conf.get(DEFAULT_FORMAT, "parquet"))).lower()
        if name not in FORMATS:
            raise AnalysisException(
                f"[DATA_SOURCE_NOT_FOUND] there is no format {name!r} to write; there are {', '.join(FORMATS)}"
            )
        if path is None:
            raise IllegalArgumentError("'path' is not specified: name the directory to write to, as save(path)")
        schema = self._frame.schema
        output = Output(path.rstrip("/"), schema, file_format(name, self._options), self._partition_by)
        output.check()
        return output

    def _written(self, output: Output) -> list[Written]:
        """Evaluate the query, and write its rows by a job, in as many parts as the cluster has by default."""
        from sparksim.sql.formats.writing import write_files

        rows = self._session.sparkContext.parallelize(self._frame.collect())
        chunks = rows.mapPartitions(partial(_chunk, self._frame.schema))
        return write_files(chunks, output.aside(_ASIDE))


def _chunk(schema: StructType, rows: Iterator[Any]) -> Iterator[Any]:
    from sparksim.sql.chunks import chunk_of

    records = list(rows)
    if records:
        yield chunk_of(records, schema)


def _commit(files: Any, root: str, written: list[Written]) -> None:
    """Move the files that count to their places."""
    aside = f"{root}/{_ASIDE}"
    for each in written:
        target = f"{root}/{each.path[len(aside) :].strip('/')}"
        files.makedirs(target.rpartition("/")[0], exist_ok=True)
        files.mv(each.path, target)
    files.rm(aside, recursive=True)
    files.touch(f"{root}/_SUCCESS")
