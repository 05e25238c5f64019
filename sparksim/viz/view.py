"""The whole timeline as one packet of columns: what the widget and the HTML page draw, and all that they know.

`timeline_packet(trace)` reads the trace and nothing else. The packet holds the lanes with their bars and marks, the
rows that the bars show, and how these belong together: a browser finds the way of a record, and the state of the
cluster at any moment, by reading columns. Moments are milliseconds since the run's origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sparksim.core.language import language
from sparksim.trace import Table, Trace
from sparksim.trace.events import ApplicationStart, BlocksAllocated, RecordsSent
from sparksim.trace.words import REASONS
from sparksim.viz import kafka_lanes, lanes, outer_lanes
from sparksim.viz.columns import Column, pack
from sparksim.viz.facts import FOLLOWED_RECORDS, Facts
from sparksim.viz.lanes import LOSS, Bar, Lane, Mark, failures
from sparksim.viz.palette import BATCH_COLOURS, HATCHES, INK, OTHER_COLOURS
from sparksim.viz.words import Words, words_of

PACKET_VERSION = 1

LAST_BATCHES = 40
"""So many batches are shown at first; the others are a key press away."""

MESSAGE_LENGTH = 300
"""A stack trace is cut after so many characters: the table of tasks has the whole."""

STYLES = tuple(OTHER_COLOURS)
"""A style that is no batch is sent as -1 - its place here."""

NO_ROW = -1

COLUMNS: dict[str, tuple[str, ...]] = {
    "stretches": (
        "source", "first", "last", "records", "start_ms", "end_ms", "stream_id", "block_id", "batch_time_ms", "outcome",
        "times", "reason",
    ),
    "blocks": (
        "block_id", "stream_id", "executor_id", "records", "generated_ms", "stored_ms", "added_ms", "batch_time_ms",
        "fate",
    ),
    "ranges": ("block_id", "source", "first", "last", "records", "stream_id", "batch_time_ms", "time_ms"),
    "batches": (
        "batch_time_ms", "records", "blocks", "submission_ms", "processing_start_ms", "processing_end_ms",
        "scheduling_delay_ms", "processing_time_ms", "total_delay_ms", "status", "failed",
    ),
    "operations": ("batch_time_ms", "output_op", "name", "start_ms", "end_ms", "status", "failure"),
    "jobs": ("job_id", "batch_time_ms", "output_op", "description", "start_ms", "end_ms"),
    "stages": (
        "stage_id", "job_id", "attempt", "name", "tasks", "start_ms", "end_ms", "duration_ms", "status", "failure",
    ),
    "tasks": (
        "task_id", "job_id", "stage_id", "index", "attempt", "kind", "executor_id", "core", "locality", "speculative",
        "batch_time_ms", "start_ms", "end_ms", "duration_ms", "reason", "records_read", "shuffle_read",
        "shuffle_written", "message",
    ),
    "receivers": (
        "stream_id", "name", "executor_id", "host", "started_ms", "stopped_ms", "blocks", "records", "errors",
        "last_error",
    ),
    "executors": ("executor_id", "host", "cores", "added_ms", "removed_ms", "reason"),
    "copies": ("block_id", "executor_id", "level", "size_bytes", "start_ms", "end_ms"),
    "logged": ("block_id", "stream_id", "executor_id", "path", "size_bytes", "start_ms", "end_ms"),
    "checkpoints": ("batch_time_ms", "name", "size_bytes", "pending", "time_ms"),
}  # fmt: skip
"""The tables that are sent, and their columns in the order in which a reader wants them."""

DURATIONS = frozenset({"scheduling_delay_ms", "processing_time_ms", "total_delay_ms", "duration_ms"})
"""The columns in milliseconds that are no moments."""


def timeline_packet(trace: Trace, *, lang: str | None = None, batches: int = LAST_BATCHES) -> bytes:
    """The timeline of a run, ready for a browser; its texts are in the language `lang`, by default the set one.

    At first it shows the last `batches` batches, or the whole run where there are no more. Raises `ValueError` for an
    empty trace, for a language that there is not, and for `batches` below 1.
    """
    if not len(trace):
        raise ValueError("the trace is empty: run something before showing its timeline")
    if batches < 1:
        raise ValueError(f"batches={batches!r}: give the number of batches to show at first, 1 or more")
    lang = language(lang)
    words = words_of(lang)
    facts = Facts(trace)
    shown = all_lanes(facts, words)
    tables = {"bars": _bars(shown), "marks": _marks(shown, lang)}
    tables |= {name: _columns(facts, getattr(facts, name), columns, lang) for name, columns in COLUMNS.items()}
    tables["blocks"] |= _queues_of_blocks(facts)
    tables["batches"] |= _ends_of_batches(facts)
    tables["stages"]["job"] = [_place(job) for job in facts.jobs_of_stages]
    tables["tasks"]["job"] = [_place(job) for job, _ in facts.places_of_tasks]
    tables["tasks"]["stage"] = [_place(stage) for _, stage in facts.places_of_tasks]
    tables["reads"] = _reads(facts)
    tables["backlog"] = _backlog(facts)
    return pack(tables, _head(facts, shown, words, lang, batches))


def all_lanes(facts: Facts, words: Words) -> list[tuple[tuple[str, str], Lane]]:
    """Every lane from top to bottom, each with its group: (kind, who)."""
    found: list[tuple[tuple[str, str], Lane]] = [(("sources", ""), lane) for lane in outer_lanes.source_lanes(facts)]
    found += [(("direct stream", lane.who), lane) for lane in outer_lanes.range_lanes(facts)]
    of_receivers = [*lanes.receiver_lanes(facts, words), *lanes.block_lanes(facts), *outer_lanes.log_lanes(facts)]
    for who in dict.fromkeys(lane.who for lane in of_receivers):
        found += [(("receiver", who), lane) for lane in of_receivers if lane.who == who]
    of_driver = [
        *outer_lanes.interval_lanes(facts),
        *lanes.queue_lanes(facts),
        *lanes.operation_lanes(facts),
        *outer_lanes.stage_lanes(facts),
        *outer_lanes.checkpoint_lanes(facts),
    ]
    found += [(("driver", ""), lane) for lane in of_driver]
    found += [(("executor", lane.group.partition(" ")[2]), lane) for lane in lanes.core_lanes(facts, words)]
    found += [(("kafka", ""), lane) for lane in kafka_lanes.kafka_lanes(facts, words)]
    return found + [(("sinks", ""), lane) for lane in kafka_lanes.sink_lanes(facts)]


def _head(
    facts: Facts, shown: Sequence[tuple[tuple[str, str], Lane]], words: Words, lang: str, batches: int
) -> dict[str, Any]:
    clock = facts.clock
    end_ms = _ms(clock.seconds(None))
    span_ms = batches * clock.batch_ms
    whole = not span_ms or len(facts.batches) <= batches or span_ms >= end_ms
    return {
        "version": PACKET_VERSION,
        "lang": lang,
        "words": dict(words),
        "title": run_title(facts.trace),
        "end_ms": max(end_ms, 1.0),
        "window_ms": [0.0 if whole else end_ms - span_ms, max(end_ms, 1.0)],
        "note": words["note.records"].format(records=f"{FOLLOWED_RECORDS:,}") if facts.too_many_records else "",
        "batch_ms": clock.batch_ms,
        "first_batch_ms": _ms(clock.seconds(clock.zero_ms + clock.batch_ms)),
        "batch_colours": BATCH_COLOURS,
        "styles": [[style, OTHER_COLOURS[style], style in HATCHES] for style in STYLES],
        "ink": INK,
        "lanes": [
            {
                "kind": lane.kind,
                "title": words[f"lane.{lane.kind}"].format(who=lane.who),
                "group": words[f"group.{kind}"].format(who=who),
                "key": lane.label,
                "slots": lane.slots,
                "gaps": [[_ms(start_s), _ms(end_s)] for start_s, end_s in lane.gaps],
            }
            for (kind, who), lane in shown
        ],
        "faults": [[_ms(at_s), label] for at_s, label in failures(facts.trace, words)],
        "fact_columns": COLUMNS,
    }


def run_title(trace: Trace) -> str:
    """Which program ran where, and with which seed; "" when the trace does not say."""
    started = trace.of(ApplicationStart)
    if not started:
        return ""
    seed = "" if started[0].seed is None else f" · seed {started[0].seed}"
    return f"{started[0].app_name} · {started[0].master}{seed}"


def _bars(shown: Sequence[tuple[tuple[str, str], Lane]]) -> dict[str, Column]:
    bars = [(number, bar) for number, (_, lane) in enumerate(shown) for bar in sorted(lane.bars, key=_start)]
    names = list(COLUMNS)
    return {
        "lane": [number for number, _ in bars],
        "slot": [bar.slot for _, bar in bars],
        "start_ms": [_ms(bar.start_s) for _, bar in bars],
        "end_ms": [_ms(bar.end_s) for _, bar in bars],
        "style": [bar.style if isinstance(bar.style, int) else -1 - STYLES.index(bar.style) for _, bar in bars],
        "in_vain": [bar.in_vain for _, bar in bars],
        "label": [bar.label for _, bar in bars],
        "table": [NO_ROW if bar.fact is None else names.index(bar.fact[0]) for _, bar in bars],
        "row": [NO_ROW if bar.fact is None else bar.fact[1] for _, bar in bars],
    }


def _start(bar: Bar) -> float:
    return bar.start_s


def _marks(shown: Sequence[tuple[tuple[str, str], Lane]], lang: str) -> dict[str, Column]:
    marks = [(number, mark) for number, (_, lane) in enumerate(shown) for mark in lane.marks]
    return {
        "lane": [number for number, _ in marks],
        "time_ms": [_ms(mark.time_s) for _, mark in marks],
        "kind": [mark.kind for _, mark in marks],
        "note": [_note(mark, lang) for _, mark in marks],
    }


def _note(mark: Mark, lang: str) -> str:
    """Of a loss the reason is a sentence of the engine; other notes are the event's own words."""
    if mark.kind != LOSS:
        return mark.note
    count, colon, reason = mark.note.partition(": ")
    return f"{count}{colon}{REASONS.of(reason, lang)}"


