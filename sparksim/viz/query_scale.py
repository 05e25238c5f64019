"""The scale of event time in the pictures of a streaming query: from when to when, and where its ticks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparksim.viz.query_story import QueryStory

STEPS_MS = [
    amount * unit
    for unit, amounts in (
        (1, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (1000, (1, 2, 5, 10, 15, 30)),
        (60_000, (1, 2, 5, 10, 15, 30)),
        (3_600_000, (1, 2, 3, 6, 12)),
        (86_400_000, (1, 2, 5, 10, 20, 50, 100, 365)),
    )
    for amount in amounts
]
"""Round distances of ticks."""

MOST_TICKS = 9


def time_span(story: QueryStory) -> tuple[float, float]:
    """From the earliest to the latest event time, watermark or window, with a margin."""
    times = [entry.event_ms for step in story.steps for entry in step.entries if entry.event_ms is not None]
    first, last = min(times), max(times)
    for bar in story.windows():
        first, last = min(first, bar.window[0]), max(last, bar.window[1])
    for step in story.steps:
        for time_ms in (step.row.watermark_ms, *step.own_ms):
            if time_ms is not None and time_ms > 0:
                first, last = min(first, time_ms), max(last, time_ms)
    margin = max(last - first, 1.0) * 0.06
    return first - margin, last + margin


def clock_ticks(low: float, high: float) -> list[float]:
    """Round moments of the clock, at most nine."""
    step = next((each for each in STEPS_MS if (high - low) / each <= MOST_TICKS), STEPS_MS[-1])
    first = int(-(-low // step))
    return [float(number * step) for number in range(first, int(high // step) + 1)]
