"""How a receiver keeps a block: on executors alone, or also in a write-ahead log (Spark: ReceivedBlockHandler).

With the log, a block has one copy on the receiver's own executor and one in a file that outlives every process. Both
are written at once, by two threads, and a block is kept only when both have it. The threads end before the receiver's
last blocks are cut, so these are refused: Spark loses them too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber
from sparksim.cluster.executor import Executor
from sparksim.core.conf import SparkConf, boolean, integer
from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.core.serializer import dump_records
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.block_generator import Block
from sparksim.streaming.outcome import outcome
from sparksim.streaming.write_ahead_log import RECEIVER_LOG, log_reader, receiver_log
from sparksim.trace.events import BlockLogged

WRITING_THREADS = 2

Spawn = Callable[..., Fiber]
"""`spawn(name, fn, *args)`: a thread of the executor, which dies with it."""


class ReceivedBlockHandler(Protocol):
    """One per receiver supervisor."""

    def store(self, block: Block) -> Any:
        """Keep the block; its handle in the log, or None without one. On a fiber; raises when it is not kept."""

    def clean(self, threshold_ms: float) -> None:
        """Forget what the log holds of blocks older than the threshold."""

    def stop(self) -> None:
        """The receiver stops, and its last blocks are still to come."""


class BlockManagerHandler:
    """Blocks lie where the receiver's storage level says (Spark: BlockManagerBasedBlockHandler)."""

    def __init__(self, backend: ClusterBackend, executor: Executor, level: StorageLevel) -> None:
        self._backend = backend
        self._executor = executor
        self._level = level

    def store(self, block: Block) -> None:
        """Serialise, store, replicate. Raises `SparkException` when no copy was made."""
        model, prices = self._backend.prices.model, self._backend.prices
        data = dump_records(block.records)
        serialize_ms = model.serialize_record_ms * block.count
        self._backend.clock.charge(prices.draw(model.store_block_ms + serialize_ms))
        put(self._backend, self._executor, block.block_id, data, self._level)

    def clean(self, threshold_ms: float) -> None:
        """Nothing: blocks go with the RDD of their batch."""

    def stop(self) -> None:
        """Nothing: blocks can be stored to the end."""


class WriteAheadLogHandler:
    """A serialised block on this executor and a record in the log (Spark: WriteAheadLogBasedBlockHandler).

    Warns of what it does not keep to of the receiver's storage level. Raises what opening the log raises.
    """

    def __init__(
        self,
        backend: ClusterBackend,
        executor: Executor,
        level: StorageLevel,
        stream_id: int,
        checkpoint_directory: str,
        spawn: Spawn,
    ) -> None:
        self._backend = backend
        self._executor = executor
        self._level = effective_level(level, self._warn)
        self._timeout_ms = block_store_timeout_ms(backend.conf)
        self._spawn = spawn
        self._log = receiver_log(backend.conf, checkpoint_directory, stream_id, self._warn)
        self._log_lock = threading.Lock()
        self._threads = simpy.Resource(backend.clock.env, WRITING_THREADS)
        self._stopped = False

    def store(self, block: Block) -> Any:
        """Serialise, and write to storage and to the log at once; waits for both.

        Raises `SparkException` when one of them failed or the log is closed, `TimeoutError` when they took too long.
        """
        model, prices, clock = self._backend.prices.model, self._backend.prices, self._backend.clock
        data = dump_records(block.records)
        clock.charge(prices.draw(model.serialize_record_ms * block.count))
        if self._stopped:
            raise SparkException(
                f"{block.block_id} came after the receiver had stopped: its write-ahead log is closed before its last "
                "blocks are cut"
            )
        begun = [self._begin(self._put, block.block_id, data), self._begin(self._append, block.block_id, data)]
        deadline = clock.call(clock.env.timeout, self._timeout_ms)
        for _, ended in begun:
            clock.wait(clock.call(lambda ended=ended: ended | deadline))
            if not ended.triggered:
                raise TimeoutError(
                    f"{block.block_id} was not stored and logged within {self._timeout_ms / 1000:g} s "
                    "(spark.streaming.receiver.blockStoreTimeout)"
                )
            if ended.value is not None:
                error = ended.value
                raise SparkException(f"{block.block_id}: {type(error).__name__}: {error}") from error
        return begun[-1][0].done.value

    def clean(self, threshold_ms: float) -> None:
        """Delete log files that are older, in the background. Hub only."""
        if self._executor.alive and not self._stopped:
            self._spawn("clean receiver log", self._clean, threshold_ms)

    def stop(self) -> None:
        """Close the log, and take no more blocks; what is being written is written to its end."""
        self._stopped = True
        self._try("closed", self._log.close)

    def _begin(self, write: Callable[[str, bytes], Any], block_id: str, data: bytes) -> tuple[Fiber, simpy.Event]:
        """A fiber that writes as soon as a thread is free, and the event of its end."""

        def in_turn() -> Any:
            clock = self._backend.clock
            thread = clock.call(self._threads.request)
            clock.wait(thread)
            try:
                return write(block_id, data)
            finally:
                clock.call(self._threads.release, thread)

        def start() -> tuple[Fiber, simpy.Event]:
            fiber = self._spawn(f"write {block_id}", in_turn)
            return fiber, outcome(self._backend.clock.env, fiber)

        return self._backend.clock.call(start)

    def _put(self, block_id: str, data: bytes) -> None:
        prices = self._backend.prices
        self._backend.clock.charge(prices.draw(prices.model.store_block_ms))
        put(self._backend, self._executor, block_id, data, self._level)

    def _append(self, block_id: str, data: bytes) -> Any:
        """To the log. The time passes first, so a process that dies in it leaves no record."""
        prices, clock = self._backend.prices, self._backend.clock
        write_ms = prices.draw(prices.model.log_write_ms + prices.model.log_byte_ms * len(data))
        clock.charge(write_ms * self._executor.disk_slowness)
        with self._log_lock:
            handle = self._log.write(data, clock.now_ms)
        clock.call(self._logged, block_id, handle, len(data))
        return handle

    def _logged(self, block_id: str, handle: Any, size_bytes: int) -> None:
        path = getattr(handle, "path", "")
        executor_id = self._executor.executor_id
        self._backend.emit(BlockLogged(self._backend.clock.now_ms, block_id, executor_id, path, size_bytes))

    def _clean(self, threshold_ms: float) -> None:
        self._try("cleaned", self._log.clean, threshold_ms)

    def _try(self, what: str, fn: Callable[..., None], *args: Any) -> None:
        """A log that cannot be cleaned or closed is no reason to lose what it holds."""
        try:
            with self._log_lock:
                fn(*args)
        except Exception as error:
            self._warn(f"a receiver's write-ahead log could not be {what}: {type(error).__name__}: {error}")

    def _warn(self, message: str) -> None:
        self._backend.clock.call(self._backend.warn, "receiver", message)


