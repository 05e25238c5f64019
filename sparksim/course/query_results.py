"""What streaming queries of a simulated run did, batch by batch: for lessons to show, and for judges to compare.

Rows are texts, as the trace has them: a count of two is "2", nothing is "null". Of a long result it has the first
`spark.sparksim.queryRows` rows (100).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sparksim.course.exercise import Finding, short
from sparksim.course.texts import Text
from sparksim.sim.run import Run
from sparksim.trace.query_events import Cells
from sparksim.trace.query_tables import TriggerRow
from sparksim.trace.table import Table

_WIDTH = 100
_LONGEST_ERROR = 300


@dataclass(frozen=True)
class BatchRow:
    """A batch of a query, the second of its trigger, the rows that came in and the rows that the sink got."""

    batch: int
    second: float
    came_in: str
    sink_got: str


def batch_by_batch(run: Run, name: str | None = None) -> Table[BatchRow]:
    """What came in and what the sink got, of all queries or of the one of this `name`; cells of a row by blanks."""
    rows = [
        BatchRow(
            trigger.batch,
            round(trigger.batch_time_ms / 1000, 1),
            _in_a_line(row.row for row in run.input_rows.where(run=trigger.run, batch=trigger.batch)),
            _in_a_line(_rows_of(run, trigger)),
        )
        for trigger in _triggers(run, name)
    ]
    return Table(BatchRow, rows, _WIDTH)


def sink_rows(run: Run, second: float, name: str | None = None) -> list[Cells]:
    """The rows that the sink got from the batches of this second, in the order of writing.

    A batch belongs to the second in which its trigger fired. Of all queries, or of the one of this `name`.
    """
    return [
        row
        for trigger in _triggers(run, name)
        if second <= trigger.batch_time_ms / 1000 < second + 1
        for row in _rows_of(run, trigger)
    ]


def gives(
    second: float, expected: Sequence[Sequence[object]], hint: Text, name: str | None = None
) -> Callable[[Run], Finding | None]:
    """A judge: no query dies, and in this second the sink gets the rows `expected`, in any order, and no others."""

    def judge(run: Run) -> Finding | None:
        return failed_query(run, hint) or compared_rows(sink_rows(run, second, name), expected, second, hint)

    return judge


def compared_rows(
    came: Sequence[Cells], expected: Sequence[Sequence[object]], second: float, hint: Text
) -> Finding | None:
    """None if `came` are the rows `expected`, in any order; values of these are compared as texts."""
    wanted = sorted(tuple(map(str, row)) for row in expected)
    if sorted(came) == wanted:
        return None
    return Finding(
        Text(
            f"in second {second:g} the sink should get the rows {short(wanted)}, and got {short(sorted(came))}",
            f"在第 {second:g} 秒，接收端（sink）应得到 {short(wanted)}，实际得到 {short(sorted(came))}",
        ),
        hint,
    )


def rows_in_all(came: Sequence[Cells], expected: Sequence[Sequence[object]], hint: Text) -> Finding | None:
    """None if `came`, all that the console ever got, are the rows `expected`, in any order."""
    wanted = sorted(tuple(map(str, row)) for row in expected)
    if sorted(came) == wanted:
        return None
    return Finding(
        Text(
            f"the console should get the rows {short(wanted)} in all, and got {short(sorted(came))}",
            f"控制台总共应得到 {short(wanted)}，实际得到 {short(sorted(came))}",
        ),
        hint,
    )


def failed_query(run: Run, hint: Text) -> Finding | None:
    """The first query that died, if there is one, and what of; or that there was no query at all."""
    for query in run.queries:
        if query.error is not None:
            line = query.error.strip().splitlines()[-1]  # the error itself, where there is a traceback above it
            why = "".join(letter if letter.isprintable() else " " for letter in line)[:_LONGEST_ERROR]
            return Finding(Text(f"the query died: {why}", f"查询终止：{why}"), hint)
    if not run.queries:
        return Finding(Text("no query was started", "没有启动任何查询"), hint)
    return None


def _triggers(run: Run, name: str | None) -> Table[TriggerRow]:
    return run.triggers if name is None else run.triggers.where(name=name)


def _rows_of(run: Run, trigger: TriggerRow) -> list[Cells]:
    return run.result_rows.where(run=trigger.run, batch=trigger.batch).column("row")


def _in_a_line(rows: Iterable[Cells]) -> str:
    return "; ".join(" ".join(row) for row in rows)
