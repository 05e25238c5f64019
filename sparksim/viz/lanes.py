"""The timeline before it is drawn: lanes of bars and marks, as plain values.

`lanes(trace)` says what stands where in the figure for print; the widget shows these and those of `viz.outer_lanes`.
Who draws them decides nothing about the run. Times are seconds since the run's origin.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sparksim.trace import Table, Trace
from sparksim.trace.events import (
    ExecutorRemoved,
    FaultEnded,
    FaultInjected,
    ReceiverError,
    RecordsLost,
    SourceDisconnected,
    StreamingRecovered,
)
from sparksim.trace.rows import BatchRow, BlockRow, ReceiverRow, TaskRow
from sparksim.viz.clock import Clock
from sparksim.viz.facts import Facts
from sparksim.viz.palette import FAILED, KILLED, RECEIVER, UNASSIGNED
from sparksim.viz.words import ENGLISH, Words

R = TypeVar("R")
K = TypeVar("K", bound=Hashable)

Fact = tuple[str, int]
"""Which fact a bar shows: the name of a table of `viz.facts.Facts`, and the number of the row in it."""

NOTICED_S = 0.5
"""A removal this soon after a fault on the same executor is the driver noticing it, not one more failure."""

DRIVER_CRASH = "DriverCrash()"
"""The fault that ends the driver, as its event names it."""

ERROR, DISCONNECT, LOSS = "receiver error", "source disconnected", "records lost"


@dataclass(frozen=True, slots=True)
class Bar:
    """From `start_s` to `end_s`. `style` is the number of a batch, from 0, or a style of the palette.

    `in_vain` says that the thing was sound but its batch failed. `slot` counts from the bottom of the lane. `fact` is
    the row that the bar shows.
    """

    start_s: float
    end_s: float
    style: int | str
    label: str = ""
    slot: int = 0
    in_vain: bool = False
    fact: Fact | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one moment on a lane, such as ERROR, DISCONNECT or LOSS; `note` says more."""

    time_s: float
    kind: str
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the timeline. `group` keeps neighbours together; `gaps` are spans in which it did not exist.

    `kind` is what the lane shows, and `who` shows it, for those who make their own labels.
    """

    label: str
    group: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    slots: int = 1
    kind: str = field(default="", compare=False)
    who: str = field(default="", compare=False)


def lanes(trace: Trace, words: Words = ENGLISH) -> list[Lane]:
    """All lanes of the figure: receivers, blocks, waiting batches, output operations, cores of executors."""
    facts = Facts(trace)
    return [
        *receiver_lanes(facts, words),
        *block_lanes(facts),
        *queue_lanes(facts),
        *operation_lanes(facts),
        *core_lanes(facts, words),
    ]


def receiver_lanes(facts: Facts, words: Words = ENGLISH) -> list[Lane]:
    """One lane per receiver: where it lived, and what went wrong with it."""
    clock = facts.clock
    marks: dict[int | None, list[Mark]] = {}
    for event in facts.trace:
        if isinstance(event, ReceiverError):
            mark = Mark(clock.seconds(event.time_ms), ERROR, event.error or event.message)
        elif isinstance(event, SourceDisconnected):
            mark = Mark(clock.seconds(event.time_ms), DISCONNECT, f"{event.source}: {event.reason}")
        elif isinstance(event, RecordsLost):
            mark = Mark(clock.seconds(event.time_ms), LOSS, f"{event.count:,}: {event.reason}")
        else:
            continue
        marks.setdefault(event.stream_id, []).append(mark)
    lives = _numbered(facts.receivers, lambda row: row.stream_id)
    return [
        Lane(
            f"receiver {stream_id}",
            "receivers",
            tuple(_life(number, row, clock, words) for number, row in rows),
            tuple(marks.get(stream_id, ())),
            kind="receiver",
            who=str(stream_id),
        )
        for stream_id, rows in lives.items()
    ]


def _life(number: int, row: ReceiverRow, clock: Clock, words: Words) -> Bar:
    start_s, end_s = clock.seconds(row.started_ms), clock.seconds(row.stopped_ms)
    label = words["bar.on executor"].format(executor=row.executor_id)
    return Bar(start_s, end_s, RECEIVER, label, fact=("receivers", number))


def block_lanes(facts: Facts) -> list[Lane]:
    """One lane per receiver: each block over the interval in which it was filled."""
    clock = facts.clock

    def bar(number: int, row: BlockRow) -> Bar:
        end_s = clock.seconds(row.generated_ms)
        style: int | str = UNASSIGNED if row.batch_time_ms is None else clock.batch_number(row.batch_time_ms)
        return Bar(
            end_s - clock.block_ms / 1000,
            end_s,
            FAILED if row.fate == "lost" else style,
            in_vain=row.fate in ("failed", "given up"),
            fact=("blocks", number),
        )

    return [
        Lane(
            f"blocks of receiver {stream_id}",
            "blocks",
            tuple(bar(number, row) for number, row in rows),
            kind="blocks",
            who=str(stream_id),
        )
        for stream_id, rows in _numbered(facts.blocks, lambda row: row.stream_id).items()
    ]


def queue_lanes(facts: Facts) -> list[Lane]:
    """The batches that were submitted and not yet started."""
    clock = facts.clock

    def bar(number: int, row: BatchRow) -> Bar:
        until_ms = row.processing_start_ms
        if until_ms is None:
            until_ms = facts.death_after(row.submission_ms)
        start_s, style = clock.seconds(row.submission_ms), clock.batch_number(row.batch_time_ms)
        return Bar(start_s, clock.seconds(until_ms), style, fact=("batches", number))

    bars = in_slots(bar(number, row) for number, row in enumerate(facts.batches))
    if not bars:
        return []
    slots = slots_of(bars)
    return [Lane(f"waiting batches (max {slots})", "queue", bars, slots=slots, kind="queue", who=str(slots))]


def operation_lanes(facts: Facts) -> list[Lane]:
    """The output operations, stacked where several ran at once."""
    clock = facts.clock
    bars = in_slots(
        Bar(
            clock.seconds(row.start_ms),
            clock.seconds(row.end_ms),
            FAILED if row.status == "failed" else clock.batch_number(row.batch_time_ms),
            clock.batch_label(row.batch_time_ms),
            in_vain=row.status == "abandoned",
            fact=("operations", number),
        )
        for number, row in enumerate(facts.operations)
    )
    return [Lane("output operations", "jobs", bars, slots=slots_of(bars), kind="operations")] if bars else []


def core_lanes(facts: Facts, words: Words = ENGLISH) -> list[Lane]:
    """One lane per core of each executor: the tasks it ran."""
    clock = facts.clock
    bars: dict[tuple[str, int], list[Bar]] = {}
    for number, row in enumerate(facts.tasks):
        label = words["bar.receiver"] if row.kind == "Receiver" else ""
        start_s, end_s = clock.seconds(row.start_ms), clock.seconds(row.end_ms)
        bar = Bar(start_s, end_s, _task_style(row, clock), label, fact=("tasks", number))
        bars.setdefault((row.executor_id, row.core), []).append(bar)
    return [
        Lane(
            f"executor {executor_id} · core {core}",
            f"executor {executor_id}",
            tuple(bars.get((executor_id, core), ())),
            gaps=absences([(row.added_ms, row.removed_ms) for _, row in lives], clock),
            kind="core",
            who=str(core),
        )
        for executor_id, lives in _numbered(facts.executors, lambda row: row.executor_id).items()
        for core in range(max(row.cores for _, row in lives))
    ]


def _task_style(row: TaskRow, clock: Clock) -> int | str:
    """A receiver that goes with its executor did nothing wrong until then: it keeps its colour."""
    if row.kind == "Receiver" and row.reason in (None, "Success", "ExecutorLostFailure", "TaskKilled"):
        return RECEIVER
    if row.reason not in (None, "Success"):
        return KILLED if row.reason == "TaskKilled" else FAILED
    return UNASSIGNED if row.batch_time_ms is None else clock.batch_number(row.batch_time_ms)


def absences(lives: Iterable[tuple[float, float | None]], clock: Clock) -> tuple[tuple[float, float], ...]:
    """The spans, in seconds, between, before and after lives given in milliseconds."""
    gaps = []
    gone_ms: float | None = clock.origin_ms
    for began_ms, ended_ms in lives:
        if gone_ms is not None and began_ms > gone_ms:
            gaps.append((clock.seconds(gone_ms), clock.seconds(began_ms)))
        gone_ms = ended_ms
    if gone_ms is not None:
        gaps.append((clock.seconds(gone_ms), clock.seconds(None)))
    return tuple(gaps)


def failures(trace: Trace, words: Words = ENGLISH) -> list[tuple[float, str]]:
    """(seconds, label) of every injected fault, of every executor that went for another reason, and of restarts."""
    clock = Clock.of(trace)
    found: list[tuple[float, str]] = []
    struck: dict[str, int] = {}  # executor -> where its fault stands in `found`
    driver_died_ms: set[float] = set()
    for event in trace:
        at_s = clock.seconds(event.time_ms)
        if isinstance(event, FaultInjected) and event.fault == DRIVER_CRASH:
            found.append((at_s, words["fault.driver"]))
            driver_died_ms.add(event.time_ms)
        elif isinstance(event, FaultEnded):
            found.append((at_s, words["fault.ends"].format(fault=event.fault)))
        elif isinstance(event, StreamingRecovered):
            again = "fault.recovered one" if len(event.batches) == 1 else "fault.recovered"
            found.append((at_s, words[again].format(batches=len(event.batches))))
        elif isinstance(event, ExecutorRemoved) and event.time_ms in driver_died_ms:
            continue
        elif isinstance(event, FaultInjected):
            found.append((at_s, _broken(event, words)))
            struck[event.target] = len(found) - 1
        elif isinstance(event, ExecutorRemoved):
            at = struck.pop(event.executor_id, None)
            if at is not None and at_s - found[at][0] <= NOTICED_S:
                found[at] = (found[at][0], words["fault.removed too"].format(fault=found[at][1]))
            else:
                found.append((at_s, words["fault.removed"].format(executor=event.executor_id)))
    return found


def _broken(event: FaultInjected, words: Words) -> str:
    """What broke, and where, unless the fault's own name says so."""
    kind, _, number = event.target.rpartition(" ")
    if not event.target or f"'{event.target}'" in event.fault or (kind and f"({number}" in event.fault):
        return event.fault
    return words[f"fault.on {kind or 'executor'}"].format(fault=event.fault, executor=event.target, broker=number)


def in_slots(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """The bars stacked where they overlap: each in the lowest slot that is free when it starts."""
    free_at: list[float] = []
    stacked = []
    for bar in sorted(bars, key=lambda bar: (bar.start_s, bar.end_s)):
        slot = next((slot for slot, end_s in enumerate(free_at) if end_s <= bar.start_s), len(free_at))
        free_at[slot : slot + 1] = [bar.end_s]
        stacked.append(replace(bar, slot=slot))
    return tuple(stacked)


def slots_of(bars: Iterable[Bar]) -> int:
    """How many bars lie above each other at most."""
    return max((bar.slot for bar in bars), default=0) + 1


def _numbered(table: Table[R], key: Callable[[R], K]) -> dict[K, list[tuple[int, R]]]:
    """The rows with their numbers, by key; keys in order of appearance."""
    groups: dict[K, list[tuple[int, R]]] = {}
    for number, row in enumerate(table):
        groups.setdefault(key(row), []).append((number, row))
    return groups
