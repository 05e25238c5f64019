"""The numbers over time that Perfetto draws as curves: the queue, the delays, records, rates, and bytes in store."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sparksim.trace import events as e
from sparksim.trace import tables
from sparksim.trace.event import Event
from sparksim.trace.formats.trace_events import TraceEvents


def add_counters(
    trace: Iterable[Event], out: TraceEvents, driver: str, sources: str, executor_name: Callable[[str], str]
) -> None:
    """Add every counter to the processes of these names."""
    events = list(trace)
    _add_batches(events, out, driver)
    store = _Store()
    waiting: set[int] = set()
    sent: dict[str, int] = {}
    for event in events:
        if isinstance(event, e.BatchSubmitted | e.BatchStarted | e.DriverDied):
            _follow_queue(event, waiting)
            out.counter(driver, "waiting batches", event.time_ms, len(waiting))
        elif isinstance(event, e.RecordsSent):
            sent[event.source] = sent.get(event.source, 0) + event.count
            out.counter(sources, f"records sent by {event.source}", event.time_ms, sent[event.source])
        elif isinstance(event, e.RateUpdated):
            out.counter(driver, f"rate limit of stream {event.stream_id} (1/s)", event.time_ms, event.rate_per_s)
        for executor_id in store.follow(event):
            name = executor_name(executor_id)
            out.counter(name, "stored blocks (bytes)", event.time_ms, store.bytes_on(executor_id))


def _add_batches(events: list[Event], out: TraceEvents, driver: str) -> None:
    """What Spark's Streaming tab plots, each value at the time at which it was known."""
    for row in tables.batches(events):
        out.counter(driver, "records of batch", row.submission_ms, row.records)
        if row.processing_start_ms is not None and row.scheduling_delay_ms is not None:
            out.counter(driver, "scheduling delay (ms)", row.processing_start_ms, row.scheduling_delay_ms)
        if row.processing_end_ms is not None:
            out.counter(driver, "processing time (ms)", row.processing_end_ms, row.processing_time_ms or 0)
            out.counter(driver, "total delay (ms)", row.processing_end_ms, row.total_delay_ms or 0)


def _follow_queue(event: e.BatchSubmitted | e.BatchStarted | e.DriverDied, waiting: set[int]) -> None:
    if isinstance(event, e.DriverDied):
        waiting.clear()
    elif isinstance(event, e.BatchSubmitted):
        waiting.add(event.batch_time_ms)
    else:
        waiting.discard(event.batch_time_ms)


class _Store:
    """Which executor holds how many bytes of which block, in memory and on disk."""

    def __init__(self) -> None:
        self._sizes: dict[str, dict[str, int]] = {}

    def bytes_on(self, executor_id: str) -> int:
        return sum(self._sizes.get(executor_id, {}).values())

    def follow(self, event: Event) -> list[str]:
        """The executors whose store this event changed."""
        if isinstance(event, e.BlockStored):
            self._sizes.setdefault(event.executor_id, {})[event.block_id] = event.size_bytes
            return [event.executor_id]
        if isinstance(event, e.BlockRemoved):
            return [each for each, sizes in self._sizes.items() if sizes.pop(event.block_id, None) is not None]
        if isinstance(event, e.BlockEvicted) and not event.on_disk:
            sizes = self._sizes.get(event.executor_id, {})
            return [event.executor_id] if sizes.pop(event.block_id, None) is not None else []
        if isinstance(event, e.ExecutorRemoved):
            return [event.executor_id] if self._sizes.pop(event.executor_id, None) else []
        return []
