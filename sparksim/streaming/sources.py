"""All input streams a context can make (PySpark: StreamingContext; Spark also has receivers, raw blocks, filters)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import TYPE_CHECKING, Any, cast

from sparksim.cluster.network import LiveNetwork
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.files import BinaryRecordsRDD, TextFileRDD
from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.arguments import check_text, check_type, check_whole_number
from sparksim.streaming.file_dstream import FileInputDStream, is_visible
from sparksim.streaming.input_dstream import QueueInputDStream, ReceiverInputDStream, SocketReceiver
from sparksim.streaming.raw_socket import RawSocketReceiver
from sparksim.streaming.receiver import Receiver

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext
    from sparksim.streaming.dstream import DStream


class Sources:
    """Mixin of `StreamingContext`. Directories are paths of any file system that fsspec knows, or globs of them."""

    def socketTextStream(
        self, hostname: str, port: int, storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2
    ) -> DStream[str]:
        """Lines of text from a TCP server, read by a receiver."""
        check_text(hostname, "hostname", "give the name of the server, such as 'localhost'")
        check_whole_number(port, "port", 1, 65535, "give a port number from 1 to 65535, as a number")
        return self.receiverStream(SocketReceiver(hostname, port, storageLevel))

    def receiverStream(self, receiver: Receiver) -> DStream[Any]:
        """Whatever a receiver of your own stores."""
        remedy = "give an object of a class that extends sparksim.streaming.Receiver"
        check_type(receiver, Receiver, "receiver", remedy)
        if type(receiver).onStart is Receiver.onStart:
            raise IllegalArgumentError(f"{type(receiver).__name__} has no onStart: write what it does when it starts")
        check_type(
            receiver.storageLevel,
            StorageLevel,
            f"{type(receiver).__name__}.storageLevel",
            "give a StorageLevel, such as StorageLevel.MEMORY_AND_DISK_2",
        )
        return ReceiverInputDStream(self._context(), receiver)

    def queueStream(self, rdds: Iterable[Any], oneAtATime: bool = True, default: Any = None) -> DStream[Any]:
        """RDDs (or lists) from a list, one per batch or all in the first; then `default`, or an empty RDD.

        Raises `IllegalArgumentError` for what is no list, and for what in it is neither an RDD nor a list.
        """
        ssc = self._context()
        check_type(rdds, Iterable, "rdds", "give a list of RDDs, or of lists of records, one for each batch")
        queue = [_rdd_of(ssc, batch, f"rdds[{number}]") for number, batch in enumerate(rdds)]
        if len({rdd.batch_records for rdd in queue}) > 1:
            # PySpark serialises such a queue anew, in batches of its own choice: `cartesian` shows their size.
            queue = [rdd.map(lambda record: record, preservesPartitioning=True) for rdd in queue]
        last = ssc.sparkContext.parallelize([], 1) if default is None else _rdd_of(ssc, default, "default")
        return QueueInputDStream(ssc, queue, oneAtATime, last)

    def textFileStream(self, directory: str) -> DStream[str]:
        """The lines of text files that are moved into `directory` from now on (see `FileInputDStream`)."""
        return self.fileStream(directory)

    def binaryRecordsStream(self, directory: str, recordLength: int) -> DStream[bytes]:
        """The records, `recordLength` bytes each, of files that are moved into `directory` from now on.

        Raises `IllegalArgumentError` for a length that is no positive number; Spark notices when it reads a file.
        """
        check_whole_number(recordLength, "recordLength", 1, inf, "give the bytes of one record, 1 or more")
        return FileInputDStream(
            self._context(), directory, lambda sc, url: BinaryRecordsRDD(sc, url, recordLength), is_visible, True
        )

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
        return FileInputDStream(
            self._context(),
            directory,
            lambda sc, url: TextFileRDD(sc, url, 1, True),
            filter or is_visible,
            newFilesOnly,
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


def _rdd_of(ssc: StreamingContext, batch: Any, name: str) -> RDD[Any]:
    if isinstance(batch, RDD):
        return batch
    check_type(batch, Iterable, name, "give an RDD or a list of records")
    return ssc.sparkContext.parallelize(batch)
