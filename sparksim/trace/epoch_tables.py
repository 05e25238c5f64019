"""Continuous processing as tables: its epochs, and how long each row took from its arrival to the sink."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sparksim.trace.event import Event
from sparksim.trace.query_events import Cells, QueryEpochCommitted, QueryEpochStarted, QueryRowWritten
from sparksim.trace.table import Table


@dataclass(frozen=True, slots=True)
class EpochRow:
    """One epoch of a run. `started_ms` is None for the first one, which begins with the tasks.

    What follows is None in an epoch that was not committed: its rows may be in the sink, and a restart writes them
    again. Latencies are None in an epoch without rows.
    """

    run: str
    epoch: int
    started_ms: float | None
    committed_ms: float | None
    rows_read: int | None
    rows_written: int | None
    mean_latency_ms: float | None
    max_latency_ms: float | None


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A row that a sink of continuous processing has. `latency_ms`: from the record's arrival at the source."""

    run: str
    epoch: int
    partition: int
    arrived_ms: float
    written_ms: float
    latency_ms: float
    row: Cells


def epochs(trace: Iterable[Event]) -> Table[EpochRow]:
    """One row per epoch that was begun or committed, in order."""
    rows: dict[tuple[str, int], EpochRow] = {}
    for event in trace:
        if isinstance(event, QueryEpochStarted):
            rows[event.run, event.epoch] = _unknown(event.run, event.epoch, event.time_ms)
        elif isinstance(event, QueryEpochCommitted):
            before = rows.get((event.run, event.epoch)) or _unknown(event.run, event.epoch, None)
            rows[event.run, event.epoch] = replace(
                before,
                committed_ms=event.time_ms,
                rows_read=event.rows_read,
                rows_written=event.rows,
                mean_latency_ms=event.mean_latency_ms,
                max_latency_ms=event.max_latency_ms,
            )
    order = {run: number for number, run in enumerate(dict.fromkeys(run for run, _ in rows))}
    return Table(EpochRow, sorted(rows.values(), key=lambda row: (order[row.run], row.epoch)))


def written_rows(trace: Iterable[Event]) -> Table[WrittenRow]:
    """The first rows of each partition and epoch, in the order in which they were written."""
    return Table(
        WrittenRow,
        (
            WrittenRow(
                event.run,
                event.epoch,
                event.partition,
                event.arrived_ms,
                event.time_ms,
                round(event.time_ms - event.arrived_ms, 3),
                event.row,
            )
            for event in trace
            if isinstance(event, QueryRowWritten)
        ),
    )


def _unknown(run: str, epoch: int, started_ms: float | None) -> EpochRow:
    return EpochRow(run, epoch, started_ms, None, None, None, None, None)
