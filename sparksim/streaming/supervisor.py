"""Runs one receiver on its executor (Spark: ReceiverSupervisor and ReceiverSupervisorImpl).

It lives inside a long task. It owns the block generator, stores blocks, reports them to the driver, and starts, stops
and restarts the receiver. When the executor dies it dies too, and says which records died with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.clock import Fiber
from sparksim.cluster.executor import Executor
from sparksim.cluster.network import Connection
from sparksim.core.conf import SparkConf, integer
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.failure import describe_failure
from sparksim.streaming.block_generator import Block, BlockGenerator, block_interval_ms, block_queue_size
from sparksim.streaming.origins import FollowedConnection
from sparksim.streaming.rate_limiter import RateLimiter
from sparksim.streaming.received_block_handler import received_block_handler
from sparksim.streaming.receiver import Receiver
from sparksim.trace.events import BlockGenerated, Origin, RecordsLost

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
        self._restart_delay_ms = restart_delay_ms(backend.conf)
        self._next_block = int(backend.clock.now_ms)
        self._connections: list[FollowedConnection] = []
        self._unreported: dict[str, Block] = {}
        self._stopping = False
        self._stopping_error: BaseException | None = None
        # Where time is virtual, the hub and all fibers share one thread, and no other may touch them.
        hub_thread = backend.clock.call(threading.get_ident)
        self._only_thread = hub_thread if hub_thread == threading.get_ident() else None
        self._ended: simpy.Event = backend.clock.env.event()
        self.generator = BlockGenerator(self.clock, backend.conf, stream_id, self, self._take_origins)
        self._handler = received_block_handler(
            backend, executor, receiver.storageLevel, stream_id, tracker.checkpoint_directory, self._spawn
        )
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

    # --- life cycle ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """The body of the receiver's task: start, and wait for the end. Raises what the receiver was stopped with."""
        self.clock.call(self._move_in)
        self.start_receiver()
        self.clock.wait(self._ended)
        self.clock.call(self._move_out)
        if self._stopping_error is not None:
            raise self._stopping_error

    def start_receiver(self) -> None:
        """Register with the driver and, if it agrees, call `onStart`."""
        try:
            self.executor.link.cross(self.clock)
            if self.clock.call(self._tracker.register, self.stream_id, self.name, self):
                self.state = ReceiverState.STARTED
                self._receiver.onStart()
            else:
                self.stop("the driver refused this receiver: its executor is not among those it was meant for", None)
        except Exception as error:
            self.stop(f"Error starting receiver {self.stream_id}", error)

    def stop_receiver(self, message: str, error: BaseException | None) -> None:
        """Call `onStop`, hang up, deregister, once. As in Spark, no deregistration when `onStop` raises."""
        if not self.clock.call(self._mark_stopped):
            return
        failure: Exception | None = None
        try:
            self._receiver.onStop()
        except Exception as raised:
            failure = raised
        self.clock.call(self._hang_up)
        if failure is None:
            self.clock.call(self._tracker.deregister, self.stream_id, message, error)
        else:
            why = f"{self.name}.onStop() raised {type(failure).__name__}: {failure}"
            self.clock.call(self._backend.warn, "receiver", why)

    def stop(self, message: str, error: BaseException | None) -> None:
        """Stop the receiver and the generator (which flushes), then let the task end. Not in the hub.

        A write-ahead log is closed between the two, as in Spark: it refuses what the generator flushes.
        """
        self._stopping = True
        self._stopping_error = error
        self.stop_receiver(message, error)
        self._handler.stop()
        self.generator.stop()
        self.clock.call(lambda: None if self._ended.triggered else self._ended.succeed())

    def stop_soon(self, message: str, error: BaseException | None) -> None:
        """`stop`, in the background: what the driver's StopReceiver does."""
        self._spawn("stop receiver", self.stop, message, error)

    def restart(self, message: str, error: BaseException | None, delay_ms: int | None) -> None:
        """Stop the receiver, wait, start it again, in the background; the generator goes on and keeps its buffer."""
        self._spawn("restart receiver", self._restart, message, error, delay_ms)

    def update_rate(self, rate_per_s: int) -> None:
        """Let the generator take at most so many records a second: what the driver's UpdateRateLimit does. Hub only."""
        self.generator.rate_limiter.update_rate(rate_per_s, self.clock.now_ms)

    def clean_log(self, threshold_ms: float) -> None:
        """Let old files of the write-ahead log go: what the driver's CleanupOldBlocks does. Hub only."""
        self._handler.clean(threshold_ms)

    def _restart(self, message: str, error: BaseException | None, delay_ms: int | None) -> None:
        pause_ms = self._restart_delay_ms if delay_ms is None else delay_ms
        why = message if error is None else f"{message}: {error}"
        self.clock.call(
            self._backend.warn, "receiver", f"Restarting receiver {self.stream_id} in {pause_ms / 1000:g} s: {why}"
        )
        self.stop_receiver(f"Restarting receiver with delay {pause_ms}ms: {message}", error)
        self.clock.sleep(pause_ms)
        if not self._stopping:
            self.start_receiver()

    def _mark_stopped(self) -> bool:
        """Whether this call is the one that stops the receiver."""
        was_started = self.state is ReceiverState.STARTED
        if was_started:
            self.state = ReceiverState.STOPPED
        return was_started

    def _hang_up(self) -> None:
        for connection in self._connections:
            connection.close()

    def _move_in(self) -> None:
        self.executor.residents.append(self)
        self.generator.start()
        for fiber in self.generator.fibers:
            self.executor.run_on(fiber)

    def _move_out(self) -> None:
        self.executor.residents.remove(self)
        self._lose_the_rest("when the receiver ended")

    # --- what the receiver calls --------------------------------------------------------------------------------------

    def push_single(self, record: Any) -> None:
        """Into the generator's buffer."""
        self.generator.add_data(record)

    def push_and_report(self, records: list[Any]) -> None:
        """Store the records as one block now, and report it; returns when both are done. Raises if storing fails."""
        block = self.clock.call(self._new_block, records)
        try:
            self._store(block)
        except Exception:
            # The receiver hears of it; the records are its own again, to store once more or to give up.
            self._unreported.pop(block.block_id, None)
            raise

    def report_error(self, message: str, error: BaseException | None) -> None:
        self.clock.call(self._tracker.report_error, self.stream_id, message, error)

    def start_thread(self, target: Callable[..., Any], *args: Any) -> None:
        """A thread of the receiver. An exception that leaves it is reported, unless the receiver was stopped anyway.

        It also ends a cluster's executor, and so the receiver starts elsewhere; a local one goes on (Executor.isLocal).
        """

        def body() -> None:
            try:
                target(*args)
            except Exception as error:
                if self.is_stopped:
                    return
                self.report_error(f"A thread of {self.name} ended with an exception", error)
                if not self._backend.master.live:
                    self.clock.call(self._end_process, error)

        self._spawn(f"thread of {self.name}", body)

    def _end_process(self, error: Exception) -> None:
        """Nobody caught it: the executor ends, and another is started (Spark: SparkUncaughtExceptionHandler)."""
        reason = f"an exception left a thread of {self.name}: {describe_failure(error)}"
        self.executor.die(self.clock, f"executor {self.executor.executor_id} ended: {reason}")
        self._backend.executor_died(self.executor, 0.0)

    def connect(self, host: str, port: int) -> Connection:
        """A connection that closes when the receiver stops or its executor dies."""
        connection = FollowedConnection(self._backend.network.connect(host, port, self.stream_id), self.clock.current)
        self.clock.call(self._keep, connection)
        return connection

    def check_thread(self) -> None:
        """Raise in a thread that does not live in this receiver's time."""
        if self._only_thread is not None and threading.get_ident() != self._only_thread:
            raise IllegalStateError(
                f"{self.name} was called from a threading.Thread, which lives in real time, while this receiver lives "
                "in the virtual time of a simulation. Start the thread with self.start_thread(function, arguments), "
                "and wait in it with self.sleep(seconds)."
            )

    # --- BlockGeneratorListener ---------------------------------------------------------------------------------------

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
                block.count,
                block.origins,
            )
        )

    def on_push_block(self, block: Block) -> None:
        """Store, replicate, report. A block that cannot be stored is lost, and ends the pushing."""
        try:
            self._store(block)
        except Exception as error:
            self.clock.call(self._lose_block, block, f"could not be stored: {type(error).__name__}: {error}")
            raise

    def on_error(self, message: str, error: BaseException) -> None:
        self.report_error(message, error)
        self.clock.call(
            self._backend.warn,
            "receiver",
            f"{self.name} cannot store blocks any more after {type(error).__name__}: {error}. It goes on receiving, "
            "but nothing of what it receives will be processed until it is stopped and started again",
        )

    def _store(self, block: Block) -> None:
        """Store, replicate, report (pushAndReportBlock)."""
        log_handle = self._handler.store(block)
        self.clock.charge(self._backend.prices.draw(self._backend.prices.model.report_block_ms))
        self.executor.link.cross(self.clock)
        self.clock.call(self._report, block, log_handle)

    def _report(self, block: Block, log_handle: Any) -> None:
        self._unreported.pop(block.block_id, None)
        self._tracker.add_block(self.stream_id, block.block_id, block.count, block.origins, log_handle)

    def _new_block(self, records: list[Any]) -> Block:
        block = Block(f"input-{self.stream_id}-{self._next_block}", records, self._take_origins())
        self._next_block += 1
        self.on_generate_block(block)
        return block

    # --- failures --------------------------------------------------------------------------------------

    def executor_died(self, reason: str) -> None:
        """Connections break; what was in the buffer or on its way into storage is lost."""
        self.state = ReceiverState.STOPPED
        buffer = self.generator.crash()
        self._hang_up()
        if buffer.records:
            self._lose(buffer.origins, buffer.count, f"in the receiver's buffer when {reason}", "")
        self._lose_the_rest(f"when {reason}")

    def fail(self, restarts: bool) -> None:
        """The receiver fails: it asks to be started again, or ends with its task. Hub only."""
        error = RuntimeError("the receiver crashed")
        if restarts:
            self.restart("Error receiving data", error, None)
        else:
            self.stop_soon("Error receiving data", error)

    def _lose_the_rest(self, when: str) -> None:
        """What was received and never reached the driver."""
        for block in list(self._unreported.values()):
            self._lose_block(block, f"cut into a block that had not reached the driver {when}")
        for connection in self._connections:
            unstored = connection.take()
            if unstored:
                count = sum(last - first + 1 for _, first, last in unstored)
                self._lose(tuple(unstored), count, f"read from the source but not yet stored {when}", "")

    def _lose_block(self, block: Block, reason: str) -> None:
        self._unreported.pop(block.block_id, None)
        # A queue delivers again what nobody has acknowledged.
        if not (self._connections and all(each.is_acknowledged for each in self._connections)):
            self._lose(block.origins, block.count, reason, block.block_id)

    def _lose(self, origins: tuple[Origin, ...], count: int, reason: str, block_id: str) -> None:
        self._backend.emit(RecordsLost(self.clock.now_ms, origins, count, reason, self.stream_id, block_id))

    # --- connections and threads -------------------------------------------------------------------------------------

    def _keep(self, connection: FollowedConnection) -> None:
        self._connections = [each for each in self._connections if each.unstored or not each.closed]
        self._connections.append(connection)
        if self._stopping or not self.executor.alive:
            connection.close()

    def _take_origins(self) -> tuple[Origin, ...]:
        """What is being stored now: what the caller, or else any thread, has read since it was stored from last.

        If that is nothing, the record read last: one line may make many records.
        """
        caller = self.clock.current()
        read_from = [each for each in self._connections if each.reader is caller] or self._connections
        origins: list[Origin] = []
        for each in read_from:
            origins += each.take()
        if not origins and read_from and read_from[-1].origin is not None:
            origins.append(read_from[-1].origin)
        return tuple(origins)

    def _spawn(self, name: str, fn: Callable[..., Any], *args: Any) -> Fiber:
        def start() -> Fiber:
            fiber = self.clock.spawn(name, fn, *args)
            self.executor.run_on(fiber)
            assert fiber.done.callbacks is not None
            fiber.done.callbacks.append(lambda _done: self._forget(fiber))
            return fiber

        return self.clock.call(start)

    def _forget(self, fiber: Fiber) -> None:
        if fiber in self.executor.fibers:
            self.executor.fibers.remove(fiber)


def restart_delay_ms(conf: SparkConf) -> int:
    """`spark.streaming.receiverRestartDelay`, a bare number of ms. Raises below 0."""
    delay_ms = integer(conf, "spark.streaming.receiverRestartDelay", 2000)
    if delay_ms < 0:
        raise IllegalArgumentError(f"spark.streaming.receiverRestartDelay={delay_ms}: give a pause of 0 ms or more")
    return delay_ms


def check_receiver_settings(conf: SparkConf) -> int:
    """Raise `IllegalArgumentError` for a setting that no receiver could start with; returns the block interval in ms.

    Spark finds out on the executor, and starts the receiver again and again; here the driver says so at once.
    """
    RateLimiter(conf)
    restart_delay_ms(conf)
    block_queue_size(conf)
    return block_interval_ms(conf)
