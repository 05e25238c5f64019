"""Cuts a receiver's records into blocks (Spark: BlockGenerator).

Records are appended to a buffer. Every block interval a timer cuts the buffer, if there is anything in it, and queues
the block; a second thread of control takes blocks from the queue and pushes them into storage. When the queue is full
the timer waits, the buffer grows, and the next block is bigger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import simpy

from sparksim.cluster.clock import Clock, Fiber
from sparksim.core.conf import SparkConf, integer, time_ms
from sparksim.core.counted import count_of, how_many
from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.streaming.origins import join
from sparksim.streaming.rate_limiter import RateLimiter
from sparksim.streaming.timer import RecurringTimer
from sparksim.trace.events import Origin


@dataclass(frozen=True, slots=True)
class Block:
    """Records that were cut together. `origins` says where they came from, as far as the source counts."""

    block_id: str
    records: list[Any]
    origins: tuple[Origin, ...]

    @property
    def count(self) -> int:
        """How many records these are."""
        return how_many(self.records)


class BlockGeneratorListener(Protocol):
    """Who is told: `ReceiverSupervisor`, or a receiver that keeps offsets per block (Spark: BlockGeneratorListener)."""

    def on_add_data(self, record: Any, metadata: Any) -> None:
        """A record was added with `add_data_with_callback`; under the generator's lock."""

    def on_generate_block(self, block: Block) -> None:
        """The buffer was just cut; under the generator's lock, in the hub."""

    def on_push_block(self, block: Block) -> None:
        """Store the block. On the push fiber; may block. An exception ends pushing for good, as in Spark."""

    def on_error(self, message: str, error: BaseException) -> None:
        """Pushing failed, for good: no later block will be pushed."""


class State(Enum):
    INITIALIZED = "Initialized"
    ACTIVE = "Active"
    STOPPED_ADDING_DATA = "StoppedAddingData"
    STOPPED_GENERATING_BLOCKS = "StoppedGeneratingBlocks"
    STOPPED_ALL = "StoppedAll"


