"""The sink that writes files, each batch once (Spark: FileStreamSink, ManifestFileCommitProtocol).

Tasks write into the folder itself; when all have succeeded, the driver appends the list of their files to the log
`_spark_metadata`. Readers believe the log and nothing else: what failed attempts left is there and does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import fsspec

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.files import url_of
from sparksim.sql.formats.listing import METADATA
from sparksim.sql.formats.registry import file_format
from sparksim.sql.formats.writing import Output, write_files
from sparksim.sql.streaming.sink import BatchRows
from sparksim.sql.streaming.sinks.registry import SinkContext
from sparksim.sql.streaming.store.disk_time import driver_disk
from sparksim.sql.streaming.store.file_logs import FileSinkLog, SinkFile
from sparksim.sql.utils import AnalysisException

if TYPE_CHECKING:
    from sparksim.cluster.backend import ClusterBackend


class FileSink:
    """Appends to `path`, in folders by the values of `partitionBy`.

    Raises `IllegalArgumentError` without a path, `AnalysisException` for an output mode other than append and for
    columns that the format cannot hold.
    """

    def __init__(self, context: SinkContext, format: str) -> None:
        if context.path is None:
            raise IllegalArgumentError("'path' is not specified: name the directory to write to, as start(path)")
        if context.mode != "append":
            raise AnalysisException(
                f"[STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE] Invalid streaming output mode: {context.mode}. Files "
                f"of {format} are only added to: use append, or foreachBatch to write a result anew"
            )
        self._path = context.path.rstrip("/")
        form = file_format(format, context.options)
        self._output = Output(self._path, context.schema, form, context.partition_by, own_names=True)
        self._output.check()
        backend = cast("ClusterBackend", context.session.sparkContext._backend)
        files, root = fsspec.core.url_to_fs(f"{self._path}/{METADATA}")
        files.makedirs(root, exist_ok=True)  # so that a query that reads what this one will write can start beside it
        self._log = FileSinkLog(f"{self._path}/{METADATA}", lambda: backend.clock.now_ms, driver_disk(backend))

    @property
    def description(self) -> str:
        files, root = fsspec.core.url_to_fs(self._path)
        return f"FileSink[{url_of(files, root)}]"

    def add_batch(self, batch_id: int, rows: BatchRows) -> None:
        """Write a batch, unless the log has it. Raises `IllegalStateError` when another query writes the same log."""
        ids = self._log.ids()
        if ids and batch_id <= ids[-1]:
            return
        written = write_files(rows.tables, self._output)
        if not self._log.add(batch_id, [SinkFile(each.url, each.size_bytes, each.modified_ms) for each in written]):
            raise IllegalStateError(
                f"{self._path}/{METADATA} has batch {batch_id} already: another query writes to this directory. Give "
                "each query one of its own"
            )
