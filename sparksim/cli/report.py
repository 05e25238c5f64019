"""What the command says about a run when it is over: a few lines of text, and the files that were asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sparksim.core.language import Text
from sparksim.sim.run import Run
from sparksim.trace.anomalies import AnomalyRow
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import ApplicationStart, RecordsProduced
from sparksim.trace.paragraph import filled
from sparksim.trace.rows import BatchRow
from sparksim.trace.table import Table, room
from sparksim.trace.words import OUTCOMES, REASONS, anomaly_name, fates
from sparksim.viz.clock import Clock

WIDTH = 110
"""Letters in a line of running text."""

WIDTHS = (10, 7, 6, 8, 12, 11)
"""Of the columns of the batches."""

RUN = Text("{app} on {master}: {counts}", "{app}，运行于 {master}：{counts}")
NO_BATCHES = Text("no batches, {jobs} jobs", "没有批次，{jobs} 个作业")
QUERIES = Text(
    "{batches} batches of streaming queries, {rows} rows read, {late} of them too late",
    "流查询的 {batches} 个批次，读取 {rows} 行，其中 {late} 行迟到",
)
PROCESSED = Text("{done} of {all} batches processed", "已处理 {done} / {all} 个批次")
ALL_PROCESSED = Text("{done} batches", "{done} 个批次")
FAILED = Text("{failed} of them failed", "其中 {failed} 个失败")
RECORDS = Text("{records} records", "{records} 条记录")
LONGEST = Text("longest total delay {delay:.2f} s", "最长总延迟 {delay:.2f} 秒")
SENT = Text("of {records} records sent or received: {fates}", "发送或接收的 {records} 条记录：{fates}")
PRODUCED = Text("of {records} records produced: {fates}", "产生的 {records} 条记录：{fates}")
ANOMALIES = Text("anomalies: {anomalies}", "异常 anomalies：{anomalies}")
NO_ANOMALIES = Text("no anomalies", "没有异常")
NAMED = Text("{records:,} {anomaly}", "{anomaly} {records:,} 条")
COMMA = Text(", ", "，")
KIND = Text("{anomaly}: {records:,}{wrong}", "{anomaly}：{records:,} 条{wrong}")
WRONG = Text(", {rows:,} of them not in exactly one row of the sinks", "，其中 {rows:,} 条在输出端并非恰好一行")
DECIDED = Text("decided by {decided_by}", "取决于 {decided_by}")
SUCH_AS = Text("such as {example}", "例如 {example}")
COLUMNS = Text(
    "batch time|records|blocks|waited|processed in|total delay", "批次时间|记录数|数据块|等待|处理时间|总延迟"
)
NOTES = {
    "failed": Text("failed", "失败"),
    "queued": Text("queued", "排队"),
    "processing": Text("processing", "处理中"),
    "abandoned": Text("abandoned", "被放弃"),
}
SAVED = {"trace": Text("trace in {path}", "跟踪记录在 {path}"), "figure": Text("figure in {path}", "图在 {path}")}


def summary(run: Run) -> str:
    """Two or three lines: which program ran where, what its batches did, what became of its records."""
    [started, *_] = run.trace.of(ApplicationStart)
    batches = run.batches
    if not batches and run.triggers:
        triggers = run.triggers
        rows, late = (f"{sum(triggers.column(name)):,}" for name in ("rows_read", "rows_late"))
        counts_of_queries = QUERIES.of().format(batches=len(triggers), rows=rows, late=late)
        return RUN.of().format(app=started.app_name, master=started.master, counts=counts_of_queries)
    if not batches:
        none = NO_BATCHES.of().format(jobs=len(run.jobs))
        return RUN.of().format(app=started.app_name, master=started.master, counts=none)
    done = batches.where(status="completed")
    processed = ALL_PROCESSED if len(done) == len(batches) else PROCESSED
    counts = [processed.of().format(done=len(done), all=len(batches))]
    if failed := len(done.where(failed=True)):
        counts.append(FAILED.of().format(failed=failed))
    counts.append(RECORDS.of().format(records=f"{sum(done.column('records')):,}"))
    if done:
        counts.append(LONGEST.of().format(delay=max(done.column("total_delay_ms")) / 1000))
    lines = [RUN.of().format(app=started.app_name, master=started.master, counts=COMMA.of().join(counts))]
    delivery = run.delivery
    if delivery.sent:
        lines.append(SENT.of().format(records=f"{delivery.sent:,}", fates=_fates(delivery.records.column("outcome"))))
    if run.trace.of(RecordsProduced):
        lines += _produced(delivery)
    return "\n".join(lines)


def _fates(outcomes: Sequence[str]) -> str:
    return fates({outcome: f"{outcomes.count(outcome):,}" for outcome in OUTCOMES if outcome in outcomes})


def _produced(delivery: Delivery) -> Iterator[str]:
    """Where Kafka's producers are in the run: what became of their records, and what went wrong."""
    outcomes = delivery.produced.column("outcome")
    yield PRODUCED.of().format(records=f"{len(outcomes):,}", fates=_fates(outcomes))
    named = [NAMED.of().format(records=row.records, anomaly=anomaly_name(row.anomaly)) for row in delivery.anomalies]
    if named:
        yield ANOMALIES.of().format(anomalies=COMMA.of().join(named))


def anomalies(table: Table[AnomalyRow]) -> str:
    """Each kind with what decides it and its example, which is a whole story."""
    if not table:
        return NO_ANOMALIES.of()
    paragraphs = []
    for row in table:
        wrong = "" if row.wrong_rows is None else WRONG.of().format(rows=row.wrong_rows)
        told = (
            KIND.of().format(anomaly=anomaly_name(row.anomaly), records=row.records, wrong=wrong),
            DECIDED.of().format(decided_by=REASONS.of(row.decided_by)),
            SUCH_AS.of().format(example=row.example),
        )
        head, *rest = (filled(line, WIDTH, "    ", "      ") for line in told)
        paragraphs.append("\n".join([head.strip(), *rest]))
    return "\n\n".join(paragraphs)


def batch_table(run: Run) -> str:
    """The batches in seconds since the run began, with the columns a person looks at first."""
    clock = Clock.of(run.trace)
    head = _in_columns(COLUMNS.of().split("|"))
    lines = [_batch_line(batch, clock.seconds(batch.batch_time_ms)) for batch in run.batches]
    return "\n".join([head, "-" * room(head), *lines])


def _in_columns(cells: Sequence[str]) -> str:
    return "  ".join(" " * (width - room(cell)) + cell for cell, width in zip(cells, WIDTHS, strict=True))


def _batch_line(batch: BatchRow, time_s: float) -> str:
    durations = (batch.scheduling_delay_ms, batch.processing_time_ms, batch.total_delay_ms)
    waited, processed, total = ("-" if ms is None else f"{ms / 1000:.2f} s" for ms in durations)
    cells = (f"{round(time_s, 2):g} s", f"{batch.records:,}", str(batch.blocks), waited, processed, total)
    note = NOTES.get("failed" if batch.failed else batch.status)
    return _in_columns(cells) + (f"  {note.of()}" if note else "")


def save(run: Run, *paths: Path | None) -> list[str]:
    """Write the files that have a name; one line about each."""
    for path in filter(None, paths):
        run.save(path)
    written = [("trace" if path.suffix == ".jsonl" else "figure", path) for path in filter(None, paths)]
    return [SAVED[what].of().format(path=path) for what, path in written]
