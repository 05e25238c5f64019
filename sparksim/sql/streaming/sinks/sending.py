"""What writes an epoch of a sink whose rows the driver shows: it keeps them, and sends them with its commit.

Spark: PackedRowDataWriter, MemoryDataWriter.
"""

from __future__ import annotations

from typing import Any

Table = Any


class SendingWriter:
    """One partition of one epoch."""

    def __init__(self, partition: int, epoch: int) -> None:
        self._chunks: list[Table] = []

    def write(self, chunk: Table) -> None:
        self._chunks.append(chunk)

    def commit(self) -> list[Table]:
        return self._chunks

    def abort(self, error: BaseException) -> None:
        """Nobody has seen the rows."""
