"""Runs one receiver on its executor (Spark: ReceiverSupervisor and ReceiverSupervisorImpl).

It lives inside a long task. It owns the block generator, stores blocks, reports them to the driver, and starts, stops and
restarts the receiver. When the executor dies it dies too, and says which records died with it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber, Killed
from sparksim.cluster.executor import Executor
from sparksim.cluster.network import Connection
from sparksim.core.conf import integer
from sparksim.core.errors import SparkException
from sparksim.core.serializer import dump_records
from sparksim.streaming.block_generator import Block, BlockGenerator
from sparksim.streaming.receiver import Receiver
from sparksim.trace.events import BlockGenerated, RecordsLost

if TYPE_CHECKING:
    from sparksim.streaming.receiver_tracker import ReceiverTracker


class ReceiverState(Enum):
    INITIALIZED = "Initialized"
    STARTED = "Started"
    STOPPED = "Stopped"


class ReceiverSupervisor:
    """One per receiver task."""

    def __init__(
        self, backend: ClusterBackend, tracker: ReceiverTracker, receiver: Receiver, stream_id: int, executor: Executor
    ) -> None:
        self.clock = backend.clock
        self.stream_id = stream_id
        self.executor = executor
        self.state = ReceiverState.INITIALIZED
        self._backend = backend
        self._tracker = tracker
        self._receiver = receiver
        self._restart_delay_ms = integer(backend.conf, "spark.streaming.receiverRestartDelay", 2000)
        self._next_block = int(backend.clock.now_ms)
        self._connections: list[Connection] = []
        self._reading: dict[Fiber | None, Connection] = {}
        self._unreported: dict[str, Block] = {}
        self._stopping_error: BaseException | None = None
        self._ended: simpy.Event = backend.clock.env.event()
        self.generator = BlockGenerator(self.clock, backend.conf, stream_id, self, self._now_origin)
        receiver._supervisor = self
        receiver._stream_id = stream_id

    @property
    def name(self) -> str:
        return f"{type(self._receiver).__name__}-{self.stream_id}"

    @property
    def is_started(self) -> bool:
        return self.state is ReceiverState.STARTED

    @property
    def is_stopped(self) -> bool:
        return self.state is ReceiverState.STOPPED

    # --- life cycle ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """The body of the receiver's task: start, and wait for the end. Raises what the receiver was stopped with."""
        self.clock.call(self._move_in)
        self.start_receiver()
        self.clock.wait(self._ended)
        self.clock.call(self.executor.residents.remove, self)
        if self._stopping_error is not None:
            raise self._stopping_error

    def start_receiver(self) -> None:
        """Register with the driver and, if it agrees, call `onStart`."""
        try:
            if self.clock.call(self._tracker.register, self.stream_id, self.name, self):
                self.state = ReceiverState.STARTED
                self._receiver.onStart()
            else:
                self.stop("Registered unsuccessfully because Driver refused to start receiver", None)
        except Exception as error:
            self.stop(f"Error starting receiver {self.stream_id}", error)

    def stop_receiver(self, message: str, error: BaseException | None) -> None:
        """Call `onStop` and deregister, once."""
        if self.state is not ReceiverState.STARTED:
            return
        self.state = ReceiverState.STOPPED
        try:
            self._receiver.onStop()
        finally:
            for connection in list(self._connections):
                self.clock.call(connection.close)
            self.clock.call(self._tracker.deregister, self.stream_id, message, error)

    def stop(self, message: str, error: BaseException | None) -> None:
        """Stop the receiver and the generator (which flushes), then let the task end. From a fiber."""
        self._stopping_error = error
        self.stop_receiver(message, error)
        self.generator.stop()
        self.clock.call(lambda: None if self._ended.triggered else self._ended.succeed())

    def stop_soon(self, message: str, error: BaseException | None) -> None:
        """`stop`, in the background: what `Receiver.stop` and the driver's StopReceiver do."""
        self._spawn("stop receiver", self.stop, message, error)

    def restart(self, message: str, error: BaseException | None, delay_ms: int | None) -> None:
        """Stop the receiver, wait, start it again, in the background; the generator goes on and keeps its buffer."""
        self._spawn("restart receiver", self._restart, message, error, delay_ms)

    def _restart(self, message: str, error: BaseException | None, delay_ms: int | None) -> None:
        pause_ms = self._restart_delay_ms if delay_ms is None else delay_ms
        why = message if error is None else f"{message}: {error}"
        self.clock.call(
            self._backend.warn, "receiver", f"Restarting receiver {self.stream_id} in {pause_ms / 1000:g} s: {why}"
        )
        self.report_error(message, error)
        self.stop_receiver(f"Restarting receiver with delay {pause_ms} ms: {message}", error)
        self.clock.sleep(pause_ms)
        if not self._ended.triggered:
            self.start_receiver()

    def _move_in(self) -> None:
        self.executor.residents.append(self)
        self.generator.start()
        self.executor.fibers.extend(self.generator.fibers)

    # --- what the receiver calls ---------------------------------------------------------------------------------------

    def push_single(self, record: Any) -> None:
        """Into the generator's buffer."""
        self.generator.add_data(record)

    def push_and_report(self, records: list[Any]) -> None:
        """Store the records as one block now, and report it; returns when both are done. Raises if storing fails."""
        origin = self._now_origin()
        block = self.clock.call(self._new_block, records, () if origin is None else (origin,))
        self.on_push_block(block)

    def report_error(self, message: str, error: BaseException | None) -> None:
        self.clock.call(self._tracker.report_error, self.stream_id, message, error)

    def start_thread(self, target: Callable[..., Any], *args: Any) -> None:
        """A thread of the receiver; an exception that leaves it is reported, as an uncaught one would be logged."""

        def body() -> None:
            try:
                target(*args)
            except Exception as error:
                self.report_error(f"A thread of {self.name} ended with an exception", error)

        self._spawn(f"thread of {self.name}", body)

    def connect(self, host: str, port: int) -> Connection:
        """A connection that closes when the receiver stops or its executor dies."""
        connection = self._backend.network.connect(host, port, self.stream_id)
        self._connections = [each for each in self._connections if not each.closed]
        self._connections.append(connection)
        self._reading[self.clock.current()] = connection
        return connection

    # --- BlockGeneratorListener ----------------------------------------------------------------------------------------

    def on_add_data(self, record: Any, metadata: Any) -> None:
        """The default generator keeps no metadata."""

    def on_generate_block(self, block: Block) -> None:
        self._unreported[block.block_id] = block
        self._backend.emit(
            BlockGenerated(
                self.clock.now_ms,
                self.stream_id,
                block.block_id,
                self.executor.executor_id,
                len(block.records),
                block.origins,
            )
        )

    def on_push_block(self, block: Block) -> None:
        """Store, replicate, report: pushAndReportBlock."""
        model = self._backend.prices.model
        data = dump_records(block.records)
        self.clock.charge(
            self._backend.prices.draw(model.store_block_ms + model.serialize_record_ms * len(block.records))
        )
        copies = self._backend.blocks.put(self.executor, block.block_id, data, self._receiver.storageLevel)
        if copies == 0:
            raise SparkException(f"Could not store {block.block_id} to block manager with {self._receiver.storageLevel}")
        self.clock.charge(self._backend.prices.draw(model.report_block_ms))
        self.clock.call(self._report, block)

    def on_error(self, message: str, error: BaseException) -> None:
        if not isinstance(error, Killed):
            self.report_error(message, error)

    def _report(self, block: Block) -> None:
        self._unreported.pop(block.block_id, None)
        self._tracker.add_block(self.stream_id, block.block_id, len(block.records), block.origins)

    def _new_block(self, records: list[Any], origins: tuple[Any, ...]) -> Block:
        block = Block(f"input-{self.stream_id}-{self._next_block}", records, origins)
        self._next_block += 1
        self.on_generate_block(block)
        return block

    # --- the end of the executor ---------------------------------------------------------------------------------------

    def executor_died(self, reason: str) -> None:
        """Connections break; what was in the buffer or on its way into storage is lost."""
        self.state = ReceiverState.STOPPED
        buffer = self.generator.crash()
        for connection in self._connections:
            connection.close()
        if buffer.records:
            self._lose(buffer.records, buffer.origins, f"in the receiver's buffer when {reason}", "")
        for block in self._unreported.values():
            why = f"cut into a block that had not reached the driver when {reason}"
            self._lose(block.records, block.origins, why, block.block_id)
        self._unreported.clear()

    def _lose(self, records: list[Any], origins: tuple[Any, ...], reason: str, block_id: str) -> None:
        self._backend.emit(RecordsLost(self.clock.now_ms, origins, len(records), reason, self.stream_id, block_id))

    def _now_origin(self) -> Any:
        """The record that the calling thread read last from the connection it opened or was given."""
        connection = self._reading.get(self.clock.current())
        if connection is None and len(self._connections) == 1:
            connection = self._connections[0]
        return None if connection is None else connection.origin

    def _spawn(self, name: str, fn: Callable[..., Any], *args: Any) -> None:
        def start() -> None:
            self.executor.fibers.append(self.clock.spawn(name, fn, *args))

        self.clock.call(start)
