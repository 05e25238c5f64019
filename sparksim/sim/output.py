"""What a simulated program prints, caught and put on record with the batch that printed it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sparksim.cluster.task_set import BATCH_TIME
from sparksim.core import local_properties
from sparksim.trace.events import OutputPrinted
from sparksim.trace.trace import Trace

Record = Callable[[int | None, str], None]


class _Catcher(io.TextIOBase):
    """Stands in for stdout: whole lines go to `record(batch_time_ms, text)`."""

    def __init__(self, record: Record, echo: bool) -> None:
        self._record = record
        self._echo = sys.stdout if echo else None
        self._partial: dict[int | None, str] = {}

    def write(self, text: str) -> int:
        if self._echo is not None:
            self._echo.write(text)
        batch_time = local_properties.get(BATCH_TIME)
        key = None if batch_time is None else int(batch_time)
        whole = self._partial.pop(key, "") + text
        if whole.endswith("\n"):
            self._record(key, whole)
        elif whole:
            self._partial[key] = whole
        return len(text)

    def flush(self) -> None:
        if self._echo is not None:
            self._echo.flush()

    def settle(self) -> None:
        """Hand over lines that were never ended."""
        for key, text in self._partial.items():
            self._record(key, text)
        self._partial.clear()


@contextmanager
def caught_output(record: Record, echo: bool) -> Iterator[None]:
    """Let everything printed in a `with` block go to `record`, and to the real stdout too if `echo`."""
    catcher = _Catcher(record, echo)
    real, sys.stdout = sys.stdout, catcher
    try:
        yield
    finally:
        sys.stdout = real
        catcher.settle()


class Output:
    """Printed text by batch: `output[2.0]` is what the batch of second 2 printed, `str(output)` all of it, in order."""

    def __init__(self, trace: Trace) -> None:
        self._events = [event for event in trace if isinstance(event, OutputPrinted)]

    def __getitem__(self, batch_s: float) -> str:
        """The text of one batch; "" if it printed nothing."""
        wanted = round(batch_s * 1000)
        return "".join(event.text for event in self._events if event.batch_time_ms == wanted)

    @property
    def batches(self) -> list[float]:
        """The batch times, in seconds, of the batches that printed."""
        times = {event.batch_time_ms for event in self._events if event.batch_time_ms is not None}
        return [time_ms / 1000 for time_ms in sorted(times)]

    def __str__(self) -> str:
        return "".join(event.text for event in self._events)

    def __repr__(self) -> str:
        return str(self)
