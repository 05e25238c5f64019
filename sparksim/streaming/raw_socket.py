"""A receiver that is sent whole blocks and stores them as they come (Spark: RawInputDStream, RawNetworkReceiver).

Nothing is gathered, cut or limited in rate: what the sender packed together stays one block. Our form of a block is a
pickled list of records, after four bytes with its length (a signed number, most significant byte first).
"""

from __future__ import annotations

import pickle
import socket
import struct
from contextlib import suppress
from typing import Any, Protocol

from sparksim.core.errors import SparkException
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.receiver import Receiver

LENGTH = struct.Struct(">i")


class BlockConnection(Protocol):
    """What yields one block after the other."""

    def read(self) -> Any:
        """The next block, or None at the end. Blocks."""

    def close(self) -> None:
        """Hang up; a blocked `read` ends."""


class BlockSocket:
    """Blocks from a real TCP socket. Unpickling runs code that the sender chose: connect to servers you trust."""

    def __init__(self, host: str, port: int) -> None:
        self._closed = False
        self._socket = socket.create_connection((host, port))
        self._bytes = self._socket.makefile("rb")

    def read(self) -> Any:
        header = self._exactly(LENGTH.size)
        if header is None:
            return None
        (length,) = LENGTH.unpack(header)
        if length < 0:
            raise SparkException(f"a block of {length} bytes was announced: send its length as 4 bytes, big-endian")
        data = self._exactly(length)
        if data is None:
            return None
        try:
            return pickle.loads(data)
        except Exception as error:
            raise SparkException(
                f"a block of {length} bytes is no pickle ({type(error).__name__}: {error}): send pickle.dumps(records)"
            ) from error

    def close(self) -> None:
        self._closed = True
        with suppress(OSError):  # the other side was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, count: int) -> bytes | None:
        """None when the connection ends before."""
        try:
            data = self._bytes.read(count)
        except OSError:
            if self._closed:  # under our hands
                return None
            raise
        return data if len(data) == count else None


class RawSocketReceiver(Receiver):
    """Reads blocks inside `onStart`, as Spark does; when that ends, the receiver stops and the driver starts it anew.

    A simulated network carries records, not bytes: each record that its server sends is a block there, a list.
    """

    def __init__(self, host: str, port: int, storageLevel: StorageLevel, over_bytes: bool) -> None:
        super().__init__(storageLevel)
        self.host = host
        self.port = port
        self._over_bytes = over_bytes
        self._connection: BlockConnection | None = None

    def onStart(self) -> None:
        self._connection = self._open()
        while not self.isStopped():
            records = self._connection.read()
            if self.isStopped():
                return
            if records is None:
                raise EOFError(f"{self.host}:{self.port} closed the connection")
            if not isinstance(records, list):
                raise SparkException(
                    f"{self.host}:{self.port} sent {records!r} as a block: a block is a list of records"
                )
            self.store(records)

    def onStop(self) -> None:
        """Hang up, which ends `onStart`. Spark leaves it reading, and waits for it in vain."""
        if self._connection is not None and self._over_bytes:
            self._connection.close()

    def _open(self) -> BlockConnection:
        if self._over_bytes:
            return BlockSocket(self.host, self.port)
        return self.connect(self.host, self.port)
