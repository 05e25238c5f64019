"""What the command says about a run when it is over: a few lines of text, and the files that were asked for."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from sparksim.sim.run import Run
from sparksim.trace.anomalies import AnomalyRow
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import ApplicationStart, RecordsProduced
from sparksim.trace.fates import LOST, ONCE, PENDING, REPEATED
from sparksim.trace.rows import BatchRow
from sparksim.trace.table import Table
from sparksim.viz.clock import Clock

OUTCOMES = (ONCE, REPEATED, LOST, PENDING)

WIDTH = 110
"""Letters in a line of running text."""


def summary(run: Run) -> str:
    """Two or three lines: which program ran where, what its batches did, what became of its records."""
    [started, *_] = run.trace.of(ApplicationStart)
    batches = run.batches
    if not batches:
        return f"{started.app_name} on {started.master}: no batches, {len(run.jobs)} jobs"
    done = batches.where(status="completed")
    counts = [
        f"{len(done)} of {len(batches)} batches processed" if len(done) < len(batches) else f"{len(done)} batches"
    ]
    if failed := len(done.where(failed=True)):
        counts.append(f"{failed} of them failed")
    counts.append(f"{sum(done.column('records')):,} records")
    if done:
        counts.append(f"longest total delay {max(done.column('total_delay_ms')) / 1000:.2f} s")
    text = f"{started.app_name} on {started.master}: {', '.join(counts)}"
    delivery = run.delivery
    if delivery.sent:
        outcomes = [(delivery.count(outcome), outcome) for outcome in OUTCOMES]
        fates = ", ".join(f"{count:,} {outcome}" for count, outcome in outcomes if count)
        text += f"\nof {delivery.sent:,} records sent or received: {fates}"
    if run.trace.of(RecordsProduced):
        text += f"\n{_produced(delivery)}"
    return text


def _produced(delivery: Delivery) -> str:
    """Where Kafka's producers are in the run: what became of their records, and what went wrong."""
    outcomes = delivery.produced.column("outcome")
    counts = [(outcomes.count(outcome), outcome) for outcome in OUTCOMES]
    fates = ", ".join(f"{count:,} {outcome}" for count, outcome in counts if count)
    text = f"of {len(outcomes):,} records produced: {fates}"
    named = [f"{row.records:,} {row.anomaly}" for row in delivery.anomalies]
    return f"{text}\nanomalies: {', '.join(named)}" if named else text


def anomalies(table: Table[AnomalyRow]) -> str:
    """Each kind with what decides it and its example, which is a whole story."""
    if not table:
        return "no anomalies"
    paragraphs = []
    for row in table:
        wrong = "" if row.wrong_rows is None else f", {row.wrong_rows:,} of them not in exactly one row of the sinks"
        told = (f"{row.anomaly}: {row.records:,}{wrong}", f"decided by {row.decided_by}", f"such as {row.example}")
        head, *rest = (fill(line, WIDTH, initial_indent="    ", subsequent_indent="      ") for line in told)
        paragraphs.append("\n".join([head.strip(), *rest]))
    return "\n\n".join(paragraphs)


def batch_table(run: Run) -> str:
    """The batches in seconds since the run began, with the columns a person looks at first."""
    clock = Clock.of(run.trace)
    head = (
        f"{'batch time':>10}  {'records':>7}  {'blocks':>6}  {'waited':>8}  {'processed in':>12}  {'total delay':>11}"
    )
    lines = [_batch_line(batch, clock.seconds(batch.batch_time_ms)) for batch in run.batches]
    return "\n".join([head, "-" * len(head), *lines])


def _batch_line(batch: BatchRow, time_s: float) -> str:
    durations = (batch.scheduling_delay_ms, batch.processing_time_ms, batch.total_delay_ms)
    waited, processed, total = ("-" if ms is None else f"{ms / 1000:.2f} s" for ms in durations)
    note = "  failed" if batch.failed else "" if batch.status == "completed" else f"  {batch.status}"
    return (
        f"{round(time_s, 2):>8g} s  {batch.records:>7,}  {batch.blocks:>6}  {waited:>8}  {processed:>12}  "
        f"{total:>11}{note}"
    )


def save(run: Run, *paths: Path | None) -> list[str]:
    """Write the files that have a name; one line about each."""
    for path in filter(None, paths):
        run.save(path)
    return [f"{'trace' if path.suffix == '.jsonl' else 'figure'} in {path}" for path in filter(None, paths)]