def _columns(facts: Facts, table: Table[Any], names: Iterable[str], lang: str) -> dict[str, Column]:
    """The columns of a table: moments since the origin, texts not too long, sentences of the engine in the language."""
    columns: dict[str, Column] = {}
    for name in names:
        values = table.column(name)
        if name in DURATIONS:
            values = [None if value is None else float(value) for value in values]
        elif name.endswith("_ms"):
            values = [_since_origin(facts, value) for value in values]
        elif name == "reason":
            values = [value and REASONS.of(value, lang) for value in values]
        elif name in ("message", "failure"):
            values = [value if len(value) <= MESSAGE_LENGTH else f"{value[:MESSAGE_LENGTH]} …" for value in values]
        columns[name] = values
    return columns


def _queues_of_blocks(facts: Facts) -> dict[str, Column]:
    """When each block joined its batch, and when it left the driver's queue: also by the death of the driver."""
    joined: dict[str, float] = {}
    for event in facts.trace.of(BlocksAllocated):
        for block_id in event.block_ids:
            joined.setdefault(block_id, event.time_ms)
    allocated_ms = [joined.get(row.block_id) for row in facts.blocks]
    left_ms = [
        facts.death_after(row.added_ms or 0) if at_ms is None else at_ms
        for row, at_ms in zip(facts.blocks, allocated_ms, strict=True)
    ]
    return {
        "allocated_ms": [_since_origin(facts, at_ms) for at_ms in allocated_ms],
        "left_ms": [_since_origin(facts, at_ms) for at_ms in left_ms],
    }


