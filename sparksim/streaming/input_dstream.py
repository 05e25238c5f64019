"""Streams that stand at the beginning (Spark: ReceiverInputDStream, QueueInputDStream, SocketInputDStream)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sparksim.core.rdd import RDD
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.dstream import DStream
from sparksim.streaming.rate_controller import receiver_rate_controller
from sparksim.streaming.received_block_handler import is_log_enabled
from sparksim.streaming.received_blocks import ReceivedBlockInfo
from sparksim.streaming.receiver import Receiver
from sparksim.streaming.receiver_rdd import BlockRDD, WriteAheadLogBackedBlockRDD

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

T = TypeVar("T")

EXECUTOR_DIED = "its block was lost with its executor before the batch's jobs were generated"
EVICTED = "its block had to make room in memory for another before the batch's jobs were generated"
DRIVER_DIED = "its block was lost when the driver died, and its executors with it"


class InputDStream(DStream[T]):
    """A stream without parents. `stream_id` counts the context's inputs from 0."""

    def __init__(self, ssc: StreamingContext) -> None:
        super().__init__(ssc, (), ssc._graph.batch_ms)
        self.stream_id = ssc._next_stream_id()
        ssc._graph.add_input(self)

    def start(self) -> None:
        """The context starts. Not in the hub."""

    def stop(self) -> None:
        """The context stops. Not in the hub."""

    def _own_ids(self) -> tuple[int, ...]:
        return (self.stream_id,)


class ReceiverInputDStream(InputDStream[T]):
    """A stream fed by a receiver: each batch is an RDD with one partition per received block."""

    def __init__(self, ssc: StreamingContext, receiver: Receiver) -> None:
        super().__init__(ssc)
        self.receiver = receiver
        self.rate_controller = receiver_rate_controller(self)

    def compute(self, batch_time_ms: int) -> RDD[T] | None:
        """The blocks this batch was given, if need be from the receiver's log.

        Without a log, those of which no copy is left any more are missing, with a warning.
        """
        ssc, backend = self._ssc, self._ssc._backend
        blocks = ssc._blocks_of_batch(batch_time_ms, self.stream_id)
        ssc._input_info.report(batch_time_ms, self.stream_id, sum(block.records for block in blocks))
        logs = is_log_enabled(backend.conf)
        logged = [block for block in blocks if block.log_handle is not None]
        if logged == blocks and (blocks or logs):
            return WriteAheadLogBackedBlockRDD(ssc.sparkContext, backend, blocks)
        if logged:
            backend.clock.call(backend.warn, "streaming", _half_logged(batch_time_ms, self.stream_id, logs))
        return self._stored(batch_time_ms, blocks)

    def _stored(self, batch_time_ms: int, blocks: list[ReceivedBlockInfo]) -> BlockRDD:
        ssc, backend = self._ssc, self._ssc._backend
        kept = [block for block in blocks if backend.blocks.holders(block.block_id)]
        gone = [block for block in blocks if block not in kept]

        def lose() -> None:
            for block in gone:
                reason = EXECUTOR_DIED if block.valid else DRIVER_DIED
                if backend.blocks.was_evicted(block.block_id):
                    reason = EVICTED
                backend.emit(block.lost(backend.clock.now_ms, reason))
            backend.warn(
                "streaming",
                f"batch {batch_time_ms} ms goes on without {len(gone)} of the {len(blocks)} blocks of stream "
                f"{self.stream_id}: no executor holds a copy of them any more",
            )

        if gone:
            backend.clock.call(lose)
        return BlockRDD(ssc.sparkContext, backend, [block.block_id for block in kept])


def _half_logged(batch_time_ms: int, stream_id: int, logs: bool) -> str:
    if logs:
        return (
            f"some blocks of batch {batch_time_ms} ms, stream {stream_id}, are not in the write-ahead log; the batch "
            "is read from the executors alone, and if they die its records are lost"
        )
    return (
        f"some blocks of batch {batch_time_ms} ms, stream {stream_id}, are in a write-ahead log, although "
        "spark.streaming.receiver.writeAheadLog.enable is false; the log is not read"
    )


class QueueInputDStream(InputDStream[T]):
    """A fixed list of RDDs, one per batch or all at once; then the default RDD, or an empty one."""

    def __init__(self, ssc: StreamingContext, rdds: list[RDD[T]], one_at_a_time: bool, default: RDD[T] | None) -> None:
        super().__init__(ssc)
        self._queue = list(rdds)
        self._one_at_a_time = one_at_a_time
        self._default = default

    def compute(self, batch_time_ms: int) -> RDD[T] | None:
        taken = self._queue[:1] if self._one_at_a_time else self._queue
        self._queue = self._queue[len(taken) :]
        if len(taken) == 1:
            return taken[0]
        if taken:
            return self._ssc.sparkContext.union(taken)
        return self._default if self._default is not None else self._ssc.sparkContext.emptyRDD()


class SocketReceiver(Receiver):
    """Reads lines from a TCP server. Unreliable: a line is stored one by one and nothing is ever read again."""

    def __init__(self, host: str, port: int, storageLevel: StorageLevel) -> None:
        super().__init__(storageLevel)
        self.host = host
        self.port = port

    def onStart(self) -> None:
        try:
            connection = self.connect(self.host, self.port)
        except OSError as error:
            self.restart(f"Error connecting to {self.host}:{self.port}", error)
            return
        self.start_thread(self._receive, connection)

    def onStop(self) -> None:
        """Nothing to do: the supervisor hangs up, and the reading thread ends."""

    def _receive(self, connection: Any) -> None:
        try:
            while not self.isStopped() and (line := connection.read()) is not None:
                self.store(line)
            if not self.isStopped():
                self.restart("Socket data stream had no more data")
        except OSError as error:
            if not self.isStopped():
                self.restart("Error receiving data", error)
