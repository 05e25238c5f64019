"""Writes driver checkpoints one after the other, beside the work of the batches (Spark: CheckpointWriter).

The job generator takes a snapshot and goes on; here it becomes a file. A late snapshot of an old batch is written under
the newest name, because it is the newer knowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from sparksim.cluster.backend import ClusterBackend
from sparksim.streaming.graph_checkpoint import GraphCheckpoint, write_checkpoint
from sparksim.streaming.outcome import outcome
from sparksim.trace.events import CheckpointWritten

ATTEMPTS = 3
"""How often a file is tried (CheckpointWriter.MAX_ATTEMPTS)."""

STOP_MS = 10_000
"""How long a stop waits for the files that are due (CheckpointWriter.stop)."""


class CheckpointWriter:
    """`on_written(batch_time_ms, clear_later)` hears of each file, in the hub."""

    def __init__(self, backend: ClusterBackend, on_written: Callable[[int, bool], None]) -> None:
        self._backend = backend
        self._clock = backend.clock
        self._on_written = on_written
        self._latest_ms = -1
        self._due: simpy.Store = simpy.Store(backend.clock.env)
        self._process: simpy.Process = backend.clock.env.process(self._serve())

    def write(self, checkpoint: GraphCheckpoint, clear_later: bool) -> None:
        """Write this snapshot when its turn comes. Hub only."""
        self._due.put((checkpoint, clear_later))

    def stop(self) -> simpy.Event:
        """Take no more; the event fires when what is due is written, or after 10 s. Hub only."""
        self._due.put(None)
        return self._process | self._clock.env.timeout(STOP_MS)

    def _serve(self) -> Generator[simpy.Event, Any, None]:
        while (due := (yield self._due.get())) is not None:
            checkpoint, clear_later = due
            self._latest_ms = max(self._latest_ms, checkpoint.time_ms)
            fiber = self._clock.spawn(f"checkpoint {checkpoint.time_ms} ms", self._store, checkpoint, self._latest_ms)
            error = yield outcome(self._clock.env, fiber)
            if error is None and fiber.done.value:
                self._on_written(checkpoint.time_ms, clear_later)
            elif error is not None:
                self._warn(f"the checkpoint of batch {checkpoint.time_ms} ms could not be written: {error}")

    def _store(self, checkpoint: GraphCheckpoint, name_ms: int) -> bool:
        """On a fiber: whether the file is there."""
        write_ms = self._backend.prices.draw(self._backend.prices.model.checkpoint_ms)
        self._clock.charge(write_ms * self._backend.disk_slowness)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                size_bytes = write_checkpoint(checkpoint, name_ms)
            except OSError as error:
                self._clock.call(
                    self._warn,
                    f"Error in attempt {attempt} of writing the checkpoint of batch {checkpoint.time_ms} ms to "
                    f"{checkpoint.directory}: {type(error).__name__}: {error}",
                )
                continue
            self._clock.call(self._written, checkpoint, name_ms, size_bytes)
            return True
        self._clock.call(
            self._warn,
            f"the checkpoint of batch {checkpoint.time_ms} ms was given up after {ATTEMPTS} attempts: a restart would "
            f"begin from an older one. Is {checkpoint.directory} there, and writable?",
        )
        return False

    def _written(self, checkpoint: GraphCheckpoint, name_ms: int, size_bytes: int) -> None:
        self._backend.emit(
            CheckpointWritten(
                self._clock.now_ms, checkpoint.time_ms, f"checkpoint-{name_ms}", size_bytes, checkpoint.pending_ms
            )
        )

    def _warn(self, message: str) -> None:
        self._backend.warn("streaming", message)
