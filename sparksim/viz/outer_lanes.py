"""The lanes that only the widget has room for: sources, offsets, logs, batch intervals, stages, checkpoints.

Like those of `viz.lanes` they are plain values, in seconds since the run's origin; so are those of `viz.kafka_lanes`.
"""

from __future__ import annotations

from sparksim.trace.fates import LOST
from sparksim.viz.clock import Clock
from sparksim.viz.facts import Facts
from sparksim.viz.lanes import Bar, Lane, in_slots, slots_of
from sparksim.viz.palette import FAILED, UNASSIGNED

POINT_S = 0.001
"""What takes no time is still a bar that can be pointed at."""


def source_lanes(facts: Facts) -> list[Lane]:
    """One lane per source: its records, over the time in which they came, in the colour of their batch."""
    clock = facts.clock
    bars: dict[str, list[Bar]] = {}
    for number, row in enumerate(facts.stretches):
        shown = Bar(
            clock.seconds(row.start_ms),
            max(clock.seconds(row.end_ms), clock.seconds(row.start_ms) + POINT_S),
            FAILED if row.outcome == LOST else _style(row.batch_time_ms, clock),
            f"×{row.times}" if row.times > 1 else "",
            fact=("stretches", number),
        )
        bars.setdefault(row.source, []).append(shown)
    return [Lane(f"source {source}", "sources", tuple(own), kind="source", who=source) for source, own in bars.items()]


def range_lanes(facts: Facts) -> list[Lane]:
    """One lane per direct stream: what each batch reads of each log, over the interval before the batch."""
    clock = facts.clock
    logs: dict[int, dict[str, int]] = {}
    bars: dict[int, list[Bar]] = {}
    for number, row in enumerate(facts.ranges):
        own = logs.setdefault(row.stream_id, {})
        end_s = clock.seconds(row.batch_time_ms)
        shown = Bar(
            end_s - clock.batch_ms / 1000,
            end_s,
            clock.batch_number(row.batch_time_ms),
            f"{row.first}–{row.last}",
            own.setdefault(row.source, len(own)),
            fact=("ranges", number),
        )
        bars.setdefault(row.stream_id, []).append(shown)
    return [
        Lane(
            f"offsets of stream {stream_id}",
            "offsets",
            tuple(own),
            slots=slots_of(own),
            kind="ranges",
            who=str(stream_id),
        )
        for stream_id, own in bars.items()
    ]


def interval_lanes(facts: Facts) -> list[Lane]:
    """The batches: each over the interval whose records it takes. One that was run again stands there once."""
    clock = facts.clock
    latest = {row.batch_time_ms: number for number, row in enumerate(facts.batches)}
    bars = tuple(
        Bar(
            clock.seconds(batch_time_ms - clock.batch_ms),
            clock.seconds(batch_time_ms),
            clock.batch_number(batch_time_ms),
            clock.batch_label(batch_time_ms),
            in_vain=facts.batches[number].failed,
            fact=("batches", number),
        )
        for batch_time_ms, number in latest.items()
    )
    return [Lane("batch intervals", "batches", bars, kind="batches")] if bars else []


def log_lanes(facts: Facts) -> list[Lane]:
    """One lane per receiver that has a write-ahead log: each block, from its making until the log had it."""
    clock = facts.clock
    joined = {row.block_id: row.batch_time_ms for row in facts.blocks}
    bars: dict[int, list[Bar]] = {}
    for number, row in enumerate(facts.logged):
        start_s, style = clock.seconds(row.start_ms), _style(joined.get(row.block_id), clock)
        shown = Bar(start_s, max(clock.seconds(row.end_ms), start_s + POINT_S), style, fact=("logged", number))
        bars.setdefault(row.stream_id, []).append(shown)
    return [
        Lane(f"log of receiver {stream_id}", "logs", tuple(own), kind="log", who=str(stream_id))
        for stream_id, own in bars.items()
    ]


def stage_lanes(facts: Facts) -> list[Lane]:
    """The stages of all jobs but the receivers', stacked where several ran at once."""
    clock = facts.clock
    receiving = {
        stage for row, (_, stage) in zip(facts.tasks, facts.places_of_tasks, strict=True) if row.kind == "Receiver"
    }
    batch_of = [None if job is None else facts.jobs[job].batch_time_ms for job in facts.jobs_of_stages]

    bars = in_slots(
        Bar(
            clock.seconds(row.start_ms),
            clock.seconds(row.end_ms),
            FAILED if row.status == "failed" else _style(batch_of[number], clock),
            row.name.partition(" at ")[0],
            fact=("stages", number),
        )
        for number, row in enumerate(facts.stages)
        if number not in receiving
    )
    return [Lane("stages", "jobs", bars, slots=slots_of(bars), kind="stages")] if bars else []


def checkpoint_lanes(facts: Facts) -> list[Lane]:
    """When the driver's checkpoints were in their files."""
    bars = tuple(
        Bar(at_s, at_s + POINT_S, facts.clock.batch_number(row.batch_time_ms), fact=("checkpoints", number))
        for number, row in enumerate(facts.checkpoints)
        for at_s in [facts.clock.seconds(row.time_ms)]
    )
    return [Lane("checkpoints", "checkpoints", bars, kind="checkpoints")] if bars else []


def _style(batch_time_ms: int | None, clock: Clock) -> int | str:
    return UNASSIGNED if batch_time_ms is None else clock.batch_number(batch_time_ms)
