"""What a story of the matrix of queries shows: the rows in the sink, held against the same run without a crash.

What counts is what is in the sink when all is over. The trace is asked whether a batch that ran again was the same
batch: with the same offsets and watermark, and with the same rows for the sink.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sparksim.semantics.cells import VICTIMS
from sparksim.semantics.query_cells import UNTIL_S, QueryCell
from sparksim.semantics.query_ways import FILE_SINK, OUT, ROWS, SHAPES
from sparksim.semantics.study import Counts
from sparksim.sim.run import Run
from sparksim.trace.query_events import QueryBatchPlanned, QueryRowsWritten, QueryStarted, QueryTerminated

MANIFEST = f"{OUT}/_spark_metadata/"
COMPACTED = ".compact"


@dataclass(frozen=True)
class QueryFinding(Counts):
    """Numbers of one story.

    | field | what is counted |
    |---|---|
    | `lost` | rows that are in the sink when nothing crashes, and are not |
    | `doubled` | rows that are there more often |
    | `strange` | rows that are there, and are not when nothing crashes |
    | `changed` | batches that were not the same when they ran again |
    | `died` | runs of the query that ended with an error |
    """

    lost: int = 0
    doubled: int = 0
    strange: int = 0
    changed: int = 0
    died: int = 0


def finding(run: Run) -> QueryFinding:
    """Count. The cell's shape and sink are the name of the query."""
    shape, sink = _name(run).split("/")
    found, expected = rows(run), _expected(shape, sink)
    more, missing = found - expected, expected - found
    return QueryFinding(
        lost=missing.total(),
        doubled=sum(count for row, count in more.items() if row in expected),
        strange=sum(count for row, count in more.items() if row not in expected),
        changed=len(changed_batches(run)),
        died=sum(event.error is not None for event in run.trace.of(QueryTerminated)),
    )


def rows(run: Run) -> Counter[Any]:
    """The rows in the sink: of a table that a query writes again and again, the latest of each key."""
    shape, sink = _name(run).split("/")
    if sink == FILE_SINK:
        return Counter(_file_rows(run))
    if not SHAPES[shape].is_table:
        return Counter(row.key[1] for row in run.sink(ROWS).rows)
    written = Counter(row.key for row in run.sink(ROWS).rows)
    latest: dict[str, int] = {}
    for batch, (key, *_) in written:
        latest[key] = max(batch, latest.get(key, batch))
    return Counter({row: count for (batch, row), count in written.items() if batch == latest[row[0]]})


def changed_batches(run: Run) -> list[int]:
    """The batches that were planned twice with other offsets, or gave the sink other rows when they ran again."""
    planned: dict[int, set[Any]] = defaultdict(set)
    given: dict[int, set[Any]] = defaultdict(set)
    for event in run.trace:
        if isinstance(event, QueryBatchPlanned):
            planned[event.batch].add((event.batch_time_ms, event.watermark_ms, event.starts, event.ends))
        elif isinstance(event, QueryRowsWritten) and event.rows > 0:  # none: a sink that has the batch already
            given[event.batch].add(tuple(sorted(event.sample)))
    return [batch for batch in planned if len(planned[batch]) > 1 or len(given[batch]) > 1]


@cache
def _expected(shape: str, sink: str) -> Counter[Any]:
    """What is in the sink when nothing crashes."""
    return rows(QueryCell(shape, sink, VICTIMS[0]).simulation(0).with_(faults=()).run(UNTIL_S))


def _name(run: Run) -> str:
    return str(run.trace.of(QueryStarted)[0].name)


def _file_rows(run: Run) -> Iterator[str]:
    """The lines of the files that the sink's log names. Read here without the sink's own code."""
    for number in _entries(run):
        for line in run.files[f"{MANIFEST}{number}"].decode("utf-8").splitlines()[1:]:
            yield from run.files[json.loads(line)["path"]].decode("utf-8").splitlines()


def _entries(run: Run) -> list[str]:
    """The names of the entries to read: the newest that has all before it, and those that follow."""
    names = [url.removeprefix(MANIFEST) for url in run.files if url.startswith(MANIFEST)]
    entries = sorted((name for name in names if not name.startswith(".")), key=_number)
    compacted = max((at for at, name in enumerate(entries) if name.endswith(COMPACTED)), default=0)
    return entries[compacted:]


def _number(name: str) -> int:
    return int(name.removesuffix(COMPACTED))