class BlockGenerator:
    """One per receiver supervisor. `take_origins()` says which records of the source are being added, if known."""

    def __init__(
        self,
        clock: Clock,
        conf: SparkConf,
        stream_id: int,
        listener: BlockGeneratorListener,
        take_origins: Callable[[], tuple[Origin, ...]],
    ) -> None:
        self.interval_ms = block_interval_ms(conf)
        self._clock = clock
        self._stream_id = stream_id
        self._listener = listener
        self._take_origins = take_origins
        self._limiter = RateLimiter(conf)
        self._lock = threading.Lock()
        self._buffer: list[Any] = []
        self._origins: list[Origin] = []
        self._queue = simpy.Store(clock.env, capacity=block_queue_size(conf))
        self._timer = RecurringTimer(clock, self.interval_ms, self._cut)
        self._pusher: Fiber | None = None
        self.state = State.INITIALIZED

    @property
    def rate_limiter(self) -> RateLimiter:
        return self._limiter

    @property
    def fibers(self) -> list[Fiber]:
        """The push thread, once started."""
        return [] if self._pusher is None else [self._pusher]

    def start(self) -> None:
        """Begin to cut. Raises `SparkException` unless the generator is new. Hub only."""
        if self.state is not State.INITIALIZED:
            raise SparkException(
                f"a BlockGenerator can be started once, when it is {State.INITIALIZED.value}; this one is "
                f"{self.state.value}"
            )
        self.state = State.ACTIVE
        self._timer.start(self._timer.next_start_ms())
        self._pusher = self._clock.spawn(f"block pusher {self._stream_id}", self._keep_pushing)

    def stop(self) -> None:
        """Stop adding, cut what is there, push it, end. From a fiber; returns when all is stored.

        Does nothing unless the generator is active. If pushing has failed and the queue is full it never returns: the
        timer waits for room in the queue, as in Spark.
        """
        if self.state is not State.ACTIVE:
            return
        self.state = State.STOPPED_ADDING_DATA
        self._clock.wait(self._clock.call(self._timer.stop, False))
        self.state = State.STOPPED_GENERATING_BLOCKS
        assert self._pusher is not None
        self._clock.call(self._queue.put, None)
        self._clock.wait(self._pusher.done)
        self.state = State.STOPPED_ALL

    def crash(self) -> Block:
        """The process died: everything stops; the records that were still in the buffer, for the obituary. Hub only."""
        self.state = State.STOPPED_ALL
        self._timer.stop(interrupt=True)
        return self._take(f"input-{self._stream_id}-unfinished")

    def add_data(self, record: Any) -> None:
        """Append one record; waits for the rate limit. Raises `SparkException` when the generator is not active."""
        self._wait_for_permit(count_of(record))
        with self._lock:
            self._check_active()
            self._buffer.append(record)
            join(self._origins, self._take_origins())

    def add_data_with_callback(self, record: Any, metadata: Any) -> None:
        """`add_data`, and `on_add_data(record, metadata)` in the same breath."""
        self._wait_for_permit()
        with self._lock:
            self._check_active()
            self._buffer.append(record)
            join(self._origins, self._take_origins())
            self._listener.on_add_data(record, metadata)

    def add_multiple_data_with_callback(self, records: Iterable[Any], metadata: Any) -> None:
        """Append records that belong together: they land in one block. `on_add_data` hears of them as one list."""
        together = []
        for record in records:
            self._wait_for_permit()
            together.append(record)
        with self._lock:
            self._check_active()
            self._buffer.extend(together)
            join(self._origins, self._take_origins())
            self._listener.on_add_data(together, metadata)

    def _wait_for_permit(self, permits: int = 1) -> None:
        self._check_active()
        wait_ms = self._limiter.acquire(self._clock.now_ms, permits)
        if wait_ms > 0:
            self._clock.sleep(wait_ms)

    def _check_active(self) -> None:
        if self.state is not State.ACTIVE:
            raise SparkException(
                f"nothing can be stored now: the receiver's BlockGenerator is {self.state.value}, and it takes records "
                "only between the start and the stop of its receiver"
            )

    def _take(self, block_id: str) -> Block:
        with self._lock:
            block = Block(block_id, self._buffer, tuple(self._origins))
            self._buffer, self._origins = [], []
            if block.records and self.state is not State.STOPPED_ALL:
                self._listener.on_generate_block(block)
        return block

    def _cut(self, tick_ms: int) -> Generator[simpy.Event, Any, None] | None:
        if not self._buffer:
            return None
        block = self._take(f"input-{self._stream_id}-{tick_ms - self.interval_ms}")
        return self._enqueue(block)

    def _enqueue(self, block: Block) -> Generator[simpy.Event, Any, None]:
        yield self._queue.put(block)

    def _keep_pushing(self) -> None:
        try:
            while (block := self._clock.wait(self._clock.call(self._queue.get))) is not None:
                self._listener.on_push_block(block)
        except Exception as error:
            self._listener.on_error("Error in block pushing thread", error)


def block_interval_ms(conf: SparkConf) -> int:
    """`spark.streaming.blockInterval` in ms. Raises for 0 and below."""
    interval_ms = time_ms(conf, "spark.streaming.blockInterval", "200ms")
    if interval_ms <= 0:
        raise IllegalArgumentError(
            f"spark.streaming.blockInterval={conf.get('spark.streaming.blockInterval')!r}: the block interval must be "
            "positive, such as 200ms"
        )
    return interval_ms


def block_queue_size(conf: SparkConf) -> int:
    """`spark.streaming.blockQueueSize`. Raises for 0 and below."""
    size = integer(conf, "spark.streaming.blockQueueSize", 10)
    if size < 1:
        raise IllegalArgumentError(
            f"spark.streaming.blockQueueSize={size}: at least one block must fit into the queue, such as 10"
        )
    return size
