"""Input streams of files and of ready-made blocks (PySpark: StreamingContext; Spark: fileStream, rawSocketStream)."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any, cast

from sparksim.cluster.network import LiveNetwork
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.files import BinaryRecordsRDD, TextFileRDD
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.arguments import check_text, check_whole_number
from sparksim.streaming.file_dstream import FileInputDStream, is_visible
from sparksim.streaming.input_dstream import ReceiverInputDStream
from sparksim.streaming.raw_socket import RawSocketReceiver

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext
    from sparksim.streaming.dstream import DStream


class Sources:
    """Mixin of `StreamingContext`. Directories are paths of any file system that fsspec knows, or globs of them."""

    def textFileStream(self, directory: str) -> DStream[str]:
        """The lines of text files that are moved into `directory` from now on (see `FileInputDStream`)."""
        return self.fileStream(directory)

    def binaryRecordsStream(self, directory: str, recordLength: int) -> DStream[bytes]:
        """The records, `recordLength` bytes each, of files that are moved into `directory` from now on.

        Raises `IllegalArgumentError` for a length that is no positive number; Spark notices when it reads a file.
        """
        check_whole_number(recordLength, "recordLength", 1, inf, "give the bytes of one record, 1 or more")
        ssc = self._context()
        sc = ssc.sparkContext
        return FileInputDStream(ssc, directory, lambda url: BinaryRecordsRDD(sc, url, recordLength), is_visible, True)

    def fileStream(
        self, directory: str, filter: Callable[[str], Any] | None = None, newFilesOnly: bool = True
    ) -> DStream[str]:
        """The lines of files in `directory` whose path `filter` accepts: by default, whose name starts with no dot.

        A path looks like `file:/data/in/a.txt`. Without `newFilesOnly`, files count that were there before this call,
        if they are not older than the window of `spark.streaming.fileStream.minRememberDuration`. Raises
        `IllegalArgumentError` for a filter that is no function. Not in PySpark; our form of Spark's.
        """
        if filter is not None and not callable(filter):
            raise IllegalArgumentError(f"filter={filter!r}: give a function of the path that says which files to read")
        ssc = self._context()
        sc = ssc.sparkContext
        return FileInputDStream(
            ssc, directory, lambda url: TextFileRDD(sc, url, 1, True), filter or is_visible, newFilesOnly
        )

    def rawSocketStream(
        self, hostname: str, port: int, storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2
    ) -> DStream[Any]:
        """Records in blocks that a TCP server has packed: 4 bytes of length, then a pickled list, again and again.

        Connect to servers you trust: unpickling runs code of the sender's choice. Not in PySpark; our form of Spark's.
        """
        check_text(hostname, "hostname", "give the name of the server, such as 'localhost'")
        check_whole_number(port, "port", 1, 65535, "give a port number from 1 to 65535, as a number")
        ssc = self._context()
        over_bytes = isinstance(ssc._backend.network, LiveNetwork)
        return ReceiverInputDStream(ssc, RawSocketReceiver(hostname, port, storageLevel, over_bytes))

    def _context(self) -> StreamingContext:
        return cast("StreamingContext", self)