def _ends_of_batches(facts: Facts) -> dict[str, Column]:
    """When each batch no longer waited, and when it was over: also by the death of the driver."""

    def known(time_ms: float | None, since_ms: float) -> float | None:
        return _since_origin(facts, facts.death_after(since_ms) if time_ms is None else time_ms)

    return {
        "waited_ms": [known(row.processing_start_ms, row.submission_ms) for row in facts.batches],
        "over_ms": [known(row.processing_end_ms, row.submission_ms) for row in facts.batches],
    }


def _place(row: int | None) -> int:
    return NO_ROW if row is None else row


def _reads(facts: Facts) -> dict[str, Column]:
    """Which task read which block or range."""
    pairs = [(number, block_id) for number, row in enumerate(facts.tasks) for block_id in row.blocks]
    return {"task": [number for number, _ in pairs], "block_id": [block_id for _, block_id in pairs]}


def _backlog(facts: Facts) -> dict[str, Column]:
    """For each log that a stream reads directly: how many records it held beyond the last batch's, from when on."""
    allotted: dict[str, list[tuple[float, int]]] = {}
    for row in facts.ranges:
        allotted.setdefault(row.source, []).append((row.time_ms, row.last + 1))
    steps: list[tuple[str, float, int]] = []
    for source, taken in allotted.items():
        sent = [(e.time_ms, True, e.first + e.count) for e in facts.trace.of(RecordsSent) if e.source == source]
        end, read = 0, 0
        for time_ms, is_sent, offset in sorted(sent + [(at, False, to) for at, to in taken]):
            end, read = (max(end, offset), read) if is_sent else (end, max(read, offset))
            steps.append((source, time_ms, max(0, end - read)))
    return {
        "source": [source for source, _, _ in steps],
        "time_ms": [_since_origin(facts, time_ms) for _, time_ms, _ in steps],
        "records": [records for _, _, records in steps],
    }


def _since_origin(facts: Facts, time_ms: float | None) -> float | None:
    return None if time_ms is None else round(float(time_ms - facts.clock.origin_ms), 3)


def _ms(seconds: float) -> float:
    """Whole thousandths of a millisecond: what the trace's file has."""
    return round(seconds * 1000, 3)