def received_block_handler(
    backend: ClusterBackend,
    executor: Executor,
    level: StorageLevel,
    stream_id: int,
    checkpoint_directory: str | None,
    spawn: Spawn,
) -> ReceivedBlockHandler:
    """What the settings ask for (Spark: ReceiverSupervisorImpl). Raises as `check_log_settings`."""
    if not is_log_enabled(backend.conf):
        return BlockManagerHandler(backend, executor, level)
    directory = _required(checkpoint_directory)
    return WriteAheadLogHandler(backend, executor, level, stream_id, directory, spawn)


def put(backend: ClusterBackend, executor: Executor, block_id: str, data: bytes, level: StorageLevel) -> None:
    """Store a received block with its replicas. On a fiber. Raises `SparkException` when no copy was made."""
    if backend.blocks.put(executor, block_id, data, level) == 0:
        raise SparkException(f"Could not store {block_id} to block manager with storage level {level.short_name}")


def effective_level(level: StorageLevel, warn: Callable[[str], None]) -> StorageLevel:
    """How blocks are kept beside a log: serialised, in one copy. `warn` hears of what the level asked for in vain."""
    effective = StorageLevel(level.useDisk, level.useMemory, level.useOffHeap, False, 1)
    if level.deserialized:
        warn("with the write-ahead log, received blocks are kept serialised: the log needs their bytes anyway")
    if level.replication > 1:
        warn(
            f"with the write-ahead log, received blocks have 1 copy in memory or on disk, not {level.replication}: the "
            "log is the other one"
        )
    if level != effective:
        warn(f"with the write-ahead log, storage level {level.short_name} of a receiver becomes {effective.short_name}")
    return effective


def is_log_enabled(conf: SparkConf) -> bool:
    """`spark.streaming.receiver.writeAheadLog.enable`."""
    return boolean(conf, f"{RECEIVER_LOG}.enable", False)


def block_store_timeout_ms(conf: SparkConf) -> int:
    """`spark.streaming.receiver.blockStoreTimeout`, a bare number of seconds, in ms. Raises below 0."""
    seconds = integer(conf, "spark.streaming.receiver.blockStoreTimeout", 30)
    if seconds < 0:
        raise IllegalArgumentError(
            f"spark.streaming.receiver.blockStoreTimeout={seconds}: give whole seconds, 0 or more"
        )
    return seconds * 1000


def check_log_settings(conf: SparkConf, checkpoint_directory: str | None) -> None:
    """Raise where no receiver could open its log: without a checkpoint directory, or for a wrong setting.

    Spark finds out on the executor, and starts the receiver again and again; here the driver says so at once.
    """
    if is_log_enabled(conf):
        _required(checkpoint_directory)
        block_store_timeout_ms(conf)
        log_reader(conf).close()


def _required(checkpoint_directory: str | None) -> str:
    if checkpoint_directory is None:
        raise SparkException(
            f"{RECEIVER_LOG}.enable=true needs a checkpoint directory, for the log lies there: call "
            "ssc.checkpoint(directory) before ssc.start(), or set it to false"
        )
    return checkpoint_directory
