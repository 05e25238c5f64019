"""A trace's milliseconds as the seconds of a picture, and its batch times as numbers of batches."""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace import Trace
from sparksim.trace.events import StreamingStarted
from sparksim.trace.trace import EPOCH_MS


@dataclass(frozen=True)
class Clock:
    """Turns a trace's milliseconds into the figure's seconds, and batch times into batch numbers."""

    origin_ms: float
    end_ms: float
    batch_ms: int
    block_ms: int
    zero_ms: int = 0

    @staticmethod
    def of(trace: Trace) -> Clock:
        """A simulation's origin is 0; a live run's is the start of its streaming, else its first event."""
        started = trace.of(StreamingStarted)
        first_ms = started[0].time_ms if started else trace[0].time_ms
        origin_ms = first_ms if first_ms > EPOCH_MS else 0.0
        if not started:
            return Clock(origin_ms, trace.end_ms, 0, 0)
        return Clock(origin_ms, trace.end_ms, started[-1].batch_ms, started[-1].block_ms, started[0].zero_ms)

    def seconds(self, time_ms: float | None) -> float:
        """The moment on the figure's axis; what has not happened yet lies at the end of the trace."""
        return ((self.end_ms if time_ms is None else time_ms) - self.origin_ms) / 1000

    def batch_number(self, batch_time_ms: int) -> int:
        return (batch_time_ms - self.zero_ms) // self.batch_ms - 1 if self.batch_ms else 0

    def batch_label(self, batch_time_ms: int) -> str:
        return f"{round(self.seconds(batch_time_ms), 1):g} s"
