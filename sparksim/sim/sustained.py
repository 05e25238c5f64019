"""Was a load sustained? A verdict on a run, from its batches, its losses and what its receivers left unread.

Spark's tuning guide calls an application stable when its batches are processed as fast as they are generated, and
allows a delay that grows for a moment and falls back. `verdict` is that rule with numbers in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sparksim.core.arguments import is_positive
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.run import Run
from sparksim.trace.events import JobGenerationFailed, RecordsLost, StreamingStarted
from sparksim.trace.fates import PENDING
from sparksim.trace.rows import BatchRow

LEAST_BATCHES = 20
NO_WAIT = 0.01
"""A batch that waited this share of the batch interval longer than the one that waited least did not really wait."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the load was sustained, and if not, why. None where the run was too short to say."""

    sustained: bool | None
    reason: str = ""


def verdict(run: Run, until: float, bound_ms: float | None = None) -> Verdict:
    """Whether the load of a run over `until` seconds was sustained: all of the following.

    1. **The queue of batches was empty in the last quarter of the run**: a batch of that quarter started without
       waiting (not more than 1 % of the batch interval longer than the batch that waited least). By then everything of
       the first three quarters had been processed, so batches were processed as fast as they were generated. Where one
       batch takes longer than the interval, each waits longer than the one before, and none of them meets this. Unlike
       a bound on the delay or on its slope it needs no constant that depends on the program: a long batch now and then
       (windows, checkpoints) and a delay that falls back are no harm, and a steady overload of half a percent shows.
    2. **No batch failed** in the second half of the run, and the jobs of each could be made.
    3. **No record was lost** in the second half.
    4. **The receivers kept up**: of no source was more unread at the end than two of the largest portions (blocks, or
       batches where there are no blocks) that were taken of it. A rate limit below the rate shows here, not in delays.
    5. With `bound_ms`, **the latency stayed within the bound**: from the beginning of its interval, when its first
       record may arrive, each batch of the second half took at most this until its end (batch interval, making of
       jobs, and total delay).

    The first half is warm-up: first batches are slow and receivers have to connect. A run of fewer than 20 batch
    intervals gets no verdict. Raises `IllegalArgumentError` for an `until` or a `bound_ms` that is no positive number.
    """
    for name, value in (("until", until), ("bound_ms", bound_ms)):
        if value is not None and not is_positive(value):
            raise IllegalArgumentError(f"{name}={value!r}: give a positive number")
    started = run.trace.of(StreamingStarted)
    if not started:
        return Verdict(None, "no streaming context was started")
    batch_ms, end_ms = started[0].batch_ms, until * 1000
    if end_ms < LEAST_BATCHES * batch_ms:
        least_s = LEAST_BATCHES * batch_ms / 1000
        return Verdict(
            None, f"the run is too short to tell: simulate {LEAST_BATCHES} batches or more, until={least_s:g}"
        )
    rows = [row for row in run.batches if row.status != "abandoned"]
    late = [row for row in rows if row.submission_ms >= end_ms / 2]
    reasons = (
        _failure(run, late, end_ms),
        _loss(run, end_ms),
        _queue(rows, batch_ms, end_ms),
        _unread(run),
        _latency(late, batch_ms, end_ms, bound_ms),
    )
    reason = next(filter(None, reasons), "")
    return Verdict(not reason, reason)


def _failure(run: Run, late: Sequence[BatchRow], end_ms: float) -> str:
    failed = next((row.batch_time_ms for row in late if row.failed), None)
    if failed is not None:
        return f"batch {failed / 1000:g} s failed"
    for event in run.trace.of(JobGenerationFailed):
        if event.time_ms >= end_ms / 2:
            return f"batch {event.batch_time_ms / 1000:g} s had no jobs"
    return ""


def _loss(run: Run, end_ms: float) -> str:
    late = [event for event in run.trace.of(RecordsLost) if event.time_ms >= end_ms / 2]
    lost = sum(event.count for event in late)
    return f"{lost:,} records lost: {late[0].reason}" if lost else ""


def _queue(rows: Sequence[BatchRow], batch_ms: float, end_ms: float) -> str:
    # Counted from the batch time, so that a job generator that falls behind is seen too.
    waits = [(row, row.processing_start_ms - row.batch_time_ms) for row in rows if row.processing_start_ms is not None]
    least_ms = min((wait_ms for _, wait_ms in waits), default=0.0)
    last = [wait_ms - least_ms for row, wait_ms in waits if row.batch_time_ms >= 0.75 * end_ms]
    if any(wait_ms <= NO_WAIT * batch_ms for wait_ms in last):
        return ""
    unfinished = sum(row.status != "completed" for row in rows)
    least = f"each waited {min(last) / 1000:.3g} s or longer" if last else "none was started"
    return f"batches queued up: in the last quarter {least}; {unfinished} unfinished at the end"


def _unread(run: Run) -> str:
    unread: Counter[str] = Counter()
    portions: dict[str, Counter[object]] = {}
    for record in run.delivery.records:
        if record.block_id or record.batch_time_ms is not None:
            portion = record.block_id or record.batch_time_ms
            portions.setdefault(record.source, Counter())[portion] += 1
        elif record.outcome == PENDING:
            unread[record.source] += 1
    for source, count in unread.items():
        if count > 2 * max(portions.get(source, Counter()).values(), default=0):
            return f"receivers did not keep up: {count:,} records of {source} unread at the end"
    return ""


def _latency(late: Sequence[BatchRow], batch_ms: float, end_ms: float, bound_ms: float | None) -> str:
    longest_ms = max(_latencies(late, batch_ms, end_ms), default=0.0)
    if bound_ms is None or longest_ms <= bound_ms:
        return ""
    return f"latency of {longest_ms:,.0f} ms, {bound_ms:,g} ms allowed"


def _latencies(late: Sequence[BatchRow], batch_ms: float, end_ms: float) -> Iterator[float]:
    for row in late:
        done_ms = end_ms if row.processing_end_ms is None else row.processing_end_ms
        yield done_ms - row.batch_time_ms + batch_ms
