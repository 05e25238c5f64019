"""The events of streaming queries (Structured Streaming): what each trigger read, kept, dropped and wrote.

A query in continuous processing has no batches: its `batch` is an epoch, and `QueryBatchPlanned` and
`QueryBatchCommitted` are not among its events.

`run` is the run id of the query, new at each start. Samples show the first `spark.sparksim.queryRows` rows (100) as
texts of at most 60 characters, states have 80; the counts are always complete.
"""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.trace.event import Event

Cells = tuple[str, ...]
"""A row, as it is shown."""


@dataclass(frozen=True, slots=True)
class QueryStarted(Event):
    """A query began to run. `query` is the id that it keeps for ever, `trigger` and `mode` as they were asked for."""

    run: str
    query: str
    name: str | None
    mode: str
    trigger: str
    sources: tuple[str, ...]
    sink: str


@dataclass(frozen=True, slots=True)
class QueryBatchPlanned(Event):
    """The offset log has the batch: from now on it will be run with these offsets, also after a crash.

    `starts` and `ends` are JSON texts, one per source ("-" for none). `data`: whether any source has new rows.
    """

    run: str
    batch: int
    batch_time_ms: int
    watermark_ms: int
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    data: bool
    again: bool
    """Whether the offset log had it already: a batch that is run again after a restart."""


@dataclass(frozen=True, slots=True)
class QueryRowsRead(Event):
    """A task read rows of a source in a batch: new rows of the input table. `event_time` is a column's position."""

    run: str
    batch: int
    source: int
    columns: Cells
    rows: int
    sample: tuple[Cells, ...]
    event_time: int | None
    event_times_ms: tuple[int | None, ...] = ()
    """The event time of each row of the sample."""


@dataclass(frozen=True, slots=True)
class QueryRowsLate(Event):
    """An operator dropped rows, or groups of rows, because they are older than the watermark: they are lost."""

    run: str
    batch: int
    operator: int
    partition: int
    watermark_ms: int
    rows: int
    columns: Cells
    sample: tuple[Cells, ...]


@dataclass(frozen=True, slots=True)
class QueryStateCommitted(Event):
    """A task wrote version `version` of a partition's states.

    `changes`: (key, created | updated | removed | expired, value) of single keys, `left_out` how many more there were.
    """

    run: str
    batch: int
    operator: int
    name: str
    store: str
    partition: int
    version: int
    keys: int
    updated: int
    removed: int
    changes: tuple[tuple[str, str, str], ...]
    left_out: int
    file: str
    """The delta that was written, below the checkpoint: where that is, is chance for a temporary one."""


@dataclass(frozen=True, slots=True)
class QueryRowsWritten(Event):
    """The sink has the batch: `rows` of the result, or -1 when it does not know."""

    run: str
    batch: int
    columns: Cells
    rows: int
    sample: tuple[Cells, ...]


@dataclass(frozen=True, slots=True)
class QueryBatchCommitted(Event):
    """The commit log has the batch: it is done, and the next one has this watermark."""

    run: str
    batch: int
    next_watermark_ms: int
    watermarks_ms: tuple[int | None, ...]
    """Of each `withWatermark`: the latest event time so far minus its delay; None before the first row."""


@dataclass(frozen=True, slots=True)
class QueryEpochStarted(Event):
    """The driver began an epoch of continuous processing: tasks end theirs when they hear of it, and go on."""

    run: str
    epoch: int


@dataclass(frozen=True, slots=True)
class QueryRowWritten(Event):
    """A sink of continuous processing has a row, one of the first of its partition and epoch.

    Its record arrived at the source at `arrived_ms`: the time between is the row's latency.
    """

    run: str
    epoch: int
    partition: int
    arrived_ms: float
    row: Cells


@dataclass(frozen=True, slots=True)
class QueryEpochCommitted(Event):
    """The commit log has the epoch: a restart begins behind `ends`, a JSON text for each source.

    Latencies are those of all rows, from the record's arrival until the sink had the row; None without rows.
    """

    run: str
    epoch: int
    ends: tuple[str, ...]
    rows_read: int
    rows: int
    mean_latency_ms: float | None
    max_latency_ms: float | None


@dataclass(frozen=True, slots=True)
class QueryProgressed(Event):
    """The progress of one batch, as `StreamingQuery.lastProgress` has it, in JSON."""

    run: str
    batch: int
    progress: str


@dataclass(frozen=True, slots=True)
class QueryIdle(Event):
    """A trigger found nothing to do. Told once, until there is something again."""

    run: str


@dataclass(frozen=True, slots=True)
class QueryTerminated(Event):
    """A query ended: stopped (no `error`) or died."""

    run: str
    error: str | None
