"""Runs a script in live time, in this process: gives it a master, watches its trace, stops it when asked to."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TextIO

from sparksim.cluster.backend import ClusterBackend
from sparksim.cluster.watched import watched_backends
from sparksim.core.conf import forced_properties, integer, set_system_property
from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkException
from sparksim.core.script import run_script
from sparksim.streaming.context import StreamingContext
from sparksim.trace.events import (
    BatchCompleted,
    BatchSubmitted,
    Event,
    OutputOperationStarted,
    ReceiverStopped,
    StreamingStarted,
)
from sparksim.trace.trace import Trace
from sparksim.ui.server import StreamingServer
from sparksim.viz.streaming_status import RETAINED_BATCHES

DEFAULT_MASTER = "local[2]"
RETAINED = "spark.streaming.ui.retainedBatches"
QUIET_S = 5.0
"""The progress line shows up in runs that are longer than this."""


@dataclass
class LiveRun:
    """How a script ended: the trace of its last SparkContext, and what it raised."""

    trace: Trace = field(default_factory=Trace)
    error: BaseException | None = None
    left_running: bool = False


def run_live(
    program: Path,
    args: Sequence[str],
    master: str | None,
    until_s: float | None,
    progress: TextIO | None,
    page: StreamingServer | None = None,
) -> LiveRun:
    """Run `program` until it ends, `until_s` seconds of streaming are over, or Ctrl-C is pressed.

    The last two stop it gracefully: everything received is processed. A second Ctrl-C, or one while nothing streams,
    interrupts the program where it stands. `page` shows the program while it runs.
    """
    run = LiveRun()
    stopper = _Stopper()
    line = None if progress is None else ProgressLine(progress)

    def watch(backend: ClusterBackend) -> None:
        run.trace = backend.trace
        backend.trace.subscribe(_tell_failed_receiver)
        if line is not None:
            backend.trace.subscribe(line.show)
        if page is not None:
            page.follow(backend.trace, integer(backend.conf, RETAINED, RETAINED_BATCHES))
        if until_s is not None:
            backend.trace.subscribe(lambda event: stopper.schedule(event, until_s))

    set_system_property("spark.master", DEFAULT_MASTER)
    forced = forced_properties({"spark.master": master} if master else {})
    with watched_backends(watch), _interrupts_go_to(stopper), forced:
        try:
            run_script(program, args)
            run.left_running = StreamingContext.getActive() is not None
            stopper.join()
        except BaseException as error:
            run.error = error
        finally:
            if line is not None:
                line.clear()
    _end_contexts(at_once=isinstance(run.error, KeyboardInterrupt))
    return run


class ProgressLine:
    """One line that is drawn over itself, and gone whenever the program is about to print."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started_s = time.monotonic()
        self._records: dict[int, tuple[int, float]] = {}
        self._batches = 0
        self._total = 0
        self._drawn = False

    def show(self, event: Event) -> None:
        """A subscriber of the trace."""
        if isinstance(event, BatchSubmitted):
            self._records[event.batch_time_ms] = (sum(count for _, count in event.records), event.time_ms)
        elif isinstance(event, OutputOperationStarted):
            self.clear()
        elif isinstance(event, BatchCompleted):
            records, submitted_ms = self._records.pop(event.batch_time_ms)
            self._batches += 1
            self._total += records
            if time.monotonic() - self._started_s >= QUIET_S:
                delay_s = (event.time_ms - submitted_ms) / 1000
                self._draw(f"{self._batches} batches, {self._total:,} records, delay {delay_s:.2f} s (Ctrl-C stops)")

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._draw("")
            self._drawn = False

    def _draw(self, text: str) -> None:
        self._drawn = True
        self._stream.write(f"\r\x1b[K{text}")
        self._stream.flush()


class _Stopper:
    """Stops the active StreamingContext gracefully, once, on a thread of its own: the program is waiting in it."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._interrupted = False

    def schedule(self, event: Event, delay_s: float) -> None:
        """A subscriber of the trace: stop `delay_s` seconds after streaming started."""
        if isinstance(event, StreamingStarted):
            timer = threading.Timer(delay_s, self.stop)
            timer.daemon = True
            timer.start()

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """The handler of Ctrl-C."""
        if self._thread is not None or not self.stop():
            self._interrupted = True
            raise KeyboardInterrupt
        print("\nstopping: what was received is being processed (Ctrl-C again stops at once)", file=sys.stderr)

    def stop(self) -> bool:
        """Begin to stop; whether there was something to stop."""
        active = StreamingContext.getActive()
        if active is None or self._thread is not None:
            return False
        self._thread = threading.Thread(target=self._stop_gracefully, args=(active,), daemon=True)
        self._thread.start()
        return True

    def _stop_gracefully(self, active: StreamingContext) -> None:
        try:
            active.stop(stopGraceFully=True)
        except SparkException:
            # A second Ctrl-C takes the contexts away under a stop that is still waiting: that is what was asked for.
            if not self._interrupted:
                raise

    def join(self) -> None:
        """Wait until what began to stop has stopped."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.1)


def _tell_failed_receiver(event: Event) -> None:
    """A subscriber of the trace: a receiver that failed leaves nothing to see in the program's own output."""
    if isinstance(event, ReceiverStopped) and event.error:
        print(f"sparksim: receiver {event.stream_id}: {event.message}: {event.error}", file=sys.stderr)


@contextmanager
def _interrupts_go_to(stopper: _Stopper) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, stopper.interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_contexts(at_once: bool) -> None:
    """What the program left open ends with it; what is left is not processed, and `at_once` nothing is waited for."""
    ssc = StreamingContext.getActive()
    if ssc is not None and at_once:
        ssc.abandon()
    elif ssc is not None:
        ssc.stop(stopSparkContext=False)
    sc = SparkContext._active_spark_context
    if sc is not None:
        sc.stop()
