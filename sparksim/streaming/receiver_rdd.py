"""The kinds of RDD that streaming adds: one carries a receiver to its executor, two read received blocks.

Of these, one reads blocks where executors keep them, the other also in the write-ahead log of their receiver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from sparksim.cluster.backend import ClusterBackend
from sparksim.core.conf import boolean
from sparksim.core.context import SparkContext
from sparksim.core.errors import BlockNotFound, IllegalStateError, SparkException
from sparksim.core.rdd import RDD
from sparksim.core.serializer import load_records
from sparksim.core.task_context import TaskContext
from sparksim.streaming.received_blocks import ReceivedBlockInfo
from sparksim.streaming.write_ahead_log import log_reader


class ReceiverRDD(RDD[Any]):
    """One empty partition with preferred locations: the receiver's job needs a place, not data."""

    def __init__(self, sc: SparkContext, name: str, locations: tuple[str, ...]) -> None:
        super().__init__(sc)
        self.setName(name)
        self._locations = locations

    def getNumPartitions(self) -> int:
        return 1

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        return self._locations

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        return iter(())


BLOCKS_ON_EXECUTORS = "spark.sparksim.blocksOnExecutors"
"""Whether a block prefers the executors that hold it, as in Spark 3, and not only their hosts, as in Spark 2."""


class BlockRDD(RDD[Any]):
    """One partition per received block (Spark: BlockRDD). Prefers the hosts that hold the block."""

    def __init__(self, sc: SparkContext, backend: ClusterBackend, block_ids: Sequence[str]) -> None:
        super().__init__(sc)
        self.block_ids = tuple(block_ids)
        self._backend = backend
        self._valid = True

    def getNumPartitions(self) -> int:
        self._check_valid()
        return len(self.block_ids)

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        holders = self._backend.blocks.holders(self.block_ids[index])
        return tuple([holder.location if self._by_executor else holder.block_host for holder in holders])

    @cached_property
    def _by_executor(self) -> bool:
        return boolean(self._backend.conf, BLOCKS_ON_EXECUTORS, False)

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        self._check_valid()
        block_id = self.block_ids[index]
        try:
            data = task.services.read_block(block_id)
        except BlockNotFound:
            raise SparkException(f"Could not compute split, block {block_id} of RDD {self.id()} not found") from None
        return task.services.meter(load_records(data), "input")

    def remove_blocks(self) -> None:
        """Delete the blocks; the RDD cannot be used any more. From the job generator's fiber."""
        self._valid = False
        self._backend.clock.call(self._backend.blocks.remove, list(self.block_ids))

    def _check_valid(self) -> None:
        if not self._valid:
            raise SparkException(f"Attempted to use {self} after its blocks have been removed!")


class WriteAheadLogBackedBlockRDD(BlockRDD):
    """Blocks that are also in the log of their receiver (Spark: WriteAheadLogBackedBlockRDD).

    A block is read in the log when no executor has it any more, or when an earlier driver's executors had it. It is
    not stored again. So the RDD stays usable after its blocks were removed, until the log is cleaned.
    """

    def __init__(self, sc: SparkContext, backend: ClusterBackend, blocks: Sequence[ReceivedBlockInfo]) -> None:
        super().__init__(sc, backend, [block.block_id for block in blocks])
        self._blocks = tuple(blocks)

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        """The hosts that hold the block. A log file is as far from everywhere."""
        return super().preferred_locations(index) if self._blocks[index].valid else ()

    def compute(self, index: int, task: TaskContext) -> Iterator[Any]:
        """Raises `SparkException` when neither an executor nor the log has the block."""
        block, data = self._blocks[index], None
        if block.valid:
            with suppress(BlockNotFound):
                data = task.services.read_block(block.block_id)
        else:
            task.services.note_block(block.block_id)
        return task.services.meter(load_records(self._logged(block) if data is None else data), "input")

    def _logged(self, block: ReceivedBlockInfo) -> bytes:
        """The block's bytes in the log; reading them takes its time."""
        prices = self._backend.prices
        try:
            log = log_reader(self._backend.conf)
            try:
                data = log.read(block.log_handle)
            finally:
                log.close()
            if data is None:
                raise IllegalStateError("the log gave nothing")
        except Exception as error:
            raise SparkException(
                f"Could not read data from write ahead log record {block.log_handle}: {error}"
            ) from error
        self._backend.clock.charge(prices.draw(prices.model.log_byte_ms * len(data)))
        return data

    def _check_valid(self) -> None:
        """It always is: the log outlives the blocks."""
