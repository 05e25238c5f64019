"""`withWatermark`: the node, and the mark it leaves on its column (Spark: EventTimeWatermark).

The mark follows the column by `Scope.mark`: through projection, renaming, filters, windows over it and grouping by it.
"""

from __future__ import annotations

from sparksim.sql.plan.nodes import EventTime, Plan, Watermark


def watermarked(plan: Plan, column: int, delay_ms: int, number: int) -> Watermark:
    """The node over `plan`; a mark that another column has stays."""
    mark = EventTime(delay_ms)
    times = tuple(mark if at == column else time for at, time in enumerate(plan.event_times))
    return Watermark(plan.schema, times, plan, column, delay_ms, number)
